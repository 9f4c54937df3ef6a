"""Which marginal means and slopes a study shows, and the sections of them: estimates, differences, notes."""

from __future__ import annotations

from itertools import combinations
from math import comb, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.evaluate import names_used
from lmm.infer.contrasts import contrasts, pairwise
from lmm.infer.margins import marginal_means
from lmm.infer.referencegrid import rows_used
from lmm.infer.simpleslopes import simple_slopes
from lmm.numbers import counted, listing
from lmm.study.means import MeansOf, means_asked

if TYPE_CHECKING:
    import pandas

    from lmm.infer.hypothesis import SmallSample
    from lmm.infer.linearfunctions import LinearFunctions
    from lmm.infer.referencegrid import ReferenceGrid
    from lmm.model import Fit
    from lmm.study import Study

MOST_CELLS = 24
"""An interaction with more cells is shown only when the study names it: its table would be too long to read."""
MOST_LEVELS = 12
"""A factor with more levels has its differences only when the study names it: 12 levels have 66 of them."""


def means_sections(
    study: Study, fit: Fit, table: pandas.DataFrame, grid: ReferenceGrid, small_sample: SmallSample
) -> list[dict[str, Any]]:
    """The marginal means that the study names, or those of every factor and interaction of factors."""
    asked = means_asked(study)
    together = interactions(fit)
    wanted = default_means(grid, together) if asked is None else asked
    sections = []
    for means in wanted:
        about = {"of": str(means), "over": means.over, "by": list(means.by), "note": _note(means, together)}
        try:
            functions = marginal_means(fit, table, means.over, by=means.by)
        except InputError as error:
            sections.append({**about, "quantity": None, "estimates": [], **_no_differences(str(error))})
            continue
        levels = len(grid.values[means.over])
        readable = asked is not None or levels <= MOST_LEVELS
        reason = None if readable else _too_many(means.over, levels)
        sections.append(about | _section(study, functions, small_sample, reason))
    return sections


def slopes_sections(
    study: Study, fit: Fit, table: pandas.DataFrame, grid: ReferenceGrid, small_sample: SmallSample
) -> list[dict[str, Any]]:
    """The slope of every covariate that interacts: over the levels of the factors, or along the other covariate.

    Along a covariate it is shown at the quartiles, which are values that the rows have, as the mean and a standard
    deviation to either side (Aiken & West 1991) need not be.
    """
    together = interactions(fit)
    covariates = [name for name in grid.values if name not in grid.factors]
    sections = []
    for covariate in covariates:
        partners = [name for name in grid.factors if frozenset((covariate, name)) in together]
        if not partners or prod(len(grid.values[name]) for name in partners) > MOST_CELLS:
            continue
        over, *by = partners
        slopes = simple_slopes(fit, table, covariate, over, by=by)
        about = {"of": covariate, "over": over, "by": by, "at": None, "note": None}
        sections.append(about | _section(study, slopes, small_sample))
    for first, second in combinations(covariates, 2):
        if frozenset((first, second)) in together:
            of, along = (second, first) if second == study.time else (first, second)
            values = np.asarray(rows_used(fit, table)[along], dtype=float)
            at = sorted(set(np.quantile(values, (0.25, 0.5, 0.75)).tolist()))
            slopes = simple_slopes(fit, table, of, along, at={along: at})
            note = f"At the quartiles of {along} over the rows."
            about = {"of": of, "over": along, "by": [], "at": at, "note": note}
            reason = "Differences along a covariate are multiples of the interaction’s coefficient."
            sections.append(about | _section(study, slopes, small_sample, reason))
    return sections


def default_means(grid: ReferenceGrid, together: set[frozenset[str]]) -> list[MeansOf]:
    """Every factor by itself, and each factor within the levels of one it interacts with."""
    wanted = [MeansOf(name) for name in grid.factors]
    for first, second in combinations(grid.factors, 2):
        cells = len(grid.values[first]) * len(grid.values[second])
        if frozenset((first, second)) in together and cells <= MOST_CELLS:
            wanted += [MeansOf(first, (second,)), MeansOf(second, (first,))]
    return wanted


def interactions(fit: Fit) -> set[frozenset[str]]:
    """The pairs of columns that some term of the fixed part has together in different variables."""
    fixed = parse(fit.formula).fixed
    pairs: set[frozenset[str]] = set()
    for term in fixed.terms:
        for one, other in combinations([names_used(fixed.variables[i]) for i in term], 2):
            pairs |= {frozenset((a, b)) for a in one for b in other if a != b}
    return pairs


def _section(
    study: Study, functions: LinearFunctions, small_sample: SmallSample, reason: str | None = None
) -> dict[str, Any]:
    """Estimates with intervals, and all pairwise differences unless `reason` says why not."""
    level, adjustment = study.inference.level, study.inference.adjustment
    estimates = [one.to_dict() for one in functions.estimates(small_sample, level)]
    found = {"quantity": functions.quantity, "estimates": estimates}
    if reason is None and max(len(members) for _, members in functions.groups()) < 2:
        reason = "There is only one level, so there is nothing to compare."
    if reason is not None:
        return found | _no_differences(reason)
    differences = contrasts(functions, pairwise(), small_sample, adjustment=adjustment, level=level)
    return found | {
        "differences": [one.to_dict() for one in differences],
        "adjustment": adjustment,
        "differences_reason": None,
    }


def _no_differences(reason: str) -> dict[str, Any]:
    return {"differences": None, "adjustment": None, "differences_reason": reason}


def _too_many(name: str, levels: int) -> str:
    differences = counted(comb(levels, 2), "difference")
    return f"{name} has {levels} levels and so {differences}: name {name} under inference.means to have them."


def _note(means: MeansOf, together: set[frozenset[str]]) -> str | None:
    """Warn of means averaged over what the factor interacts with."""
    averaged = sorted(
        other for pair in together if means.over in pair for other in pair - {means.over} if other not in means.by
    )
    if not averaged:
        return None
    others = listing(averaged)
    return f"{means.over} interacts with {others}, so that these means hold on average over {others} only."
