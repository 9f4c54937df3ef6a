"""Contrasts of marginal means or slopes, tested as a family.

Example:
    >>> means = marginal_means(fit, table, "Treatment", by="sex")
    >>> contrasts(means, pairwise(), small_sample(fit))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import gcd, isinf, lcm
from typing import Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.columns import listing
from lmm.infer.hypothesis import SmallSample
from lmm.infer.interval import check_level
from lmm.infer.linearfunctions import Level, LinearFunctions, estimable
from lmm.infer.multiplicity import adjusted_p_values, check_adjustment, critical_values, interval_adjustment

DEGREES = ("linear", "quadratic", "cubic", "quartic", "quintic")


@dataclass(frozen=True, eq=False)
class ContrastFamily:
    """Contrasts of k means that are tested together.

    Attributes:
        names: of the c contrasts. weights: (c, k).
        means: k if these are all pairwise differences, else None.
        adjustment: the one that is made for this family.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    means: int | None
    adjustment: str


Family = Callable[[Sequence[str]], ContrastFamily]


@dataclass(frozen=True)
class ContrastEstimate:
    """One contrast, its test against zero and its interval, among its family.

    Attributes:
        name: "Control - Low". by: the levels of the `by` variables within which its family lies.
        estimate, se, df, t: on the scale of the formula's left side; df is None for the normal distribution.
        p: two-sided, adjusted for the family; p_single: not adjusted.
        lower, upper: interval at `level`, adjusted as `interval_adjustment` says, since Holm's method has none.
        family: the number of contrasts adjusted for, those that can be estimated.
        reason: why the rows do not determine it; then the numbers are None.
    """

    name: str
    by: dict[str, Level]
    estimate: float | None
    se: float | None
    df: float | None
    t: float | None
    p: float | None
    p_single: float | None
    lower: float | None
    upper: float | None
    level: float
    adjustment: str
    interval_adjustment: str
    family: int
    method: str
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return dict(vars(self))


def contrasts(
    functions: LinearFunctions,
    family: Family,
    small_sample: SmallSample,
    *,
    adjustment: str | None = None,
    level: float = 0.95,
) -> tuple[ContrastEstimate, ...]:
    """Contrasts over the levels of `functions.over`, a family within each level of `functions.by`.

    Args:
        functions: marginal means or simple slopes.
        family: `pairwise()`, `versus_control()`, `consecutive()`, `polynomial()` or `custom(…)`.
        small_sample: covariance and degrees of freedom, `small_sample(fit)`.
        adjustment: one of `multiplicity.ADJUSTMENTS`; by default Tukey's for pairwise differences, Dunnett's for
            comparisons with a control and consecutive ones, none for the others.
        level: of the intervals.

    Raises:
        InputError: the family does not suit the levels, or the adjustment the family, or `level` is no probability.
    """
    check_level(level)
    found: list[ContrastEstimate] = []
    for by, members in functions.groups():
        made = family([functions.name(i) for i in members])
        chosen = adjustment or made.adjustment
        check_adjustment(chosen, made.means)
        found += _family_estimates(functions, made, by, members, small_sample, chosen, level)
    return tuple(found)


def _family_estimates(
    functions: LinearFunctions,
    family: ContrastFamily,
    by: dict[str, Level],
    members: list[int],
    small_sample: SmallSample,
    adjustment: str,
    level: float,
) -> list[ContrastEstimate]:
    L = family.weights @ functions.coefficients[members]
    constants = family.weights @ functions.constants[members]
    missing = family.weights @ functions.unestimable[members]
    reasons = [_reason(functions, members, *row) for row in zip(family.weights, L, missing, strict=True)]
    kept = [i for i, reason in enumerate(reasons) if reason is None]
    tests = {i: small_sample.t_test(L[i], -float(constants[i])) for i in kept}
    variances = L[kept] @ small_sample.vcov @ L[kept].T
    sd = np.sqrt(np.diag(variances))
    correlation = variances / np.outer(sd, sd)
    df = np.array([tests[i].df for i in kept])
    adjusted = adjusted_p_values(np.array([tests[i].t for i in kept]), df, adjustment, correlation, family.means)
    critical = critical_values(df, adjustment, correlation, family.means, level)
    place = {i: j for j, i in enumerate(kept)}
    shared = (level, adjustment, interval_adjustment(adjustment), len(kept), small_sample.method)
    found = []
    for i, (name, reason) in enumerate(zip(family.names, reasons, strict=True)):
        if reason is not None:
            found.append(ContrastEstimate(name, by, *[None] * 8, *shared, reason))
            continue
        test = tests[i]
        estimate, half = test.estimate + float(constants[i]), float(critical[place[i]]) * test.se
        numbers = (None if isinf(test.df) else test.df, test.t, float(adjusted[place[i]]), test.p)
        found.append(ContrastEstimate(name, by, estimate, test.se, *numbers, estimate - half, estimate + half, *shared))
    return found


