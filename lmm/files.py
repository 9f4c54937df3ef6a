"""Files are written whole or not at all: under a temporary name beside the target, then renamed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas


def write_whole(path: str | Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary path in the target's folder, then rename it to `path`.

    A process killed at any moment leaves either the earlier file or the new one, never a part: rename within
    one file system is atomic (POSIX), and the temporary name carries the process id, so two writers cannot mix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends, whole or not at all."""
    write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write bytes, whole or not at all."""
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def write_json(path: str | Path, value: Any) -> None:
    """Write JSON a person can read and diff: indented, floats in full precision, no NaN or infinity."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(path: str | Path, table: pandas.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all; index and categories are kept."""
    write_whole(path, lambda temporary: table.to_parquet(temporary))


def read_table(path: str | Path) -> pandas.DataFrame:
    """Read what `write_table` wrote."""
    import pandas

    return pandas.read_parquet(path)
