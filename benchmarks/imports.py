"""Start-up: what an import costs, and how long until a client has answered its first call.

Each figure is the time of a fresh interpreter that runs one line, less that of one that runs none;
the lines take turns, best of many.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.options import Options
from benchmarks.report import Table, goal, number, ratio
from benchmarks.timing import seconds_of

_NOTHING = "an empty interpreter"
_IMPORT = "import dataforce"
_READY = "local client ready, existing file"
_REMOTE = "remote client ready, no request"
_FIRST_CALL = "from dataforce import Client; Client(database_url={url!r}).organizations.list()"
_OPEN_REMOTE = (
    "from dataforce import Client; Client('http://127.0.0.1:9', 'dfs_bench', "
    "backend_type='remote', api_version='2026-01').backend"
)
_REQUESTS_PYDANTIC = "import requests; from pydantic import BaseModel"
_REMOTE_TARGETS = {_REQUESTS_PYDANTIC: "≤ 1.2x"}
_MLFLOW = (
    "import logging; logging.disable(); from mlflow import MlflowClient; "
    "MlflowClient({url!r}, {url!r}).search_registered_models()"
)
_TURNS_PER_ROUND = 4

_NOTE = (
    "Milliseconds more than an empty interpreter, best of {turns}. The ratios are ours to theirs: "
    "below 1x we start faster. *Ready* means imported, constructed and the first call answered. "
    "A remote client is ready when its backend is open; it has asked the platform nothing. "
    "Targets: `import dataforce` at most 0.33x of `import requests`, a local client with a file "
    "ready within 2x of `import sqlalchemy`."
)


@dataclass
class _Line:
    """A line to run.

    Args:
        code: What it does; `{url}` becomes an SQLite URL.
        database: The file of the URL; a fresh one for every run if it is `new`.
        slow: Whether it takes seconds; it gets fewer turns then.
    """

    code: str
    database: str = "existing.db"
    slow: bool = False
    best: float = float("inf")
    modules: int = 0


def _lines() -> dict[str, _Line]:
    return {
        _NOTHING: _Line("pass"),
        _IMPORT: _Line("import dataforce"),
        "from dataforce import Client": _Line("from dataforce import Client"),
        "local client ready, in memory": _Line(_FIRST_CALL.replace("{url!r}", "':memory:'")),
        _READY: _Line(_FIRST_CALL),
        "local client ready, new file": _Line(_FIRST_CALL, database="new.db"),
        _REMOTE: _Line(_OPEN_REMOTE),
        "import sqlite3": _Line("import sqlite3"),
        "from pydantic import BaseModel": _Line("from pydantic import BaseModel"),
        "import requests": _Line("import requests"),
        _REQUESTS_PYDANTIC: _Line(_REQUESTS_PYDANTIC),
        "import sqlalchemy": _Line("import sqlalchemy"),
        "import huggingface_hub": _Line("import huggingface_hub"),
        "huggingface_hub.HfApi()": _Line("import huggingface_hub; huggingface_hub.HfApi()"),
        "import mlflow": _Line("import mlflow", slow=True),
        "MLflow client ready, existing file": _Line(_MLFLOW, "existing-mlflow.db", slow=True),
        "MLflow client ready, new file": _Line(_MLFLOW, "new.db", slow=True),
    }


def measure(options: Options) -> list[Table]:
    """Measure imports and clients."""
    folder = options.folder / "imports"
    folder.mkdir()
    # Running each once compiles what is not compiled yet, and makes the existing files.
    lines = {name: line for name, line in _lines().items() if _runs(folder, name, line)}
    turns = options.rounds * _TURNS_PER_ROUND
    for turn in range(turns):
        for line in lines.values():
            if not line.slow or turn % _TURNS_PER_ROUND == 0:
                (folder / "new.db").unlink(missing_ok=True)
                line.best = min(line.best, seconds_of(partial(_run, folder, line)))
    shutil.rmtree(folder)
    return [_table(lines, turns)]


def _runs(folder: Path, name: str, line: _Line) -> bool:
    """Whether a line can take part; counts the modules it loads."""
    try:
        line.modules = int(_run(folder, line, count=True))
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip().splitlines()[-1]
        print(f"{name} takes no part: {reason}", file=sys.stderr)
        return False
    return True


def _run(folder: Path, line: _Line, count: bool = False) -> str:
    code = line.code.replace("{url!r}", repr(f"sqlite:///{folder / line.database}"))
    if count:
        code += "; import sys; print(len(sys.modules))"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment,
        text=True,
    )
    return done.stdout


def _table(lines: Mapping[str, _Line], turns: int) -> Table:
    empty = lines[_NOTHING]
    net = {name: (line.best - empty.best) * 1000 for name, line in lines.items()}
    rows = [[_NOTHING, number(empty.best * 1000), str(empty.modules), "-", "-", "-"]]
    rows += [
        [
            name,
            number(net[name]),
            str(line.modules),
            ratio(net[_IMPORT], net[name]),
            ratio(net[_READY], net[name]),
            goal(net.get(_REMOTE), net[name], _REMOTE_TARGETS.get(name)),
        ]
        for name, line in lines.items()
        if line is not empty
    ]
    ours = [f"{_IMPORT} to it", f"{_READY}, to it", f"{_REMOTE}, to it"]
    columns = ["line", "ms", "modules", *ours]
    return Table("Start-up", columns, rows, _NOTE.format(turns=turns))


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["imports", *sys.argv[1:]])
