"""Labels that differ by case or by spaces at their ends alone: most often one level written in two ways."""

from __future__ import annotations

from collections.abc import Iterable


def near_labels(labels: Iterable[str]) -> list[list[str]]:
    """Return the sets of labels that are the same without regard to case and outer spaces, in code point order."""
    labels = list(labels)
    everything = "".join(labels)
    if everything == everything.casefold() and everything.split(maxsplit=1) == [everything]:  # nothing to fold or strip
        return []
    labels = set(labels)
    if len({label.strip().casefold() for label in labels}) == len(labels):
        return []
    alike: dict[str, list[str]] = {}
    for label in sorted(labels):
        alike.setdefault(label.strip().casefold(), []).append(label)
    return [spellings for spellings in alike.values() if len(spellings) > 1]


def warning(column: str, labels: Iterable[str]) -> str | None:
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
