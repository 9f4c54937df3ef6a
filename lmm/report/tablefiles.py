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
_LONG, _LONG_IN_WIDE = 28, 14
"""Letters from which on a column of words is set in lines."""
_LONGEST = 200
"""Letters beyond which a column of words gets no wider."""
_WIDE = 6
"""More columns than this need a smaller size of type."""
_LETTERS_OF_LINE, _LETTERS_OF_SMALL_LINE = 72, 95
_PAGE_OF_LINES, _PAGE_OF_SMALL_LINES = 38, 50
"""What a page of LaTeX's article holds, in its usual and its smaller type."""
_UNBROKEN = 14
"""Letters of a word that may stand in one line of a narrow column."""
_LINED = r">{{\raggedright\arraybackslash\hspace{{0pt}}}}p{{{:.2f}\linewidth}}"
"""A column of the package array set in lines, by its share of the width; a space lets its first word be hyphenated."""
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
    """The table as TeX, rounded as the page shows it, with its caption; the packages it needs stand in its first line.

    A table wider than the text is scaled down to it; one longer than a page is a `longtable`, which goes on overleaf.
    What explains a cell in the words of the study stays on the page, where there is room for it.
    """
    columns = _alignment(table)
    rows: list[str] = []
    for number, group in enumerate(table.groups):
        rows += [r"\addlinespace"] if number and len(table.groups) > 1 else []
        rows += [_tex_row(row) for row in group]
    head, caption = _tex_head(table), rf"\caption{{{_caption(table)}}}"
    label = rf"\label{{tab:{table.name}}}"
    type_size = [r"\footnotesize", r"\setlength{\tabcolsep}{3pt}"] if _is_wide(table) else []
    if _lines(table) > (_PAGE_OF_SMALL_LINES if _is_wide(table) else _PAGE_OF_LINES):
        lines = [
            _needs("array", "booktabs", "longtable"),
            r"\begingroup",
            *type_size,
            rf"\begin{{longtable}}{{{columns}}}",
            rf"{caption}{label}\\",
            r"\toprule",
            head,
            r"\midrule",
            r"\endfirsthead",
            r"\toprule",
            head,
            r"\midrule",
            r"\endhead",
            r"\bottomrule",
            r"\endfoot",
            *rows,
            r"\end{longtable}",
            r"\endgroup",
        ]
        return "\n".join([*lines, ""])
    lines = [
        _needs("array", "booktabs", "graphicx"),
        r"\begin{table}",
        r"\centering",
        *type_size,
        caption,
        label,
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{"
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        head,
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join([*lines, ""])


def _needs(*packages: str) -> str:
    return rf"% Needs \usepackage{{{','.join(packages)}}} in the preamble."


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


def _is_wide(table: PageTable) -> bool:
    return len(table.head) > _WIDE


def _alignment(table: PageTable) -> str:
    """How each column is set: numbers flush right, words flush left, long ones in lines of a share of the width."""
    shares = _shares(table)
    columns = ["r" if cell.is_number else "l" for cell in table.head]
    return "@{}" + "".join(_LINED.format(shares[k]) if k in shares else one for k, one in enumerate(columns)) + "@{}"


def _shares(table: PageTable) -> dict[int, float]:
    """The share of the width of each column of long words: they divide what the others leave, by their lengths."""
    longest = [max([min(own, _LONG), *others]) for own, *others in _lengths(table)]
    limit = _LONG_IN_WIDE if _is_wide(table) else _LONG
    lined = [k for k, head in enumerate(table.head) if not head.is_number and longest[k] > limit]
    others = sum(longest[k] + 2 for k in range(len(table.head)) if k not in lined)
    left = max(1 - others / _letters(table), 0.3) - 0.065 * len(lined)
    weights = {k: min(longest[k], _LONGEST) ** 0.5 for k in lined}
    return {k: max(left * weights[k] / sum(weights.values()), 0.12) for k in lined}


def _lengths(table: PageTable) -> list[list[int]]:
    """The letters of the cells of each column, its head's first."""
    rows = [table.head, *(row for row in table.rows if not _is_spanning(row))]
    return [[_length(row[column]) for row in rows] for column in range(len(table.head))]


def _length(cell: Cell) -> int:
    return sum(len(run.text) for run in _of_paper(cell))


def _letters(table: PageTable) -> int:
    return _LETTERS_OF_SMALL_LINE if _is_wide(table) else _LETTERS_OF_LINE


def _lines(table: PageTable) -> int:
    """About how many lines the table takes."""
    letters, shares = _letters(table), _shares(table)
    widths = [letters * shares.get(k, 1) for k in range(len(table.head))]
    caption = 2 + sum(len(run.text) for run in table.caption) // letters
    lines = [
        max(-(-_length(cell) // int(letters if cell.span > 1 else widths[k])) for k, cell in enumerate(row))
        for row in table.rows
    ]
    return caption + sum(max(count, 1) for count in lines)


def _tex_head(table: PageTable) -> str:
    """The row of heads; one that is longer than the numbers below it is set in lines where room is short."""
    cells = []
    for cell, (own, *others) in zip(table.head, _lengths(table), strict=True):
        text = _tex_cell(cell)
        if cell.is_number and own > _LONG:
            text = rf"\parbox[b]{{8em}}{{\raggedleft {text}}}"
        elif cell.is_number and _is_wide(table) and own > max(others, default=0) and " " in text:
            text = rf"\shortstack[r]{{{_in_lines(text)}}}"
        cells.append(text)
    return f"{' & '.join(cells)} \\\\"


def _in_lines(text: str) -> str:
    """Broken at the space nearest to its middle."""
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    middle = min(spaces, key=lambda place: abs(place - len(text) / 2))
    return rf"{text[:middle]}\\{text[middle + 1 :]}"


def _tex_row(row: Sequence[Cell]) -> str:
    line = " & ".join(_tex_cell(cell) for cell in row)
    # After the end of a row TeX takes a bracket or a star for an argument of that end.
    return f"{{}}{line} \\\\" if line.startswith(("[", "*")) else f"{line} \\\\"


def _tex_cell(cell: Cell) -> str:
    text = "".join(_pieces(_spaced(_of_paper(cell)))).strip()
    return rf"\multicolumn{{{cell.span}}}{{@{{}}{_LINED.format(0.95)}@{{}}}}{{{text}}}" if cell.span > 1 else text


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
        text = _breakable(" ".join(run.text.split()))
        left = " " if run.text[:1].isspace() else ""
        right = " " if run.text[-1:].isspace() and text else ""
        command = _COMMANDS.get(run.style)
        pieces.append(f"{left}{command}{{{text}}}{right}" if command and text else f"{left}{text}{right}")
    return pieces


def _breakable(text: str) -> str:
    """The text in TeX, with places where a very long word may be broken."""
    words = [[word[k : k + _UNBROKEN] for k in range(0, len(word), _UNBROKEN)] for word in text.split(" ")]
    return " ".join(r"\allowbreak{}".join(map(tex, parts)) for parts in words)
