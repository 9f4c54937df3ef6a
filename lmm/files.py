"""Files are written whole or not at all: under a temporary name beside the target, then renamed."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lmm.errors import InputError

if TYPE_CHECKING:
    import pandas

UNFINISHED = ".unfinished"
"""Ending of the temporary names."""
_WHAT_TO_DO = {
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EROFS: "make the folder writable, or run in another",
    errno.EACCES: "make the folder writable, or run in another",
    errno.EPERM: "make the folder writable, or run in another",
}


def write_whole(path: str | Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary path in the target's folder, then rename it to `path`.

    A process killed at any moment leaves either the earlier file or the new one, never a part: rename within
    one file system is atomic (POSIX), and every temporary name is used once, so two writers cannot mix. Raises
    InputError where the disk is full or may not be written to.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_and_rename(path, write)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        advice = _WHAT_TO_DO.get(error.errno, "mend that and run again")
        raise InputError(f"{path} cannot be written ({reason}); {advice}.") from error


def _write_and_rename(path: Path, write: Callable[[Path], None]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
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
    """Read what `write_json` wrote; raises InputError where it cannot be read, or is no longer whole."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is cut off or damaged; delete it and run again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); run what makes it first.") from error


def write_table(path: str | Path, table: pandas.DataFrame) -> None:
    """Write a table as Parquet, whole or not at all; index and categories are kept."""
    write_whole(path, lambda temporary: table.to_parquet(temporary))


def read_table(path: str | Path) -> pandas.DataFrame:
    """Read what `write_table` wrote; raises InputError where it cannot be read, or is no longer whole."""
    import pandas

    try:
        return pandas.read_parquet(path)
    except FileNotFoundError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); run what makes it first.") from error
    except (ValueError, OSError) as error:
        raise InputError(f"{path} is cut off or damaged; delete it and run again.") from error
