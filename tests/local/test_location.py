from __future__ import annotations

import errno
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from dataforce import (
    Client,
    ConfigurationError,
    OrganizationResourceNotFoundError,
    StoreCorruptedError,
    StoreError,
    StorePermissionError,
)
from dataforce.config import load_settings
from dataforce.models import REGISTRY
from dataforce.models.registry import model_artifact
from dataforce_local import open_backend, open_overlay_store
from tests.local.conftest import files_of
from tests.ordinary_user import ordinary_user


def test_the_usual_place_is_the_users_data_folder(tmp_path: Path, iris: Path) -> None:
    with Client() as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
    [database] = tmp_path.rglob("registry.db")
    assert database.parent.name == "dataforce"
    assert len(files_of(database)["sha256"]) == 1


def test_what_is_stored_is_there_for_the_next_process(place: Path) -> None:
    with Client(database_url=f"sqlite:///{place}") as client:
        made = client.collections.create("", "Models", "model")
    with Client(database_url=f"sqlite:///{place}") as client:
        assert client.collections.get("Models") == made


def test_a_new_registry_takes_the_name_of_the_chosen_organization(place: Path) -> None:
    url = f"sqlite:///{place}"
    with Client(database_url=url, organization="Grüne Labore") as client:
        client.collections.create("", "Models", "model")
        assert client.organizations.get() == client.organizations.get("Grüne Labore")
    with Client(database_url=url) as client:
        assert [each.name for each in client.organizations.list()] == ["Grüne Labore"]


def test_a_registry_that_is_there_keeps_its_organization(client: Client, place: Path) -> None:
    client.orbits.list()
    with (
        Client(database_url=f"sqlite:///{place}", organization="Another") as other,
        pytest.raises(OrganizationResourceNotFoundError, match="Another"),
    ):
        other.orbits.list()


@pytest.mark.parametrize(
    "chosen",
    [None, "0199c455-21ee-74c6-b747-19a82f1a1e75", "0199C45521EE74C6B74719A82F1A1E75", "a\x00b"],
)
def test_what_is_no_name_names_no_organization(place: Path, chosen: str | None) -> None:
    with Client(database_url=f"sqlite:///{place}", organization=chosen) as client:
        assert [each.name for each in client.organizations.list()] == ["My Organization"]


def test_only_the_owner_may_read_the_registry(client: Client, iris: Path, place: Path) -> None:
    client.model_artifacts.upload(iris, "iris")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


def test_a_relative_place_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Client(database_url="sqlite:///here.db") as client:
        client.collections.create("", "Models", "model")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert client.collections.get("Models") is not None
    assert (tmp_path / "here.db").is_file()


