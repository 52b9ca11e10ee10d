"""What users see of an overlay when they print what it answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dataforce import (
    Change,
    Conflict,
    CopyReport,
    Diff,
    OverlayStatus,
    PullReport,
    PushReport,
    Resolution,
)
from dataforce.overlay import Action, FieldChange, FieldConflict
from dataforce.overlay.reports import age

ID = "0199c455-21ee-74c6-b747-19a82f1a1e75"
MADE = Change(Action.CREATED, "collection", ID, (), "Flowers")
UPLOADED = Change(Action.CREATED, "model artifact", ID, (), "iris", size=51_200)
CHANGED = Change(
    Action.CHANGED,
    "model artifact",
    ID,
    (),
    "oak",
    (FieldChange("tags", None, ["trees"]), FieldChange("description", "", "Old and tall")),
)
DELETED = Change(Action.DELETED, "orbit", ID, (), "Old")

TABLE = """\
action   kind            name     what
created  collection      Flowers
created  model artifact  iris     51.2 kB
changed  model artifact  oak      tags: None → ['trees']; description: '' → 'Old and tall'
deleted  orbit           Old
2 created (51.2 kB), 1 changed, 1 deleted"""


def test_a_diff_is_a_table() -> None:
    assert str(Diff([MADE, UPLOADED, CHANGED, DELETED])) == TABLE


def test_an_empty_diff_says_so() -> None:
    assert str(Diff()) == "no changes"
    assert repr(Diff()) == "<Diff: 0 created, 0 changed, 0 deleted>"


def test_every_report_is_a_short_line_without_secrets() -> None:
    key = "AccountName=x;AccountKey=CANARY"
    field = FieldChange("endpoint", key, key)
    many = Change(Action.CHANGED, "bucket secret", ID, (), "n\n" * 3000, (field,) * 300)
    both = FieldConflict("endpoint", key, key, key)
    for report in (
        field,
        many,
        both,
        Conflict(many, "it was deleted there " * 100, (both,) * 300),
        Diff([many] * 300),
        PushReport(Diff([many] * 300), is_dry_run=True),
        PullReport({f"kind {number}": number for number in range(300)}),
        CopyReport("collection", ID, (ID,) * 5000, (ID,) * 5000, (ID,) * 5000),
        OverlayStatus("o" * 3000, 1, 2, 3, 4, 5),
    ):
        assert repr(report).startswith(f"<{type(report).__name__}: ")
        assert len(repr(report)) < 200
        assert "\n" not in repr(report)
        assert "CANARY" not in repr(report) + str(report)
    assert repr(MADE) == f"<Change: created collection 'Flowers' ({ID})>"


def test_a_diff_is_a_sequence_of_its_changes() -> None:
    diff = Diff([MADE, CHANGED])
    assert (diff[0], diff[1:], len(diff), [*diff]) == (MADE, (CHANGED,), 2, [MADE, CHANGED])
    assert CHANGED in diff
    assert diff == Diff(iter([MADE, CHANGED]))
    assert diff != Diff([MADE])
    assert diff != [MADE, CHANGED]


def test_no_name_breaks_a_table() -> None:
    names = ["x" * 200, "two\nlines", "\x1b[31mred"]
    diff = Diff(Change(Action.CREATED, "collection", ID, (), name) for name in names)
    assert str(diff).splitlines()[1:-1] == [
        f"created  collection  {'x' * 59}…",
        "created  collection  'two\\nlines'",
        "created  collection  '\\x1b[31mred'",
    ]


def test_a_long_value_is_cut() -> None:
    shown = str(FieldChange("description", "short", "y" * 200))
    assert shown == f"description: 'short' → '{'y' * 58}…"


def test_a_status_is_a_sentence() -> None:
    empty = OverlayStatus("default", 0, 0, 0, 0, 0)
    assert str(empty) == (
        "overlay 'default': 0 created, 0 changed, 0 deleted; 0 files cached (0 B); nothing pulled"
    )
    pulled = datetime.now(UTC) - timedelta(hours=3, minutes=59)
    full = OverlayStatus("trial", 3, 2, 1, 12, 3_456_789_012, pulled, is_offline=True)
    assert str(full) == (
        "overlay 'trial': 3 created, 2 changed, 1 deleted; 12 files cached (3.5 GB); "
        "pulled 3 hours ago, offline"
    )


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=-5), "0 seconds"),  # a clock that was put back
        (timedelta(seconds=1.5), "1 second"),
        (timedelta(seconds=59.5), "59 seconds"),
        (timedelta(minutes=1.5), "1 minute"),
        (timedelta(hours=25), "1 day"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_ages_are_words(past: timedelta, said: str) -> None:
    assert age(datetime.now(UTC) - past) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (5 * 1000**4, "5.0 TB"),
        (5 * 1000**5, "5000.0 TB"),
    ],
)
def test_sizes_are_short(size: int, said: str) -> None:
    assert str(PullReport({"orbit": 1}, 1, size)) == f"pulled 1 orbit; 1 file ({said})"


def test_a_pull_tells_what_came() -> None:
    pulled = PullReport({"collection": 1, "model artifact": 2}, 2, 2_000_000)
    assert str(pulled) == "pulled 1 collection, 2 model artifacts; 2 files (2.0 MB)"
    assert str(PullReport({})) == "pulled nothing; 0 files (0 B)"


def test_a_push_tells_what_it_did_or_would_do() -> None:
    assert str(PushReport(Diff([MADE]), is_dry_run=True)) == (
        "would be pushed:\n"
        "action   kind        name     what\n"
        "created  collection  Flowers\n"
        "1 created, 0 changed, 0 deleted"
    )
    assert str(PushReport(Diff(), dropped=Diff([DELETED]))) == (
        "pushed:\n"
        "no changes\n"
        "dropped, as the platform's side was taken:\n"
        "action   kind   name  what\n"
        "deleted  orbit  Old\n"
        "0 created, 0 changed, 1 deleted"
    )
    assert str(PushReport(Diff())) == "nothing to push"


def test_a_conflict_tells_what_both_sides_did() -> None:
    deleted = Conflict(CHANGED, "it was deleted there", can_be_mine=False)
    assert str(deleted) == f"model artifact 'oak' ({ID}): it was deleted there"
    fields = (FieldConflict("name", "a", "b", "c"), FieldConflict("tags", None, [], ["x"]))
    both = Conflict(MADE, "it was changed there too", fields)
    assert str(both) == (
        f"collection 'Flowers' ({ID}): it was changed there too: "
        "name: 'a' → 'b' there, 'c' here; tags: None → [] there, ['x'] here"
    )


def test_a_copy_tells_what_came_and_what_did_not() -> None:
    report = CopyReport("collection", ID, copied=("a", "b"), skipped=("c",), bytes=1500)
    said = f"collection {ID}: 2 model artifacts copied (1.5 kB), 1 there already"
    assert str(report) == said
    ids = tuple(f"id {number}" for number in range(11))
    report = CopyReport("collection", ID, left_out=ids[:2])
    assert str(report).endswith(", 2 left out, as they have no bytes or no name: id 0, id 1")
    report = CopyReport("collection", ID, left_out=ids)
    assert str(report).endswith("id 8, id 9 and more")


def test_sides_are_words() -> None:
    assert [*Resolution] == ["stop", "theirs", "mine"]
