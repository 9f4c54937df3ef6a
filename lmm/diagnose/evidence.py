"""What every figure looks at: the final fit, the rows it used, its random terms and data simulated from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lmm.diagnose.labels import bare
from lmm.diagnose.simulation import Simulation, simulate

if TYPE_CHECKING:
    import pandas

    from lmm.formula import RandomTerm
    from lmm.model import Fit
    from lmm.study import Study


@dataclass(frozen=True)
class Evidence:
    """The final fit and its data.

    `table` holds the rows the fit used, in its order; its index is the number of each row in the raw table, from 1.
    `X` (n, p) are the columns of the fixed effects that the fit kept; `terms` are the random terms in its order,
    beside `fit.random`.
    """

    study: Study
    fit: Fit
    table: pandas.DataFrame
    X: np.ndarray
    terms: tuple[RandomTerm, ...]

    @classmethod
    def of(cls, study: Study, fit: Fit, table: pandas.DataFrame) -> Evidence:
        """The evidence on `fit`, which was just fitted to `table` and still holds its design."""
        kept = [fit.design.names.index(name) for name in fit.coefficients]
        return cls(study, fit, table.iloc[fit.rows], fit.design.X[:, kept], tuple(fit.design.random))

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
        determined = self.scale > 1e-6 * self.fit.sigma
        return np.divide(self.fit.residuals, self.scale, out=np.full(self.fit.n, np.nan), where=determined)

    @cached_property
    def simulation(self) -> Simulation:
        """Residuals and conditional modes of data sets drawn from the fitted model, seeded by the study."""
        return simulate(self)

    @cached_property
    def outcome_label(self) -> str:
        """The outcome with its unit, for an axis; a transformed outcome has lost the unit."""
        unit = self.study.unit
        outcome = bare(self.fit.outcome)
        return f"{outcome} ({unit})" if unit and outcome == self.study.outcome else outcome

    def row(self, position: int) -> str:
        """Where a row stands in the raw table, the first row of data being 1: "row 57"."""
        return f"row {self.table.index[position]}"
