"""Data sets drawn from the fitted model and run through the same estimator: the yardstick of every diagnostic.

Residuals of a mixed model are neither independent nor equally scattered even where the model is true, so what is seen
is judged against what the model itself would produce (Schützenmeister & Piepho 2012, Computational Statistics & Data
Analysis 56, 1405–1416). Theta is held at its estimate: one factorisation then serves all data sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

if TYPE_CHECKING:
    from lmm.diagnose.evidence import Evidence
    from lmm.model import Fit


@dataclass(frozen=True)
class Simulation:
    """What B data sets from the fitted model look like after estimation.

    standardised: residuals over their standard deviation (B, n); fitted: fitted values on the outcome's scale (B, n);
    marginal: outcomes less the estimated fixed effects (B, n), on the outcome's scale; modes: per random term the
    conditional modes (B, levels, q), likewise. All are scaled to the sigma of the fit.
    """

    standardised: np.ndarray
    fitted: np.ndarray
    marginal: np.ndarray
    modes: tuple[np.ndarray, ...]

    @property
    def replicates(self) -> int:
        """How many data sets were drawn."""
        return len(self.standardised)

    @staticmethod
    def share_as_extreme(statistic: float, simulated: np.ndarray) -> float:
        """Monte-Carlo p-value of a statistic whose large values speak against the model (Davison & Hinkley 1997)."""
        return (1 + int(np.sum(simulated >= statistic))) / (1 + len(simulated))


def replicates_for(rows: int) -> int:
    """199 data sets as long as these are a few million numbers; at least 39, the fewest that give a 95 % band."""
    return int(np.clip(2_000_000 // max(rows, 1), 39, 199))


def simulate(evidence: Evidence) -> Simulation:
    """Draw outcomes with fresh random effects and errors, then solve Henderson's equations for each.

    In weighted units y = Q b + A u + e with u, e ~ N(0, I), where Q spans the fixed effects and A = W^½ Z Λ; the
    estimates solve [A'A + I, A'Q; Q'A, I] [u; b] = [A'y; Q'y] (Bates et al. 2015, eq. 16), which stays definite
    where Λ is singular. Each data set gets its own estimate of sigma, as the data had.
    """
    fit = evidence.fit
    root_weight = np.sqrt(evidence.weights)
    Q, _ = np.linalg.qr(root_weight[:, None] * evidence.X)
    roots = _roots(fit)
    A = evidence.random_columns
    n, q = A.shape
    count = replicates_for(n)
    draw = np.random.default_rng(evidence.study.seed)
    effects = draw.standard_normal((q, count))
    outcomes = A @ effects + draw.standard_normal((n, count))
    estimates, fixed = _solve(A, Q, outcomes)
    fitted = A @ estimates + Q @ fixed
    residuals = outcomes - fitted
    penalised = (residuals**2).sum(axis=0) + (estimates**2).sum(axis=0)
    sigma = np.sqrt(penalised / max(n - Q.shape[1], 1))
    spread = np.sqrt(np.clip(1.0 - fit.leverage, 0.0, None))
    with np.errstate(divide="ignore", invalid="ignore"):
        standardised = np.where(spread[:, None] > 1e-6, residuals / spread[:, None], np.nan) / sigma
    modes, start = [], 0
    for term, root in zip(evidence.terms, roots, strict=True):
        levels, width = len(term.levels), root.shape[0]
        block = estimates[start : start + levels * width].reshape(levels, width, count)
        modes.append(np.einsum("ij,ljb->bli", root, block / sigma) * fit.sigma)
        start += levels * width
    # The fixed effects cancel from the residuals; the fitted values get those of the fit back.
    on_outcome_scale = fit.fitted_fixed[:, None] + fit.sigma * (fitted / sigma) / root_weight[:, None]
    marginal = fit.sigma * ((outcomes - Q @ fixed) / sigma) / root_weight[:, None]
    return Simulation(standardised.T, on_outcome_scale.T, marginal.T, tuple(modes))


def random_columns(evidence: Evidence) -> sparse.csr_array:
    """A = W^½ Z Λ (n, q), with which V = σ² W^-½ (I + AA') W^-½."""
    return _whitened_columns(evidence, _roots(evidence.fit), np.sqrt(evidence.weights))


def _roots(fit: Fit) -> list[np.ndarray]:
    """A root of the covariance of each random term, in units of sigma."""
    return [_root(component.covariance) / fit.sigma for component in fit.random]


def _root(covariance: np.ndarray) -> np.ndarray:
    """R with R R' = covariance; defined where the covariance is singular, unlike Cholesky's factor."""
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=float))
    return vectors * np.sqrt(np.clip(values, 0.0, None))


def _whitened_columns(evidence: Evidence, roots: list[np.ndarray], root_weight: np.ndarray) -> sparse.csr_array:
    """A = W^½ Z Λ (n, q): the columns of each term times the root of its covariance, a level's side by side."""
    n = len(root_weight)
    blocks = []
    for term, root in zip(evidence.terms, roots, strict=True):
        width = root.shape[0]
        values = root_weight[:, None] * (np.asarray(term.columns) @ root)
        columns = np.asarray(term.codes)[:, None] * width + np.arange(width)
        blocks.append(
            sparse.csr_array(
                (values.ravel(), columns.ravel(), np.arange(0, n * width + 1, width)),
                shape=(n, len(term.levels) * width),
            )
        )
    return sparse.hstack(blocks, format="csr") if blocks else sparse.csr_array((n, 0))


def _solve(A: sparse.csr_array, Q: np.ndarray, outcomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spherical random effects (q, B) and coefficients on Q (p, B), the fixed effects eliminated last."""
    right = Q.T @ outcomes
    if A.shape[1] == 0:
        return np.zeros((0, outcomes.shape[1])), right
    penalised = (A.T @ A + sparse.eye_array(A.shape[1])).tocsc()
    # Symmetric ordering without pivoting keeps the factor as sparse as Cholesky's.
    factor = splu(penalised, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    border = A.T @ Q
    through = factor.solve(border)
    effects = factor.solve(A.T @ outcomes)
    fixed = np.linalg.solve(np.eye(Q.shape[1]) - border.T @ through, right - border.T @ effects)
    return effects - through @ fixed, fixed
