"""Coordinates in which the fit is well conditioned, and the way back.

Fixed effects: X = QR with Q'Q = nI, the outcome replaced by its least-squares residual divided by its root mean
square. Random effects: the columns of each term get the same treatment, Z = Z_w U, which an unstructured covariance
absorbs (T = U⁻¹T_w). A shift of a covariate by 1e6 then costs no digits; unwhitened, a shift of the days of
sleepstudy by 1,000 loses 0.011 in deviance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from lmm.engine.factor import Factor

# R drops a column when what the earlier columns leave of it is below this fraction of its length (dqrdc2).
COLLINEAR = 1e-7
# Root mean square of the residual over that of the outcome, below which it is rounding.
NOTHING_LEFT = 1e-13


@dataclass(frozen=True)
class WhitenedFixed:
    """The fixed part in whitened coordinates.

    Attributes:
        kept: positions of the columns of X that earlier columns do not explain.
        orthonormal: (n, p) Q of the kept columns, Q'Q = nI, weights included.
        upper: (p, p) R.
        coefficients: (p,) least-squares coefficients of y on Q.
        residual: (n,) least-squares residual over `scale`.
        scale: root mean square of the residual.
    """

    kept: np.ndarray
    orthonormal: np.ndarray
    upper: np.ndarray
    coefficients: np.ndarray
    residual: np.ndarray
    scale: float

    @property
    def log_determinant(self) -> float:
        """log|X'X| less log|Q'Q|."""
        return 2.0 * float(np.log(np.diag(self.upper)).sum())


def orthonormalise(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns (n, p), p ≤ n, = QR with Q'Q = nI and a diagonal of R that is not negative."""
    factored, tau, _, _ = lapack.dgeqrf(columns)
    return _from_factored(factored, tau)


def _from_factored(factored: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, p = factored.shape
    upper = np.triu(factored[:p])
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    orthonormal = lapack.dorgqr(factored, tau, overwrite_a=True)[0] if p else np.empty((n, 0))
    orthonormal *= signs * np.sqrt(n)
    return orthonormal, upper * signs[:, None] / np.sqrt(n)


def _explained(upper: np.ndarray) -> np.ndarray:
    """Positions of the columns of R that the earlier ones explain."""
    left = np.zeros(upper.shape[1])
    left[: len(upper)] = np.abs(np.diag(upper))
    return np.flatnonzero(left <= COLLINEAR * np.sqrt((upper * upper).sum(0)))


def whiten_fixed(y: np.ndarray, X: np.ndarray) -> WhitenedFixed:
    """Whiten X (n, p) and the outcome y (n,), both already multiplied by the root of the weights.

    Of collinear columns the earliest are kept, as R's `lm` and `lmer` do.
    """
    n = len(y)
    kept = np.arange(X.shape[1])
    while True:
        factored, tau, _, _ = lapack.dgeqrf(X[:, kept])
        explained = _explained(np.triu(factored[: len(kept)]))
        if not len(explained):
            break
        # Only the first is sure: later columns were reduced by the direction of rounding that it left.
        kept = np.delete(kept, explained[0])
    orthonormal, upper = _from_factored(factored, tau)
    coefficients = orthonormal.T @ y / n
    residual = y - orthonormal @ coefficients
    again = orthonormal.T @ residual / n
    residual -= orthonormal @ again
    scale = float(np.sqrt(residual @ residual / n))
    return WhitenedFixed(kept, orthonormal, upper, coefficients + again, residual / (scale or 1.0), scale)


def whiten_factor(
    factor: Factor, columns: np.ndarray, X: np.ndarray, fixed: WhitenedFixed
) -> tuple[Factor, list[np.ndarray], list[int]]:
    """Whiten the columns of each term of a factor.

    Args:
        factor: the grouping factor.
        columns: (n, q) its columns multiplied by the root of the weights.
        X: (n, p) the kept fixed-effect columns, likewise.
        fixed: their whitening; a term that begins as X does shares its columns instead of factoring them again.

    Returns:
        The factor with whitened columns, U of each term, and the positions of columns that are zero or explained by
        earlier columns of their term: their variances cannot be identified, and the term is scaled only.
    """
    whitened = np.empty(columns.shape, order="F")
    transforms, unidentified = [], []
    for term in factor.slices:
        Z = columns[:, term]
        size = Z.shape[1]
        if size == 1:
            # A variance of its own is not closed under anything but scaling.
            length = np.sqrt(Z[:, 0] @ Z[:, 0] / len(Z))
            if length == 0:
                unidentified.append(term.start)
            whitened[:, term] = Z / (length or 1.0)
            upper = np.array([[length or 1.0]])
        elif size <= X.shape[1] and np.array_equal(Z, X[:, :size]):
            whitened[:, term], upper = fixed.orthonormal[:, :size], fixed.upper[:size, :size]
        else:
            whitened[:, term], upper = orthonormalise(Z)
            explained = _explained(upper)
            if len(explained):
                unidentified += [term.start + int(position) for position in explained]
                upper = np.diag(np.sqrt((Z * Z).mean(0)) + (Z == 0).all(0))
                whitened[:, term] = Z / np.diag(upper)
        transforms.append(upper)
    return Factor(factor.codes, factor.n_levels, whitened, factor.blocks), transforms, unidentified


def to_original(T: np.ndarray, factor: Factor, transforms: list[np.ndarray]) -> np.ndarray:
    """T of the whitened columns as the lower triangular T of the original ones."""
    out = np.zeros_like(T)
    for term, upper in zip(factor.slices, transforms, strict=True):
        out[term, term] = lower_triangular(unwhitened(T[term, term], upper))
    return out


def unwhitened(effects: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Effects (q, …) of the whitened columns of a term as those of its original ones: U⁻¹ times them."""
    return effects / upper[0, 0] if len(upper) == 1 else np.linalg.solve(upper, effects)


def lower_triangular(T: np.ndarray) -> np.ndarray:
    """The lower triangular matrix with a diagonal that is not negative and the same TT'."""
    if len(T) == 1:
        return np.abs(T)
    lower = np.linalg.qr(T.T, mode="r").T
    return lower * np.where(np.diag(lower) < 0, -1.0, 1.0)
