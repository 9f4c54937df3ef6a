"""The files beside a report: its tables, its figures, its results, and what made them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from lmm.report.case import Case
from lmm.report.crate import NAME, crate
from lmm.report.download import CONFIG, FIGURES, TABLES, Download
from lmm.report.pagetables import page_tables
from lmm.report.tablefiles import csv_text, tex_text

RESULTS = {
    "fit.json": "The final model, as lmm.Fit.from_json reads it",
    "decision.json": "How the model was chosen",
    "inference.json": "What is inferred from the final model",
    "crossvalidation.json": "Cross-validation",
    "sensitivity.json": "Sensitivity",
    CONFIG: "The study's part of the config, as it was run",
}
"""Results that are offered beside the page, with what each of them is."""
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def downloads(
    case: Case, page: str, drawings: Sequence[Mapping], printed: Mapping[str, bytes], results: Mapping[str, str]
) -> list[Download]:
    """All files of a report but its page, in the order in which they are listed.

    `drawings` are the figures of the page with their name, number, title and SVG, `printed` their PDF by name, and
    `results` the text of each of RESULTS that is at hand.
    """
    files = []
    for table in page_tables(page):
        files.append(Download(f"{TABLES}/{table.name}.csv", table.title, csv_text(table).encode()))
        files.append(Download(f"{TABLES}/{table.name}.tex", table.title, tex_text(table).encode()))
    for drawing in drawings:
        title = f"Figure {drawing['number']}. {drawing['title']}"
        alone = _standing_alone(drawing["drawing"])
        files.append(Download(f"{FIGURES}/{drawing['name']}.svg", title, alone.encode()))
        files.append(Download(f"{FIGURES}/{drawing['name']}.pdf", title, printed[drawing["name"]]))
    files += [Download(name, title, results[name].encode()) for name, title in RESULTS.items() if name in results]
    described = json.dumps(crate(case, files), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    return [*files, Download(NAME, "What these files are and what made them (RO-Crate)", described.encode())]


def _standing_alone(drawing: str) -> str:
    """The drawing with the size that a page gives it: in points, as programs that import it want."""
    return _VIEW_BOX.sub(lambda box: f'width="{box[1]}pt" height="{box[2]}pt" {box[0]}', drawing, count=1)
