"""Models in memory as the content of a package: pickled, and a program that predicts with them."""

from __future__ import annotations

import pickle
import platform
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast

from dataforce._version import __version__
from dataforce.backend.error_messages import words_of
from dataforce.backend.source import BytesSource, FileSource
from dataforce.errors import FileError
from dataforce.package.layout import (
    FOLDER,
    METADATA,
    Label,
    Member,
    manifest_of,
    metadata_of,
    tag_of,
)
from dataforce.transfer import cancellation
from dataforce.transfer.spool import temporary_file, writing

PICKLE = "model.pkl"
"""Name of the file of a model that was in memory."""
_PROGRAM_NEEDS = {"numpy", "pandas"}
"""Modules that the program needs, or uses if they are there."""


@contextmanager
def object_members(model: object, label: Label) -> Iterator[Iterable[Member]]:
    """The members of the package of a model; they last as long as the block."""
    with temporary_file() as place:
        pickled = place.with_name(PICKLE)
        modules = _pickle(model, pickled)
        is_runnable = _can_predict(model) and find_spec("fnnx") is not None
        requirements = _requirements(modules | (_PROGRAM_NEEDS if is_runnable else set()))
        content = Member(f"{FOLDER}{PICKLE}", FileSource(pickled))
        told = metadata_of(
            label,
            **{
                tag_of("pickle"): {
                    "class": f"{type(model).__module__}.{type(model).__qualname__}",
                    "python": platform.python_version(),
                    "requirements": requirements,
                }
            },
        )
        described = _described(model, label, requirements)
        if not is_runnable:
            yield [manifest_of(described, "pickle"), told, content]
            return
        program = place.with_name("program.fnnx")
        _build(model, described, requirements, program)
        yield [*_members_of(program), told, content]


def _described(model: object, label: Label, requirements: list[str]) -> Label:
    made_with = ", ".join([f"Python {platform.python_version()}", *requirements])
    description = label.description or f"{type(model).__name__}, pickled with {made_with}"
    return Label(label.name, label.version, description, label.metrics)


# The pickle


class _Pickler(pickle.Pickler):
    """Pickles, and takes down the modules that are needed to read it again."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, protocol=pickle.DEFAULT_PROTOCOL)
        self.modules: set[str] = set()
        self._seen: set[type] = set()

    def persistent_id(self, each: Any) -> None:
        """Take down where an object comes from; it is pickled all the same."""
        named = each if isinstance(each, type) else type(each)
        if named not in self._seen:
            self._seen.add(named)
            self.modules |= _modules_of(named)


def _modules_of(named: type) -> set[str]:
    return {str(each.__module__).partition(".")[0] for each in named.__mro__}


def _pickle(model: object, place: Path) -> set[str]:
    """Pickle a model; return the modules that are needed to read it."""
    cancellation.check()
    with writing(place, 0) as file:
        pickler = _Pickler(file)
        try:
            pickler.dump(model)
        except OSError:
            raise
        except Exception as error:  # of the classes of others
            raise FileError(
                f"A {type(model).__name__} cannot be pickled: {words_of(error, 250)}. Save it with "
                f"the functions of its library, and pack that file or folder."
            ) from error
    return pickler.modules


def _requirements(modules: set[str]) -> list[str]:
    """The distributions of modules, with their versions."""
    from importlib.metadata import packages_distributions, version

    distributions = packages_distributions()
    found = {name for module in modules for name in distributions.get(module, ())}
    return [f"{name}=={version(name)}" for name in sorted(found)]


# The program


def _can_predict(model: Any) -> bool:
    return callable(getattr(model, "predict", None)) or "torch" in _modules_of(type(model))


def _build(model: object, label: Label, requirements: list[str], target: Path) -> None:
    from fnnx.extras.builder import PyfuncBuilder
    from fnnx.extras.pydantic_models.manifest import NDJSON

    from dataforce.package._predictor import Predictor

    builder = PyfuncBuilder(
        Predictor,
        model_name=label.name,
        model_version=label.version,
        model_description=label.description,
    )
    builder.set_producer_info("dataforce", __version__, [tag_of("pickle")])
    columns = getattr(model, "n_features_in_", "features")
    kinds = {"content_type": "NDJSON", "dtype": "Array[float64]"}
    builder.add_input(NDJSON(name="rows", shape=["batch", columns], **kinds))
    answers = getattr(getattr(model, "classes_", None), "dtype", None)
    dtype = {"i": "Array[int64]", "U": "Array[string]", "O": "Array[string]"}.get(
        getattr(answers, "kind", ""), "Array[float64]"
    )
    builder.add_output(NDJSON(name="predictions", shape=["batch"], **{**kinds, "dtype": dtype}))
    for requirement in requirements:
        builder.add_runtime_dependency(requirement)
    builder.add_fnnx_runtime_dependency()
    builder.save(str(target))


def _members_of(program: Path) -> Iterator[Member]:
    """The members of a package that was built, but for the metadata."""
    with tarfile.open(program, "r:", encoding="utf-8") as archive:
        for member in archive:
            if member.isfile() and member.name != METADATA:
                content = cast("IO[bytes]", archive.extractfile(member)).read()
                yield Member(member.name, BytesSource(content, member.name))
