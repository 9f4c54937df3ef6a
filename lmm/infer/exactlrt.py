"""The test of one variance by its finite-sample null distribution.

With one random column and no other variance, the (restricted) likelihood ratio is a function of independent χ²
variables weighted by eigenvalues (Crainiceanu & Ruppert 2004, Journal of the Royal Statistical Society B 66: 165–185,
theorem 1). One variance among several is approximated by the model that has this one only (Greven, Crainiceanu,
Küchenhoff & Peters 2008, Journal of Computational and Graphical Statistics 17: 870–891), as RLRsim does.

RLRsim simulates the statistic. Here only directions are simulated, and the tail over the lengths is computed: given
v = w²/R with R = Σ w_s² ~ χ²(K) and a rest ~ χ²(ν − K), the ratio

    sup_λ ν log[(1 + ρ)/(1 + ρ Σ v_s/(1 + λμ_s))] − Σ log(1 + λξ_s),    ρ = R/rest,

rises in ρ, so that it reaches c at ρ ≥ min_λ (e_λ − 1)/(1 − e_λ Σ v_s/(1 + λμ_s)), e_λ = exp[(c + Σ log(1 + λξ_s))/ν].
P-values are smooth, good to far tails, and without simulation error where all μ are equal, as in balanced designs
(an F test). Under REML ν = n − p and ξ = μ, the eigenvalues of Z'PZ; under ML ν = n and ξ are those of Z'Z.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betainc

from lmm.engine.factor import Factor
from lmm.engine.spectrum import Spectrum, order, spectrum
from lmm.errors import InputError
from lmm.infer.candidate import candidate_of_fit
from lmm.infer.likelihoodratio import likelihood_ratio, refuse_incomparable
from lmm.infer.live import design_of, optimum_of
from lmm.infer.simulate import generator
from lmm.model import one_thread

if TYPE_CHECKING:
    from lmm.formula.design import RandomTerm
    from lmm.model import Fit, VarianceComponents

# Directions drawn from one generator: the draws do not depend on how many are asked for beyond them.
_BLOCK = 1000
_GRID = 240
# So many groups of as many kinds take seconds, and the mixture of χ² is as good for them.
MOST_KINDS = 2000


@dataclass(frozen=True)
class ExactTest:
    """A likelihood ratio test of one variance by its finite-sample null distribution.

    Attributes:
        smaller, larger: formulas. estimator: "REML" or "ML".
        group, effect: the variance tested.
        statistic: 2 (loglik of the larger − loglik of the smaller).
        p: probability of one at least as large; None where the larger model's optimum was missed.
        standard_error: Monte Carlo standard error of p; 0 where nothing was simulated.
        at_zero: probability of a statistic of zero.
        draws: directions simulated; 0 where the distribution is known in closed form.
        approximate: whether other variances were left out to get there.
        seed: where the random numbers start.
        reason: why there is no p, or None.
    """

    smaller: str
    larger: str
    estimator: str
    group: str
    effect: str
    statistic: float
    p: float | None
    standard_error: float | None
    at_zero: float
    draws: int
    approximate: bool
    seed: int
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def exact_test(smaller: Fit, larger: Fit, seed: int, draws: int = 10_000) -> ExactTest:
    """Test the one variance by which two fits differ.

    Args:
        smaller, larger: fits by the same criterion with the same fixed effects, in this process.
        seed: where the random numbers start.
        draws: directions to simulate.

    Raises:
        InputError: they differ by something else than one variance of its own, cannot be compared, were read from a
            file, or have too many groups of different sizes; or there are no draws.
    """
    if draws < 1:
        raise InputError(f"{draws} directions cannot be simulated: give 1 or more draws, such as 10,000.")
    refuse_incomparable(candidate_of_fit(smaller), candidate_of_fit(larger))
    term = added_variance(smaller, larger)
    if term is None or set(smaller.coefficients) != set(larger.coefficients):
        raise InputError(
            f"'{smaller.formula}' and '{larger.formula}' do not differ by one variance, uncorrelated with all others, "
            "alone, so its exact test does not apply: use a bootstrap likelihood ratio test."
        )
    if not has_exact_null(larger, term):
        raise InputError(
            f"The {len(term.levels):,} levels of {term.group} are of more than {MOST_KINDS:,} kinds, too many for "
            "the exact test: use the mixture of χ² distributions, which is as good with so many."
        )
    with one_thread():
        found = spectrum(_factor_of(larger, term), optimum_of(larger).problem.fixed.orthonormal)
        null = NullTail(found, larger.reml, seed, draws)
        statistic = likelihood_ratio(smaller, larger)
        above_zero, above = null.tails((0.0, max(statistic, 0.0)))
        p = standard_error = reason = None
        if statistic < 0.0:
            reason = f"The larger model fits worse than the smaller one by {-statistic:.3g}, so its optimum was missed."
        else:
            p, standard_error = above if statistic > 0.0 else (1.0, 0.0)
        return ExactTest(
            smaller=smaller.formula,
            larger=larger.formula,
            estimator="REML" if larger.reml else "ML",
            group=term.group,
            effect=term.names[0],
            statistic=statistic,
            p=p,
            standard_error=standard_error,
            at_zero=1.0 - above_zero[0],
            draws=null.draws,
            approximate=len(larger.random) > 1,
            seed=seed,
            reason=reason,
        )


def added_variance(smaller: Fit, larger: Fit) -> RandomTerm | None:
    """The one-column term that the larger model has beside exactly those of the smaller, or None."""
    before = [_identity(term) for term in smaller.random]
    added = [term for term in design_of(larger).random if _identity(term) not in before]
    one = len(added) == 1 and len(larger.random) == len(before) + 1
    return added[0] if one and len(added[0].names) == 1 else None


def _identity(term: RandomTerm | VarianceComponents) -> tuple[frozenset[str], tuple[str, ...]]:
    """What makes two terms the same in two models; a:b is b:a."""
    return frozenset(term.group.split(":")), term.names


def has_exact_null(larger: Fit, term: RandomTerm) -> bool:
    """Whether the exact law of a one-column term can be computed: its levels are not of too many kinds."""
    return order(_factor_of(larger, term), len(larger.beta)) <= MOST_KINDS


def _factor_of(larger: Fit, term: RandomTerm) -> Factor:
    column = np.asarray(term.columns)[:, :1]
    if larger.weights is not None:
        column = column * np.sqrt(larger.weights)[:, None]
    return Factor(term.codes, len(term.levels), column, (1,))


class NullTail:
    """The upper tail of the null distribution of the likelihood ratio of one variance."""

    def __init__(self, found: Spectrum, reml: bool, seed: int, draws: int):
        self.found = found
        self.degrees = found.n - found.p if reml else found.n
        self.rest = found.n - found.p - found.rank
        self.xi, self.times = (found.within, found.within_times) if reml else (found.plain, found.plain_times)
        # In one direction there is nothing to draw.
        self.draws = draws if len(found.within) > 1 else 0
        self.seed = seed

    def tail(self, statistic: float) -> tuple[float, float]:
        """Probability of a statistic above zero and at least `statistic`, and its Monte Carlo standard error."""
        return self.tails((statistic,))[0]

    def tails(self, statistics: Sequence[float]) -> list[tuple[float, float]]:
        """The tails of several statistics, in the same directions, which are drawn once."""
        if not len(self.found.within):
            return [(0.0, 0.0) for _ in statistics]
        given = [[self._tail_given(drawn, statistic) for statistic in statistics] for drawn in self._directions()]
        return [_mean_and_error(np.concatenate(parts)) for parts in zip(*given, strict=True)]

    def _directions(self) -> Iterator[np.ndarray]:
        """(B, K) shares of the eigenvalues in Σ w_s², w ~ N(0, I): Dirichlet with half the multiplicities."""
        if not self.draws:
            yield np.ones((1, 1))
        for block in range(-(-self.draws // _BLOCK)):
            shape = (_BLOCK, len(self.found.within))
            drawn = generator(self.seed, block).standard_gamma(0.5 * self.found.within_times, shape)
            drawn = drawn[: self.draws - block * _BLOCK]
            yield drawn / drawn.sum(1, keepdims=True)

    def _exponent(self, lambdas: np.ndarray, statistic: float) -> np.ndarray:
        """log e_λ."""
        return (statistic + self.times @ np.log1p(np.outer(self.xi, lambdas))) / self.degrees

    def _tail_given(self, directions: np.ndarray, statistic: float) -> np.ndarray:
        """(B,) the tail for each direction (B, K)."""
        mu = self.found.within
        longest = np.log(1e6) + min(statistic / max(self.rest, 1), 60.0)
        log_lambda = np.linspace(np.log(1e-5 / mu[-1]), longest - np.log(mu[0]), _GRID)
        lambdas = np.exp(log_lambda)
        on_grid = _inverse_ratio(self._exponent(lambdas, statistic), directions @ (1.0 / (1.0 + np.outer(mu, lambdas))))
        best = np.exp(log_lambda[0] + (log_lambda[1] - log_lambda[0]) * _highest(on_grid))
        refined = _inverse_ratio(self._exponent(best, statistic), (directions / (1.0 + np.outer(best, mu))).sum(1))
        inverse = np.maximum(refined, on_grid.max(1))
        if statistic == 0.0:
            slope = directions @ mu / (self.times @ self.xi / self.degrees) - 1.0
            inverse = np.maximum(inverse, slope)
        reached = inverse > 0.0
        if self.rest == 0:
            return reached.astype(float)
        # P(R/rest ≥ ρ) = P(rest/(R + rest) ≤ 1/(1 + ρ)), a beta variable.
        share = np.where(reached, inverse / (1.0 + inverse), 0.0)
        return betainc(0.5 * self.rest, 0.5 * self.found.rank, share)


def _mean_and_error(drawn: np.ndarray) -> tuple[float, float]:
    """The mean and its Monte Carlo standard error; 0 for one draw."""
    error = float(drawn.std(ddof=1)) / np.sqrt(len(drawn)) if len(drawn) > 1 else 0.0
    return float(drawn.mean()), float(error)


def _inverse_ratio(exponent: np.ndarray, shrunk: np.ndarray) -> np.ndarray:
    """1/ρ = (1 − e s)/(e − 1) for e = exp(exponent): smooth where ρ has a pole, negative where no ρ suffices."""
    with np.errstate(over="ignore"):
        return (1.0 - shrunk) / np.expm1(exponent) - shrunk


def _highest(values: np.ndarray) -> np.ndarray:
    """Where each row, on a grid of steps of one, is highest, by a parabola through its highest points."""
    highest = np.clip(values.argmax(1), 1, values.shape[1] - 2)
    rows = np.arange(len(values))
    left, middle, right = (values[rows, highest + shift] for shift in (-1, 0, 1))
    curvature = np.minimum(left - 2.0 * middle + right, -1e-300)
    return highest + np.clip(0.5 * (left - right) / curvature, -1.0, 1.0)
