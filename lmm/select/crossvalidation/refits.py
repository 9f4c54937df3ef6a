"""One formula fitted again and again without the rows of a fold: the columns are those of the fit to all rows.

That is right only where no column was learnt from the rows (no poly(), scale() or spline) and no predictor loses its
meaning with the rows left out; where it does, a fold has no refit here and is fitted anew from its table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, pi
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.engine import Factor, Optimum, optimise
from lmm.engine.estimates import estimates
from lmm.engine.refits import of_optimum
from lmm.engine.repeats import problem_of_rows, refit_repeated, repeats_at_once
from lmm.engine.whitening import NOTHING_LEFT, whiten_fixed
from lmm.infer.criteria import akaike, schwarz
from lmm.infer.draws import draws_of_refits, in_blocks, terms_of
from lmm.model import LEAST_CURVATURE, LEAST_RESIDUAL_SHARE, boundaries_of, grouping_factors
from lmm.select.crossvalidation.density import RandomColumns
from lmm.select.crossvalidation.heldout import HeldOut
from lmm.select.fitrecord import boundary_record, random_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmm.model import Fit
    from lmm.select.crossvalidation.folds import Folds


@dataclass(frozen=True, eq=False)
class Refit:
    """Estimates without the rows of one fold.

    Attributes:
        beta: (p,) of the kept columns. roots: of every random term (q, q) R with covariance RR'. sigma: residual SD.
        deviance: −2 log-likelihood. singular: whether some direction of a random effect has no variance.
        optimum: of the rows left, or None where only the estimates are known.
        levels: of every grouping factor, the numbers of those left, ascending.
    """

    beta: np.ndarray
    roots: tuple[np.ndarray, ...]
    sigma: float
    deviance: float
    singular: bool = False
    optimum: Optimum | None = None
    levels: tuple[np.ndarray, ...] = ()


class Refits:
    """A fit to all rows of the table, ready to leave rows out.

    Args:
        fit: fitted in this process, with no row dropped and nothing learnt from the rows (`can_leave_rows_out`).
    """

    def __init__(self, fit: Fit):
        self.fit = fit
        self.design = fit.design
        self.y = fit.design.y if fit.design.offset is None else fit.design.y - fit.design.offset
        self.X = fit.design.X[:, fit.kept]
        self.factors, self.places = grouping_factors(fit.design) if fit.random else ([], [])
        self.T = estimates(fit.optimum).T if fit.random else []

    def from_sums(self, folds: Folds, start: int, stop: int) -> Iterator[tuple[int, Refit]]:
        """The folds among [start, stop) whose refits follow from cross-products, without the rows being seen again.

        That needs one grouping factor whose levels lie in one fold each.
        """
        problem = None if self.fit.optimum is None else self.fit.optimum.problem
        at_once = None if problem is None else repeats_at_once(problem)
        if at_once is None:
            return
        (factor,) = self.factors
        of_level = np.empty(factor.n_levels, dtype=np.intp)
        of_level[factor.codes] = folds.fold
        if not np.array_equal(of_level[factor.codes], folds.fold):
            return

        def compute(numbers: range) -> tuple:
            # Numbers beyond the last fold, which fill a block, repeat earlier ones.
            left = of_level[:, None] != np.array(numbers)[None] % folds.number
            return refit_repeated(self.fit.optimum, left.astype(int), self.fit.weights)

        sizes = np.bincount(factor.codes)
        number = start
        for (refits, deficient), asked in in_blocks(compute, start, stop, at_once):
            draws = draws_of_refits(self.fit, refits, "", None, 0, deficient)
            roots = list(terms_of(self.fit, refits.T))
            for i in range(asked.start, asked.stop):
                left = of_level != number
                if draws.failures[i] is None and _can_be_told_apart(int(sizes[left].sum()), int(left.sum()), factor):
                    sigma = float(refits.sigma[i])
                    yield (
                        number,
                        Refit(
                            refits.beta[i],
                            tuple(sigma * root[i] for root in roots),
                            sigma,
                            float(refits.deviance[i]),
                            bool(refits.singular[i]),
                        ),
                    )
                number += 1

    def from_rows(self, training: np.ndarray) -> Refit | None:
        """The refit to some rows, from the optimum of all of them; None where they had better be laid out anew."""
        weights = None if self.fit.weights is None else self.fit.weights[training]
        y, X = self.y[training], self.X[training]
        if not self.factors:
            return self._least_squares(y, X, weights)
        factors, levels = self._factors(training)
        if not all(_can_be_told_apart(len(training), factor.n_levels, factor) for factor in factors):
            return None
        made = problem_of_rows(self.T, y, X, factors, weights)
        if made is None:
            return None
        problem, start = made
        try:
            optimum = optimise(problem, self.fit.reml, start)
        except np.linalg.LinAlgError:
            return None
        identified = optimum.at.sigma2 >= LEAST_RESIDUAL_SHARE and optimum.smallest_curvature >= LEAST_CURVATURE
        if not (optimum.converged and identified):
            return None
        found = of_optimum(optimum)
        sigma = float(found.sigma[0])
        roots = tuple(sigma * root[0] for root in terms_of(self.fit, found.T))
        return Refit(found.beta[0], roots, sigma, optimum.deviance, optimum.singular, optimum, tuple(levels))

    def held_out(self, refit: Refit, rows: np.ndarray) -> tuple[HeldOut, list]:
        """Rows at these positions under a refit, and per grouping factor what `effects_of_known_groups` takes."""
        design = self.design
        fixed = self.X[rows] @ refit.beta + (0.0 if design.offset is None else design.offset[rows])
        weight = np.ones(len(rows)) if self.fit.weights is None else self.fit.weights[rows]
        terms = tuple(
            RandomColumns(np.asarray(term.columns)[rows], term.codes[rows], root)
            for term, root in zip(design.random, refit.roots, strict=True)
        )
        reasons = np.full(len(rows), None, dtype=object)
        known = [
            (_places(left, factor.codes[rows]), np.asarray(factor.columns)[rows])
            for factor, left in zip(self.factors, refit.levels, strict=False)
        ]
        return HeldOut(design.y[rows], fixed, refit.sigma**2 / weight, terms, reasons), known

    def record(self, refit: Refit, training: np.ndarray) -> dict[str, Any] | None:
        """What a climb reads of the record of a fit (`lmm.select.fitrecord`), of a refit to these rows.

        A refit has an optimum that is identified, or there is none; None where it lies on a boundary that is unknown.
        """
        if refit.singular and refit.optimum is None:
            refit = self.from_rows(training)
            if refit is None:
                return None
        fit, n = self.fit, len(training)
        random = [replace(term, covariance=root @ root.T) for term, root in zip(fit.random, refit.roots, strict=True)]
        boundaries = ()
        if refit.singular:
            boundaries = boundaries_of(refit.optimum, random, self.places, self._factors(training)[0])
        columns = [np.asarray(term.columns)[training] for term in self.design.random]
        return {
            "loglik": -0.5 * refit.deviance,
            "deviance": refit.deviance,
            "npar": fit.npar,
            "n": n,
            "aic": akaike(refit.deviance, fit.npar),
            "bic": schwarz(refit.deviance, fit.npar, n),
            "fixed": [{"name": name} for name in fit.coefficients],
            "random": [random_record(term, one) for term, one in zip(random, columns, strict=True)],
            "singular": refit.singular,
            "boundaries": [boundary_record(one) for one in boundaries],
            "converged": True,
            "convergence": {"status": "converged", "message": "", "optima": [refit.deviance]},
        }

    def _factors(self, training: np.ndarray) -> tuple[list[Factor], list[np.ndarray]]:
        """The grouping factors at some rows, and the numbers of their levels that are left, ascending."""
        factors, levels = [], []
        for factor in self.factors:
            left, codes = np.unique(factor.codes[training], return_inverse=True)
            factors.append(Factor(codes, len(left), np.asarray(factor.columns)[training], factor.blocks))
            levels.append(left)
        return factors, levels

    def _least_squares(self, y: np.ndarray, X: np.ndarray, weights: np.ndarray | None) -> Refit | None:
        n, p = X.shape
        if n <= p:
            return None
        roots = np.ones(n) if weights is None else np.sqrt(weights)
        fixed = whiten_fixed(y * roots, X * roots[:, None])
        size = np.sqrt(np.mean(y * y if weights is None else weights * y * y))
        if len(fixed.kept) < p or fixed.scale <= NOTHING_LEFT * size:
            return None
        degrees = n - p if self.fit.reml else n
        beta = np.linalg.solve(fixed.upper, fixed.coefficients)
        sigma = float(fixed.scale * np.sqrt(n / degrees))
        deviance = degrees * (1.0 + log(2.0 * pi * sigma**2)) - 2.0 * float(np.log(roots).sum())
        if self.fit.reml:
            deviance += fixed.log_determinant + p * log(n)
        return Refit(beta, (), sigma, deviance)


def can_leave_rows_out(fit: Fit) -> bool:
    """Whether the columns of a fit to all rows are those of a fit to some of them."""
    return not (fit.n_dropped or any(fit.recipe.states.values()))


def _can_be_told_apart(rows: int, levels: int, factor: Factor) -> bool:
    """Whether so many rows in so many levels may carry the random terms of a factor, as fitting them anew requires."""
    return 1 < levels < rows and max(factor.blocks) * levels < rows


def _places(levels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Positions of `codes` among ascending `levels`, −1 for those that are not there."""
    place = np.minimum(np.searchsorted(levels, codes), len(levels) - 1)
    return np.where(levels[place] == codes, place, -1)
