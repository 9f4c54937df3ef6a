"""Delimited text: encoding, delimiter and decimal mark found in the content, then read by pandas."""

from __future__ import annotations

import codecs
import csv
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from lmm.clean.lines import Survey, cut_lines, line_numbers, numbered_records, survey
from lmm.clean.numerals import decimal_mark, is_number
from lmm.clean.opened import is_plain, opened
from lmm.clean.shown import shortened
from lmm.errors import InputError
from lmm.study.source import Table

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18
_PARALLEL = range(1 << 22, 3 << 29)
"""Bytes of files that pandas reads whole, in several threads: smaller ones gain nothing, larger ones take memory."""
_ROWS_AT_A_TIME = 250_000
_TEXT = pd.ArrowDtype(pa.large_string())
"""The type of text that pandas reads without making a Python object of each cell."""
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out: encoding, delimiter, column names, its first records, the declared decimal mark."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    first_records: tuple[tuple[str, ...], ...]
    declared_decimal: str | None

    @property
    def decimal(self) -> str:
        """The decimal mark."""
        return self.declared_decimal or self._decimal_found[0]

    @property
    def decimal_is_certain(self) -> bool:
        """Whether the mark is declared, or proved by the first records."""
        return self.declared_decimal is not None or self._decimal_found[1]

    @cached_property
    def _decimal_found(self) -> tuple[str, bool]:
        return decimal_mark(cell for record in self.first_records[1:] for cell in record)

    @property
    def sentence(self) -> str:
        """What is unusual about the layout, empty where nothing is."""
        named = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
        told = []
        if self.encoding not in ("utf-8", "utf-8-sig"):
            told.append(f"{self.encoding} text")
        if self.delimiter != ",":
            told.append(f"cells between {named.get(self.delimiter, repr(self.delimiter))}")
        if self.decimal == ",":
            told.append("a comma as decimal mark")
        return f"It was read as {', '.join(told)}." if told else ""


def layout(path: Path, table: Table, where: str) -> Layout:
    """Find out how a text file is laid out, from its first records; what the config says stands."""
    with _one_sentence_errors(where):
        with opened(path) as stream:
            start = stream.read(_SAMPLE)
        if not start.strip(b"\r\n \t\x00\xef\xbb\xbf\xff\xfe"):
            raise InputError(f"{where} is empty; it needs a line of column names and rows below it.")
        encoding = table.encoding or _encoding(start, whole=len(start) < _SAMPLE)
        text = codecs.getincrementaldecoder(encoding)().decode(start, len(start) < _SAMPLE).removeprefix("\ufeff")
        if len(start) == _SAMPLE:
            text = text[: text.rfind("\n") + 1] or text
        choices = [table.delimiter] if table.delimiter else _DELIMITERS
        delimiter = max(choices, key=lambda choice: len(next(_records(text, choice), ())))
        records = tuple(tuple(record) for record, _ in zip(_records(text, delimiter), range(1000), strict=False))
    if not records or not any(name.strip() for name in records[0]):
        raise InputError(f"{where} is empty; it needs a line of column names and rows below it.")
    return Layout(encoding, delimiter, records[0], records, table.decimal)


def read_text(
    path: Path,
    table: Table,
    where: str,
    columns: Collection[str] | None,
    as_text: Collection[str],
    missing: Collection[str],
) -> tuple[pd.DataFrame, Layout]:
    """Read some columns (None: all) as pandas types them, those of `as_text` as they are written.

    The file is read in parts, each whole before columns are kept: told to use some columns, pandas cuts rows that
    are too long without a word. A column that holds text anywhere comes as text everywhere.
    """
    with _one_sentence_errors(where):
        surveyed = survey(path)
    found = _whole_file(path, layout(path, table, where), table, where, surveyed)
    _refuse_second_header(found, where, missing)
    wanted = [place for place, name in enumerate(found.columns) if columns is None or name in columns]
    text = {place for place in wanted if found.columns[place] in as_text}
    cells, mixed, short = _cells(path, found, where, wanted, text, missing)
    if mixed:
        again, _, _ = _cells(path, found, where, mixed, set(mixed), missing)
        cells = pd.DataFrame({place: (again if place in mixed else cells)[place] for place in wanted}, cells.index)
    if short or _too_long(found):
        _refuse_ragged_rows(path, found, where)
    lines = line_numbers(path, found.encoding, found.delimiter, len(cells), surveyed.line_breaks)
    return cells.set_axis(lines).set_axis([found.columns[place] for place in wanted], axis=1), found


