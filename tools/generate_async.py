"""Write the asynchronous half of the client, which is made from the synchronous half.

    python tools/generate_async.py            write the files
    python tools/generate_async.py --check    only name those that are not what they would be

Every module of resources whose name does not start with an underscore gets a twin, and so does the
class that offers the resources. A twin is plain code like any other: its methods have the
parameters of the synchronous ones, run those in a thread, and say the same in their docstrings,
whose examples become asynchronous too.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from doctest import DocTestParser, Example
from pathlib import Path
from typing import TypeGuard

COMMAND = "python tools/generate_async.py"
ROOT = Path(__file__).resolve().parent.parent
CLIENT = Path("dataforce/api/_resources.py")
RESOURCES = Path("dataforce/api/resources")
GENERATED = RESOURCES / "_generated"

PACKAGE = '"""The asynchronous twins of the resources, written by tools/generate_async.py."""\n'

MODULE = '''\
# Generated from {source} by tools/generate_async.py;
# edit that file and run the tool.
"""The asynchronous twin of `{module}`."""

{imports}

__all__ = {names}

{classes}
'''

# Whatever the twin of a resource may need: what it turns out not to need is dropped at the end.
IMPORTS = """\
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, overload
from dataforce.api._async_model_file import AsyncModelFile
from {module} import {names}

if TYPE_CHECKING:
    from dataforce.api._session import Session
    {checked}"""

CONSTRUCTOR = """\
def __init__(self, session: Session) -> None:
    super().__init__(session)
    self._synchronous = {name}(session)
"""

RESULTS = {"ModelFile": "AsyncModelFile"}
"""What a call may give that goes on to call the backend, and what its twin gives instead."""

RENAMED_IN_EXAMPLES = ("Client", "DataForceClient")
ITERATION = re.compile(r"client\.\w+\.iterate")
OPENING = re.compile(r"Client|DataForceClient|client\.\w+\.open")


class UnsuitableError(Exception):
    """The synchronous half holds something that no asynchronous twin can be made of."""


def main() -> int:
    """Do what the command line asks for; the result is the exit code."""
    parser = ArgumentParser(description="Write the asynchronous half of the client.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if stale")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to work on")
    arguments = parser.parse_args()
    try:
        wanted = generate(arguments.root)
    except UnsuitableError as error:
        print(error, file=sys.stderr)
        return 1
    found = read_generated(arguments.root)
    stale = [path for path in sorted(wanted | found) if wanted.get(path) != found.get(path)]
    if arguments.check:
        return report(stale)
    write(arguments.root, {path: wanted.get(path) for path in stale})
    return 0


def report(stale: list[Path]) -> int:
    """Name the files that are not what they would be."""
    for path in stale:
        print(f"{path.as_posix()} is stale; run `{COMMAND}`.", file=sys.stderr)
    return 1 if stale else 0


def write(root: Path, texts: dict[Path, str | None]) -> None:
    """Write files; `None` removes one."""
    (root / GENERATED).mkdir(exist_ok=True)
    for path, text in texts.items():
        if text is None:
            (root / path).unlink()
        else:
            (root / path).write_text(text, encoding="utf-8", newline="\n")


def read_generated(root: Path) -> dict[Path, str]:
    """The generated files as they are, by their paths below the root."""
    return {
        path.relative_to(root): path.read_text(encoding="utf-8")
        for path in (root / GENERATED).glob("*.py")
    }


def generate(root: Path) -> dict[Path, str]:
    """The generated files as they should be, by their paths below the root."""
    resources = [
        path.relative_to(root)
        for path in (root / RESOURCES).glob("*.py")
        if not path.name.startswith("_")
    ]
    awaited = awaited_calls(source.stem for source in resources)
    twins = {GENERATED / source.name: twin(root, source, awaited) for source in resources}
    twins[GENERATED / CLIENT.name] = twin(root, CLIENT, awaited)
    return {GENERATED / "__init__.py": PACKAGE} | twins


def twin(root: Path, source: Path, awaited: re.Pattern[str]) -> str:
    """The text of the twin of a module."""
    tree = ast.parse((root / source).read_text(encoding="utf-8"))
    imports, classes = client_twin(tree) if source == CLIENT else resource_twin(tree, source)
    for node in classes:
        rewrite_examples(node, awaited)
    text = MODULE.format(
        source=source.as_posix(),
        module=dotted(source),
        imports=imports,
        names=[node.name for node in classes],
        classes="\n\n".join(map(ast.unparse, classes)),
    )
    return tidied(text, root)


def tidied(text: str, root: Path) -> str:
    """The text with no more imports than it needs and formatted, the examples in it as well."""
    # What this run is about to write is ours too, though it is not there to be found yet.
    ours = "lint.isort.known-first-party = ['dataforce']"
    imports = ["check", "--fix-only", "--select=F401,I001", "--config", ours]
    layout = ["format", "--config=format.docstring-code-format=true"]
    for arguments in (imports, layout):
        # From the root, because the settings of the project are there.
        text = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--quiet", "-"],
            input=text,
            cwd=root,
            check=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
        ).stdout
    return text


def dotted(path: Path) -> str:
    """The name under which a file or folder is imported."""
    return ".".join(path.with_suffix("").parts)


# The class that offers the resources


def client_twin(tree: ast.Module) -> tuple[str, list[ast.ClassDef]]:
    """The imports and the class, with each class of a resource replaced by its twin."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    renamed: list[ast.ClassDef | ast.alias] = [*classes]
    for node in ast.walk(tree):  # what is seldom needed is imported where it is needed
        if isinstance(node, ast.ImportFrom) and is_within(node, RESOURCES):
            node.module = str(node.module).replace(dotted(RESOURCES), dotted(GENERATED))
            renamed += node.names
    rename(tree, renamed)
    imports = [node for node in tree.body if is_import(node) or is_guard(node)]
    return "\n".join(map(ast.unparse, imports)), classes


