"""The first line of a raw table: its delimiter and its column names."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
import zlib
from dataclasses import dataclass
from pathlib import Path

from lmm.errors import InputError
from lmm.study import nearest

ENCODING = "utf-8-sig"
"""UTF-8, with or without the byte-order mark that spreadsheets write."""

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Header:
    """Delimiter and column names of a raw table, as they stand in the file."""

    delimiter: str
    columns: tuple[str, ...]


def read_header(path: Path, where: str) -> Header:
    """Read the first record of a CSV file, compressed or not; the delimiter is the one that gives most columns.

    `where` names the file in messages: "study sleepstudy: data/sleepstudy.csv".
    """
    if not path.exists():
        raise InputError(f"{where} does not exist; {_nearest_file(path)}")
    if path.is_dir():
        raise InputError(f"{where} is a folder; name a CSV file.")
    try:
        headers = [Header(delimiter, _first_record(path, delimiter)) for delimiter in _DELIMITERS]
    except UnicodeDecodeError as error:
        raise InputError(f"{where} is not UTF-8 text; save it as UTF-8.") from error
    except csv.Error as error:
        raise InputError(f"{where} is not a CSV file ({error}); save it as one.") from error
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{where} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    header = max(headers, key=lambda candidate: len(candidate.columns))
    if not any(name.strip() for name in header.columns):
        raise InputError(f"{where} is empty; it needs a line of column names and rows below it.")
    return header


def position(header: Header, column: str, role: str, where: str) -> int:
    """Return where a column stands in the table, or say that it is missing or there twice."""
    found = [place for place, name in enumerate(header.columns) if name == column]
    if not found:
        near = nearest(column, header.columns)
        hint = f"did you mean {near!r}?" if near else f"its columns are {', '.join(header.columns[:20])}."
        raise InputError(f"{where} has no column {column!r} ({role}); {hint}")
    if len(found) > 1:
        raise InputError(f"{where} has {len(found)} columns named {column!r} ({role}); rename all but one.")
    return found[0]


def _first_record(path: Path, delimiter: str) -> tuple[str, ...]:
    opener = _OPENERS.get(path.suffix, open)
    with opener(path, "rt", encoding=ENCODING, newline="") as lines:
        for record in csv.reader(lines, delimiter=delimiter):
            if record:
                return tuple(record)
    return ()


def _nearest_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {str(path.parent)!r}."
    near = nearest(path.name, (other.name for other in path.parent.iterdir() if other.is_file()))
    return f"did you mean {near!r}?" if near else "give the path of a CSV file."
