"""From dates to the time since each subject's first date, or since another date."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lmm.clean.steps import cells
from lmm.clean.steps.step import Applied, Place
from lmm.study.steps import Elapsed

DAYS = {"days": 1.0, "weeks": 7.0, "years": 365.25}
"""Days in a unit; a year is the Julian year of 365.25 days."""


def names_after(settings: Elapsed, names: list[str], place: Place) -> list[str]:
    """Return the names after the step."""
    for column in _used(settings):
        place.need(names, column)
    place.refuse_taken(names, settings.name)
    return [*names, settings.name]


def sources(settings: Elapsed, wanted: Mapping[str, bool], names: list[str]) -> dict[str, bool]:
    """Return the columns needed before the step, and whether their cells are labels: dates and subjects are."""
    return {name: text for name, text in wanted.items() if name in names} | dict.fromkeys(_used(settings), True)


def apply(settings: Elapsed, table: pd.DataFrame, place: Place) -> Applied:
    """Add the time; it is missing where a date or the subject is, and negative before the origin."""
    dates = cells.dates(table[settings.date], place, settings.format)
    if settings.since is not None:
        origin = cells.dates(table[settings.since], place, settings.format)
        told = settings.since
    else:
        origin = dates.groupby(cells.labels(table[settings.by])).transform("min")
        told = f"the first {settings.date} of each {settings.by}"
    days = (dates - origin).dt.total_seconds() / 86400.0
    made = days / DAYS[settings.unit]
    lacking = f" ({int(made.isna().sum())} without a value)" if made.isna().any() else ""
    sentence = f"{settings.name} is the time in {settings.unit} from {told} to {settings.date}{lacking}."
    return Applied(table.assign(**{settings.name: made}), sentence)


def _used(settings: Elapsed) -> list[str]:
    return [settings.date, settings.by or settings.since]
