"""Tests and intervals of linear hypotheses Lβ = value, once a covariance of β̂ and degrees of freedom are chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from math import inf, isinf, sqrt
from typing import Any

import numpy as np
from scipy.special import fdtrc, gammaincc, ndtr, ndtri, stdtr, stdtrit

from lmm.errors import InputError
from lmm.infer.interval import check_level

# A combination of the rows of L whose variance is this much smaller than that of the rows is no hypothesis of its own.
_SAME_HYPOTHESIS = 1e-10
UNINFORMED = (
    "The data say nothing of some direction of the variances, which were taken as known in it: standard errors that "
    "rest on them are arbitrary, and degrees of freedom may be too large."
)


@dataclass(frozen=True)
class TTest:
    """Test of one linear combination of the fixed effects.

    `df` is infinite where the normal distribution was taken; `p` is two-sided; `method` names the degrees of freedom.
    """

    estimate: float
    se: float
    df: float
    t: float
    p: float
    method: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: infinite degrees of freedom are None."""
        return asdict(self) | {"df": None if isinf(self.df) else self.df}


@dataclass(frozen=True)
class FTest:
    """Joint test of several linear combinations of the fixed effects.

    `statistic` is F on `numerator` and `denominator` degrees of freedom, `scale` times `unscaled`; the scale differs
    from 1 for Kenward and Roger's test alone. An infinite denominator is Wald's χ² over `numerator`. `note` says where
    the method had to give way.
    """

    unscaled: float
    numerator: int
    denominator: float
    p: float
    method: str
    scale: float = 1.0
    note: str | None = None

    @property
    def statistic(self) -> float:
        """F."""
        return self.scale * self.unscaled

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: infinite degrees of freedom are None."""
        denominator = None if isinf(self.denominator) else self.denominator
        return {"statistic": self.statistic} | asdict(self) | {"denominator": denominator}


class SmallSample(ABC):
    """A covariance of the fixed effects with the degrees of freedom that belong to it.

    Attributes:
        method: "kenward-roger", "satterthwaite", "residual" or "normal".
        beta: (p,) the fixed effects that hypotheses are about.
        vcov: (p, p) their covariance, adjusted for the estimation of the variances by Kenward and Roger's method.
        sigma: residual standard deviation of the fit that they are from.
        note: what a reader has to know, such as why another method than the one asked for was taken; or None.
    """

    def __init__(self, method: str, beta: np.ndarray, vcov: np.ndarray, sigma: float, note: str | None):
        self.method = method
        self.beta = beta
        self.vcov = vcov
        self.sigma = sigma
        self.note = note

    @abstractmethod
    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """Degrees of freedom of the t test of one contrast (p,); infinite for the normal distribution."""

    @abstractmethod
    def _f_test(self, L: np.ndarray, difference: np.ndarray) -> FTest:
        """F test of a full-rank L (r, p), r > 1, with `difference` (r,) = Lβ̂ less its value."""

    def t_test(self, contrast: np.ndarray, value: float = 0.0) -> TTest:
        """Two-sided test of contrast'β = value.

        Args:
            contrast: (p,) over the kept fixed effects.
            value: under the null hypothesis.
        """
        contrast = np.asarray(contrast, dtype=float)
        estimate = float(contrast @ self.beta)
        se = sqrt(max(float(contrast @ self.vcov @ contrast), 0.0))
        if se == 0.0:
            raise InputError("The contrast is zero or its estimate has no variance: give one that involves β.")
        df = self.degrees_of_freedom(contrast)
        t = (estimate - value) / se
        return TTest(estimate, se, df, t, t_tail(t, df), self.method)

    def interval(self, contrast: np.ndarray, level: float = 0.95) -> tuple[float, float]:
        """Confidence limits of contrast'β, contrast (p,); InputError where `level` is no probability."""
        check_level(level)
        test = self.t_test(contrast)
        half = t_quantile(0.5 + level / 2, test.df) * test.se
        return test.estimate - half, test.estimate + half

    def f_test(self, L: np.ndarray, value: np.ndarray | float = 0.0) -> FTest:
        """Joint test of Lβ = value.

        Args:
            L: (r, p) over the kept fixed effects; rows that follow from the others count once.
            value: (r,) or one number for all.

        Raises:
            InputError: every row of L is zero, or the rows contradict each other.
        """
        L = np.atleast_2d(np.asarray(L, dtype=float))
        value = np.broadcast_to(np.asarray(value, dtype=float), len(L))
        L, difference = self._independent(L, L @ self.beta - value)
        if len(L) == 1:
            test = self.t_test(L[0], float(L[0] @ self.beta - difference[0]))
            return FTest(test.t**2, 1, test.df, test.p, self.method)
        return self._f_test(L, difference)

    def _independent(self, L: np.ndarray, difference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As many rows as there are independent hypotheses, each a combination of the given ones."""
        variance = L @ self.vcov @ L.T
        sd = np.sqrt(np.diag(variance))
        if not sd.any():
            raise InputError("Every row of the hypothesis is zero: give one that involves β.")
        rows = sd > 0
        L, difference, variance, sd = L[rows], difference[rows], variance[np.ix_(rows, rows)], sd[rows]
        values, vectors = np.linalg.eigh(variance / np.outer(sd, sd))
        empty = values <= _SAME_HYPOTHESIS * values[-1]
        if not empty.any():
            return L, difference
        lost = vectors[:, empty].T @ (difference / sd)
        if np.abs(lost).max() > 1e-6 * max(1.0, np.abs(difference / sd).max()):
            raise InputError("The rows of the hypothesis contradict each other: give values that can hold together.")
        # Of the rows as given, not scaled: Fai and Cornelius's degrees of freedom depend on the basis, and this is
        # the one lmerTest takes.
        _, vectors = np.linalg.eigh(variance)
        kept = vectors[:, int(empty.sum()) :].T
        return kept @ L, kept @ difference


class FixedDegrees(SmallSample):
    """The covariance as estimated, with the same degrees of freedom for every hypothesis."""

    def __init__(
        self, method: str, beta: np.ndarray, vcov: np.ndarray, sigma: float, df: float, note: str | None = None
    ):
        super().__init__(method, beta, vcov, sigma, note)
        self.df = float(df)

    def degrees_of_freedom(self, contrast: np.ndarray) -> float:
        """The degrees of freedom given, whatever the contrast."""
        return self.df

    def _f_test(self, L: np.ndarray, difference: np.ndarray) -> FTest:
        statistic = wald_statistic(L, difference, self.vcov) / len(L)
        return FTest(statistic, len(L), self.df, f_tail(statistic, len(L), self.df), self.method)


def matched_degrees(
    contrast: np.ndarray, vcov: np.ndarray, slopes: np.ndarray, covariance_of_variances: np.ndarray
) -> float:
    """2(l'Φl)²/(g'Ag): the degrees of freedom of the scaled χ² with the first two moments of the estimate of l'Φl.

    Args:
        contrast: (p,) l. vcov: (p, p) Φ. slopes: (v, p, p) ∂Φ/∂φ, giving g.
        covariance_of_variances: (v, v) A, that of φ̂.

    Returns:
        Infinite where the variances do not enter.
    """
    contrast = np.asarray(contrast, dtype=float)
    variance = float(contrast @ vcov @ contrast)
    slope = np.einsum("a,iab,b->i", contrast, slopes, contrast)
    spread = float(slope @ covariance_of_variances @ slope)
    return 2.0 * variance**2 / spread if spread > 0 else inf


def wald_statistic(L: np.ndarray, difference: np.ndarray, vcov: np.ndarray) -> float:
    """difference'(L vcov L')⁻¹difference."""
    return float(difference @ np.linalg.solve(L @ vcov @ L.T, difference))


def t_tail(t: float, df: float) -> float:
    """Two-sided tail of Student's t; of the normal distribution where df is infinite."""
    return float(2.0 * ndtr(-abs(t)) if isinf(df) else 2.0 * stdtr(df, -abs(t)))


def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t; of the normal distribution where df is infinite."""
    return float(ndtri(probability) if isinf(df) else stdtrit(df, probability))


def f_tail(statistic: float, numerator: float, denominator: float) -> float:
    """Upper tail of F; of χ²(numerator)/numerator where the denominator is infinite."""
    if denominator == inf:
        return float(gammaincc(numerator / 2, numerator * max(statistic, 0.0) / 2))
    return float(fdtrc(numerator, denominator, max(statistic, 0.0)))