@pytest.mark.parametrize("memory", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_a_registry_in_memory_leaves_nothing_behind(
    memory: str, tmp_path: Path, iris: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    in_memory = set(MemoryFileSystem.store)
    with Client(database_url=memory) as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
        with Client(database_url=memory) as another:
            assert another.collections.list() == []
    assert sorted(tmp_path.rglob("*")) == before
    assert set(MemoryFileSystem.store) == in_memory


def test_model_files_can_be_kept_elsewhere(place: Path, tmp_path: Path, iris: Path) -> None:
    elsewhere = tmp_path / "model files"
    with Client(database_url=f"sqlite:///{place}", storage_url=elsewhere) as client:
        client.collections.create("", "Models", "model")
        model = client.model_artifacts.upload(iris, "iris")
        assert client.model_artifacts.download_url(model.id).url.startswith(
            f"{elsewhere.as_uri()}/sha256/"
        )
    assert len([path for path in elsewhere.rglob("sha256/*/*") if path.is_file()]) == 1


def test_two_registries_cannot_share_a_folder_of_files(tmp_path: Path, iris: Path) -> None:
    files = str(tmp_path / "files")
    with Client(database_url=f"sqlite:///{tmp_path}/one.db", storage_url=files) as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
    with (
        Client(database_url=f"sqlite:///{tmp_path}/two.db", storage_url=files) as client,
        pytest.raises(ConfigurationError, match="files of another registry"),
    ):
        client.orbits.list()
    with closing(sqlite3.connect(tmp_path / "two.db")) as database:
        tables = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    assert tables == (0,), "nothing was begun there"


def test_a_registry_with_tables_cannot_take_the_folder_of_another(tmp_path: Path) -> None:
    files, one = str(tmp_path / "files"), f"sqlite:///{tmp_path}/one.db"
    with Client(database_url=one, storage_url=files) as client:
        client.orbits.list()
    with Client(database_url=f"sqlite:///{tmp_path}/two.db") as client:
        client.orbits.list()
    with (
        Client(database_url=f"sqlite:///{tmp_path}/two.db", storage_url=files) as client,
        pytest.raises(ConfigurationError, match="files of another registry"),
    ):
        client.orbits.list()


@pytest.mark.parametrize(
    ("database", "storage", "says"),
    [
        ("postgresql://somebody:canary@127.0.0.1/registry", None, "also needs storage_url"),
        ("sqlite:///{place}", "nowhere://bucket", "storage that cannot be used here"),
        ("nosuchserver://somebody:canary@host/registry", "memory://x", "driver for a nosuchserver"),
        ("oracle://somebody:canary@host/registry", "memory://x", "driver for a oracle"),
        ("postgresql://somebody:canary@host:port/x", "memory://x", "is not an SQLAlchemy URL"),
        ("mysql://somebody:canary@host/registry", "memory://x", "MySQLdb.*install it, or set"),
        ("sqlite://two-slashes.db", None, "Accepted are :memory:"),
        ("sqlite+pysqlcipher://:canary@/{place}", None, "Accepted are :memory:"),
        ("sqlite+aiosqlite:///{place}", None, "no driver, user, password"),
        ("sqlite://somebody:canary@/{place}", None, "Accepted are :memory:"),
        ("sqlite:///{place}?key=canary", None, "Accepted are :memory:"),
        ("sqlite://?key=canary", None, "Accepted are :memory:"),
        ("sqlite:///file:{place}", None, "Accepted are :memory:"),
        ("sqlite:///~nobody-of-that-name/x.db", None, "database_url .* Write the path in full"),
        ("sqlite:///{place}/../no/x.db", None, "database_url .*/no', which does not exist"),
        ("sqlite:///{place}", "/no/such/folder", "storage_url .* '/no/such', which does not exist"),
        ("sqlite:///{place}", "~nobody-of-that-name/x", "storage_url .* Write the path in full"),
    ],
)
def test_a_place_that_cannot_be_used_is_explained(
    database: str, storage: str | None, says: str, place: Path, iris: Path
) -> None:
    def use() -> None:
        with Client(database_url=database.format(place=place), storage_url=storage) as client:
            client.collections.create("", "Models", "model")
            client.model_artifacts.upload(iris, "iris")

    with pytest.raises(ConfigurationError, match=says) as caught:
        use()
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(caught.value.__cause__)
    assert not place.exists() or storage is not None


def test_the_extra_is_named_when_its_driver_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        Client(database_url="postgresql://host/x", storage_url="memory://x") as client,
        pytest.raises(ConfigurationError, match=r'pip install "dataforce\[postgresql\]"'),
    ):
        client.orbits.list()


@pytest.mark.parametrize(
    "url", ["sqlite:///{place}", "sqlite+pysqlite:///{place}", "sqlite+pysqlite://"]
)
def test_the_usual_driver_of_sqlite_may_be_named(url: str, place: Path) -> None:
    with Client(database_url=url.format(place=place)) as client:
        assert len(client.orbits.list()) == 1
    assert place.exists() == ("place" in url)


def test_a_tilde_is_the_home_folder(tmp_path: Path, iris: Path) -> None:
    (tmp_path / "home").mkdir()
    with Client(database_url="sqlite:///~/x.db", storage_url="~/models") as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
    assert (tmp_path / "home" / "x.db").is_file()
    assert (tmp_path / "home" / "models" / "sha256").is_dir()


@pytest.mark.parametrize(
    ("database", "files"),
    [
        ("models.db", "models.files"),
        ("models.sqlite", "models.files"),
        ("models.sqlite3", "models.files"),
        ("models.v1", "models.v1.files"),
        ("models", "models.files"),
    ],
)
def test_model_files_are_beside_the_database(
    database: str, files: str, tmp_path: Path, iris: Path
) -> None:
    with Client(database_url=f"sqlite:///{tmp_path}/{database}") as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
    assert (tmp_path / files / "sha256").is_dir()


def test_a_server_url_with_a_mistyped_option_is_explained() -> None:
    url = "postgresql://127.0.0.1:1/x?passwort=canary"
    with (
        Client(database_url=url, storage_url="memory://x") as client,
        pytest.raises(StoreError, match=r"answered: .*passwort.* Check database_url") as it,
    ):
        client.orbits.list()
    assert "canary" not in str(it.value)
    assert not isinstance(it.value, StoreCorruptedError)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://somebody:canary@127.0.0.1:1/x",
        "postgresql://somebody@127.0.0.1:1/x?password=canary",
    ],
)
def test_a_server_that_does_not_answer_is_explained(url: str) -> None:
    with (
        Client(database_url=url, storage_url="memory://x") as client,
        pytest.raises(StoreError, match="Is the server running") as caught,
    ):
        client.orbits.list()
    assert "canary" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder nobody can write: /proc")
