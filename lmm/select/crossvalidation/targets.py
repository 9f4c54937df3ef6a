"""What a study's cross-validation holds out: of which grouping factors, in how many folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmm.clean.relations import NESTED
from lmm.select.crossvalidation.folds import (
    KNOWN_GROUPS,
    NEW_GROUPS,
    Folds,
    known_group_folds,
    last_occasion_fold,
    new_group_folds,
)

if TYPE_CHECKING:
    import pandas as pd

    from lmm.study import Study

MOST_LEVELS_IN_TURN = 30
"""Up to so many levels are held out one at a time, where the study does not say otherwise."""
FOLDS_OF_MORE = 10


@dataclass(frozen=True)
class Target:
    """One comparison of a study's models.

    Attributes:
        name: NEW_GROUPS or KNOWN_GROUPS. group: the grouping factor whose levels are held out or, for known groups,
            are the independent units. folds: how many are planned; rows that cannot be held out may make them fewer.
    """

    name: str
    group: str
    folds: int


def targets(study: Study, audit: Mapping[str, Any]) -> list[Target]:
    """The comparisons that a study asks for: of new groups, one for each factor held out; of known groups, one."""
    asked, levels = study.cross_validation, levels_of(audit)
    found = []
    if NEW_GROUPS in asked.targets:
        held_out = [asked.new_groups.group] if asked.new_groups.group else outermost(study, audit)
        found += [Target(NEW_GROUPS, group, _new_group_folds(study, levels[group])) for group in held_out]
    if KNOWN_GROUPS in asked.targets:
        unit = max(outermost(study, audit), key=levels.__getitem__)
        rows = {"each": audit["rows"]["analysed"], "last occasion": 1, "some": asked.known_groups.folds}
        found.append(Target(KNOWN_GROUPS, unit, rows[asked.known_groups.rows]))
    return found


def folds_of(target: Target, study: Study, table: pd.DataFrame) -> Folds:
    """The folds of a target.

    Raises:
        InputError: the table has too few levels or rows for them.
    """
    if target.name == NEW_GROUPS:
        return new_group_folds(table, target.group, study.name, study.seed, target.folds)
    asked = study.cross_validation.known_groups
    if asked.rows == "last occasion":
        return last_occasion_fold(table, study.groups, target.group, study.name, study.time)
    number = None if asked.rows == "each" else asked.folds
    return known_group_folds(table, study.groups, target.group, study.name, study.seed, number)


def outermost(study: Study, audit: Mapping[str, Any]) -> list[str]:
    """The grouping factors that are nested in no other: one, unless some are crossed."""
    inside = {pair["second"] for pair in audit["structure"] if pair["relation"] == NESTED}
    return [group for group in study.groups if group not in inside]


def beside(study: Study, audit: Mapping[str, Any], group: str) -> list[str]:
    """The grouping factors whose levels stay when a level of `group` is held out: those not nested in it."""
    within = {pair["second"] for pair in audit["structure"] if pair["relation"] == NESTED and pair["first"] == group}
    return [other for other in study.groups if other != group and other not in within]


def levels_of(audit: Mapping[str, Any]) -> dict[str, int]:
    """Number of levels of each grouping factor."""
    return {entry["group"]: entry["levels"] for entry in audit["groups"]}


def _new_group_folds(study: Study, levels: int) -> int:
    asked = study.cross_validation.new_groups.folds
    if asked is None:
        return levels if levels <= MOST_LEVELS_IN_TURN else FOLDS_OF_MORE
    return levels if asked == "each" else asked
