"""Prints the lowest versions that pyproject.toml allows, for pip to install.

```sh
pip install $(python tools/lowest_versions.py)
```
"""

from __future__ import annotations

import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest_versions() -> list[str]:
    """Return what users install, each requirement at its lower bound, such as `fsspec==2024.6`."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(each for extra in extras for each in extra)]
    return [requirement.replace(">=", "==") for requirement in requirements]


if __name__ == "__main__":
    print(*lowest_versions())
