"""A registry that answers late: `python -m benchmarks.distant <folder>`.

It serves a new local registry in that folder as `dataforce serve` does, but begins with every
request when 20 ms have passed, as a platform far away does. It prints the port as JSON and goes on
until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks import wire
from dataforce.backend import find_backend
from dataforce.config import APIVersion, load_settings
from dataforce.models import REGISTRY
from dataforce.server import Server, create_app

DELAY = 0.020
"""In seconds."""


class _Late:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(DELAY)
        await self._app(scope, receive, send)


def main() -> None:
    """Serve."""
    url = f"sqlite:///{Path(sys.argv[1]) / 'registry.db'}"
    settings = load_settings({"database_url": url}, environment={}, client_name="")
    with closing(find_backend("local")(settings, REGISTRY)) as backend:
        version = APIVersion(wire.API_VERSION)
        app = create_app(backend, api_keys=[wire.API_KEY], api_version=version)
        app.add_middleware(_Late)
        server = Server(app)
        thread = threading.Thread(target=server.run)
        thread.start()
        print(json.dumps([urlsplit(server.url).port]), flush=True)
        sys.stdin.read()
        server.stop()
        thread.join()


if __name__ == "__main__":
    main()