def read_text_lines(path: Path, table: Table, where: str, lines: Collection[int]) -> pd.DataFrame:
    """Return the rows that begin on the given lines, all columns, as the text that stands in the file."""
    found, wanted = layout(path, table, where), np.array(sorted(lines))
    cells = _plain_lines(path, found, table, where, wanted)
    if cells is None:
        cells = _lines_of_records(path, found, table, where, wanted)
    return cells.set_axis(wanted)


def _plain_lines(path: Path, found: Layout, table: Table, where: str, wanted: np.ndarray) -> pd.DataFrame | None:
    """Return the rows on these lines, cut out of the file; None where a row may take more than its line."""
    if found.encoding.startswith("utf-16"):
        return None
    with _one_sentence_errors(where, found):
        text = cut_lines(path, wanted)
    if text is None:
        return None
    if not (text.isascii() and all(name.isascii() for name in found.columns)):
        found = _whole_file(path, found, table, where, survey(path))
    names = [str(place) for place in range(len(found.columns))]
    with _one_sentence_errors(where, found):
        batches = _batches(path, io.BytesIO(text), found, names, where)
        cells = pa.Table.from_batches(batches).to_pandas().set_axis(found.columns, axis=1)
    return cells if len(cells) == len(wanted) else None


def _lines_of_records(path: Path, found: Layout, table: Table, where: str, wanted: np.ndarray) -> pd.DataFrame:
    """Return the rows that begin on these lines, out of all records of the file."""
    surveyed = survey(path)
    found = _whole_file(path, found, table, where, surveyed)
    cells, rows = _records_at(path, found, where, wanted - 1)
    there = line_numbers(path, found.encoding, found.delimiter, rows - 1, surveyed.line_breaks)
    if not isinstance(there, pd.RangeIndex):
        cells, _ = _records_at(path, found, where, there.get_indexer(wanted) + 1)
    return cells.set_axis(found.columns, axis=1)


def _records_at(path: Path, found: Layout, where: str, places: np.ndarray) -> tuple[pd.DataFrame, int]:
    """Return the records at these places, the header being 0, as text; and how many the file has."""
    kept, start = [], 0
    names = [str(place) for place in range(len(found.columns))]
    with _one_sentence_errors(where, found), opened(path) as stream:
        for batch in _batches(path, stream, found, names, where):
            here = places[(places >= start) & (places < start + batch.num_rows)]
            if len(here):
                kept.append(batch.take(pa.array(here - start)).to_pandas())
            start += batch.num_rows
    return pd.concat(kept), start


