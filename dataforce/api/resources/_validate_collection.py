"""The decorator that the platform's own client completes calls with."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import BoundArguments, iscoroutinefunction, signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dataforce.models import COLLECTION

if TYPE_CHECKING:
    from dataforce.api._defaults import Defaults

F = TypeVar("F", bound=Callable[..., Any])

_NAMES = ("collection_id", "collection_value")


def validate_collection(method: F) -> F:
    """Give a method of a resource the default collection where none is given.

    For classes derived from the resources of the platform's own client; here, the calls of a
    resource see to that themselves.

    Args:
        method: A method or coroutine with a parameter `collection_id` or `collection_value`.

    Returns:
        The method. It raises `ConfigurationError` if no collection is given and there is no
        default one; a method called `delete` takes only one that was chosen.

    Example:
        >>> from dataforce.api.resources.collections import CollectionResource, validate_collection
        >>> class Resource(CollectionResource):
        ...     @validate_collection
        ...     def total(self, *, collection_id: str | None = None) -> int:
        ...         return self.get(collection_id).total_models
    """
    form = signature(method)
    [name] = [name for name in _NAMES if name in form.parameters]

    def lacks(bound: BoundArguments) -> bool:
        return bound.arguments.get(name) is None

    def default(defaults: Defaults) -> str:
        if method.__name__ == "delete":
            return defaults.require_chosen(COLLECTION)
        return defaults.require(COLLECTION)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = form.bind(self, *args, **kwargs)
        if lacks(bound):
            bound.arguments[name] = default(self._session.defaults)
        return method(*bound.args, **bound.kwargs)

    @wraps(method)
    async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = form.bind(self, *args, **kwargs)
        if lacks(bound):
            bound.arguments[name] = await self._run(default, self._session.defaults)
        return await method(*bound.args, **bound.kwargs)

    return cast(F, awaited if iscoroutinefunction(method) else call)
