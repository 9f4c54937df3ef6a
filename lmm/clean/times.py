"""The time variable within subjects: balance, spacing, and rows that share subject and time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.groups import group_codes
from lmm.clean.shown import line_in, number
from lmm.clean.structure import incidence, varies
from lmm.errors import InputError
from lmm.study import Study

_SAME_STEP = 1e-6
"""Steps that differ by less than this share of the longest count as equal: decimals are not exact in binary."""


def subjects(table: pd.DataFrame, groups: list[str]) -> tuple[str, np.ndarray]:
    """Return the finest unit that the grouping factors tell apart: its name, and its level in each row, shape (rows,).

    It is the factor whose levels lie within those of all others, where there is one, else their interaction.
    """
    columns = list(dict.fromkeys(column for group in groups for column in group.split(":")))
    codes = {name: group_codes(table, name) for name in dict.fromkeys([*groups, *columns])}
    for group in groups:
        if not any(varies(codes[column], codes[group]) for column in columns if column not in group.split(":")):
            return group, codes[group]
    everything = ":".join(columns)
    return everything, group_codes(table, everything)


def check_times(study: Study, table: pd.DataFrame, described: dict[str, Any]) -> None:
    """Refuse rows that share subject and time, unless the study says `duplicates: allow`.

    described: what `describe_times` tells of the table.
    """
    if not described["duplicates"] or study.duplicates == "allow":
        return
    name, subject = subjects(table, study.groups)
    code, values = pd.factorize(table[study.time].to_numpy())
    repeated = pd.Series(subject.astype(np.int64) * len(values) + code).duplicated().to_numpy()
    second = int(np.argmax(repeated))
    time = table[study.time].iloc[second]
    first = int(np.argmax((subject == subject[second]) & (table[study.time] == time).to_numpy()))
    level = ":".join(str(table[column].iloc[second]) for column in name.split(":"))
    raise InputError(
        f"study {study.name}: {repeated.sum()} of {len(table)} rows repeat a time of their {name}; the first is "
        f"{line_in(study, table.index[second])}, where {study.time} is {time:g} and {name} is {level!r} as in line "
        f"{table.index[first]}; take out the repeated rows, or write duplicates: allow if they are meant."
    )


def describe_times(table: pd.DataFrame, time: str, groups: list[str]) -> dict[str, Any]:
    """Return balance, spacing and duplicates of the time variable, with a sentence that tells them."""
    name, subject = subjects(table, groups)
    code, values = pd.factorize(table[time].to_numpy(dtype=float), sort=True)
    met = incidence(subject, code)
    repeated = met.rows - met.pairs
    steps = np.diff(values)
    equal = len(steps) > 0 and steps.max() - steps.min() <= _SAME_STEP * steps.max()
    spacing = f"equally spaced by {steps.mean():g}" if equal else "not equally spaced"
    if len(values) == 1:
        sentence = f"{time} is {number(values[0])} in every row."
    else:
        sentence = f"{time} takes {len(values):,} values from {number(values[0])} to {number(values[-1])}, {spacing}"
        if met.complete:
            sentence += f"; every one of the {met.levels[0]:,} levels of {name} is seen at each of them (balanced)."
        else:
            fewest, most = _spread(np.bincount(met.first))
            sentence += (
                f"; the {met.levels[0]:,} levels of {name} are seen at "
                f"{fewest if fewest == most else f'{fewest} to {most}'} of them each (not balanced)."
            )
    if repeated:
        sentence += f" {repeated:,} of {len(table):,} rows repeat a time of their {name}."
    return {
        "variable": time,
        "subject": name,
        "times": len(values),
        "balanced": met.complete,
        "equally_spaced": bool(equal),
        "duplicates": repeated,
        "sentence": sentence,
    }


def _spread(counts: np.ndarray) -> tuple[int, int]:
    return int(counts.min()), int(counts.max())
