"""The base of every resource."""

from __future__ import annotations

from abc import ABC
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

from dataforce.api._records import Records
from dataforce.models import REGISTRY

if TYPE_CHECKING:
    from dataforce.api._session import Session
    from dataforce.backend import AnyKind, Family

P = ParamSpec("P")
T = TypeVar("T")


class ResourceBase:
    """A resource of a client: calls that belong together."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of the {self._session.settings.backend_type} backend>"

    def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self._session.workers.run(function, *args, **kwargs)

    def _stream(self, items: Iterator[T], chunk: int) -> AsyncIterator[T]:
        return self._session.workers.iterate(items, chunk)


class AssetResourceBase(ResourceBase, ABC):
    """A resource of a client: the calls for one kind of asset."""

    _family: ClassVar[Family] = REGISTRY
    _kind: AnyKind
    _records: Records[Any, Any, Any]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._records = Records(session, self._kind, self._family)


def asynchronous_twins(module: str) -> Callable[[str], object]:
    """A module's `__getattr__` that offers the asynchronous twins of its classes, when asked for.

    Args:
        module: Name of the module that holds the synchronous classes.
    """

    def find(name: str) -> object:
        if name.startswith("_"):  # the import system asks for __path__ of every module
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        package, _, resource = module.rpartition(".")
        generated = import_module(f"{package}._generated.{resource}")
        if name not in generated.__all__:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        return getattr(generated, name)

    return find
