"""Which column plays which role: grouping factors, outcome, time, fixed effects and slopes, each with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from lmm.clean.structure import implicit_nesting, incidence
from lmm.errors import InputError
from lmm.formula.deparse import name_text
from lmm.init.columns import (
    Column,
    alike_within,
    centred_within,
    constant_within,
    crossed_everywhere,
    same_rows,
    straight_line,
)
from lmm.init.names import (
    names_container,
    names_outcome,
    names_quantity,
    names_time,
    names_treatment,
    names_unit,
    names_weight,
)

FEW_LEVELS = 5
"""Text with this many levels or fewer reads as the arms of a design, not as a sample of units."""
_MANY_LEVELS = 100
_LARGEST_SHARE_MISSING = 0.2
_MOST_TERMS = 8
_FEW_REPEATS = 0.05


@dataclass
class Roles:
    """The guess: columns by role, and for each role or column left out why."""

    groups: list[str]
    outcome: str
    time: str | None = None
    fixed: list[str] = field(default_factory=list)
    slopes: dict[str, str] = field(default_factory=dict)
    categorical: list[str] = field(default_factory=list)
    structure: dict[str, dict[str, str]] = field(default_factory=dict)
    evidence: dict[str, list[str]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)


def guess(columns: list[Column], where: str) -> Roles:
    """Guess what each column is for; raises InputError where no column can be an outcome or a grouping factor."""
    rows = len(columns[0].codes)
    unused = {column.name: reason for column in columns if (reason := _nothing_to_learn(column, rows))}
    left = [column for column in columns if column.name not in unused]
    units, evidence = _units(left)
    outcome, told = _outcome([column for column in left if column not in units], units, where)
    if not units:
        raise InputError(
            f"{where} has no column that looks like a grouping factor, with labels that repeat from row to row; write "
            "the config by hand, with the factor under groups."
        )
    roles = Roles([], outcome.name, evidence={"outcome": told}, unused=unused)
    base = _group(roles, left, units, evidence)
    rest = [column for column in left if column is not outcome and column not in units]
    roles.time = _time(roles, rest, units)
    _fix(roles, rest, base, outcome)
    _slope(roles, {column.name: column for column in rest}, base)
    return roles


def units(columns: list[Column]) -> list[Column]:
    """Return the columns that look like units with repeated rows."""
    rows = len(columns[0].codes) if columns else 0
    return _units([column for column in columns if _nothing_to_learn(column, rows) is None])[0]


def _nothing_to_learn(column: Column, rows: int) -> str | None:
    """Say why a column can play no role at all; None where it can."""
    if column.levels == 1:
        return "it has the same value in every row"
    if column.levels == rows and (not column.numeric or _row_number(column)):
        return "it numbers the rows"
    if column.numeric and np.isinf(column.cells).any():
        return "it is infinite in some rows, which every model would refuse"
    return None


def _row_number(column: Column) -> bool:
    return column.whole and column.numbered and bool((np.diff(column.codes) == 1).all())


def _units(columns: list[Column]) -> tuple[list[Column], dict[str, str]]:
    """Return the columns that look like units with repeated rows, those with most levels first, and why."""
    found, evidence = [], {}
    for least in (FEW_LEVELS + 1, 3):
        for column in columns:
            reason = _unit(column, least)
            if reason:
                found.append(column)
                evidence[column.name] = reason
        if found:
            break
    found.sort(key=lambda column: (-column.levels, not names_unit(column.name)))
    kept: list[Column] = []
    for column in found:
        if not any(same_rows(column, other) for other in kept):
            kept.append(column)
    return kept, evidence


def _unit(column: Column, least: int) -> str | None:
    """Say why a column looks like a unit; None where it does not."""
    counts, name = column.counts, column.name
    if {":", "/"} & set(name) or column.levels < 3 or len(counts) * 1.5 > counts.sum() or (counts == 1).mean() > 0.5:
        return None
    repeated = f"{column.levels} levels of {counts.min()} to {counts.max()} rows"
    if names_unit(name) and (not column.numeric or column.whole):
        return f"{repeated}, and a name for units"
    if not column.numeric:
        return f"{repeated}, labels rather than numbers" if column.levels >= least else None
    if not column.whole or names_quantity(name) or names_treatment(name) or names_weight(name):
        return None
    if column.levels >= _MANY_LEVELS and (counts == 1).mean() < 0.1 and min(column.labels) >= 0:
        return f"{repeated}: whole numbers that repeat like labels"
    if column.numbered and column.levels > 7:
        return f"{repeated}, numbered from {column.labels[0]:g} to {column.labels[-1]:g}"
    return None


def _outcome(columns: list[Column], units: list[Column], where: str) -> tuple[Column, list[str]]:
    """Return the numeric column that most looks like an outcome, and why."""
    numeric = [column for column in columns if column.numeric]
    if not numeric:
        raise InputError(f"{where} has no numeric column that could be the outcome; write the config by hand.")
    measured = [column for column in numeric if not names_time(column.name)] or numeric
    first, last = measured[0], measured[-1]

    def score(column: Column) -> float:
        points = np.log10(column.levels)
        points += 6 * names_outcome(column.name) + 2 * (column is first) + (column is last)
        points -= 6 * names_time(column.name) + 6 * names_weight(column.name) + 4 * (column.levels == 2)
        for unit in units:
            points -= 5 * constant_within(column, unit)
            points -= 4 * centred_within(column, unit)
        if units and column.levels * 3 <= len(column.codes):
            points -= 4 * crossed_everywhere(column, units[0])
        return points

    best = max(numeric, key=score)
    varying = [unit.name for unit in units if not constant_within(best, unit)]
    told = f"{best.name}: {best.levels} different numbers"
    if varying:
        told += f", which vary within {', '.join(varying)}"
    if names_outcome(best.name):
        told += ", and a name for outcomes"
    if best.levels == 2:
        told += "; with two values only, the normal distribution of a linear model is a rough approximation"
    others = sorted((column for column in numeric if column is not best), key=score, reverse=True)[:2]
    also = [f"Other numeric columns: {', '.join(column.name for column in others)}."] if others else []
    return best, [told + ".", *also]


def _group(roles: Roles, columns: list[Column], units: list[Column], evidence: dict[str, str]) -> list[Column]:
    """Write the grouping factors in the order of the ladder; return those that are columns of their own."""
    told = roles.evidence.setdefault("groups", [])
    base = [unit for unit in units if not _labels_within(unit, units, roles)]
    written: dict[str, str] = {}
    for first, second in combinations(base, 2):
        both = _incidence(first, second)
        nesting = implicit_nesting(first.name, second.name, both)
        if nesting is None or both.second_within_first or both.first_within_second:
            continue
        outer, inner = (first, second) if nesting[0] == first.name else (second, first)
        if both.complete and names_container(inner.name) and not names_container(outer.name) and outer.numbered:
            outer, inner = inner, outer
        if inner.numbered and (inner.levels <= 10 or not both.complete) and outer.levels > inner.levels / 2:
            written[inner.name] = outer.name
            told.append(
                f"{inner.name} has the same labels in each {outer.name}, several rows of each: read as another "
                f"{inner.name} in each {outer.name}, so written {outer.name}/{inner.name}. If a label means the same "
                f"throughout, write [{outer.name}, {inner.name}]."
            )
    own = [unit for unit in base if unit.name not in written]
    split = {outer: inner for inner, outer in written.items()}
    if len(own) == 1 and not written:
        designed = [
            column
            for column in columns
            if column.name != roles.outcome and not column.numeric and column.levels <= FEW_LEVELS
            if column not in units and alike_within(column, own[0])
        ]
        if designed:
            split[own[0].name] = designed[0].name
            told.append(
                f"Each {own[0].name} has several rows of every {designed[0].name}: their combination is a unit of its "
                f"own, {own[0].name}:{designed[0].name}."
            )
    for unit in own:
        roles.groups.append(f"{unit.name}/{split[unit.name]}" if unit.name in split else unit.name)
        told.append(f"{unit.name}: {evidence[unit.name]}.")
    _relate(roles, own, told)
    return own


def _labels_within(unit: Column, units: list[Column], roles: Roles) -> bool:
    """Whether a unit only tells apart the units within another one that a third column already names."""
    for outer, whole in ((a, b) for a in units for b in units if len({id(a), id(b), id(unit)}) == 3):
        if constant_within(outer, whole) and constant_within(unit, whole) and outer.levels < whole.levels:
            if unit.levels < outer.levels and _incidence(outer, unit).pairs == whole.levels:
                roles.unused[unit.name] = (
                    f"its labels start anew in each {outer.name}, and {whole.name} names the same units"
                )
                return True
    return False


def _relate(roles: Roles, own: list[Column], told: list[str]) -> None:
    """Declare which grouping factors are nested and which crossed, so that a changed table cannot go unnoticed."""
    for first, second in combinations(own, 2):
        both = _incidence(first, second)
        if both.first_within_second:
            told.append(f"Each {first.name} occurs in one {second.name} only: nested.")
            roles.structure.setdefault(first.name, {"nested_in": second.name})
        else:
            how = "crossed" if both.complete else "partly crossed"
            told.append(
                f"{both.pairs} of {first.levels * second.levels} pairs of {first.name} and {second.name} occur: {how}."
            )
            roles.structure.setdefault(first.name, {"crossed_with": second.name})


def _incidence(first: Column, second: Column):
    both = (first.codes >= 0) & (second.codes >= 0)
    return incidence(first.codes[both], second.codes[both])


def _time(roles: Roles, columns: list[Column], units: list[Column]) -> str | None:
    """Return the column of time: named like one, varying within each finest unit, and at most once at each value."""
    parts = {part for group in roles.groups for part in group.split("/")}
    inside = [column.codes for column in [*units, *columns] if column.name in parts]
    named = [column for column in columns if column.numeric and names_time(column.name)]
    for column in named:
        if any(constant_within(column, unit) for unit in units):
            continue
        repeated = pd.DataFrame(dict(enumerate([*inside, column.codes]))).duplicated()
        if not repeated.any():
            roles.evidence["time"] = [
                f"{column.name}: {column.levels} values, each at most once in every level, and a name for time."
            ]
            return column.name
        few = repeated.mean() <= _FEW_REPEATS
        roles.evidence.setdefault("fixed", []).append(
            f"{column.name} is named like time, but {repeated.sum()} rows repeat a value in their level: a predictor."
            + (" If such rows are the same observation, a step deduplicate takes them out." if few else "")
        )
    return None


def _fix(roles: Roles, columns: list[Column], base: list[Column], outcome: Column) -> None:
    """Choose the fixed effects: time first, then what varies within the groups, then what is constant there."""
    told = roles.evidence.setdefault("fixed", [])
    within = [column for column in columns if not all(constant_within(column, unit) for unit in base)]
    between = [column for column in columns if column not in within]
    within.sort(key=lambda column: column.name != roles.time)
    chosen: list[Column] = []
    room = max(1, max(unit.levels for unit in base) // FEW_LEVELS)
    for column in [*within, *between]:
        reason = _no_predictor(column, chosen, outcome, len(column.codes)) or _part_of_another(column, chosen, base)
        if reason is None and column in between and sum(other in between for other in chosen) >= room:
            reason = "there are too few levels for more predictors that are constant within them"
        if reason is None and len(chosen) == _MOST_TERMS:
            reason = f"{_MOST_TERMS} predictors are enough for a first config"
        if reason is not None:
            roles.unused.setdefault(column.name, reason)
            continue
        chosen.append(column)
        arms = column.numeric and 2 < column.levels <= FEW_LEVELS + 1 and names_treatment(column.name)
        if arms or column.mixed:
            roles.categorical.append(column.name)
            why = "its few numbers read as arms of a design" if arms else "it holds numbers among its labels"
            roles.evidence.setdefault("categorical", []).append(f"{column.name}: {why}.")
    for one, more, some in (("varies", "vary", within), ("is constant", "are constant", between)):
        names = [column.name for column in some if column in chosen]
        if names:
            verb = one if len(names) == 1 else more
            told.append(f"{', '.join(names)} {verb} within {', '.join(unit.name for unit in base)}.")
    roles.fixed = [column.name for column in chosen]


def _no_predictor(column: Column, chosen: list[Column], outcome: Column, rows: int) -> str | None:
    """Say why a column is left out of the fixed effects; None where it is not."""
    if names_weight(column.name):
        return f"it may be a weight or an offset; for weights, write weights: {column.name}"
    if column.missing > _LARGEST_SHARE_MISSING * rows:
        return f"it is missing in {column.missing} of {rows} rows, which every model would lose"
    if not column.numeric and column.levels > 20:
        return f"it has {column.levels} labels, too many for a fixed effect"
    if column.numeric:
        for other in (outcome, *chosen):
            if other.numeric and straight_line(column, other):
                return f"it is {other.name} in another unit or from another origin"
    for other in chosen:
        if same_rows(column, other):
            return f"it divides the rows as {other.name} does"
    return None


def _part_of_another(column: Column, chosen: list[Column], base: list[Column]) -> str | None:
    """Say which chosen predictor a column restates: time counted otherwise, or deviations from a mean."""
    for other in (other for other in chosen if column.numeric and other.numeric):
        both = column.cells.notna() & other.cells.notna()
        alike = abs(np.corrcoef(column.cells[both], other.cells[both])[0, 1])
        if names_time(column.name) and names_time(other.name) and alike > 0.99:
            return f"it counts nearly the same time as {other.name} (correlation {alike:.3f})"
        for unit in base:
            difference = (other.cells - column.cells).groupby(unit.codes)
            spread = (difference.max() - difference.min()).max()
            if centred_within(column, unit) and spread <= 1e-4 * other.cells.std():
                return f"it is {other.name} less its mean in each {unit.name}"
    return None


def _slope(roles: Roles, columns: dict[str, Column], base: list[Column]) -> None:
    """Let the effect of time, or else of the predictor with most values, differ by the groups it varies within."""
    numeric = [columns[name] for name in roles.fixed if columns[name].numeric and name not in roles.categorical]
    candidates = sorted((column for column in numeric if column.levels > 2), key=lambda column: -column.levels)
    candidates = [column for column in candidates if column.name == roles.time] or candidates
    most = 2 if roles.time else 1
    for unit in base:
        enough = unit.levels > FEW_LEVELS - 1 and np.median(unit.counts) >= 3
        varying = [column for column in candidates if not constant_within(column, unit)]
        if enough and varying and len(roles.slopes) < most:
            roles.slopes[unit.name] = name_text(varying[0].name)
            roles.evidence.setdefault("slopes", []).append(f"{varying[0].name} varies within {unit.name}.")
