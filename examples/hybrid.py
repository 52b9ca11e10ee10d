"""Try changes against production without touching it, look at them, and publish them.

    python examples/hybrid.py

Needs `dataforce[server]`: production is a registry of 500 models in a temporary folder, which
`dataforce serve` puts behind HTTP in a process of its own. The folder goes with it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from dataforce import Client

IRIS = Path(__file__).parent / "data" / "iris.fnnx"
SEASONS = ("Spring", "Summer", "Autumn", "Winter", "Greenhouse")
EACH = 100
KEY = "dfs_example"
"""Of a member of the organization who runs its orbit: he deletes models, and sees no secrets."""


def require_extra() -> None:
    """See that a server can be started, before anything is made for it."""
    if missing := [name for name in ("fastapi", "uvicorn") if find_spec(name) is None]:
        sys.exit(
            f"This example serves a registry, and {' and '.join(missing)} cannot be imported. Run "
            f'pip install "dataforce[server]" first.'
        )


def fill(database_url: str) -> None:
    """Make the registry that plays production."""
    with Client(backend_type="local", database_url=database_url, client_name="") as client:
        for season in SEASONS:
            client.collection = client.collections.create("", season, "model").id
            for number in range(EACH):
                client.model_artifacts.upload(IRIS, f"{season.lower()}-{number:03}")


@contextmanager
def serving(database_url: str, keys: Path) -> Iterator[str]:
    """Serve that registry to those whose keys are in a file; gives its address."""
    command = [sys.executable, "-m", "dataforce", "serve", "--port", "0", "--client-name", ""]
    command += ["--database-url", database_url, "--api-key-file", str(keys)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            # The first line is for people, the others are `export NAME=value`.
            lines = [server.stdout.readline() for _ in range(3)] if server.stdout else []
            if not all(lines):
                sys.exit("The server did not start.")
            exported = dict(line.split()[1].split("=", 1) for line in lines[1:])
            yield exported["DFS_BASE_URL"]
        finally:
            server.terminate()


def change(client: Client) -> None:
    """Do what one would rather try out first."""
    spring = client.collections.get("Spring")
    assert spring is not None
    client.collection = spring.id
    models = client.model_artifacts
    first, second, third, *_ = models.list()
    models.update(first.id, model_name="spring-best", tags=["checked"])
    models.delete(second.id)
    models.delete(third.id)
    models.upload(IRIS, "spring-100")

    client.collection = client.collections.create("For the next release", "Next", "model").id
    for name in ("next-0", "next-1"):
        models.upload(IRIS, name)


def shown(client: Client) -> Counter[tuple[object, ...]]:
    """All that a client shows, but for ids and times, which production gives anew."""
    found: Counter[tuple[object, ...]] = Counter()
    for collection in client.collections.list():
        found[collection.name, collection.description, collection.total_models] += 1
        for model in client.model_artifacts.list(collection_id=collection.id):
            tags = tuple(model.tags or ())
            found[collection.name, model.model_name, tags, model.status, model.file_hash] += 1
    return found


def counts(client: Client) -> str:
    """How many models each collection says that it has."""
    return ", ".join(f"{each.name} {each.total_models}" for each in client.collections.list())


def digests(registry: Path) -> list[str]:
    """The SHA-256 of the database's file and of its log, where SQLite puts new data first."""
    log = registry.with_name(f"{registry.name}-wal")
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in (registry, log)]


def show(what: str, how: object) -> None:
    """Print one line of the story."""
    print(f"{what:<12}{how}", flush=True)


def show_report(call: str, report: object) -> None:
    """Print what a call answered, as a paragraph."""
    print(f"\n{call}\n{report}\n", flush=True)


def main() -> None:
    """Tell the story."""
    require_extra()
    for name in [name for name in os.environ if name.startswith("DFS_")]:
        del os.environ[name]  # the story is of its own platform, not of yours
    with TemporaryDirectory() as folder:
        registry = Path(folder) / "production.db"
        production = f"sqlite:///{registry.as_posix()}"
        fill(production)
        overlay = f"sqlite:///{(Path(folder) / 'overlay.db').as_posix()}"
        keys = Path(folder) / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f'{KEY} member "Default Orbit=admin"\n')
        with (
            serving(production, keys) as url,
            Client(url, KEY, client_name="", backend_type="remote") as plain,
            Client(url, KEY, client_name="", backend_type="hybrid", database_url=overlay) as hybrid,
        ):
            show("served", f"at {url}")
            tell(registry, plain, hybrid)


def tell(registry: Path, plain: Client, hybrid: Client) -> None:
    """Change production in an overlay first, then for good."""
    show("production", counts(plain))
    untouched = digests(registry)

    change(hybrid)
    show("hybrid", counts(hybrid))
    show("production", counts(plain))
    show_report("client.overlay.diff()", hybrid.overlay.diff())

    if digests(registry) != untouched:
        sys.exit("The database of production changed before the push.")
    show("untouched", "production.db and its write-ahead log: the same bytes (SHA-256)")
    show_report("client.overlay.push(dry_run=True)", hybrid.overlay.push(dry_run=True))
    if digests(registry) != untouched:
        sys.exit("The database of production changed in a dry run.")

    before = shown(hybrid)
    show_report("client.overlay.push()", hybrid.overlay.push())
    show("production", counts(plain))
    if shown(plain) != before:
        sys.exit("Production does not show what the hybrid client showed before the push.")
    show("equal", f"{sum(before.values())} collections and models are as hybrid showed them")
    show("overlay", hybrid.overlay.diff())


if __name__ == "__main__":
    main()
