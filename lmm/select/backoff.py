"""Back-off: the next simpler structure of a grouping factor whose model cannot be final.

The order: zero correlations, with covariates about their means (the model without correlations depends on where they
are zero); compound symmetry for a factor; then the slope of the highest order and least variance goes, and what is left
is tried with its correlations again, since without them the model would depend on the origin; when no slope is left the
intercept stays, even without variance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from lmm.select.slopeterms import SlopeTerm, slope_terms
from lmm.select.structure import (
    CENTRED,
    INTERCEPT,
    SLOPE,
    SYMMETRIC,
    UNCORRELATED,
    ZERO_CORRELATIONS,
    Structure,
    can_be_centred,
    is_one_column,
    structure,
)

if TYPE_CHECKING:
    from lmm.study import Study


def simpler(
    study: Study, present: Structure, record: Mapping[str, Any] | None, categorical: Collection[str] = ()
) -> Structure | None:
    """The next structure to try in the place of one that cannot be final; None for an intercept, which stays.

    `record` is the fit of the model that has it, or None where that failed.
    """
    if present.kind == INTERCEPT:
        return None
    same_terms = without_correlations(study, present, categorical)
    if same_terms is not None:
        return same_terms
    fewer = [label for label in present.terms if label != weakest(study, present, record)]
    kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    return structure(study, present.group, kind if fewer else INTERCEPT, fewer, categorical)


def without_correlations(study: Study, present: Structure, categorical: Collection[str] = ()) -> Structure | None:
    """The same slopes with fewer parameters for their covariances; None where there is no such structure."""
    if present.kind == SLOPE and not is_one_column(study, present, categorical):
        centred = can_be_centred(study, present, categorical)
        return structure(study, present.group, CENTRED if centred else UNCORRELATED, present.terms, categorical)
    if present.kind in ZERO_CORRELATIONS and _is_one_factor(study, present, categorical):
        return structure(study, present.group, SYMMETRIC, present.terms, categorical)
    return None


def weakest(study: Study, present: Structure, record: Mapping[str, Any] | None) -> str:
    """The slope to give up: of the highest order, and of those the one that adds least to the outcome's variance."""
    inside = {label for term in _terms(study, present) for label in term.margins}
    free = [term for term in _terms(study, present) if term.label not in inside]
    highest = [term for term in free if term.order == max(one.order for one in free)]
    return min(highest, key=lambda term: variance_of(term, present, record)).label


def variance_of(term: SlopeTerm, present: Structure, record: Mapping[str, Any] | None) -> float:
    """What a slope adds to the variance of the outcome, on average over rows; 0 where nothing was fitted."""
    found = 0.0
    for fitted in (record or {}).get("random", []):
        if fitted["group"] == present.group:
            for name, contribution in zip(fitted["names"], fitted["contribution"], strict=True):
                found += contribution**2 if _owner(present.terms, name) == term.label else 0.0
    return found


def _terms(study: Study, present: Structure) -> list[SlopeTerm]:
    return [term for term in slope_terms(study, present.group) if term.label in present.terms]


def _is_one_factor(study: Study, present: Structure, categorical: Collection[str]) -> bool:
    (term, *others) = _terms(study, present)
    factors = [{*group.split(":")} for group in study.groups]
    return not others and term.plain in categorical and {*present.group.split(":"), term.plain} not in factors


def _owner(labels: Collection[str], name: str) -> str | None:
    """The term that a column is of: Machine2 of Machine, scale(x, scale = FALSE) of x, a1:b of a:b."""
    columns = name.split(":")
    owners = [
        label
        for label in labels
        if len(parts := label.split(":")) == len(columns)
        and all(one.removeprefix("scale(").startswith(part) for part, one in zip(parts, columns, strict=True))
    ]
    return max(owners, key=len, default=None)