def test_a_folder_that_cannot_be_written_is_explained() -> None:
    with (
        Client(database_url="sqlite:////proc/registry.db") as client,
        pytest.raises(StorePermissionError, match="set database_url to another place"),
    ):
        client.orbits.list()


def test_a_folder_where_the_database_should_be_is_explained(tmp_path: Path) -> None:
    with (
        Client(database_url=f"sqlite:///{tmp_path}") as client,
        pytest.raises(StorePermissionError, match=str(tmp_path)),
    ):
        client.orbits.list()


def test_a_folder_that_others_own_is_explained(iris: Path) -> None:
    with TemporaryDirectory() as folder:
        place = Path(folder) / "registry.db"
        with Client(database_url=f"sqlite:///{place}") as client:
            client.orbits.list()
        place.chmod(0o666)
        for mode, says in ((0o555, "may not be written"), (0o755, "may not be written")):
            Path(folder).chmod(mode)
            with (
                # Made as root: an ordinary user may not read where the packages are installed.
                Client(database_url=f"sqlite:///{place}") as client,
                ordinary_user(),
                pytest.raises(StorePermissionError, match=says),
            ):
                client.collections.create("", "Models", "model")
        Path(folder).chmod(0o700)


def test_model_files_that_others_own_are_explained(iris: Path) -> None:
    with TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        files.mkdir(mode=0o755)
        Path(folder).chmod(0o755)
        package = Path(folder) / "iris.fnnx"
        package.write_bytes(iris.read_bytes())
        with (
            Client(database_url=":memory:", storage_url=files) as client,
            ordinary_user(),
            pytest.raises(StorePermissionError, match="set storage_url"),
        ):
            client.orbits.list()
        with Client(database_url=":memory:", storage_url=files) as client:
            client.collections.create("", "Models", "model")
            with ordinary_user(), pytest.raises(StorePermissionError, match="set storage_url"):
                client.model_artifacts.upload(package, "iris")