def _encoding(start: bytes, whole: bool) -> str:
    """Return the encoding of the first bytes: by their mark, by the zeros of UTF-16, as UTF-8, else as cp1252."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = start[:2000]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(head) > 3 and zeros.count(0) > 0.8 * len(zeros) and head.count(0) < 0.6 * len(head):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, whole)
    except UnicodeDecodeError:
        return _eight_bit(start)
    return "utf-8"


def _eight_bit(content: bytes) -> str:
    """Return cp1252, or Latin-1 where the content has bytes that cp1252 leaves out."""
    return "latin-1" if any(byte in content for byte in (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")) else "cp1252"


def _whole_file(path: Path, found: Layout, table: Table, where: str, surveyed: Survey) -> Layout:
    """Return the layout with the encoding that holds to the file's end; refuse UTF-8 mixed with another encoding."""
    if table.encoding or found.encoding.startswith("utf-16") or surveyed.is_utf8:
        return found
    utf8_line, other, eight_bit = 0, None, "cp1252"
    with _one_sentence_errors(where), opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                utf8_line = utf8_line or number
            except UnicodeDecodeError as error:
                if _UTF8_LETTER.search(line):
                    utf8_line = utf8_line or number
                other = other or (number, line[: error.start])
                eight_bit = "latin-1" if "latin-1" in (eight_bit, _eight_bit(line)) else "cp1252"
    if other is None:
        return found
    number, before = other
    if utf8_line:
        with _one_sentence_errors(where):
            cells = [[], *_records(before.decode("latin-1"), found.delimiter)][-1]
        place = max(len(cells) - 1, 0)
        named = found.columns[min(place, len(found.columns) - 1)]
        raise InputError(
            f"{where} mixes encodings: line {number}, column {named!r}, holds bytes that are not UTF-8, "
            f"but line {utf8_line} holds UTF-8 letters; save the whole file as UTF-8, or give its encoding."
        )
    if found.encoding == "utf-8-sig":
        raise InputError(f"{where} begins with the mark of UTF-8, but line {number} is not UTF-8; save it as UTF-8.")
    names = tuple(name.encode(found.encoding).decode(eight_bit) for name in found.columns)
    return replace(found, encoding=eight_bit, columns=names)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return (record for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if record)


def _refuse_second_header(found: Layout, where: str, missing: Collection[str]) -> None:
    """Refuse a line of names or units below the column names, told by numbers that begin one row later."""
    records = [record for record in found.first_records if len(record) == len(found.columns)]
    if len(records) < 2:
        return
    second, below = records[1], records[2:]
    repeated = second == records[0] and len(second) > 1
    if not repeated and any(is_number(cell) for cell in second):
        return
    numeric = [
        place
        for place in range(len(found.columns))
        if (cells := [row[place] for row in below if row[place].strip() and row[place] not in missing])
        and all(is_number(cell) for cell in cells)
    ]
    words = [place for place in numeric if second[place].strip() and second[place].strip() not in missing]
    units = len(below) > 1 and len(numeric) > 1 and words == numeric
    if repeated or units:
        first = 0 if repeated else numeric[0]
        raise InputError(
            f"{where} has a second line of column names: line 2 holds {shortened(second[first])} in column "
            f"{found.columns[first]!r}; keep one line of names."
        )


def _cells(
    path: Path, found: Layout, where: str, wanted: list[int], text: Collection[int], missing: Collection[str]
) -> tuple[pd.DataFrame, list[int], bool]:
    """Read the columns at `wanted`; say which are to be read as text, and whether any row lacks its last cell.

    Read as text must be what pandas would change: TRUE, True and true, which it folds into one, and a column of
    numbers in one part of the file and of words in another. Columns that are not wanted are left as text.
    """
    parts, rows, short, last = [], 0, False, len(found.columns) - 1
    as_written = [place for place in range(len(found.columns)) if place in text or place not in wanted]
    options = {"dtype": dict.fromkeys(as_written, _TEXT), "keep_default_na": False, "na_values": list(missing)}
    for part in _parts(path, found, where, **options):
        short = short or bool(part[last].isna().any())
        parts.append({place: part[place] for place in wanted})
        rows += len(part)
        del part  # and what was not wanted
    table, mixed = {}, []
    for place in wanted:
        columns = [part.pop(place) for part in parts]
        filled = [column for column in columns if column.notna().any()]
        kinds = {column.dtype.kind for column in filled}
        objects = any(column.dtype == object for column in filled)
        if "b" in kinds or objects or (len(kinds) > 1 and not kinds <= set("iuf")):
            mixed.append(place)
        if kinds == {"O"} or place in text:
            columns = [column.astype("str") for column in columns]
        table[place] = _end_to_end(columns)
    return pd.DataFrame(table, index=pd.RangeIndex(rows), columns=wanted, copy=False), mixed, short


def _end_to_end(columns: list[pd.Series]) -> pd.Series:
    if len(columns) == 1:
        return columns[0]
    return pd.concat(columns, ignore_index=True) if columns else pd.Series(dtype="str")


