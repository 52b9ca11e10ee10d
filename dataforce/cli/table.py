"""Tables of text, cut to the width of a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import combining, east_asian_width

GAP = "  "
NARROWEST = 16
"""How narrow a column may become before the last one is left out, in cells of the terminal."""


def table(rows: Sequence[Sequence[str]], width: int | None, *, kept: int = 0) -> str:
    """Return rows as lines of columns.

    Args:
        rows: All with as many texts.
        width: How wide a line may be at most; `None` if nothing is to be cut. Columns are cut to
            16 cells, and then the last ones left out.
        kept: How many of the first columns are cut only when one other is left.

    Example:
        >>> print(table([["name", "size"], ["Flowers of the Alps", "51200"]], 23))
        name              size
        Flowers of the …  51200
    """
    shown = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(map(cells, column)) for column in zip(*shown, strict=True)]
    if width is not None:
        while len(widths) > kept + 1 and _least(widths, kept) > width:
            del widths[-1]
        _narrow(widths, width - len(GAP) * (len(widths) - 1), kept)
    lines = (
        GAP.join(_fitted(cell, room) for cell, room in zip(row, widths, strict=False))
        for row in shown
    )
    return "\n".join(line.rstrip() for line in lines)


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes: East Asian characters take two."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 1 + (east_asian_width(each) in "WF") for each in text)


def _printable(text: str) -> str:
    """Return text in one line, without what would move the cursor."""
    return text if text.isprintable() else repr(text)[1:-1]


def _least(widths: Sequence[int], kept: int) -> int:
    """Return how narrow a table can be made."""
    narrowed = [each if at < kept else min(each, NARROWEST) for at, each in enumerate(widths)]
    return sum(narrowed) + len(GAP) * (len(widths) - 1)


def _narrow(widths: list[int], room: int, kept: int) -> None:
    """Take from the widest columns until all fit; from those to be kept last."""
    for among, least in ((range(kept, len(widths)), NARROWEST), (range(len(widths)), 1)):
        while sum(widths) > room and any(widths[each] > least for each in among):
            widest = max(among, key=lambda each: widths[each])
            widths[widest] -= 1


def cut(text: str, width: int | None) -> str:
    """Return text that takes at most so many cells; a mark says where it was cut."""
    if width is None or cells(text) <= width:
        return text
    while cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _fitted(text: str, room: int) -> str:
    """Return text that takes exactly so many cells, cut or filled up."""
    shown = cut(text, room)
    return shown + " " * (room - cells(shown))