def rename(tree: ast.Module, definitions: list[ast.ClassDef | ast.alias]) -> None:
    """Give classes the names of their twins wherever the module mentions them."""
    names = {definition.name for definition in definitions}
    for definition in definitions:
        definition.name = f"Async{definition.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in names:
            node.id = f"Async{node.id}"


def is_import(node: ast.stmt) -> TypeGuard[ast.Import | ast.ImportFrom]:
    """Return whether a statement imports something."""
    return isinstance(node, ast.Import | ast.ImportFrom)


def is_guard(node: ast.stmt) -> TypeGuard[ast.If]:
    """Return whether a statement holds imports that only the type checker sees."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_within(node: ast.AST, folder: Path) -> bool:
    """Return whether a statement imports from a module in that folder."""
    return isinstance(node, ast.ImportFrom) and f"{node.module}".startswith(f"{dotted(folder)}.")


# A resource


def resource_twin(tree: ast.Module, source: Path) -> tuple[str, list[ast.ClassDef]]:
    """The imports and the classes of the twin of a module of resources."""
    classes = [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef) and f"{node.name}Base" in map(ast.unparse, node.bases)
    ]
    if not classes:
        raise UnsuitableError(f"{source.as_posix()}: no class XResource(XResourceBase) in it.")
    # The imports first: they name the synchronous classes, which become asynchronous in place.
    imports = resource_imports(tree, source)
    return imports, [asynchronous_class(node, source) for node in classes]


def resource_imports(tree: ast.Module, source: Path) -> str:
    """Return the imports of the module, and all that it defines."""
    guarded = [node for guard in tree.body if is_guard(guard) for node in guard.body]
    own = IMPORTS.format(
        module=dotted(source),
        names=", ".join(defined(tree)),
        checked="\n    ".join(
            ast.unparse(node) for node in guarded if not is_within(node, GENERATED)
        ),
    )
    imports = [ast.unparse(node) for node in tree.body if is_import(node)]
    return "\n".join([*imports, own.rstrip()])


def defined(tree: ast.Module) -> Iterator[str]:
    """The names of the classes and constants of a module, which signatures may mention."""
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def asynchronous_class(node: ast.ClassDef, source: Path) -> ast.ClassDef:
    """The class whose methods run those of a synchronous one."""
    methods = [
        asynchronous_method(method, source)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
    ]
    constructor = ast.parse(CONSTRUCTOR.format(name=node.name)).body
    node.body = [*docstring(node), *constructor, *methods]
    node.name = f"Async{node.name}"
    return node


def asynchronous_method(
    method: ast.FunctionDef, source: Path
) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """The method that runs a synchronous one; it streams what that one yields."""
    decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
    if decorators == ["overload"]:
        return ast.AsyncFunctionDef(**vars(method))
    if decorators:
        raise UnsuitableError(
            f"{source.as_posix()}, line {method.lineno}: {method.name} is decorated, and what "
            f"the decorator does cannot be awaited."
        )
    function, arguments = f"self._synchronous.{method.name}", list(passed_on(method.args))
    returns = ast.unparse(method.returns or ast.Constant(None))
    if returns.startswith("Iterator["):
        method.returns = ast.parse(f"Async{returns}", mode="eval").body
        call = f"return self._stream({function}({', '.join(arguments)}), page_size)"
        method.body = [*docstring(method), *ast.parse(call).body]
        return method
    call = f"await self._run({', '.join([function, *arguments])})"
    if returns in RESULTS:
        method.returns = ast.Name(RESULTS[returns])
        call = f"{RESULTS[returns]}({call}, self._session.workers)"
    call = f"return {call}"
    body = [*docstring(method), *ast.parse(call).body]
    return ast.AsyncFunctionDef(**{**vars(method), "body": body})


def passed_on(parameters: ast.arguments) -> Iterator[str]:
    """The arguments of a call that hands every parameter on, but for `self`."""
    for parameter in [*parameters.posonlyargs, *parameters.args][1:]:
        yield parameter.arg
    if parameters.vararg:
        yield f"*{parameters.vararg.arg}"
    for parameter in parameters.kwonlyargs:
        yield f"{parameter.arg}={parameter.arg}"
    if parameters.kwarg:
        yield f"**{parameters.kwarg.arg}"


def docstring(node: ast.ClassDef | ast.FunctionDef) -> list[ast.stmt]:
    """The docstring as the statement that it is; nothing if there is none."""
    return [] if ast.get_docstring(node) is None else node.body[:1]


# Examples


def rewrite_examples(tree: ast.AST, awaited: re.Pattern[str]) -> None:
    """Make the examples in every docstring asynchronous."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text)) as constant):
                pieces = DocTestParser().parse(text)
                constant.value = "".join(
                    piece if isinstance(piece, str) else prompted(piece, awaited)
                    for piece in pieces
                )