def _parts(path: Path, found: Layout, where: str, **options: Any) -> Iterator[pd.DataFrame]:
    """Read a file with pandas, whole or so many rows at a time; columns by position, because names may repeat."""
    import warnings

    options |= {
        "sep": found.delimiter,
        "encoding": found.encoding,
        "decimal": found.decimal,
        "header": 0,
        "names": range(len(found.columns)),
        "index_col": False,
    }
    with _one_sentence_errors(where, found), warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # numbers and words in a column: told by its type
        try:
            if path.stat().st_size in _PARALLEL and is_plain(path) and found.encoding.startswith("utf-8"):
                yield pd.read_csv(path, compression=None, **options)
                return
            with opened(path) as stream:
                yield from pd.read_csv(stream, low_memory=False, chunksize=_ROWS_AT_A_TIME, **options)
        except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
            raise _ragged_row(path, found, where, str(error)) from error


def _too_long(found: Layout) -> bool:
    """Say whether the first row has more cells than the header: pandas then takes an empty one too many in any row."""
    return any(len(record) > len(found.columns) for record in found.first_records[1:])


def _refuse_ragged_rows(path: Path, found: Layout, where: str) -> None:
    """Refuse rows with fewer cells than names, which pandas fills up, and with empty cells too many, which it cuts."""
    last = [str(len(found.columns) - 1)]
    with _one_sentence_errors(where, found), opened(path) as stream:
        for _ in _batches(path, stream, found, last, where):
            pass


def _ragged_row(path: Path, found: Layout, where: str, problem: str) -> InputError:
    """Return the error that names the first row of too many or too few cells; `problem` where none can be found."""
    names, line = len(found.columns), 1
    with _one_sentence_errors(where, found):
        for line, record in numbered_records(path, found.encoding, found.delimiter):
            if len(record) > names:
                return InputError(
                    f"{where} has {len(record)} cells in line {line}, where its header has names for {names}; the "
                    f"first too many holds {shortened(record[names])}; mend that line, or name every column."
                )
            if len(record) < names:
                return InputError(
                    f"{where} has {len(record)} cells in line {line}, where its header has names for {names}, so that "
                    f"{found.columns[len(record)]!r} is not there; mend that line."
                )
    if "inside string" in problem:
        return InputError(f"{where} has a quote in line {line} that is never closed; close it, or write it twice.")
    return InputError(f"{where} cannot be read as CSV: {' '.join(problem.split()).rstrip('.')}.")


def _batches(path: Path, stream: IO[bytes], found: Layout, wanted: list[str], where: str) -> Iterator[pa.RecordBatch]:
    """Read columns, named by their position, as text with pyarrow, the header as the first row; refuse ragged rows."""
    names = [str(place) for place in range(len(found.columns))]
    ragged: list[Any] = []

    def note(row: Any) -> str:
        if row.text.strip():  # pandas skips a line of spaces, as it does an empty one
            ragged.append(row)
        return "skip"

    batches = pa.csv.open_csv(
        pa.PythonFile(stream, mode="r"),
        read_options=pa.csv.ReadOptions(use_threads=False, encoding=found.encoding, column_names=names),
        parse_options=pa.csv.ParseOptions(delimiter=found.delimiter, newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa.csv.ConvertOptions(include_columns=wanted, column_types=dict.fromkeys(names, pa.string())),
    )
    for batch in batches:
        if ragged:
            break
        yield batch
    if ragged:
        raise _ragged_row(path, found, where, f"{ragged[0].actual_columns} cells in a row")


@contextmanager
def _one_sentence_errors(where: str, found: Layout | None = None) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        encoding = found.encoding if found else getattr(error, "encoding", "what its encoding says")
        raise InputError(f"{where} is not {encoding} text; save it as UTF-8, or give its encoding.") from error
    except csv.Error as error:
        raise InputError(f"{where} is not a CSV file ({error}); save it as one.") from error
    except pa.ArrowException as error:
        raise InputError(f"{where} cannot be read: {' '.join(str(error).split())}.") from error
    except _BROKEN as error:
        raise InputError(f"{where} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
