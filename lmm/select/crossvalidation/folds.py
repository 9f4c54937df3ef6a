"""Which rows each fold holds out, for the two targets of cross-validation.

New groups: whole levels of a grouping factor are held out, as if persons, schools or plates came that the study has
not seen. Known groups: rows are held out of groups whose other rows stay, as if the same persons came again. The two
answer different questions and are never mixed (method, rule 14; Roberts et al. 2017, Ecography 40, 913–929).

Folds depend on the seed, the study's name, the target and the rows alone. Rows are known by their index labels and
groups by their levels, so that folds do not depend on the order of the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from lmm.formula.columns import Factor

NEW_GROUPS, KNOWN_GROUPS = "new groups", "known groups"
EACH_GROUP, SOME_GROUPS = "each group in turn", "some groups at a time"
EACH_ROW, SOME_ROWS, LAST_OCCASION = "each row in turn", "some rows at a time", "last occasion"
NEVER = -1
NOT_ASKED = "Not asked for: cross_validation.targets of the study leaves it out."


@dataclass(frozen=True, eq=False)
class Folds:
    """Which fold holds out each row of a table.

    Attributes:
        study: the study's name. target: NEW_GROUPS or KNOWN_GROUPS. scheme: how rows were put into folds.
        group: the grouping factor whose levels are the independent units.
        levels: its J labels. unit: (n,) level of each row.
        number: of folds. fold: (n,) the fold that holds a row out, 0 … number−1, or NEVER.
        seed: where the random numbers start, or None where nothing is random.
        note: why some rows are never held out, or None.
    """

    study: str
    target: str
    scheme: str
    group: str
    levels: tuple[str, ...]
    unit: np.ndarray
    number: int
    fold: np.ndarray
    seed: int | None
    note: str | None = None

    def held_out(self, number: int) -> np.ndarray:
        """Positions of the rows that a fold holds out, in the order of the table."""
        return np.flatnonzero(self.fold == number)

    def training(self, number: int) -> np.ndarray:
        """Positions of all other rows."""
        return np.flatnonzero(self.fold != number)

    def to_dict(self) -> dict[str, Any]:
        """What the folds are, as JSON has it; their rows follow from the table."""
        return {
            "study": self.study,
            "target": self.target,
            "scheme": self.scheme,
            "group": self.group,
            "levels": list(self.levels),
            "rows": len(self.fold),
            "rows_held_out": int((self.fold != NEVER).sum()),
            "number": self.number,
            "seed": self.seed,
            "note": self.note,
        }


def new_group_folds(table: pd.DataFrame, group: str, study: str, seed: int, number: int | None = None) -> Folds:
    """Folds that hold out whole levels of a grouping factor.

    Args:
        table: the analysis table. group: the factor, "school" or "batch:cask"; the one that the others are nested in,
            unless the question is another. study: its name. seed: where the random numbers start.
        number: of folds, each of as many levels as any other but for one; None holds out each level in turn.

    Raises:
        InputError: fewer than 2 folds, or more than there are levels.
    """
    factor = grouping_factor(table, group)
    n_levels = len(factor.levels)
    if n_levels < 2:
        raise InputError(f"study {study}: {group} has a single level, which cannot be held out while others stay.")
    if number is None or number == n_levels:
        return _folds(study, NEW_GROUPS, EACH_GROUP, group, factor, factor.codes, None)
    _refuse_number(number, n_levels, f"level of {group}")
    of_level = np.empty(n_levels, dtype=np.intp)
    of_level[_generator(seed, study, NEW_GROUPS).permutation(n_levels)] = np.arange(n_levels) % number
    return _folds(study, NEW_GROUPS, SOME_GROUPS, group, factor, of_level[factor.codes], seed)


def known_group_folds(
    table: pd.DataFrame, groups: Sequence[str], unit: str, study: str, seed: int, number: int | None = 10
) -> Folds:
    """Folds that hold out rows while every level of every grouping factor keeps others.

    The rows of each level of the finest factor are dealt over the folds. A row that is the only one of its level
    cannot be held out; neither can one whose fold would take the last rows of a level of another factor.

    Args:
        table: the analysis table. groups: all grouping factors of the study's candidates, so that all of them are
            scored on the same rows.
        unit: the factor whose levels are the independent units, for standard errors. study, seed: as above.
        number: of folds; None holds out each row in turn.

    Raises:
        InputError: fewer than 2 folds, more than there are rows, or no row can be held out.
    """
    factors = [grouping_factor(table, group) for group in groups]
    finest = max(factors, key=lambda factor: len(factor.levels))
    n = len(table)
    _refuse_number(n if number is None else number, n, "row")
    if number is None:
        fold, scheme = np.arange(n), EACH_ROW
    else:
        # Shuffled rows in the order of their levels, dealt like cards: a level's rows lie in different folds.
        dealt = _by_label(table)[_generator(seed, study, KNOWN_GROUPS).permutation(n)]
        dealt = dealt[np.argsort(finest.codes[dealt], kind="stable")]
        fold, scheme = np.empty(n, dtype=np.intp), SOME_ROWS
        fold[dealt] = np.arange(n) % number
    fold = _with_others_left(fold, factors)
    return _known(table, study, scheme, unit, fold, None if number is None else seed, groups)


def last_occasion_fold(table: pd.DataFrame, groups: Sequence[str], unit: str, study: str, time: str) -> Folds:
    """One fold that holds out the rows at the last time of each level of the finest grouping factor.

    Arguments and errors are those of `known_group_folds`; time: the numeric column of the occasions.
    """
    factors = [grouping_factor(table, group) for group in groups]
    finest = max(factors, key=lambda factor: len(factor.levels))
    times = np.asarray(table[time], dtype=float)
    last = np.full(len(finest.levels), -np.inf)
    np.maximum.at(last, finest.codes, times)
    fold = _with_others_left(np.where(times == last[finest.codes], 0, NEVER), factors)
    return _known(table, study, LAST_OCCASION, unit, fold, None, groups)


def grouping_factor(table: pd.DataFrame, group: str) -> Factor:
    """The levels of a grouping factor "a" or "a:b", numbered and labelled as in a fit of all rows.

    Raises:
        InputError: the table has no such column, or a row has no level.
    """
    # Here and not above: who compares scores needs no table, and must not pay for pandas.
    from lmm.formula.columns import Table, interaction
    from lmm.formula.evaluate import Evaluation
    from lmm.formula.syntax import Name

    evaluation = Evaluation(Table(table), {})
    whole = [group] if group in table.columns else group.split(":")
    factor = interaction([evaluation.factor(Name(column)) for column in whole]).used()
    if factor.missing().any():
        raise InputError(f"The grouping factor {group} has no value in some row: leave such rows out first.")
    return factor


def _known(
    table: pd.DataFrame, study: str, scheme: str, unit: str, fold: np.ndarray, seed: int | None, groups: Sequence[str]
) -> Folds:
    if (fold == NEVER).all():
        raise InputError(
            f"study {study}: no row can be held out so that its levels of {', '.join(groups)} keep others; "
            "cross-validate for new groups instead."
        )
    return _folds(study, KNOWN_GROUPS, scheme, unit, grouping_factor(table, unit), fold, seed)


def _folds(
    study: str, target: str, scheme: str, group: str, factor: Factor, fold: np.ndarray, seed: int | None
) -> Folds:
    """Number the folds that hold out any row without gaps, in their order."""
    used = np.unique(fold[fold != NEVER])
    numbered = np.where(fold == NEVER, NEVER, np.searchsorted(used, fold))
    never = int((fold == NEVER).sum())
    note = None
    if never and scheme == LAST_OCCASION:
        kept = "the others come before their level's last occasion, or are alone in a level"
        note = f"{len(fold) - never:,} of {len(fold):,} rows are held out; {kept}."
    elif never:
        note = (
            f"{never:,} of {len(fold):,} rows are never held out, as a level of a grouping factor would keep no other "
            "row."
        )
    return Folds(study, target, scheme, group, factor.levels, factor.codes, len(used), numbered, seed, note)


def _with_others_left(fold: np.ndarray, factors: Sequence[Factor]) -> np.ndarray:
    """Never hold out the rows of a fold that would take all rows of a level."""
    fold = np.array(fold)
    for factor in factors:
        held, codes = np.flatnonzero(fold != NEVER), factor.codes
        _, place, together = np.unique(
            fold[held].astype(np.int64) * len(factor.levels) + codes[held], return_inverse=True, return_counts=True
        )
        alone = together[place] == np.bincount(codes, minlength=len(factor.levels))[codes[held]]
        fold[held[alone]] = NEVER
    return fold


def _by_label(table: pd.DataFrame) -> np.ndarray:
    """Positions of the rows in the order of their index labels."""
    return np.argsort(table.index.to_numpy(), kind="stable")


def _generator(seed: int, study: str, target: str) -> np.random.Generator:
    name = hashlib.sha256(f"cross-validation/{study}/{target}".encode()).digest()
    sequence = np.random.SeedSequence(seed, spawn_key=tuple(np.frombuffer(name[:16], dtype="<u4").tolist()))
    return np.random.Generator(np.random.PCG64(sequence))


def _refuse_number(number: int, most: int, what: str) -> None:
    if not 2 <= number <= most:
        raise InputError(
            f"Cross-validation in {number} fold{'' if number == 1 else 's'} is not possible: there must be 2 or more, "
            f"and at most one for each {what}, {most}."
        )
