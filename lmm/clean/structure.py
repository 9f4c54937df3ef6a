"""Nested, crossed or partly crossed: how each pair of grouping factors lies, from the incidence of their levels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from lmm.clean.groups import blocks_of_rows, few, group_codes
from lmm.clean.relations import CROSSED, NESTED, PARTLY_CROSSED
from lmm.clean.shown import line_in
from lmm.errors import InputError
from lmm.study import Study


@dataclass(frozen=True)
class Incidence:
    """Which levels of two factors occur together: the distinct pairs of level codes."""

    first: np.ndarray
    second: np.ndarray
    levels: tuple[int, int]
    rows: int

    @property
    def pairs(self) -> int:
        """How many pairs of levels occur."""
        return len(self.first)

    @property
    def second_within_first(self) -> bool:
        """Whether each level of the second factor occurs with one level of the first only."""
        return self.pairs == self.levels[1]

    @property
    def first_within_second(self) -> bool:
        """Whether each level of the first factor occurs with one level of the second only."""
        return self.pairs == self.levels[0]

    @property
    def complete(self) -> bool:
        """Whether every level of one factor occurs with every level of the other."""
        return self.pairs == self.levels[0] * self.levels[1]

    def reversed(self) -> Incidence:
        """Return the same with first and second exchanged."""
        return Incidence(self.second, self.first, self.levels[::-1], self.rows)


def incidence(first: np.ndarray, second: np.ndarray) -> Incidence:
    """Return which levels of two factors occur together, from their codes 0 … levels-1 per row, shape (rows,)."""
    levels = (int(first.max(initial=-1)) + 1, int(second.max(initial=-1)) + 1)
    width = max(levels[1], 1)
    if levels[0] * width <= few(len(first)):
        occurs = np.zeros(levels[0] * width, dtype=bool)
        for rows in blocks_of_rows(len(first)):
            occurs[first[rows].astype(np.int64) * width + second[rows]] = True
        both = np.flatnonzero(occurs)
    elif (home := one_value_in_each(second, first, absent=-1)) is not None:
        inner = np.flatnonzero(home >= 0)
        both = np.sort(home[inner].astype(np.int64) * width + inner)
    else:
        both = np.sort(pd.unique(first.astype(np.int64) * width + second))
    return Incidence(*np.divmod(both, width), levels, len(first))


def one_value_in_each(levels: np.ndarray, values: np.ndarray, absent: float) -> np.ndarray | None:
    """Return the value that all rows of a level share, shape (levels,), or None where they differ in some level.

    levels: codes of shape (rows,); values: shape (rows,), without NaN; absent: stands for levels without rows.
    """
    for count in (10_000, len(levels)):  # where they differ, the first rows tell it most often
        shared = np.full(int(levels.max(initial=-1)) + 1, absent, dtype=values.dtype)
        for rows in blocks_of_rows(min(count, len(levels))):
            shared[levels[rows]] = values[rows]
        for rows in blocks_of_rows(min(count, len(levels))):
            if (shared[levels[rows]] != values[rows]).any():
                return None
    return shared


def varies(values: np.ndarray, levels: np.ndarray) -> bool:
    """Say whether the rows of some level differ in value; values without NaN and codes of levels, shape (rows,)."""
    return one_value_in_each(levels, values, absent=0) is None


def structure(table: pd.DataFrame, groups: list[str]) -> list[dict[str, str]]:
    """Return the relation of each pair of grouping factors, with a sentence; a nested pair has the outer one first.

    Where labels seem to start anew in each level of the other factor, "implicit" says how to write the nesting.
    """
    codes = {group: group_codes(table, group) for group in groups}
    relations = []
    for first, second in combinations(groups, 2):
        relation = _relation(first, second, incidence(codes[first], codes[second]))
        if second.startswith(f"{first}:"):
            inner = second.removeprefix(f"{first}:")
            labels = incidence(codes[first], group_codes(table, inner))
            if not labels.second_within_first:
                relation["sentence"] += (
                    f" The labels of {inner} repeat across the levels of {first}; {second} keeps them apart."
                )
        relations.append(relation)
    return relations


def varies_within(table: pd.DataFrame, predictors: list[str], groups: list[str]) -> dict[str, dict[str, bool]]:
    """Return for each predictor and grouping factor whether it takes more than one value within some level.

    table: complete rows.
    """
    codes = {group: group_codes(table, group) for group in groups}
    values = {predictor: _values(table[predictor]) for predictor in predictors}
    return {predictor: {group: varies(values[predictor], codes[group]) for group in groups} for predictor in predictors}


def _values(column: pd.Series) -> np.ndarray:
    """Return numbers as they are, and labels as codes."""
    return column.to_numpy() if column.dtype.kind in "iuf" else pd.factorize(column)[0]


def _relation(first: str, second: str, found: Incidence) -> dict[str, str]:
    if found.second_within_first:
        return _nested(first, second, found)
    if found.first_within_second:
        return _nested(second, first, found.reversed())
    if found.complete:
        relation = CROSSED
        sentence = (
            f"{first} and {second} are crossed: each of the {found.levels[0]:,} levels of {first} occurs with each of "
            f"the {found.levels[1]:,} levels of {second}."
        )
    else:
        relation = PARTLY_CROSSED
        sentence = (
            f"{first} and {second} are partly crossed: {found.pairs:,} of the {found.levels[0] * found.levels[1]:,} "
            "pairs of their levels occur."
        )
    found_relation = {"first": first, "second": second, "relation": relation, "sentence": sentence}
    nesting = implicit_nesting(first, second, found)
    if nesting is not None:
        outer, inner = nesting
        found_relation["implicit"] = f"{outer}/{inner}"
        found_relation["sentence"] += (
            f" The same labels of {inner} recur in each level of {outer}: if a label means another {inner} in "
            f"each, {inner} is nested in {outer} in truth; then write {outer}/{inner} under groups."
        )
    return found_relation


def _nested(outer: str, inner: str, found: Incidence) -> dict[str, str]:
    sentence = (
        f"{inner} is nested in {outer}: each of the {found.levels[1]:,} levels of {inner} occurs in only one of the "
        f"{found.levels[0]:,} levels of {outer}."
    )
    return {"first": outer, "second": inner, "relation": NESTED, "sentence": sentence}


def implicit_nesting(first: str, second: str, found: Incidence) -> tuple[str, str] | None:
    """Return outer and inner factor where labels could be running numbers starting anew: casks a, b, c in every batch.

    The incidence cannot tell cask a, another one in each batch, from sample a, the same on every plate; only the user
    can. So it is asked wherever each level of one factor has just the first few labels of the other, unless every
    pair has one row: units measured once are no grouping factor, so there the labels must mean the same throughout.
    """
    if found.pairs == found.rows:
        return None
    for outer, inner, pairs in ((first, second, found), (second, first, found.reversed())):
        if _starts_anew(pairs):
            return outer, inner
    return None


def _starts_anew(found: Incidence) -> bool:
    """Say whether the second factor's levels within each level of the first are 0 … k-1 for some k."""
    count = np.bincount(found.first, minlength=found.levels[0])
    highest = np.zeros(found.levels[0], dtype=np.int64)
    np.maximum.at(highest, found.first, found.second)
    return bool((count == highest + 1).all())


