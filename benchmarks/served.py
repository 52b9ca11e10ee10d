"""A real platform with many models: `python -m benchmarks.served <folder> <models>`.

It fills a local registry in that folder, serves it as `dataforce serve` does, prints the port as
JSON, and goes on until its input ends.
"""

from __future__ import annotations

import json
import sys
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks import wire
from benchmarks.peers.dataforce_client import DataforceRegistry
from dataforce.backend import find_backend
from dataforce.config import APIVersion, load_settings
from dataforce.models import REGISTRY
from dataforce.server import Server, create_app


def main() -> None:
    """Fill and serve."""
    folder, models = Path(sys.argv[1]), int(sys.argv[2])
    with closing(DataforceRegistry(folder, lambda _: folder)) as registry:
        registry.fill(0, models)
        url = registry.client.settings.database_url
    with closing(find_backend("local")(load_settings({"database_url": url}), REGISTRY)) as backend:
        version = APIVersion(wire.API_VERSION)
        server = Server(create_app(backend, api_keys=[wire.API_KEY], api_version=version))
        thread = threading.Thread(target=server.run)
        thread.start()
        print(json.dumps([urlsplit(server.url).port]), flush=True)
        sys.stdin.read()
        server.stop()
        thread.join()


if __name__ == "__main__":
    main()
