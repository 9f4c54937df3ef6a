"""Labels that differ by case or by spaces at their ends alone: most often one level written in two ways."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from lmm.clean.texts import lengths_and_bytes


def near_labels(labels: pd.Index | Collection[str]) -> list[list[str]]:
    """Return the sets of labels that are the same without regard to case and outer spaces, in code point order."""
    if _plain(labels):
        return []
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


def _plain(labels: pd.Index | Collection[str]) -> bool:
    """Say whether no label has a capital, a letter beyond ASCII, or a space at an end."""
    lengths, letters = lengths_and_bytes(labels)
    capital = (letters >= ord("A")) & (letters <= ord("Z"))
    if capital.any() or (letters < ord(" ")).any() or (letters > ord("~")).any() or (lengths == 0).any():
        return False
    ends = np.cumsum(lengths)
    return not (letters[ends - 1] == ord(" ")).any() and not (letters[ends - lengths] == ord(" ")).any()
