"""Dropout by arm, as figures and prose tell it."""

from __future__ import annotations

MOST_NAMED = 4
"""An arm of more levels is told by its two ends: those of least and of most dropout."""


def by_arm(entries: list[dict]) -> dict[str, list[dict]]:
    """The audit's entries of `dropout_by_arm`, those of the levels of each arm together."""
    found: dict[str, list[dict]] = {}
    for entry in entries:
        found.setdefault(entry["arm"], []).append(entry)
    return found


def told(levels: list[dict]) -> list[dict]:
    """The levels that a sentence names: all of a few, of many those of least and of most dropout."""
    if len(levels) <= MOST_NAMED:
        return levels
    ordered = sorted(levels, key=lambda entry: entry["dropped_out"] / entry["subjects"])
    return [ordered[0], ordered[-1]]
