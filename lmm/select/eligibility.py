"""Which random effects the data can show at all: of factors with levels that have rows enough, and, for slopes, of what
varies within them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm.numbers import counted, listing
from lmm.select.slopeterms import slope_terms
from lmm.select.structure import RandomPart

if TYPE_CHECKING:
    from lmm.study import Study


def ineligible(study: Study, group: str, audit: Mapping[str, Any]) -> dict[str, str]:
    """The terms whose slopes over a grouping factor cannot be seen, each with the reason in a sentence.

    A slope needs every column of its term to vary within levels (Barr et al. 2013), and half of the levels, or more, to
    have more rows than slopes beside it, counting those it contains.
    """
    found = {}
    for term in slope_terms(study, group):
        constant = [column for column in term.columns if not audit["varies_within"].get(column, {}).get(group, True)]
        if constant:
            do = "does" if len(constant) == 1 else "do"
            found[term.label] = (
                f"{listing(constant)} {do} not vary within levels of {group}, so the data cannot show a slope that "
                "differs between them."
            )
        elif _rows_of_most(audit, group) < len(term.margins) + 2:
            needed = len(term.margins) + 2
            found[term.label] = (
                f"Most levels of {group} have fewer than {counted(needed, 'row')}, so the data cannot tell a slope of "
                f"{term.label} from the residuals."
            )
    return found


def group_ineligible(group: str, audit: Mapping[str, Any]) -> str | None:
    """Why the data cannot show the variance between levels of a grouping factor, in a sentence; None where they can."""
    entry = next(entry for entry in audit["groups"] if entry["group"] == group)
    if entry["levels"] == 1:
        return f"{group} has a single level, so that no variance between levels can be estimated."
    if entry["rows_maximum"] == 1:
        levels = f"{entry['levels']:,d}"
        cannot = "so that their variance cannot be told from the residual one"
        return f"Each of the {levels} levels of {group} has one row, {cannot}."
    return None


def why_ineligible(study: Study, random: RandomPart, audit: Mapping[str, Any]) -> str | None:
    """Why the data cannot show some effect of a random part, in a sentence; None where they can show all."""
    for structure in random:
        if reason := group_ineligible(structure.group, audit):
            return reason
        if structure.terms:
            reasons = ineligible(study, structure.group, audit)
            for label in structure.terms:
                if label in reasons:
                    return reasons[label]
    return None


def _rows_of_most(audit: Mapping[str, Any], group: str) -> float:
    """The number of rows that at least half of the levels have."""
    return next(entry["rows_median"] for entry in audit["groups"] if entry["group"] == group)
