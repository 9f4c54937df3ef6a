"""What made a result: code, versions and study, so that results of different origin never meet in one report."""

from __future__ import annotations

import ast
import hashlib
import platform
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import lmm
from lmm.errors import InputError

if TYPE_CHECKING:
    from lmm.study import Study

_FOLDER = Path(lmm.__file__).parent
_LIBRARIES = ("numpy", "scipy", "pandas")
HEAD = ("study", "provenance", "row_hash")
"""Keys that every result file of a study starts with."""


def record(study: Study) -> dict[str, str]:
    """Return what made a result of this study: versions and the study's fingerprint."""
    return {"lmm": lmm.__version__, **_versions(), "study_fingerprint": study.fingerprint()}


@cache
def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{library: version(library) for library in _LIBRARIES}}


def stamp(study: Study, row_hash: str) -> dict[str, Any]:
    """Return the head that every result file carries: study, provenance and row hash."""
    return {"study": study.name, "provenance": record(study), "row_hash": row_hash}


def assert_same_origin(study: Study, results: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse results, given by the path they were read from, that differ in study, provenance or rows."""
    expected = None
    for path, result in results.items():
        head = {key: result.get(key) for key in HEAD}
        expected = expected or stamp(study, head["row_hash"])
        for key, value in head.items():
            if value != expected[key]:
                raise InputError(
                    f"study {study.name}: {path} comes from another run (its {key} differs); "
                    f"delete results/{study.name} and run again."
                )


@cache
def code_hash(*modules: str) -> str:
    """Return the SHA-256 of the code that a job runs: what `modules` import from lmm, and the numerical versions.

    The closure is read from the source, without importing it: each module that an import statement reaches, with
    the data files (templates) of the package it lies in. A package's __init__ counts only where it is named
    itself, so that `import lmm.select.rungs` does not hang on all of lmm.select.
    """
    digest = hashlib.sha256()
    digest.update(repr(sorted(_versions().items())).encode())
    for path in sorted(_closure(modules)):
        digest.update(f"{path.relative_to(_FOLDER).as_posix()}\0".encode())
        digest.update(_content_hash(path))
    return digest.hexdigest()


def _closure(modules: tuple[str, ...]) -> set[Path]:
    reached: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = _source(waiting.pop())
        if path is None or path in reached:
            continue
        reached.add(path)
        waiting.extend(_imports(path))
    data = {
        file
        for package in {path.parent for path in reached} - {_FOLDER}
        for file in package.rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc") and not file.name.startswith(".")
    }
    return reached | data


@cache
def _source(module: str) -> Path | None:
    """Return the file of a module of lmm; None for lmm itself, whose names are loaded when asked for."""
    place = _FOLDER.joinpath(*module.split(".")[1:])
    if place == _FOLDER:
        return None
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


# A sentence in a docstring that begins as an import does is read too: it does no harm.
_IMPORT = re.compile(
    r"^[ \t]*(?:from(?:[ \t]|\\\n)+\S+(?:[ \t]|\\\n)+import\b|import\b)(?:[^(\n\\]|\\\n)*(?:\([^)]*\))?", re.MULTILINE
)
_LMM_ITSELF = re.compile(r"^[ \t]*import lmm\b(?!\.)", re.MULTILINE)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """What a module could import from lmm.

    Every run begins with it: to parse the import statements alone takes a third of the time of whole sources.
    """
    text = path.read_text(encoding="utf-8")
    if _LMM_ITSELF.search(text):
        return tuple(_imported(ast.parse(text), path))  # any expression may ask for `lmm.fit`
    try:
        tree = ast.parse("\n".join(dedent(statement) for statement in _IMPORT.findall(text)))
    except SyntaxError:
        tree = ast.parse(text)
    return tuple(_imported(tree, path))


def _imported(tree: ast.AST, path: Path) -> Iterator[str]:
    """Yield what could be modules of lmm, from import statements and from attributes such as `lmm.fit`."""
    package = ["lmm", *path.parent.relative_to(_FOLDER).parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("lmm."))
        elif isinstance(node, ast.ImportFrom):
            origin = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join(origin + ([node.module] if node.module else []))
            if module == "lmm" or module.startswith("lmm."):
                yield from (_module_of(module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "lmm":
            yield _module_of("lmm", node.attr)


def _module_of(module: str, name: str) -> str:
    """Return the module that `from module import name` needs: module.name if there is one, else module.

    What lmm itself offers, as in `from lmm import fit`, lies in the module that its __init__ has it from.
    """
    if _source(f"{module}.{name}"):
        return f"{module}.{name}"
    return _offered().get(name, module) if module == "lmm" else module


@cache
def _offered() -> dict[str, str]:
    tree = ast.parse((_FOLDER / "__init__.py").read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.name: node.module for node in statements for alias in node.names}


@cache
def _content_hash(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()
