"""What steps of a study learnt from all rows of its table, learnt again from the training rows of a fold.

A column that was centred at its mean or scaled by its standard deviation is so up to a shift and a factor, so that
doing the step again on the analysis table gives what it would have given on the raw column. What cannot be done again
there (a column derived from a centred one, rows left out as outliers) stays, and `kept` says so; it holds predictors
alone. The outcome keeps its unit: the models are equivariant under a change of it, and scores need one unit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmm.errors import InputError
from lmm.formula.evaluate import names_used, parts
from lmm.formula.functions import STATEFUL, plain_name
from lmm.formula.syntax import Call, parse_expression

if TYPE_CHECKING:
    from lmm.study import Study
    from lmm.study.steps import Step

MEAN, SD, WITHIN, BETWEEN = "mean", "standard deviation", "within", "between"


@dataclass(frozen=True)
class Learnt:
    """One thing learnt from rows.

    Attributes:
        column: of the analysis table. what: MEAN, subtracted; SD, divided by; WITHIN or BETWEEN: the difference from
            the mean of its group, or that mean. group: column of the groups, None for MEAN and SD. beside: the other
            column of the two, for BETWEEN.
    """

    column: str
    what: str
    group: str | None = None
    beside: str | None = None


@dataclass(frozen=True)
class Preparation:
    """What is learnt inside every fold, in order, and what stays as all rows taught it, a sentence each."""

    learnt: tuple[Learnt, ...]
    kept: tuple[str, ...]

    @property
    def learns(self) -> bool:
        """Whether anything is learnt inside the fold."""
        return bool(self.learnt)

    def learnt_inside(self, training: pd.DataFrame, held_out: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both tables with their columns as the training rows teach them.

        The mean of a group is that of its training rows; of a group that has none, that of its held-out rows, whose
        predictors are known when their outcomes are predicted.

        Raises:
            InputError: a column does not vary among the training rows, so that it cannot be scaled.
        """
        for step in self.learnt:
            training, held_out = _redone(step, training, held_out)
        return training, held_out


def preparation(study: Study, columns: Iterable[str]) -> Preparation:
    """What the steps of a study learn from its rows; columns: those of its analysis table."""
    columns = list(columns)
    learnt: list[Learnt] = []
    kept: list[str] = []
    for number, step in enumerate(study.steps):
        later = study.steps[number + 1 :]
        if step.kind == "centre":
            for column in step.settings:
                found = _of_centre(step, column, later, study.outcome, columns)
                learnt += [one for one in found if isinstance(one, Learnt)]
                kept += [one for one in found if isinstance(one, str)]
        elif step.kind == "derive":
            kept += [
                f"{new} = {text} was derived from all rows; write it in the formula, or centre it in a step, to have "
                "it learnt inside the fold."
                for new, text in step.settings.items()
                if _learns_from_rows(text)
            ]
        elif step.kind == "outliers" and step.settings.otherwise == "drop":
            kept.append(f"Which values of {step.settings.column} are outliers was judged from all rows.")
    return Preparation(tuple(learnt), tuple(dict.fromkeys(kept)))


def _of_centre(step: Step, column: str, later: list[Step], outcome: str, columns: list[str]) -> list[Learnt | str]:
    settings = step.settings[column]
    if settings.within is not None:
        return _of_split(column, settings.within, later, columns)
    learns = [MEAN] * (settings.at == "mean") + [SD] * (settings.scale == "sd")
    if not learns:
        return []
    name, untouched = _followed(column, later)
    if name == outcome:
        return []
    stays = [f"The {what} of {column} is that of all rows" for what in learns]
    if not untouched:
        return [f"{one}, as a later step uses it." for one in stays]
    return [Learnt(name, what) for what in learns] if name in columns else []


def _of_split(column: str, group: str, later: list[Step], columns: list[str]) -> list[Learnt | str]:
    names, untouched, scaled = {}, {}, False
    for part in (WITHIN, BETWEEN):
        names[part], untouched[part] = _followed(f"{column}_{part}", later)
        scaled |= _is_scaled(f"{column}_{part}", later)
    group_name, group_untouched = _followed(group, later)
    used = [part for part in (BETWEEN, WITHIN) if names[part] in columns]
    found: list[Learnt | str] = []
    for part in used:
        possible = untouched[part] and group_untouched and group_name in columns
        if part == BETWEEN:
            possible &= names[WITHIN] in columns and untouched[WITHIN] and not scaled
        if possible:
            found.append(Learnt(names[part], part, group_name, names[WITHIN] if part == BETWEEN else None))
        else:
            found.append(f"{names[part]} is that of all rows, as what it was made of is not in the analysis table.")
    return found


def _redone(step: Learnt, training: pd.DataFrame, held_out: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    x, new = training[step.column].astype(float), held_out[step.column].astype(float)
    if step.what == MEAN:
        return _with(step.column, (training, x - x.mean()), (held_out, new - x.mean()))
    if step.what == SD:
        unit = float(x.std())
        if not unit > 0:
            raise InputError(f"{step.column} does not vary among the training rows, so that it cannot be scaled.")
        return _with(step.column, (training, x / unit), (held_out, new / unit))
    source = step.column if step.what == WITHIN else step.beside
    inside, inside_new = training[source].astype(float), held_out[source].astype(float)
    means = inside.groupby(training[step.group].astype(str)).mean()
    own = inside_new.groupby(held_out[step.group].astype(str)).transform("mean")
    moved = training[step.group].astype(str).map(means)
    moved_new = held_out[step.group].astype(str).map(means).fillna(own)
    sign = -1.0 if step.what == WITHIN else 1.0
    return _with(step.column, (training, x + sign * moved), (held_out, new + sign * moved_new))


def _with(column: str, *tables: tuple[pd.DataFrame, pd.Series]) -> tuple[pd.DataFrame, pd.DataFrame]:
    first, second = (table.assign(**{column: values}) for table, values in tables)
    return first, second


def _followed(column: str, later: list[Step]) -> tuple[str, bool]:
    """The name a column ends with, and whether no later step changes it otherwise or derives another from it."""
    untouched = True
    for step in later:
        settings = step.settings
        if step.kind == "rename":
            column = settings.get(column, column)
        elif step.kind == "derive":
            untouched &= column not in settings and not any(
                column in names_used(parse_expression(text)) for text in settings.values()
            )
        elif step.kind == "centre":
            # Another shift or factor of the same column commutes; a split makes new columns of it.
            untouched &= column not in settings or settings[column].within is None
        elif step.kind in ("recode", "convert", "merge_levels", "unique_ids", "missing", "types"):
            untouched &= column not in settings
        elif step.kind in ("wide", "stack", "deduplicate"):
            untouched = False
    return column, untouched


def _is_scaled(column: str, later: list[Step]) -> bool:
    return any(step.kind == "centre" and column in step.settings and step.settings[column].scale for step in later)


def _learns_from_rows(text: str) -> bool:
    calls = (part for part in parts(parse_expression(text)) if isinstance(part, Call))
    return any(plain_name(call.function) in STATEFUL for call in calls)
