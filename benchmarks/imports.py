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
from benchmarks.report import Table, number, ratio
from benchmarks.timing import seconds_of

_NOTHING = "an empty interpreter"
_IMPORT = "import dataforce"
_READY = "local client ready, existing file"
_FIRST_CALL = "from dataforce import Client; Client(database_url={url!r}).organizations.list()"
_MLFLOW = (
    "import logging; logging.disable(); from mlflow import MlflowClient; "
    "MlflowClient({url!r}, {url!r}).search_registered_models()"
)
_TURNS_PER_ROUND = 4

_NOTE = (
    "Milliseconds more than an empty interpreter, best of {turns}. The ratios are ours to theirs: "
    "below 1x we start faster. *Ready* means imported, constructed and the first call answered. "
    "Targets: `import dataforce` at most 0.33x of `import requests`, a local client with a file "
    "ready within 2x of `import sqlalchemy`."
)


@dataclass
class _Line:
    """A line to run.

    Args:
        code: What it does; `{url}` becomes an SQLite URL.
        needs: The module without which it takes no part.
        database: The file of the URL; a fresh one for every run if it is `new`.
        slow: Whether it takes seconds; it gets fewer turns then.
    """

    code: str
    needs: str = "dataforce"
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
        "import sqlite3": _Line("import sqlite3"),
        "from pydantic import BaseModel": _Line("from pydantic import BaseModel"),
        "import requests": _Line("import requests", "requests"),
        "import sqlalchemy": _Line("import sqlalchemy"),
        "import huggingface_hub": _Line("import huggingface_hub", "huggingface_hub"),
        "huggingface_hub.HfApi()": _Line(
            "import huggingface_hub; huggingface_hub.HfApi()", "huggingface_hub"
        ),
        "import mlflow": _Line("import mlflow", "mlflow", slow=True),
        "MLflow client ready, existing file": _Line(
            _MLFLOW, "mlflow", database="existing-mlflow.db", slow=True
        ),
        "MLflow client ready, new file": _Line(_MLFLOW, "mlflow", "new.db", slow=True),
    }


def measure(options: Options) -> list[Table]:
    """Measure imports and clients."""
    folder = options.folder / "imports"
    folder.mkdir()
    lines = {name: line for name, line in _lines().items() if _is_there(line.needs)}
    for line in lines.values():  # compiles what is not compiled yet, and makes the existing files
        line.modules = int(_run(folder, line, count=True))
    turns = options.rounds * _TURNS_PER_ROUND
    for turn in range(turns):
        for line in lines.values():
            if not line.slow or turn % _TURNS_PER_ROUND == 0:
                (folder / "new.db").unlink(missing_ok=True)
                line.best = min(line.best, seconds_of(partial(_run, folder, line)))
    shutil.rmtree(folder)
    return [_table(lines, turns)]


def _is_there(module: str) -> bool:
    found = subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True)
    if found.returncode:
        print(f"{module} takes no part: it is not installed", file=sys.stderr)
    return not found.returncode


def _run(folder: Path, line: _Line, count: bool = False) -> str:
    code = line.code.replace("{url!r}", repr(f"sqlite:///{folder / line.database}"))
    if count:
        code += "; import sys; print(len(sys.modules))"
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        text=True,
    )
    return done.stdout


def _table(lines: Mapping[str, _Line], turns: int) -> Table:
    empty = lines[_NOTHING]
    net = {name: (line.best - empty.best) * 1000 for name, line in lines.items()}
    rows = [[_NOTHING, number(empty.best * 1000), str(empty.modules), "-", "-"]]
    rows += [
        [
            name,
            number(net[name]),
            str(line.modules),
            ratio(net[_IMPORT], net[name]),
            ratio(net[_READY], net[name]),
        ]
        for name, line in lines.items()
        if line is not empty
    ]
    columns = ["line", "ms", "modules", f"{_IMPORT} to it", f"{_READY}, to it"]
    return Table("Start-up", columns, rows, _NOTE.format(turns=turns))


if __name__ == "__main__":
    from benchmarks.__main__ import main

    main(["imports", *sys.argv[1:]])
