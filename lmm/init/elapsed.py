"""Dates in a guessed config: the step that makes them the time since each unit's first one."""

from __future__ import annotations

from lmm.clean.dateformats import ISO
from lmm.formula.deparse import name_text
from lmm.init.columns import Column, constant_within
from lmm.init.preparation import Preparation
from lmm.init.roles import Roles


def elapse(found: Preparation, roles: Roles, columns: list[Column]) -> None:
    """Add a step for each column of days that plays a role; take it out where it has no time within the finest unit."""
    known = {column.name: column for column in columns}
    for days, (dates, form) in found.dates.items():
        if days in roles.unused:
            roles.unused[dates] = roles.unused.pop(days)
            continue
        unit = roles.groups[0]
        if unit not in known or constant_within(known[days], known[unit]):
            _take_out(roles, days)
            roles.unused[dates] = "it holds dates; make a time of them with a step elapsed, since another date"
            continue
        step = {"date": dates, "by": unit, "name": days} | ({} if form == ISO else {"format": form})
        found.steps.append({"elapsed": step})
        found.evidence.append(f"{dates}: dates written as {form}; {days} are the days since the first of each {unit}.")


def _take_out(roles: Roles, column: str) -> None:
    roles.fixed = [name for name in roles.fixed if name != column]
    roles.slopes = {group: slope for group, slope in roles.slopes.items() if slope != name_text(column)}
    roles.time = None if roles.time == column else roles.time
