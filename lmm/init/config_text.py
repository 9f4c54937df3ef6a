"""The config of one study as text, with the evidence for each guess in comments."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from lmm.clean.read import read_file
from lmm.errors import InputError
from lmm.formula.deparse import name_text
from lmm.init.columns import look
from lmm.init.elapsed import elapse
from lmm.init.preparation import long, prepared
from lmm.init.roles import Roles, guess, units
from lmm.study.source import Table
from lmm.study.yamltext import flow

_WIDTH = 110


def init(path: Path) -> str:
    """Return a complete config for the table at `path`, commented, that runs as it is.

    Raises InputError where the table cannot be read, or holds no outcome or no grouping factor.
    """
    cells, _ = read_file(path, Table(file=str(path)), str(path), None)
    if cells.empty:
        raise InputError(f"{path} has column names but no rows; add rows.")
    found = prepared(cells)
    if not units(look(found.table)):
        found = long(found) or found
    columns = look(found.table)
    if not columns:
        raise InputError(f"{path} has no value in any cell; give a table with values.")
    roles = guess(columns, str(path))
    elapse(found, roles, columns)
    lines = _comment(
        f"Written by `python -m lmm init {path}` from the table itself: {len(cells)} rows, {cells.shape[1]} "
        "columns. Every role is a guess, with what it rests on above it; mend what is wrong, then run "
        "`python -m lmm check` on this file. docs/config.md documents every key.",
        0,
    )
    lines += ["", "seed: 20261122 # everything random starts from here", "", "studies:"]
    lines.append(f"  - name: {flow(_name(path))} # names the folders of the study")
    lines += ['    title: "" # heading of the report; the name when empty', '    question: "" # what the study asks']
    lines.append(f"    data: {flow(path.as_posix())}")
    for sentence in found.evidence:
        lines += _comment(sentence, 4)
    if found.steps:
        lines += [
            "    steps: # run in order before the model sees the rows",
            *(f"      - {flow(step)}" for step in found.steps),
        ]
    lines += _keys(roles)
    for column, reason in (found.unused | roles.unused).items():
        lines += _comment(f"Not used: {column}; {reason}.", 4)
    return "\n".join(lines)


def _keys(roles: Roles) -> list[str]:
    fixed = " + ".join(name_text(column) for column in roles.fixed) or "1"
    keys: list[tuple[str, Any]] = [("outcome", roles.outcome), ("groups", roles.groups)]
    keys += [("structure", roles.structure)] if roles.structure else []
    keys += [("time", roles.time)] if roles.time else []
    keys.append(("fixed", fixed))
    keys += [("categorical", roles.categorical)] if roles.categorical else []
    keys += [("slopes", roles.slopes)] if roles.slopes else []
    lines = []
    for key, value in keys:
        for sentence in roles.evidence.get(key, []):
            lines += _comment(sentence, 4)
        lines.append(f"    {key}: {flow(value)}")
    if roles.time in roles.fixed:
        lines += _comment(
            f"For a curve over time, take {roles.time} out of fixed and slopes and write growth: "
            f"{flow({'time': roles.time, 'shape': 'polynomial'})}; see docs/growth.md.",
            4,
        )
    return lines


def _name(path: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", path.name.split(".")[0]) or "study"


def _comment(text: str, indent: int) -> list[str]:
    start = " " * indent + "# "
    flat = " ".join(text.split())
    return textwrap.wrap(flat, _WIDTH, initial_indent=start, subsequent_indent=start, break_on_hyphens=False)
