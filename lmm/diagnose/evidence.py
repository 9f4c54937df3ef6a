"""What every figure looks at: the final fit, the rows it used, its random terms and data simulated from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lmm.diagnose.labels import bare, shorten
from lmm.diagnose.residual_kinds import (
    marginal_residuals,
    scaled_residuals,
    standardised_residuals,
    studentised_residuals,
)
from lmm.diagnose.simulation import Simulation, random_columns, simulate
from lmm.numbers import plain

if TYPE_CHECKING:
    import pandas
    from scipy import sparse

    from lmm.formula import RandomTerm
    from lmm.model import Fit
    from lmm.study import Study


@dataclass(frozen=True)
class Evidence:
    """The final fit and its data.

    `table` holds the rows the fit used, in its order; its index is the line of each row in the raw table.
    `X` (n, p) are the columns of the fixed effects that the fit kept; `terms` are the random terms in its order,
    beside `fit.random`. `flagged` (n,) says which rows an outlier step flagged before any model.
    """

    study: Study
    fit: Fit
    table: pandas.DataFrame
    X: np.ndarray
    terms: tuple[RandomTerm, ...]
    flagged: np.ndarray

    @classmethod
    def of(cls, study: Study, fit: Fit, table: pandas.DataFrame, flagged: np.ndarray | None = None) -> Evidence:
        """The evidence on `fit`, which was just fitted to `table` and still holds its design."""
        kept = [fit.design.names.index(name) for name in fit.coefficients]
        marked = np.zeros(len(table), dtype=bool) if flagged is None else flagged
        return cls(study, fit, table.iloc[fit.rows], fit.design.X[:, kept], tuple(fit.design.random), marked[fit.rows])

    @cached_property
    def observed(self) -> np.ndarray:
        """The outcome as the model sees it (n,), transformed where the formula says so."""
        return self.fit.fitted + self.fit.residuals

    def modes(self, position: int) -> tuple[pandas.DataFrame, pandas.DataFrame]:
        """Conditional modes of the random term at `position`, and their standard deviations (levels × effects)."""
        term = self.terms[position]
        # Two terms of one factor stand side by side in its table, in the order of the formula.
        start = sum(len(other.names) for other in self.terms[:position] if other.group == term.group)
        columns = slice(start, start + len(term.names))
        modes, sds = self.fit.conditional_modes[term.group], self.fit.conditional_sds[term.group]
        return modes.iloc[:, columns], sds.iloc[:, columns]

    @cached_property
    def weights(self) -> np.ndarray:
        """Weights (n,), ones where the study has none."""
        weights = self.fit.weights
        return np.ones(self.fit.n) if weights is None else np.asarray(weights, dtype=float)

    @cached_property
    def scale(self) -> np.ndarray:
        """Standard deviation of each conditional residual under the model (n,): sigma √((1 − leverage) / weight).

        Exact given theta: y − fitted = σ² P y with P V P = P, so that its covariance is σ² (I − H), where H maps
        the outcome to the fitted values (Schützenmeister & Piepho 2012, section 2).
        """
        return self.fit.sigma * np.sqrt(np.clip(1.0 - self.fit.leverage, 0.0, None) / self.weights)

    @cached_property
    def standardised(self) -> np.ndarray:
        """Conditional residuals over their standard deviation (n,); not a number where a row fits itself exactly."""
        return studentised_residuals(self.fit)

    @cached_property
    def random_columns(self) -> sparse.csr_array:
        """A = W^½ Z Λ (n, q) of V = σ² W^-½ (I + AA') W^-½."""
        return random_columns(self)

    @cached_property
    def simulation(self) -> Simulation:
        """Residuals and conditional modes of data sets drawn from the fitted model, seeded by the study."""
        return simulate(self)

    @cached_property
    def usable(self) -> np.ndarray:
        """Which rows have a studentised residual (n,): all but those that fit themselves exactly."""
        return np.isfinite(self.standardised)

    @cached_property
    def residual_pool(self) -> np.ndarray:
        """Studentised residuals of the usable rows, of the data in row 0 and of the simulated data sets (1 + B, m)."""
        return np.vstack([self.standardised[self.usable], self.simulation.standardised[:, self.usable]])

    @cached_property
    def fitted_pool(self) -> np.ndarray:
        """Fitted values of the usable rows, of the data in row 0 and of the simulated data sets (1 + B, m)."""
        return np.vstack([self.fit.fitted[self.usable], self.simulation.fitted[:, self.usable]])

    @cached_property
    def residuals_by_fitted(self) -> np.ndarray:
        """The studentised residuals of each data set in the order of its own fitted values (1 + B, m)."""
        return np.take_along_axis(self.residual_pool, np.argsort(self.fitted_pool, axis=1), axis=1)

    @cached_property
    def marginal_pool(self) -> np.ndarray:
        """Marginal residuals of all rows, of the data in row 0 and of the simulated data sets (1 + B, n)."""
        return np.vstack([marginal_residuals(self.fit), self.simulation.marginal])

    @cached_property
    def standardised_pool(self) -> np.ndarray | None:
        """Uncorrelated residuals with variance 1, in the order of time, likewise (1 + B, n).

        None where too many rows depend on one another; see `standardised_residuals`.
        """
        time = self.study.time
        known = time in self.table and np.issubdtype(self.table[time].dtype, np.number)
        order = np.argsort(self.table[time].to_numpy(), kind="stable") if known else np.arange(self.fit.n)
        whitened = np.sqrt(self.weights) / self.fit.sigma * self.marginal_pool
        return standardised_residuals(whitened, self.random_columns, order)

    @cached_property
    def rank_pool(self) -> np.ndarray:
        """Rank of every marginal residual among the data sets, likewise (1 + B, n), from 0 to B."""
        return scaled_residuals(self.marginal_pool)

    @cached_property
    def outcome_label(self) -> str:
        """The outcome with its unit, for an axis; a transformed outcome has lost the unit."""
        unit = self.study.unit
        outcome = bare(self.fit.outcome)
        return f"{outcome} ({unit})" if unit and outcome == self.study.outcome else outcome

    def row(self, position: int) -> str:
        """Where a row stands in the raw table: "line 57".

        Where steps made several rows of one line, the time tells them apart: "line 57, week 4".
        """
        line, time = self.table.index[position], self.study.time
        if time is None or not self.table.index.has_duplicates:
            return f"line {line}"
        return f"line {line}, {shorten(time, 12)} {plain(float(self.table[time].iloc[position]))}"
