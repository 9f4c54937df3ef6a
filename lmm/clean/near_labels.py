"""Labels that differ by case or by spaces at their ends alone: most often one level written in two ways."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from lmm.clean.texts import lengths_and_bytes


def near_labels(labels: pd.Index | Collection[str]) -> list[list[str]]:
    """Return the sets of labels that are the same without regard to case and outer spaces, in code point order."""
    _, letters = lengths_and_bytes(labels)
    if ((letters > ord(" ")) & (letters < 127) & ~((letters >= ord("A")) & (letters <= ord("Z")))).all():
        return []  # nothing to fold or strip
    labels = set(labels)
    if len({label.strip().casefold() for label in labels}) == len(labels):
        return []
    alike: dict[str, list[str]] = {}
    for label in sorted(labels):
        alike.setdefault(label.strip().casefold(), []).append(label)
    return [spellings for spellings in alike.values() if len(spellings) > 1]


def warning(column: str, labels: pd.Index | Collection[str]) -> str | None:
    """Return a sentence that names the spellings of a column that are nearly the same, or None."""
    found = near_labels(labels)
    if not found:
        return None
    pairs = "; ".join(" and ".join(map(repr, spellings)) for spellings in found[:5])
    more = f", and {len(found) - 5} more" if len(found) > 5 else ""
    return (
        f"The column {column} has labels that differ only by case or by spaces at their ends, and they count as "
        f"different levels: {pairs}{more}."
    )
