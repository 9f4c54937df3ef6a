"""Where the rows of a text file stand: the line of each as an editor shows it, the column names being line 1."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from lmm.clean.opened import opened

_BLANK = b" \t\r\n\0"


def line_numbers(path: Path, encoding: str, delimiter: str, rows: int) -> pd.Index:
    """Return the line on which each of the rows of data begins, shape (rows,), named "line".

    A range where the file has as many lines as rows; else, past blank lines and line breaks within cells, counted out
    one by one.
    """
    plain = pd.RangeIndex(2, rows + 2, name="line")
    if _line_breaks_before_the_last_cell(path) == rows:
        return plain
    try:
        starts = [line for line, _ in numbered_records(path, encoding, delimiter)]
    except csv.Error:  # a cell beyond the limit of the csv module
        return plain
    return pd.Index(starts[1:], name="line", dtype="int64") if len(starts) == rows + 1 else plain


def numbered_records(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank, the header first, with the line on which it begins."""
    with opened(path) as stream, io.TextIOWrapper(stream, encoding, errors="replace", newline="") as text:
        reader, before = csv.reader(text, delimiter=delimiter), 0
        for record in reader:
            if len(record) > 1 or (record and (record[0] == "" or record[0].strip())):
                yield before + 1, record
            before = reader.line_num


def _line_breaks_before_the_last_cell(path: Path) -> int:
    """Count the line feeds, those at the end of the file left out."""
    count = pending = 0
    with opened(path) as stream:
        for part in iter(lambda: stream.read(1 << 20), b""):
            breaks, inner = part.count(b"\n"), part.rstrip(_BLANK)
            if inner:
                within = inner.count(b"\n") if len(inner) < len(part) else breaks
                count, pending = count + pending + within, breaks - within
            else:
                pending += breaks
    return count
