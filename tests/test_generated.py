"""The asynchronous half of the client is what the tool makes of the synchronous half."""

from __future__ import annotations

import asyncio
import inspect
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from dataforce import AsyncModelFile
from dataforce.api._workers import Workers

ROOT = Path(__file__).resolve().parent.parent
TOOL = ROOT / "tools" / "generate_async.py"
RESOURCES = Path("dataforce/api/resources")
GENERATED = RESOURCES / "_generated"
MODULES = sorted(path.stem for path in (ROOT / RESOURCES).glob("[!_]*.py"))

NEW_RESOURCE = '''
"""Notes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, overload

from dataforce.api._model_file import ModelFile
from dataforce.api.resources._base import ResourceBase
from dataforce.backend import Order

if TYPE_CHECKING:
    from decimal import Decimal

Number = int


class NoteResourceBase(ResourceBase):
    """Abstract resource for notes."""


class NoteResource(NoteResourceBase):
    """Resource for notes."""

    def find(self, first: Number, /, *others: str, key: Decimal, **rest: object) -> str:
        """Find a note.

        Example:
            >>> with Client(database_url=":memory:") as client:  # as ever
            ...     ids = [note.id for note in client.notes.iterate()]
            ...     client.notes.get(client.notes.find(1)["é"]).name, client.settings.find("é")
            ('one', 'two')
            >>> client.setup_config(orbit="Default Orbit")
        """

    def iterate(self, *, order: Order = "asc", page_size: int = 100) -> Iterator[str]:
        """Iterate over the notes."""

    @overload
    def open(self, name: str) -> None: ...

    def open(self, name: str) -> ModelFile:
        """Open a note.

        Example:
            >>> with client.notes.open("one") as file:
            ...     file.read().splitlines()
            ['1']
        """

    def _secret(self) -> None:
        """Nothing for others."""
'''

NEW_TWIN = '''\
# Generated from dataforce/api/resources/notes.py by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `dataforce.api.resources.notes`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, overload

from dataforce.api._async_model_file import AsyncModelFile
from dataforce.api.resources.notes import NoteResource, NoteResourceBase, Number
from dataforce.backend import Order

if TYPE_CHECKING:
    from decimal import Decimal

    from dataforce.api._session import Session

__all__ = ["AsyncNoteResource"]


class AsyncNoteResource(NoteResourceBase):
    """Resource for notes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._synchronous = NoteResource(session)

    async def find(self, first: Number, /, *others: str, key: Decimal, **rest: object) -> str:
        """Find a note.

        Example:
            >>> async with AsyncClient(database_url=":memory:") as client:  # as ever
            ...     ids = [note.id async for note in client.notes.iterate()]
            ...     (
            ...         (await client.notes.get((await client.notes.find(1))["é"])).name,
            ...         client.settings.find("é"),
            ...     )
            ('one', 'two')
            >>> await client.setup_config(orbit="Default Orbit")
        """
        return await self._run(self._synchronous.find, first, *others, key=key, **rest)

    def iterate(self, *, order: Order = "asc", page_size: int = 100) -> AsyncIterator[str]:
        """Iterate over the notes."""
        return self._stream(self._synchronous.iterate(order=order, page_size=page_size), page_size)

    @overload
    async def open(self, name: str) -> None: ...

    async def open(self, name: str) -> AsyncModelFile:
        """Open a note.

        Example:
            >>> async with await client.notes.open("one") as file:
            ...     (await file.read()).splitlines()
            ['1']
        """
        return AsyncModelFile(await self._run(self._synchronous.open, name), self._session.workers)
'''

Method = tuple[type, type, str]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the package, and of the settings that it is formatted by."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dataforce", tmp_path / "dataforce", ignore=leave_out)
    return tmp_path


def run_tool(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), "--root", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def resources() -> Iterator[tuple[type, type]]:
    """Each synchronous class and its twin."""
    for name in MODULES:
        module = import_module(f"dataforce.api.resources.{name}")
        twins = import_module(f"dataforce.api.resources._generated.{name}").__all__
        for twin in twins:
            yield getattr(module, twin.removeprefix("Async")), getattr(module, twin)