def check_declared(study: Study, table: pd.DataFrame) -> None:
    """Refuse a table that contradicts what the study declares of nesting and crossing, with a row that shows it."""
    for inner, declared in study.structure.items():
        if declared.nested_in is not None:
            if f"{declared.nested_in}:{inner}" not in study.groups:  # written out, it holds whatever the labels
                _check_nested(study, table, inner, declared.nested_in)
        else:
            _check_crossed(study, table, inner, declared.crossed_with)


def _check_nested(study: Study, table: pd.DataFrame, inner: str, outer: str) -> None:
    """Refuse an inner level that occurs in two outer ones."""
    within, without = group_codes(table, inner), group_codes(table, outer)
    home = np.empty(within.max(initial=-1) + 1, dtype=np.int64)
    home[within[::-1]] = np.arange(len(table))[::-1]  # the first row of each inner level
    strays = without != without[home[within]]
    if strays.any():
        row = int(np.argmax(strays))
        first = int(home[within[row]])
        raise InputError(
            f"study {study.name}, key structure: {inner} is declared nested in {outer}, but {inner} "
            f"{_level(table, inner, row)!r} is in {outer} {_level(table, outer, first)!r} in "
            f"{line_in(study, table.index[first])} and in {_level(table, outer, row)!r} in line "
            f"{table.index[row]}; mend those rows or the declaration, or "
            f"write {outer}/{inner} under groups if the labels start anew in each {outer}."
        )


def _check_crossed(study: Study, table: pd.DataFrame, first: str, second: str) -> None:
    """Refuse two factors of which one lies within the other."""
    codes = group_codes(table, first), group_codes(table, second)
    found = incidence(*codes)
    for inner, outer, nested, within in (
        (second, first, found.second_within_first, codes[1]),
        (first, second, found.first_within_second, codes[0]),
    ):
        if nested:
            row = int(np.argmax(np.bincount(within)[within]))
            raise InputError(
                f"study {study.name}, key structure: {first} is declared crossed with {second}, but each level of "
                f"{inner} occurs in one level of {outer} only: {line_in(study, table.index[row])} and all others of "
                f"{inner} {_level(table, inner, row)!r} have {outer} {_level(table, outer, row)!r}; mend the labels "
                "or the declaration."
            )


def _level(table: pd.DataFrame, group: str, row: int) -> str:
    return ":".join(str(table[column].iloc[row]) for column in group.split(":"))
