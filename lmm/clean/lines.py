"""Where the rows of a text file stand: the line of each as an editor shows it, the column names being line 1."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from lmm.clean.opened import opened

_BLANK = b" \t\r\n\0"
_BLOCK = 1 << 18
"""Bytes at a time: so many stay in a processor's cache."""


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


def cut_lines(path: Path, lines: np.ndarray) -> bytes | None:
    """Return these lines of a file, in ascending order, one below the other; None where a cell may hold a line break.

    It may where a line has an odd number of quotes, and a carriage return by itself may end a line. The encoding must
    have the line feed as one byte.
    """
    cut, before = [], 0
    with opened(path) as stream:
        while block := stream.read(_BLOCK) + stream.readline():
            if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
                return None
            ends = _line_feeds(block)
            if not block.endswith(b"\n"):
                ends = np.append(ends, len(block))
            if b'"' in block and (np.searchsorted(_places(block, b'"'), ends) % 2).any():
                return None
            here = lines[slice(*np.searchsorted(lines, [before + 1, before + len(ends) + 1]))] - before - 1
            starts = np.concatenate([[0], ends[:-1] + 1])[here]
            cut += [block[start:end] for start, end in zip(starts.tolist(), ends[here].tolist(), strict=True)]
            before += len(ends)
    return b"\n".join(cut)


def _line_breaks_before_the_last_cell(path: Path) -> int:
    """Count the line feeds, those at the end of the file left out."""
    count = pending = 0
    with opened(path) as stream:
        while part := stream.read(_BLOCK):
            breaks, inner = len(_line_feeds(part)), part.rstrip(_BLANK)
            if inner:
                within = len(_line_feeds(inner)) if len(inner) < len(part) else breaks
                count, pending = count + pending + within, breaks - within
            else:
                pending += breaks
    return count


def _line_feeds(block: bytes) -> np.ndarray:
    return _places(block, b"\n")


def _places(block: bytes, byte: bytes) -> np.ndarray:
    """Return where a byte stands, shape (occurrences,); numpy takes a tenth of the time of bytes.count."""
    return np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord(byte))