def methods() -> list[Method]:
    """Each public method that a synchronous class has of its own, with both classes."""
    return [
        (synchronous, asynchronous, name)
        for synchronous, asynchronous in resources()
        for name, value in vars(synchronous).items()
        if isinstance(value, FunctionType) and not name.startswith("_")
    ]


def described(method: Method) -> str:
    return f"{method[0].__name__}.{method[2]}"


def test_every_module_of_resources_has_classes() -> None:
    offered = {synchronous.__module__.rpartition(".")[2] for synchronous, _ in resources()}
    assert MODULES
    assert offered == set(MODULES)


def test_the_committed_files_are_what_the_tool_makes() -> None:
    done = run_tool(ROOT, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_stale_file_is_named_and_the_command_that_renews_it(checkout: Path) -> None:
    stale = checkout / GENERATED / "orbits.py"
    fresh = stale.read_text(encoding="utf-8")
    stale.write_text(f"{fresh}\n# Edited by hand.\n", encoding="utf-8")
    done = run_tool(checkout, "--check")
    assert done.returncode == 1
    assert done.stderr == (
        "dataforce/api/resources/_generated/orbits.py is stale; "
        "run `python tools/generate_async.py`.\n"
    )
    assert run_tool(checkout).returncode == 0
    assert stale.read_text(encoding="utf-8") == fresh


def test_a_file_is_stale_when_its_source_has_changed(checkout: Path) -> None:
    source = checkout / RESOURCES / "orbits.py"
    changed = source.read_text(encoding="utf-8").replace("Get an orbit by", "Find an orbit by")
    source.write_text(changed, encoding="utf-8")
    done = run_tool(checkout, "--check")
    assert done.returncode == 1
    assert done.stderr.startswith("dataforce/api/resources/_generated/orbits.py is stale")


def test_a_missing_file_is_named_and_made(checkout: Path) -> None:
    missing = checkout / GENERATED / "_resources.py"
    missing.unlink()
    done = run_tool(checkout, "--check")
    assert done.returncode == 1
    assert "_generated/_resources.py" in done.stderr
    assert run_tool(checkout).returncode == 0
    assert missing.read_bytes() == (ROOT / GENERATED / "_resources.py").read_bytes()


def test_a_file_that_nothing_stands_for_is_named_and_removed(checkout: Path) -> None:
    extra = checkout / GENERATED / "robots.py"
    extra.write_text('"""Gone."""\n', encoding="utf-8")
    done = run_tool(checkout, "--check")
    assert done.returncode == 1
    assert "_generated/robots.py" in done.stderr
    assert run_tool(checkout).returncode == 0
    assert not extra.exists()


def test_the_check_writes_nothing(checkout: Path) -> None:
    shutil.rmtree(checkout / GENERATED)
    done = run_tool(checkout, "--check")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == len(MODULES) + 2
    assert not (checkout / GENERATED).exists()


def test_a_new_resource_needs_nothing_but_its_module(checkout: Path) -> None:
    (checkout / RESOURCES / "notes.py").write_text(NEW_RESOURCE, encoding="utf-8")
    assert run_tool(checkout).returncode == 0
    made = (checkout / GENERATED / "notes.py").read_text(encoding="utf-8")
    assert made.splitlines() == NEW_TWIN.splitlines()
    assert run_tool(checkout, "--check").returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("NoteResource(NoteResourceBase)", "Notes(ResourceBase)", "no class XResource"),
        ("    def find(", "    @property\n    def find(", "line 27: find is decorated"),
    ],
)
def test_what_cannot_be_awaited_is_refused(checkout: Path, old: str, new: str, fault: str) -> None:
    source = checkout / RESOURCES / "notes.py"
    source.write_text(NEW_RESOURCE.replace(old, new), encoding="utf-8")
    done = run_tool(checkout)
    assert done.returncode == 1
    assert done.stderr.startswith("dataforce/api/resources/notes.py")
    assert fault in done.stderr
    assert not (checkout / GENERATED / "notes.py").exists()