def test_a_server_file_system_without_reservations_will_do(
    client: Client, iris: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", unsupported)
    assert client.model_artifacts.upload(iris, "iris").status == "uploaded"


def test_a_file_where_the_model_files_should_go_is_explained(
    place: Path, tmp_path: Path, iris: Path
) -> None:
    (tmp_path / "files").write_text("in the way")
    with (
        Client(database_url=f"sqlite:///{place}", storage_url=tmp_path / "files") as client,
        pytest.raises(StoreError, match="Check storage_url"),
    ):
        client.orbits.list()


def test_a_container_without_a_user_name_can_upload(
    client: Client, iris: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987654)
    model_artifact._user.cache_clear()
    assert client.model_artifacts.upload(iris, "iris").created_by_user is None
    model_artifact._user.cache_clear()


@pytest.mark.parametrize("storage", ["nowhere://bucket", "gcs://bucket", "/proc/files"])
def test_a_wrong_storage_url_is_told_when_the_registry_is_opened(place: Path, storage: str) -> None:
    with (
        Client(database_url=f"sqlite:///{place}", storage_url=storage) as client,
        pytest.raises((ConfigurationError, StoreError), match="storage_url"),
    ):
        client.orbits.list()


def test_a_storage_url_that_leads_away_from_the_model_files_is_refused(
    place: Path, tmp_path: Path, iris: Path
) -> None:
    url = f"sqlite:///{place}"
    with Client(database_url=url, storage_url=tmp_path / "right") as client:
        client.collections.create("", "Models", "model")
        client.model_artifacts.upload(iris, "iris")
    with (
        Client(database_url=url, storage_url=tmp_path / "wrong") as client,
        pytest.raises(StoreCorruptedError, match=r"are not in .*/wrong\. .* set storage_url"),
    ):
        client.orbits.list()
    assert not (tmp_path / "wrong").exists()


def test_a_foreign_database_gets_no_tables(place: Path) -> None:
    with closing(sqlite3.connect(place)) as connection:
        for number in range(5):
            connection.execute(f"CREATE TABLE plants_{number} (name TEXT)")
    before = place.read_bytes()
    says = r"it holds other tables \(plants_0, plants_1, plants_2, \.\.\.\)"
    for open_one in (open_backend, open_overlay_store):
        with pytest.raises(StoreCorruptedError, match=says):
            open_one(load_settings({"database_url": f"sqlite:///{place}"}), REGISTRY)
    assert place.read_bytes() == before
    assert list(place.parent.iterdir()) == [place]


def test_a_schema_may_hold_the_tables_of_others(server_url: str, tmp_path: Path) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE spatial_ref_sys (name TEXT)")
        with Client(database_url=server_url, storage_url=tmp_path / "files") as client:
            assert len(client.orbits.list()) == 1
        assert connection.execute("SELECT count(*) FROM spatial_ref_sys").fetchone() == (0,)


def test_a_foreign_schema_gets_no_tables(server_url: str, tmp_path: Path) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE dataforce_orbits (name TEXT)")
        with (
            Client(database_url=server_url, storage_url=tmp_path / "files") as client,
            pytest.raises(StoreCorruptedError, match=r"holds other tables \(dataforce_orbits\)"),
        ):
            client.orbits.list()
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        assert connection.execute(tables).fetchone() == (1,)
    assert not (tmp_path / "files").exists()


def test_a_registry_behind_a_symbolic_link(tmp_path: Path, place: Path, iris: Path) -> None:
    linked = tmp_path / "linked"
    linked.symlink_to(place.parent, target_is_directory=True)
    with (
        Client(database_url=f"sqlite:///{linked / place.name}") as by_link,
        Client(database_url=f"sqlite:///{place}") as by_path,
    ):
        by_link.collection = by_link.collections.create("", "Models", "model")
        model = by_link.model_artifacts.upload(iris, "iris")
        by_path.collection = by_path.collections.get("Models")
        assert by_path.model_artifacts.get("iris") == model
        target = by_path.model_artifacts.download(model, tmp_path)
    assert target is not None
    assert target.read_bytes() == iris.read_bytes()


def test_names_that_only_look_the_same_are_two(place: Path) -> None:
    composed, decomposed = (
        "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
        "cafe\N{COMBINING ACUTE ACCENT}",
    )
    with Client(database_url=f"sqlite:///{place}") as client:
        made = {
            name: client.collections.create("", name, "model") for name in (composed, decomposed)
        }
        assert {name: client.collections.get(name) for name in made} == made
