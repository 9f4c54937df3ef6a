"""A fit without one level of a grouping factor, the variances estimated anew from where they were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lmm.engine import Factor, Optimum, optimise
from lmm.engine.estimates import estimates
from lmm.engine.refits import of_optimum
from lmm.engine.repeats import problem_of_rows
from lmm.infer.draws import terms_of
from lmm.infer.live import design_of, optimum_of
from lmm.model import fit_of_optimum, grouping_factors, one_thread

if TYPE_CHECKING:
    from lmm.formula import Design
    from lmm.model import Fit


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The optimum without a level, and the rows that are left."""

    optimum: Optimum
    rows: np.ndarray


class LevelsLeftOut:
    """A fit with random effects, ready to leave levels of one of its factors out.

    Columns keep their meaning: what a formula learnt from all rows, such as poly(), stays as it was.

    Args:
        fit: fitted in this process. group: the grouping factor.
    """

    def __init__(self, fit: Fit, group: str):
        design = design_of(fit)
        names = tuple(design.names[place] for place in fit.kept)
        terms = tuple(design.term_of_column[place] for place in fit.kept)
        self.fit = fit
        self.design = replace(design, X=design.X[:, fit.kept], names=names, term_of_column=terms)
        self.codes = next(term.codes for term in design.random if term.group == group)
        self.factors, _ = grouping_factors(design)
        self.T = estimates(optimum_of(fit)).T

    def without(self, level: int) -> LeftOut | None:
        """The optimum without the level of this number; None where the rest determine no model."""
        design, rows = self.design, np.flatnonzero(self.codes != level)
        y = design.y if design.offset is None else design.y - design.offset
        weights = None if design.weights is None else design.weights[rows]
        factors = []
        for factor in self.factors:
            levels, codes = np.unique(factor.codes[rows], return_inverse=True)
            if len(levels) < 2 or len(levels) * max(factor.blocks) >= len(rows):
                return None
            factors.append(Factor(codes, len(levels), np.asarray(factor.columns)[rows], factor.blocks))
        with one_thread():
            made = problem_of_rows(self.T, y[rows], design.X[rows], factors, weights)
            if made is None:
                return None
            problem, start = made
            try:
                return LeftOut(optimise(problem, self.fit.reml, start), rows)
            except np.linalg.LinAlgError:
                return None

    def estimates(self, optimum: Optimum) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
        """β (p,), its standard errors (p,), sigma and theta of an optimum without a level."""
        refit, problem, r = of_optimum(optimum), optimum.problem, int(optimum.problem.offsets[-1])
        lower = optimum.at.lower[r : r + problem.p, r : r + problem.p]
        root = np.linalg.solve(lower, np.linalg.inv(problem.fixed.upper).T)
        theta = []
        for (T,) in terms_of(self.fit, refit.T):
            rows, columns = np.triu_indices(len(T))
            theta.extend(T[columns, rows])
        sigma = float(refit.sigma[0])
        return refit.beta[0], sigma * np.sqrt((root * root).sum(0)), sigma, np.array(theta)

    def fit_without(self, level: int) -> Fit | None:
        """The fit without a level, for tests of its fixed effects; None as `without`."""
        left = self.without(level)
        if left is None:
            return None
        return fit_of_optimum(self.fit.formula, _of_rows(self.design, left.rows), left.optimum, len(left.rows))


def _of_rows(design: Design, rows: np.ndarray) -> Design:
    random = []
    for term in design.random:
        present, codes = np.unique(term.codes[rows], return_inverse=True)
        levels = tuple(term.levels[level] for level in present)
        random.append(replace(term, columns=np.asarray(term.columns)[rows], codes=codes, levels=levels))
    return replace(
        design,
        y=design.y[rows],
        X=design.X[rows],
        weights=None if design.weights is None else design.weights[rows],
        offset=None if design.offset is None else design.offset[rows],
        random=tuple(random),
        rows=design.rows[rows],
    )
