"""Every example in a docstring does what it says, in the synchronous half and in its twin."""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import os
import traceback
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import walk_packages
from types import FunctionType
from typing import Any

import pytest

import dataforce
from dataforce import AsyncClient, Client
from tests import layered

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = "dataforce.api.resources"
ASYNCHRONOUS = (
    "dataforce.api._async_client",
    "dataforce.api._async_model_file",
    f"{RESOURCES}._generated",
)
OVERLAYS = (f"{RESOURCES}.overlay", f"{RESOURCES}._generated.overlay")
"""Their client has a backend with overlays."""
CHECKER = doctest.OutputChecker()

SHOWN_BY_EXAMPLE = {
    "dataforce",
    "dataforce.api._async_client",
    "dataforce.api._async_model_file",
    "dataforce.api._client",
    "dataforce.api._copy",
    "dataforce.api._model_file",
    "dataforce.config.loading",
    "dataforce.config.origin",
    "dataforce.config.settings",
    "dataforce.errors",
    "dataforce.models._base",
    "dataforce.overlay.reports",
    "dataforce.package",
    "dataforce.package.packing",
    "dataforce.backend.discovery",
    "dataforce.backend.kind",
    "dataforce.backend.query",
}
"""Modules whose examples must be found; each method of a resource must have one as well."""


def collect() -> dict[str, doctest.DocTest]:
    """The docstrings that have examples, by the names of what they document."""
    modules = [module.name for module in walk_packages(dataforce.__path__, "dataforce.")]
    finder = doctest.DocTestFinder()
    return {
        test.name: test
        for module in ["dataforce", *modules]
        if not module.endswith("__main__")  # importing it would run it
        for test in finder.find(import_module(module))
        if test.examples
    }


TESTS = collect()


def public_methods() -> list[str]:
    """The public methods of the resources and of their twins, by their full names."""
    modules = [
        import_module(f"{package}.{path.stem}")
        for package in (RESOURCES, f"{RESOURCES}._generated")
        for path in (ROOT / package.replace(".", "/")).glob("[!_]*.py")
    ]
    return [
        f"{module.__name__}.{owner.__qualname__}.{name}"
        for module in modules
        for owner in vars(module).values()
        if inspect.isclass(owner) and owner.__module__ == module.__name__
        for name, method in vars(owner).items()
        if isinstance(method, FunctionType) and not name.startswith("_")
    ]


def run(test: doctest.DocTest, names: dict[str, Any]) -> None:
    """Run the examples of a docstring in one event loop, with a registry of their own."""
    client_class = AsyncClient if test.name.startswith(ASYNCHRONOUS) else Client
    backend_type = layered.NAME if test.name.startswith(OVERLAYS) else "local"
    client = names["client"] = client_class(backend_type=backend_type, database_url=":memory:")
    with asyncio.Runner() as runner:
        try:
            for example in test.examples:
                check(example, names, runner)
        finally:
            # An example may have made another client under that name.
            for opened in {client, names["client"]}:
                close(opened, runner)


def close(client: AsyncClient | Client, runner: asyncio.Runner) -> None:
    if isinstance(client, AsyncClient):
        runner.run(client.close())
    else:
        client.close()


def check(example: doctest.Example, names: dict[str, Any], runner: asyncio.Runner) -> None:
    """Run an example and compare what it prints with what it says it prints."""
    if example.options.get(doctest.SKIP):
        return
    wanted = example.want
    try:
        got = printed(example.source, names, runner)
    except Exception as error:
        if example.exc_msg is None:
            error.add_note(f"The example was: {example.source}")
            raise
        wanted, got = example.exc_msg, traceback.format_exception_only(error)[-1]
    flags = sum(flag for flag, on in example.options.items() if on)
    if not CHECKER.check_output(wanted, got, flags):
        difference = CHECKER.output_difference(example, got, flags)
        pytest.fail(f"{example.source}{difference}", pytrace=False)


def printed(source: str, names: dict[str, Any], runner: asyncio.Runner) -> str:
    """What a statement prints; as in the interpreter, that is also the value of an expression."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(source, "<example>", "single", flags, dont_inherit=True)
    with redirect_stdout(StringIO()) as output:
        result = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            runner.run(result)
    return output.getvalue()


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Examples run from the root of the checkout, whatever the user has configured."""
    monkeypatch.chdir(ROOT)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name in os.environ:
        if name.startswith("DFS_"):
            monkeypatch.delenv(name)
    monkeypatch.syspath_prepend(str(layered.install(tmp_path / "installed")))


@pytest.mark.parametrize("name", TESTS)
def test_an_example_does_what_it_says(name: str, tmp_path: Path) -> None:
    public = {name: getattr(dataforce, name) for name in dataforce.__all__}
    run(TESTS[name], {**TESTS[name].globs, **public, "tmp_path": tmp_path})


def test_no_module_has_lost_its_examples() -> None:
    assert {test.globs["__name__"] for test in TESTS.values()} >= SHOWN_BY_EXAMPLE


def test_every_method_of_a_resource_has_an_example() -> None:
    methods = public_methods()
    assert len(methods) >= 2 * 20
    assert [name for name in methods if name not in TESTS] == []


RIGHT = """
>>> 1 + 1
2
>>> value = "three"
>>> value
'three'
>>> None
>>> for number in range(2):
...     print(number)
0
1
>>> int("four")
Traceback (most recent call last):
    ...
ValueError: invalid literal for int() with base 10: 'four'
>>> list(range(100))  # doctest: +ELLIPSIS
[0, 1, ..., 99]
>>> undefined  # doctest: +SKIP
"""

RIGHT_AND_AWAITED = """
>>> import asyncio
>>> await asyncio.sleep(0, "slept")
'slept'
>>> loop = await asyncio.sleep(0, asyncio.get_running_loop())
>>> await asyncio.sleep(0, asyncio.get_running_loop()) is loop
True
>>> async def count():
...     yield 1
>>> async for number in count():
...     print(number)
1
>>> await asyncio.wait_for(asyncio.sleep(9), 0)
Traceback (most recent call last):
    ...
TimeoutError
"""

WRONG = {
    "another value": ">>> 1 + 1\n3\n",
    "a value that is not said": ">>> 1 + 1\n",
    "no value": ">>> None\n2\n",
    "dots without the option": ">>> list(range(100))\n[0, ..., 99]\n",
    "another awaited value": ">>> import asyncio\n>>> await asyncio.sleep(0, 1)\n2\n",
    "another message": ">>> int('')\nTraceback (most recent call last):\nValueError: no\n",
    "no error": ">>> int('1')\nTraceback (most recent call last):\nValueError: no\n",
}


def docstring(text: str, module: str = "dataforce.example") -> doctest.DocTest:
    return doctest.DocTestParser().get_doctest(text, {}, module, None, 0)


@pytest.mark.parametrize("text", [RIGHT, RIGHT_AND_AWAITED], ids=["plain", "awaited"])
def test_an_example_that_is_right_passes(text: str) -> None:
    run(docstring(text), {})


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_an_example_that_is_wrong_fails(text: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="Expected"):
        run(docstring(text), {})


def test_an_unexpected_error_names_its_example() -> None:
    with pytest.raises(NameError) as raised:
        run(docstring(">>> undefined\n"), {})
    assert raised.value.__notes__ == ["The example was: undefined\n"]


def test_examples_of_the_asynchronous_half_get_its_client() -> None:
    shown = ">>> type(client).__name__\n"
    run(docstring(f"{shown}'Client'\n"), {})
    run(docstring(f"{shown}'AsyncClient'\n", ASYNCHRONOUS[0]), {})