def _reason(
    functions: LinearFunctions, members: list[int], weights: np.ndarray, coefficients: np.ndarray, missing: np.ndarray
) -> str | None:
    if not estimable(missing):
        involved = [functions.reasons[i] for i, weight in zip(members, weights, strict=True) if weight]
        return next(reason for reason in involved if reason is not None)
    size = np.abs(weights) @ np.abs(functions.coefficients[members])
    if (np.abs(coefficients) <= 1e-12 * size).all():
        return "The model has no such difference: it is zero whatever the fixed effects are."
    return None


def pairwise() -> Family:
    """All differences, the earlier level less the later one; Tukey's adjustment."""

    def family(levels: Sequence[str]) -> ContrastFamily:
        k = _at_least_two(levels)
        pairs = list(combinations(range(k), 2))
        names = tuple(f"{levels[i]} - {levels[j]}" for i, j in pairs)
        eye = np.eye(k)
        return ContrastFamily(names, np.array([eye[i] - eye[j] for i, j in pairs]), k, "tukey")

    return family


def versus_control(control: str | None = None) -> Family:
    """Every other level less the control, by default the first level; Dunnett's adjustment.

    Raises InputError, when used, if there is no such level.
    """

    def family(levels: Sequence[str]) -> ContrastFamily:
        k = _at_least_two(levels)
        if control is not None and control not in levels:
            raise InputError(f"The control '{control}' is not among the levels {listing(levels)}.")
        base = 0 if control is None else list(levels).index(control)
        others = [i for i in range(k) if i != base]
        eye = np.eye(k)
        return ContrastFamily(
            tuple(f"{levels[i]} - {levels[base]}" for i in others), eye[others] - eye[base], None, "dunnett"
        )

    return family


def consecutive() -> Family:
    """Each level less the one before it; Dunnett's adjustment, which takes the contrasts' own correlations."""

    def family(levels: Sequence[str]) -> ContrastFamily:
        k = _at_least_two(levels)
        names = tuple(f"{levels[i + 1]} - {levels[i]}" for i in range(k - 1))
        return ContrastFamily(names, np.diff(np.eye(k), axis=0), None, "dunnett")

    return family


def polynomial(degree: int | None = None, scores: Sequence[float] | None = None) -> Family:
    """Orthogonal polynomial contrasts of degree 1 to `degree` in whole numbers; not adjusted.

    Args:
        degree: the highest; by default one less than the levels, at most 5.
        scores: where the levels lie, one number each; by default equally far apart, as in R's emmeans.

    Raises InputError, when used, if there are too few levels for the degree or the scores are not one per level.
    """

    def family(levels: Sequence[str]) -> ContrastFamily:
        k = _at_least_two(levels)
        highest = min(k - 1, len(DEGREES)) if degree is None else degree
        if not 1 <= highest <= min(k - 1, len(DEGREES)):
            raise InputError(f"{k} levels carry polynomial contrasts of degree 1 to {min(k - 1, len(DEGREES))}.")
        if scores is not None and len(set(scores)) != k:
            raise InputError(f"There are {k} levels: give as many different scores, not {len(set(scores))}.")
        positions = [Fraction(i) for i in range(k)] if scores is None else [Fraction(str(one)) for one in scores]
        return ContrastFamily(DEGREES[:highest], _orthogonal_polynomials(positions, highest), None, "none")

    return family


def custom(weights: Mapping[str, Sequence[float]]) -> Family:
    """Contrasts as given: {"dose": [-1, 0.5, 0.5]}, a weight per level; not adjusted unless asked for.

    Raises InputError, when used, if the weights are not one per level.
    """

    def family(levels: Sequence[str]) -> ContrastFamily:
        for name, given in weights.items():
            if len(given) != len(levels):
                raise InputError(
                    f"The contrast '{name}' has {len(given)} weights for the {len(levels)} levels {listing(levels)}."
                )
        return ContrastFamily(tuple(weights), np.array([list(map(float, w)) for w in weights.values()]), None, "none")

    return family


def _at_least_two(levels: Sequence[str]) -> int:
    if len(levels) < 2:
        raise InputError(f"A contrast needs two levels or more, and there is only {listing(levels)}.")
    return len(levels)


def _orthogonal_polynomials(positions: list[Fraction], degree: int) -> np.ndarray:
    """(degree, k) by Gram and Schmidt in fractions, each row scaled to the smallest whole numbers."""
    basis = [[Fraction(1)] * len(positions)]
    for power in range(1, degree + 1):
        row = [position**power for position in positions]
        for earlier in basis:
            share = sum(a * b for a, b in zip(row, earlier, strict=True)) / sum(b * b for b in earlier)
            row = [a - share * b for a, b in zip(row, earlier, strict=True)]
        basis.append(row)
    return np.array([_whole_numbers(row) for row in basis[1:]])


def _whole_numbers(row: list[Fraction]) -> list[float]:
    denominator = lcm(*(one.denominator for one in row))
    whole = [int(one * denominator) for one in row]
    divisor = gcd(*whole)
    return [float(one // divisor) for one in whole]
