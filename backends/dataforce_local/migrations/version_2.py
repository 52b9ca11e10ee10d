"""Version 2: files of any kind, links, several families, and new words of overlays."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Connection, Text, inspect, text

STRING = Text().with_variant(Text(collation="C"), "postgresql")

_FILES = """
INSERT INTO dataforce_files (kind, id, name, blob)
SELECT 'model_artifacts', id, 'file', content FROM dataforce_model_artifacts
WHERE status != 'upload_failed'
"""
_MARKERS = """
INSERT INTO dataforce_files (kind, id, name, blob)
SELECT 'model_artifacts', id, 'deletion marker', 'incoming/' || unique_identifier
FROM dataforce_model_artifacts WHERE status IN ('pending_deletion', 'deletion_failed')
"""
_NAMELESS = "UPDATE dataforce_model_artifacts SET model_name = NULL WHERE model_name = ''"
_FAMILY = "INSERT INTO dataforce_registry (key, value) VALUES ('family registry', '2')"
_OVERLAY = "UPDATE dataforce_registry SET key = 'overlay' WHERE key = 'workspace_version'"
_REMOVED = "UPDATE dataforce_entries SET state = 'removed' WHERE state = 'gone'"


def upgrade(connection: Connection) -> None:
    """Bring the tables of version 1 to version 2."""
    _create_files(connection)
    _create_links()
    with op.batch_alter_table("dataforce_model_artifacts") as batch:
        batch.drop_index("ix_dataforce_model_artifacts_content")
        batch.drop_column("content")
        batch.alter_column("model_name", existing_type=STRING, nullable=True)
    connection.execute(text(_NAMELESS))
    _index_names(connection)
    connection.execute(text(_FAMILY))
    if inspect(connection).has_table("dataforce_entries"):
        _rename(connection)


def _create_files(connection: Connection) -> None:
    op.create_table(
        "dataforce_files",
        Column("kind", STRING, primary_key=True),
        Column("id", STRING, primary_key=True),
        Column("name", STRING, primary_key=True),
        Column("blob", STRING, nullable=False),
        Column("upload", STRING),
    )
    op.create_index("ix_dataforce_files_blob", "dataforce_files", ["blob"])
    op.create_index("ix_dataforce_files_upload", "dataforce_files", ["upload"])
    connection.execute(text(_FILES))
    connection.execute(text(_MARKERS))


def _create_links() -> None:
    names = ("kind", "id", "path", "target_kind", "target_id")
    op.create_table("dataforce_links", *(Column(each, STRING, primary_key=True) for each in names))
    target = ["target_kind", "target_id"]
    op.create_index("dataforce_links_by_target", "dataforce_links", target)


def _index_names(connection: Connection) -> None:
    """Index the names of organizations, which have no parent."""
    name, table = "dataforce_organizations_by_name", "dataforce_organizations"
    if connection.dialect.name == "sqlite":
        op.create_index(name, table, ["name", "id"])
    if connection.dialect.name == "postgresql":
        op.create_index(f"{name}_hash", table, ["name"], postgresql_using="hash")


def _rename(connection: Connection) -> None:
    """Give the tables of an overlay the words of today."""
    words = {"is_whole": "is_lossless", "unshown": "write_only", "successor": "replaced_by"}
    for old, new in words.items():
        op.alter_column("dataforce_entries", old, new_column_name=new)
    op.alter_column("dataforce_notes", "space", new_column_name="namespace")
    op.rename_table("dataforce_notes", "dataforce_key_values")
    connection.execute(text(_REMOVED))
    connection.execute(text(_OVERLAY))