@pytest.mark.parametrize("method", methods(), ids=described)
def test_every_method_has_a_twin_with_the_same_parameters(method: Method) -> None:
    synchronous, asynchronous, name = method
    one: Callable[..., object] = getattr(synchronous, name)
    other: Callable[..., object] = getattr(asynchronous, name)
    signature = inspect.signature(one)
    yields = str(signature.return_annotation).startswith("Iterator[")
    has_twin = yields or signature.return_annotation == "ModelFile"
    returned = f"Async{signature.return_annotation}" if has_twin else signature.return_annotation
    assert inspect.signature(other) == signature.replace(return_annotation=returned)
    assert inspect.iscoroutinefunction(other) is not yields


@pytest.mark.parametrize("method", methods(), ids=described)
def test_every_twin_is_documented_like_its_method(method: Method) -> None:
    synchronous, asynchronous, name = method
    one, other = (inspect.getdoc(getattr(owner, name)) for owner in (synchronous, asynchronous))
    assert one is not None
    assert other is not None
    assert other.partition("Example:")[0] == one.partition("Example:")[0]
    assert other.count("client.") == one.count("client.")


def test_twins_are_offered_where_the_synchronous_classes_are() -> None:
    from dataforce.api.resources.orbits import AsyncOrbitResource, OrbitResource

    assert AsyncOrbitResource.__module__ == "dataforce.api.resources._generated.orbits"
    assert isinstance(inspect.getattr_static(OrbitResource, "get"), FunctionType)
    with pytest.raises(ImportError, match="AsyncNothing"):
        exec("from dataforce.api.resources.orbits import AsyncNothing")


def test_the_twin_of_the_client_offers_the_twins_of_its_resources() -> None:
    from dataforce.api._resources import Resources
    from dataforce.api.resources._generated._resources import AsyncResources

    offered = [name for name in vars(Resources) if not name.startswith("_")]
    assert sorted(offered) == MODULES
    for name in offered:
        one, other = (vars(owner)[name].func for owner in (Resources, AsyncResources))
        assert other.__annotations__["return"] == f"Async{one.__annotations__['return']}"
        assert other.__doc__ == one.__doc__


def test_no_twin_loads_asyncio() -> None:
    names = [f"dataforce.api.resources._generated.{name}" for name in [*MODULES, "_resources"]]
    assert run_python(f"import sys, {', '.join(names)}; print('asyncio' in sys.modules)") == (
        "False\n"
    )


@pytest.mark.parametrize("method", methods(), ids=described)
def test_every_twin_hands_every_argument_on(method: Method) -> None:
    synchronous, _, name = method
    signature = inspect.signature(getattr(synchronous, name))
    given: dict[str, object] = {
        key: f"any {key}" for key in signature.parameters if key not in ("self", "filters")
    }
    if "filters" in signature.parameters:
        given["name"] = "any name"
    if name == "iterate":
        given["page_size"] = 4
    call, result = asyncio.run(outcome(method, given))
    handed = signature.bind(None, *call.args, **call.kwargs).arguments
    filters = handed.pop("filters", {})
    assert {**handed, **filters} == {"self": None, **given}
    if name == "open":
        assert (type(result), result.name) == (AsyncModelFile, "a name")
    else:
        assert [*result] == [*"result"]


async def outcome(method: Method, given: dict[str, object]) -> tuple[Any, Any]:
    """How the twin called the synchronous method, and what it then gave out."""
    synchronous, asynchronous, name = method
    workers = Workers()
    twin = asynchronous(SimpleNamespace(workers=workers))
    twin._synchronous = Mock(spec=synchronous)
    called = getattr(twin._synchronous, name)
    called.return_value = (
        SimpleNamespace(name="a name", size=1) if name == "open" else iter("result")
    )
    given_out = getattr(twin, name)(**given)
    result = [part async for part in given_out] if name == "iterate" else await given_out
    await workers.close(lambda: None)
    return called.call_args, result
