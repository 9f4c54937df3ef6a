"""The tables of a rendered page, read back from it: the page is where each table is described, and nowhere else.

A table stands in an element with `data-table`, its file's name, and `aria-label`, its title. Cells tell what a file
needs beside their text: `data-value` and `data-values` the numbers behind it, `data-name` in a head what its column is
called where that is not the text of the head, and `data-column` in any element that it is a column of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_DRAWING = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_VOID = {"br", "img", "col", "hr", "wbr", "input", "meta", "link"}
_STYLES = {"i": "italic", "em": "italic", "strong": "bold", "b": "bold", "code": "code"}
MEANING = "meaning"
"""The class of elements that explain a cell, and the style of their text."""
_LONGEST_NAME = 48

Number = float | int | None


@dataclass(frozen=True)
class Run:
    """A piece of text in a style: "", "italic", "bold", "code" or "meaning", which explains what stands before it.

    `column` names the column that it is by itself.
    """

    text: str
    style: str = ""
    column: str = ""


@dataclass
class Cell:
    """A cell: its text in runs, the columns it spans, whether it is set flush right, and the numbers behind it."""

    runs: list[Run] = field(default_factory=list)
    span: int = 1
    is_number: bool = False
    name: str = ""
    values: dict[str, Number] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text of the cell itself, without what is a column of its own."""
        return _joined(run.text for run in self.runs if not run.column)

    @property
    def asides(self) -> dict[str, str]:
        """The texts that are columns of their own, by the names of these."""
        names = dict.fromkeys(run.column for run in self.runs if run.column)
        return {name: _joined(run.text for run in self.runs if run.column == name) for name in names}


@dataclass
class PageTable:
    """A table: the name of its files, its title, its caption, its head, and its rows in groups (one for each body)."""

    name: str
    title: str
    caption: list[Run] = field(default_factory=list)
    head: list[Cell] = field(default_factory=list)
    groups: list[list[list[Cell]]] = field(default_factory=list)

    @property
    def rows(self) -> Iterator[list[Cell]]:
        """The rows of all groups."""
        return (row for group in self.groups for row in group)


def file_name(title: str) -> str:
    """What the files of a table are called: its title in letters, digits and hyphens, and a hash if that loses any."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    kept = plain[:_LONGEST_NAME].strip("-")
    # Nothing is lost where only spaces and the punctuation of English titles went.
    is_whole = kept == plain and re.fullmatch(r"[A-Za-z0-9 ,.:()’-]+", title)
    return kept if is_whole else f"{kept}-{hashlib.sha256(title.encode()).hexdigest()[:6]}".lstrip("-")


def page_tables(page: str) -> list[PageTable]:
    """The tables of a page in their order. Raises ValueError where two would go by one name."""
    reader = _Reader()
    # Drawings hold no table, but most of the page's tags.
    reader.feed(_DRAWING.sub("", page))
    reader.close()
    names = [table.name for table in reader.tables]
    if len(set(names)) < len(names):
        raise ValueError(f"two tables of a page have one title: {sorted(names)}")
    return reader.tables


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[PageTable] = []
        self.place: tuple[str, str] | None = None
        self.table: PageTable | None = None
        self.in_head = False
        self.runs: list[Run] | None = None
        self.styles: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if "data-table" in found:
            self.place = found["data-table"], found.get("aria-label", "")
        elif tag == "table" and self.place:
            self.table = PageTable(*self.place)
            self.tables.append(self.table)
            self.place = None
        if self.table is not None:
            self._inside(tag, found)

    def _inside(self, tag: str, found: dict[str, str]) -> None:
        if tag == "caption":
            self.runs, self.styles = self.table.caption, []
        elif tag == "thead":
            self.in_head = True
        elif tag == "tbody":
            self.table.groups.append([])
        elif tag == "tr" and not self.in_head:
            self.table.groups[-1].append([])
        elif tag in ("th", "td"):
            cell = Cell(
                span=int(found.get("colspan", 1)),
                is_number="n" in found.get("class", "").split(),
                name=found.get("data-name", ""),
                values=_values(found),
            )
            (self.table.head if self.in_head else self.table.groups[-1][-1]).append(cell)
            self.runs, self.styles = cell.runs, []
        elif tag == "br" or (tag == "li" and self.runs):
            self.handle_data("; ")
        elif tag not in _VOID:
            style, column = self.styles[-1][1:] if self.styles else ("", "")
            if style != MEANING:
                style = MEANING if MEANING in found.get("class", "").split() else _STYLES.get(tag, style)
            self.styles.append((tag, style, found.get("data-column", column)))

    def handle_endtag(self, tag: str) -> None:
        if self.table is None:
            return
        if tag == "table":
            self.table, self.runs = None, None
        elif tag == "thead":
            self.in_head = False
        elif tag in ("th", "td", "caption"):
            self.runs = None
        elif self.styles and self.styles[-1][0] == tag:
            self.styles.pop()

    def handle_data(self, data: str) -> None:
        if self.runs is not None and data:
            self.runs.append(Run(data, *(self.styles[-1][1:] if self.styles else ("", ""))))


def _values(found: dict[str, str]) -> dict[str, Number]:
    if "data-values" in found:
        return json.loads(found["data-values"])
    if "data-value" in found:
        return {"": json.loads(found["data-value"]) if found["data-value"] else None}
    return {}


def _joined(texts: Iterator[str]) -> str:
    return " ".join("".join(texts).split())