def prompted(example: Example, awaited: re.Pattern[str]) -> str:
    """An example made asynchronous, as it stands in a docstring."""
    first, *more = asynchronous(example.source, awaited).splitlines()
    lines = [f">>> {first}", *(f"... {line}".rstrip() for line in more), *example.want.splitlines()]
    return "".join(f"{' ' * example.indent}{line}\n" for line in lines)


def awaited_calls(resources: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for the functions whose calls have to be awaited."""
    names = "|".join(sorted(resources))
    return re.compile(rf"client\.(({names})\.(?!iterate$)\w+|setup_config|close)|file\.\w+")


def asynchronous(source: str, awaited: re.Pattern[str]) -> str:
    """An example with the words inserted that make it asynchronous; the rest stays as it is."""
    # The syntax tree counts columns in bytes.
    text = source.encode()
    for position, words in sorted(insertions(text, awaited), reverse=True):
        text = text[:position] + words + text[position:]
    return text.decode()


def insertions(text: bytes, awaited: re.Pattern[str]) -> Iterator[tuple[int, bytes]]:
    """Yield what to insert into an example, and where."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name) | ast.alias(name=name) if name in RENAMED_IN_EXAMPLES:
                yield start(text, node), b"Async"
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=called)), *_]) if matches(
                OPENING, called
            ):
                yield start(text, node), b"async "
            case ast.For(iter=ast.Call(func=called)) if matches(ITERATION, called):
                yield start(text, node), b"async "
            case ast.comprehension(target=target, iter=ast.Call(func=called)) if matches(
                ITERATION, called
            ):
                yield text.rindex(b"for", 0, start(text, target)), b"async "
            case ast.Call(func=called) if matches(awaited, called):
                yield from awaiting(text, node)


def awaiting(text: bytes, call: ast.Call) -> Iterator[tuple[int, bytes]]:
    """Yield what to insert around a call so that it is awaited."""
    after = end(text, call)
    if text[after:].lstrip().startswith((b".", b"[", b"(")):
        # What follows is meant for the result of the call, not for what is to be awaited.
        yield start(text, call), b"(await "
        yield after, b")"
    else:
        yield start(text, call), b"await "


def start(text: bytes, node: ast.expr | ast.stmt | ast.alias) -> int:
    """Return the offset in the text at which a node starts."""
    return offset(text, node.lineno, node.col_offset)


def end(text: bytes, node: ast.expr) -> int:
    """Return the offset in the text at which a node has ended."""
    return offset(text, node.end_lineno or 0, node.end_col_offset or 0)


def offset(text: bytes, line: int, column: int) -> int:
    """Return the offset in the text of a column of a line."""
    return len(b"".join(text.splitlines(keepends=True)[: line - 1])) + column


def matches(pattern: re.Pattern[str], function: ast.expr) -> bool:
    """Return whether that is what a call calls."""
    return pattern.fullmatch(ast.unparse(function)) is not None


if __name__ == "__main__":
    sys.exit(main())
