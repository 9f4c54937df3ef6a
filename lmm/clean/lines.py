"""Where the rows of a text file stand: the line of each as an editor shows it, the column names being line 1."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lmm.clean.opened import opened

_BLANK = b" \t\r\n\0"
_BLOCK = 1 << 18
"""Bytes at a time: so many stay in a processor's cache."""


@dataclass(frozen=True)
class Survey:
    """What reading all bytes of a file tells: whether they are UTF-8, and its line feeds, those at its end left out."""

    is_utf8: bool
    line_breaks: int


def survey(path: Path) -> Survey:
    """Read all bytes of a file."""
    decoder, is_utf8 = codecs.getincrementaldecoder("utf-8")(), True
    breaks = at_end = 0
    with opened(path) as stream:
        while part := stream.read(_BLOCK):
            if is_utf8 and (not part.isascii() or decoder.getstate()[0]):
                is_utf8 = _decodes(decoder, part)
            found, inner = len(_line_feeds(part)), part.rstrip(_BLANK)
            if inner:
                within = len(_line_feeds(inner)) if len(inner) < len(part) else found
                breaks, at_end = breaks + at_end + within, found - within
            else:
                at_end += found
    return Survey(is_utf8 and _decodes(decoder, b"", final=True), breaks)


def line_numbers(path: Path, encoding: str, delimiter: str, rows: int, line_breaks: int) -> pd.Index:
    """Return the line on which each of the rows of data begins, shape (rows,), named "line".

    A range where the file has as many lines as rows; else, past blank lines and line breaks within cells, counted out
    one by one. line_breaks: those that a survey of the file finds.
    """
    plain = pd.RangeIndex(2, rows + 2, name="line")
    if line_breaks == rows:
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


def _decodes(decoder: codecs.IncrementalDecoder, part: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(part, final)
    except UnicodeDecodeError:
        return False
    return True


def _line_feeds(block: bytes) -> np.ndarray:
    return _places(block, b"\n")


def _places(block: bytes, byte: bytes) -> np.ndarray:
    """Return where a byte stands, shape (occurrences,); numpy takes a tenth of the time of bytes.count."""
    return np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord(byte))
