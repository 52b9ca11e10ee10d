"""What a hybrid client must show, reckoned from all that was done on both sides."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from dataforce import Client, Collection, ModelArtifact
from tests.hybrid.reading import registered

NAMES = st.sampled_from(["", "a", "A", "b", "é", "z", "\U0001f600"])
TEXTS = st.none() | st.sampled_from(["", "x", "y"])
STEPS = st.tuples(
    st.sampled_from(["there", "here"]),
    st.sampled_from(["create", "rename", "tag", "delete", "reset"]),
    st.integers(0, 30),
    NAMES,
    TEXTS,
)
"""A side, what is done there, to which of the records, and with what."""


class Sides:
    """The model artifacts of one collection, on both sides.

    Args:
        behind: A client of production itself.
        hybrid: A client over it.
        collection: Where they are.
    """

    def __init__(self, behind: Client, hybrid: Client, collection: Collection) -> None:
        self.clients = {"there": behind, "here": hybrid}
        self.collection = collection
        self.there: dict[str, ModelArtifact] = {}
        self.made: dict[str, ModelArtifact] = {}
        self.changed: dict[str, ModelArtifact] = {}
        self.hidden: set[str] = set()

    def merged(self) -> dict[str, ModelArtifact]:
        """What is to be seen, by id."""
        taken = {*self.changed, *self.hidden}
        left = {key: each for key, each in self.there.items() if key not in taken}
        return {**left, **self.changed, **self.made}

    def do(self, side: str, what: str, pick: int, name: str, text: str | None) -> None:
        """One step; nothing if there is nothing to do it to."""
        visible = self.there if side == "there" else self.merged()
        if what == "create" or not visible:
            self.create(side, name, text, pick)
            return
        identifier = sorted(visible)[pick % len(visible)]
        match what:
            case "rename":
                self.update(side, identifier, model_name=f"{name}'", description=text or "none")
            case "tag":
                self.update(side, identifier, tags=[name])
            case "delete":
                self.delete(side, identifier)
            case "reset":
                self.reset(identifier)

    def create(self, side: str, name: str, text: str | None, size: int) -> None:
        """A record more."""
        client = self.clients[side]
        metrics: list[dict[str, Any]] = [{}, {"accuracy": size % 4}, {"accuracy": "high"}]
        given: dict[str, Any] = {"description": text, "size": size % 3}
        given["metrics"] = metrics[size % 3]
        record = registered(client, self.collection, name or "-", **given)
        (self.there if side == "there" else self.made)[record.id] = record

    def update(self, side: str, identifier: str, **changes: Any) -> None:
        """Another name, or another tag."""
        artifacts = self.clients[side].model_artifacts
        record = artifacts.update(identifier, collection_id=self.collection.id, **changes)
        if side == "there":
            self.there[identifier] = record
        elif identifier in self.made:
            self.made[identifier] = record
        else:
            self.changed[identifier] = record

    def delete(self, side: str, identifier: str) -> None:
        """A record less."""
        artifacts = self.clients[side].model_artifacts
        artifacts.delete(identifier, collection_id=self.collection.id)
        if side == "there":
            del self.there[identifier]
        elif self.made.pop(identifier, None) is None:
            self.changed.pop(identifier, None)
            self.hidden.add(identifier)

    def reset(self, identifier: str) -> None:
        """What was changed here is as it is there again."""
        if identifier in self.changed:
            self.clients["here"].overlay.reset(identifier)
            del self.changed[identifier]


def order_key(record: ModelArtifact, sort_by: str) -> tuple[bool, Any, str]:
    """As the backend interface has it: absent values first, equal ones by id."""
    field, _, key = sort_by.partition(".")
    value = getattr(record, field)
    if key:
        value = value.get(key)
        value = value if isinstance(value, int) else None
    return value is not None, 0 if value is None else value, record.id
