"""The declared cleaning steps, run in order, each with its account; and which raw columns they need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from lmm.clean.groups import level_count
from lmm.clean.missing import complete_rows
from lmm.clean.steps import (
    centre,
    check,
    convert,
    deduplicate,
    derive,
    elapsed,
    filter,
    merge_levels,
    missing,
    outliers,
    recode,
    rename,
    stack,
    types,
    unique_ids,
    wide,
)
from lmm.clean.steps.step import Applied, Place
from lmm.study import Study
from lmm.study.source import tables
from lmm.study.steps import Step

KINDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        rename,
        recode,
        missing,
        types,
        derive,
        filter,
        wide,
        stack,
        elapsed,
        deduplicate,
        check,
        merge_levels,
        convert,
        centre,
        unique_ids,
        outliers,
    )
}


@dataclass(frozen=True)
class Prepared:
    """The table after all steps, an entry of the audit for each, and the reasons of the rows that were left out.

    dropped: text by line; a line may occur more than once after rows were multiplied.
    """

    table: pd.DataFrame
    log: list[dict[str, Any]]
    dropped: pd.Series


def run(study: Study, raw: pd.DataFrame) -> Prepared:
    """Run the study's steps over the raw table, whose index is the line; raises InputError naming step and column."""
    table, log, dropped = raw, [], []
    for place, step in _placed(study):
        module = KINDS[step.kind]
        module.names_after(step.settings, list(table.columns), place)
        done = module.apply(step.settings, table, place)
        log.append(entry(step.kind, done.sentence, study, table, done.table) | done.counts)
        if len(done.dropped):
            dropped.append(done.dropped)
        table = done.table
    return Prepared(table, log, pd.concat(dropped) if dropped else Applied(table, "").dropped)


def names_after(study: Study, names: Iterable[str]) -> list[str]:
    """Return the columns the table has after the steps; raises InputError where a step names one it does not have."""
    after = list(names)
    for place, step in _placed(study):
        after = KINDS[step.kind].names_after(step.settings, after, place)
    return after


def sources(study: Study, wanted: Mapping[str, bool], names: Iterable[str]) -> dict[str, bool]:
    """Return the raw columns that the wanted ones and the steps need, and whether their cells are labels (007).

    `names` are the columns of the raw table, of which some may not be needed at all.
    """
    before = [list(names)]
    for place, step in _placed(study):
        before.append(KINDS[step.kind].names_after(step.settings, before[-1], place))
    needed = {name: text for name, text in wanted.items() if name in before[-1]}
    for step, had in reversed(list(zip(study.steps, before[:-1], strict=True))):
        needed = KINDS[step.kind].sources(step.settings, needed, had)
    return needed


def entry(name: str, sentence: str, study: Study, before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Any]:
    """Return a step of the audit: rows and levels before and after, of the grouping factors the table has then."""
    return {
        "step": name,
        "sentence": sentence,
        "rows_before": len(before),
        "rows_after": len(after),
        "levels_before": _levels(study, before),
        "levels_after": _levels(study, after),
    }


def with_occasion(study: Study, reasons: pd.Series, table: pd.DataFrame) -> pd.Series:
    """Return the reasons of rows of the table with their occasion, where steps made several rows of one line."""
    if not table.index.has_duplicates or reasons.empty:
        return reasons
    incomplete = table[~complete_rows(table)]
    for step in study.steps:
        for column in _occasion(step):
            if column in incomplete:
                told = incomplete[column].astype("str").str.removesuffix(".0")
                reasons = reasons + np.where(incomplete[column].notna(), f" ({column} " + told + ")", "")
    return reasons


def _occasion(step: Step) -> list[str]:
    if step.kind == "wide":
        return [step.settings.part]
    return [step.settings.measure] if step.kind == "stack" else []


def _placed(study: Study) -> list[tuple[Place, Any]]:
    files = tuple(table.file for table in tables(study.data))
    return [(Place(study.name, number, step.kind, files), step) for number, step in enumerate(study.steps, start=1)]


def _levels(study: Study, table: pd.DataFrame) -> dict[str, int]:
    there = [group for group in study.groups if set(group.split(":")) <= set(table.columns)]
    return {group: level_count(table, group) for group in there}
