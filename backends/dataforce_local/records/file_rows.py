"""The rows that say which blobs the files of records are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, delete, insert, literal, select

from dataforce.errors import BadRequestError
from dataforce_local.records.clock import now
from dataforce_local.records.tables import files, released

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataforce.backend import AnyKind
    from dataforce_local.records.tables import Tables


class FileRows:
    """The files of the records of one kind, in transactions that somebody else began.

    Args:
        kind: The kind.
        tables: Tables of its family.
    """

    def __init__(self, kind: AnyKind, tables: Tables) -> None:
        self._kind = kind
        self._key = tables.key(kind)

    def add(
        self,
        connection: Connection,
        identifier: str,
        blobs: Mapping[str, str],
        upload: str | None = None,
        *,
        is_new: bool = False,
    ) -> None:
        """Note the files of a record, in place of those of the same names.

        Args:
            connection: In a writing transaction.
            identifier: Id of the record.
            blobs: Paths of its files by name.
            upload: The key of the upload that brought them.
            is_new: Whether the record has no files yet.
        """
        own = {"kind": self._key, "id": identifier, "upload": upload}
        rows = [own | {"name": name, "blob": blob} for name, blob in blobs.items()]
        if rows and not is_new:
            is_old = files.c.name.in_(list(blobs))
            connection.execute(delete(files).where(*self._of(identifier), is_old))
        if rows:
            connection.execute(insert(files), rows)

    def blobs(self, connection: Connection, identifier: str) -> dict[str, str]:
        """Return the paths of the files of a record, by name."""
        statement = select(files.c.name, files.c.blob).where(*self._of(identifier))
        return {row.name: row.blob for row in connection.execute(statement)}

    def uploaded_by(self, connection: Connection, upload: str) -> str | None:
        """Return the id of the record that the upload of that key made, if it is there."""
        made = (files.c.kind == self._key, files.c.upload == upload)
        found: str | None = connection.execute(select(files.c.id).where(*made)).scalar()
        return found

    def require_stored(
        self, connection: Connection, identifier: str, changed: Mapping[str, Any]
    ) -> None:
        """Refuse the status of a stored file for one that is not there.

        Args:
            connection: Any.
            identifier: Id of the record.
            changed: The fields that change.
        """
        for name, each in self._kind.files.items():
            is_set = each.status is not None and changed.get(each.status) == each.ready
            if is_set and name not in self.blobs(connection, identifier):
                raise BadRequestError(
                    f"The file of {self._kind.name} {identifier} was not stored, so its "
                    f"{each.status} cannot be {each.ready}. Upload it."
                )

    def remove(self, connection: Connection, ids: Select[Any], names: tuple[str, ...] = ()) -> None:
        """Remove the files of some records, and note for the next sweep what they were.

        Args:
            connection: In a writing transaction.
            ids: Selects the ids of the records.
            names: Names of the files, all if there are none.
        """
        own = [files.c.kind == self._key, files.c.id.in_(ids)]
        own += [files.c.name.in_(names)] if names else []
        blobs = select(files.c.blob, literal(now())).where(*own)
        connection.execute(insert(released).from_select(["content", "due"], blobs))
        connection.execute(delete(files).where(*own))

    def _of(self, identifier: str) -> tuple[Any, ...]:
        return files.c.kind == self._key, files.c.id == identifier
