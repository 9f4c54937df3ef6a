"""A table of the page as a file: CSV with its numbers in full, or TeX as it is shown, for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from lmm import numbers
from lmm.report.pagetables import MEANING, Cell, Number, PageTable, Run
from lmm.report.tex import tex

_EMPTY = {"", numbers.MISSING}
_STARTS_A_FORMULA = ("=", "+", "-", "@")
_LONG = 36
"""Letters from which on a column of words is set in lines."""
_WIDE = 7
"""More columns than this need a smaller size of type."""
_COMMANDS = {"italic": r"\textit", "bold": r"\textbf", "code": r"\texttt"}

Record = dict[str, str]


def csv_text(table: PageTable) -> str:
    """The table as CSV in UTF-8: a row of plain column names, full precision, nothing where there is no value.

    A cell with several numbers becomes several columns, such as "95% CI lower" and "95% CI upper"; what the page sets
    above or below a row becomes columns of it.
    """
    names = _column_names(table)
    parts = _parts(table, len(names))
    records: list[Record] = []
    for group in table.groups:
        before, after = _around(group)
        for row in group:
            if not _is_spanning(row):
                own = [_cell_columns(*column) for column in zip(row, names, parts, strict=True)]
                records.append(_merged([before, *own, after]))
    columns = _in_order(records)
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def tex_text(table: PageTable) -> str:
    """The table as TeX for the package booktabs, rounded as the page shows it, with its caption.

    What explains a cell in the words of the study stays on the page, where there is room for it.
    """
    size = [r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"] if len(table.head) > _WIDE else []
    lines = [
        r"% Needs \usepackage{booktabs} in the preamble.",
        r"\begin{table}",
        r"\centering",
        *size,
        rf"\caption{{{_caption(table)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{@{{}}{_alignment(table)}@{{}}}}",
        r"\toprule",
        _tex_row(table.head),
        r"\midrule",
    ]
    for number, group in enumerate(table.groups):
        lines += [r"\addlinespace"] if number and len(table.groups) > 1 else []
        lines += [_tex_row(row) for row in group]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def _column_names(table: PageTable) -> list[str]:
    names: list[str] = []
    for cell in table.head:
        name = cell.name or cell.text
        names.append(name if name not in names else f"{name} ({1 + sum(one.startswith(name) for one in names)})")
    return names


def _parts(table: PageTable, width: int) -> list[list[str]]:
    """For each column what the numbers of its cells are, in their order; none where it holds words."""
    found: list[dict[str, None]] = [{} for _ in range(width)]
    for row in table.rows:
        if not _is_spanning(row):
            for parts, cell in zip(found, row, strict=True):
                parts |= dict.fromkeys(cell.values)
    return [sorted(parts, key=bool) if "" in parts else list(parts) for parts in found]


def _is_spanning(row: Sequence[Cell]) -> bool:
    return any(cell.span > 1 for cell in row)


def _around(group: Sequence[Sequence[Cell]]) -> tuple[Record, Record]:
    """What stands across the table before the rows of a group, and after them."""
    before: Record = {}
    after: Record = {}
    seen = False
    for row in group:
        if _is_spanning(row):
            told = after if seen else before
            told |= {name: _harmless(text) for cell in row for name, text in _told(cell).items()}
        seen = seen or not _is_spanning(row)
    return before, after


def _told(cell: Cell) -> Record:
    return cell.asides or {"Group": cell.text}


def _cell_columns(cell: Cell, name: str, parts: Sequence[str]) -> Record:
    if not parts:
        return {name: _harmless(cell.text), **{key: _harmless(text) for key, text in cell.asides.items()}}
    columns = {f"{name} {part}".strip(): _exact(cell.values.get(part)) for part in parts}
    if not cell.values and cell.text not in _EMPTY:
        columns[next(iter(columns))] = _harmless(cell.text)
    return columns | {key: _harmless(text) for key, text in cell.asides.items()}


def _exact(value: Number) -> str:
    """The number with all its digits; R, Python and JavaScript read Infinity."""
    if value is None:
        return ""
    return str(value).replace("inf", "Infinity")


def _harmless(text: str) -> str:
    """Words that a spreadsheet would take for a formula get an apostrophe, which it takes for the mark of words."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else "" if text == numbers.MISSING else text


def _merged(records: Sequence[Record]) -> Record:
    return {name: text for record in records for name, text in record.items()}


def _in_order(records: Sequence[Record]) -> list[str]:
    """All columns, one that only some rows have after the one it follows there."""
    columns: list[str] = []
    for record in records:
        place = 0
        for name in record:
            if name in columns:
                place = columns.index(name) + 1
            else:
                columns.insert(place, name)
                place += 1
    return columns


def _caption(table: PageTable) -> str:
    """The caption of the page; the title goes before one that does not begin with it."""
    begins = table.caption and table.caption[0].style == "bold"
    runs = table.caption if begins else [Run(table.title, "bold"), Run(" "), *table.caption]
    title, *rest = _pieces(runs)
    stop = "" if title.rstrip("}").endswith((".", "?", "!")) else "."
    return f"{title}{stop} {''.join(rest).strip()}".strip()


def _alignment(table: PageTable) -> str:
    return "".join(_column_alignment(table, column) for column in range(len(table.head)))


def _column_alignment(table: PageTable, column: int) -> str:
    if table.head[column].is_number:
        return "r"
    cells = [row[column] for row in table.rows if not _is_spanning(row)]
    longest = max((sum(len(run.text) for run in _of_paper(cell)) for cell in cells), default=0)
    return rf"p{{{0.6 if len(table.head) < 4 else 0.25}\linewidth}}" if longest > _LONG else "l"


def _tex_row(row: Sequence[Cell]) -> str:
    line = " & ".join(_tex_cell(cell) for cell in row)
    # After the end of a row TeX takes a bracket or a star for an argument of that end.
    return f"{{}}{line} \\\\" if line.startswith(("[", "*")) else f"{line} \\\\"


def _tex_cell(cell: Cell) -> str:
    text = "".join(_pieces(_spaced(_of_paper(cell)))).strip()
    return rf"\multicolumn{{{cell.span}}}{{@{{}}p{{0.95\linewidth}}@{{}}}}{{{text}}}" if cell.span > 1 else text


def _of_paper(cell: Cell) -> list[Run]:
    return [run for run in cell.runs if run.style != MEANING or cell.span > 1]


def _spaced(runs: Sequence[Run]) -> list[Run]:
    """The runs with a space where one that is a column of its own meets another."""
    spaced: list[Run] = []
    for run in runs:
        if spaced and run.column != spaced[-1].column:
            spaced.append(Run(" "))
        spaced.append(run)
    return spaced


def _pieces(runs: Sequence[Run]) -> list[str]:
    """TeX for each run, white space as the page shows it."""
    pieces = []
    for run in runs:
        text = tex(" ".join(run.text.split()))
        left = " " if run.text[:1].isspace() else ""
        right = " " if run.text[-1:].isspace() and text else ""
        command = _COMMANDS.get(run.style)
        pieces.append(f"{left}{command}{{{text}}}{right}" if command and text else f"{left}{text}{right}")
    return pieces
