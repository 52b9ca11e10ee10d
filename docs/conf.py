"""How Sphinx builds the documentation: `tox run -e docs`."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib.metadata import version as version_of
from typing import Protocol

from pydantic import BaseModel

from dataforce.api.resources._base import ResourceBase

project = "dataforce"
author = "The dataforce authors"
project_copyright = f"2026, {author}"
version = release = version_of("dataforce")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"dataforce {release}"
html_show_sourcelink = False

# Docstrings say `code` as Markdown does.
default_role = "code"
napoleon_numpy_docstring = False
# `Attributes:` of a model become a list and not entries of their own, which autodoc makes already.
napoleon_use_ivar = True
autodoc_member_order = "bysource"
# As the code says it: evaluated, a default of `os.environ` would publish who builds the pages.
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

nitpick_ignore_regex = [
    # The build is offline, so it links to nothing outside.
    ("py:.*", r"(collections|contextlib|datetime|enum|os|pathlib|types|typing|uuid)(\..*)?|Path"),
    ("py:.*", r"(pydantic|sqlalchemy)(_core)?(\..*)?|BaseModel"),
    ("py:.*", r"(fastapi|starlette)(\..*)?|FastAPI"),
    # Type variables have no place of their own.
    ("py:.*", r"(dataforce(\.\w+)+\.)?[A-Z]|dataforce\.parallel\.(Item|Result)"),
    # An alias whose parameter Sphinx does not know: an id, a name or an object.
    ("py:.*", "Ref"),
]


class _Sphinx(Protocol):
    def connect(self, event: str, callback: Callable[..., object]) -> object: ...


def setup(app: _Sphinx) -> None:
    """Hook into the reading of the code."""
    app.connect("autodoc-process-docstring", _fences_to_blocks)
    app.connect("autodoc-process-signature", _hide_constructor)


def _hide_constructor(
    app: object, what: str, name: str, obj: object, *rest: object
) -> tuple[str, None] | None:
    """Records, members of enums and resources are answers: nobody who reads the pages makes one."""
    answers = (BaseModel, Enum, ResourceBase)
    return ("", None) if isinstance(obj, type) and issubclass(obj, answers) else None


def _fences_to_blocks(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Docstrings also hold Markdown's fenced blocks, which reStructuredText does not know."""
    inside = False
    converted = []
    for line in lines:
        if line.startswith("```"):
            inside = not inside
            converted += [f".. code-block:: {line[3:]}", ""] if inside else [""]
        else:
            converted.append(f"    {line}" if inside and line else line)
    lines[:] = converted
