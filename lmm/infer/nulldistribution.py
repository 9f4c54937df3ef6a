"""The null distribution of a likelihood ratio statistic: a mixture of χ² distributions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from scipy.special import gammaincc

FRACTION_SIGNS = {"1/2": "½", "1/4": "¼", "3/4": "¾", "1/8": "⅛", "3/8": "⅜", "5/8": "⅝", "7/8": "⅞"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class NullDistribution:
    """A mixture Σ wᵢ χ²(dfᵢ); χ²(0) is the point mass at zero.

    The weights sum to 1 and belong, in order, to the ascending degrees of freedom. Printed as "½χ²₀ + ½χ²₁".
    """

    weights: tuple[float, ...]
    df: tuple[int, ...]

    def tail(self, statistic: float) -> float:
        """Probability of a statistic at least as large as `statistic`; 1 at zero and below."""
        return float(sum(w * chi_squared_tail(statistic, d) for w, d in self))

    def __iter__(self):
        return iter(zip(self.weights, self.df, strict=True))

    def __add__(self, other: NullDistribution) -> NullDistribution:
        """Distribution of the sum of two independent statistics: weights multiply, degrees of freedom add."""
        weight_of: dict[int, float] = defaultdict(float)
        for own_weight, own_df in self:
            for other_weight, other_df in other:
                weight_of[own_df + other_df] += own_weight * other_weight
        df = tuple(sorted(weight_of))
        return NullDistribution(tuple(weight_of[d] for d in df), df)

    def __str__(self) -> str:
        return " + ".join(f"{weight_text(w)}{chi_squared_text(d)}" for w, d in self)


def chi_squared(df: int) -> NullDistribution:
    """The plain χ²(df), for parameters inside their range under the null hypothesis."""
    return NullDistribution((1.0,), (df,))


def half_and_half(df: int) -> NullDistribution:
    """½χ²(df) + ½χ²(df + 1): one variance at its boundary beside `df` free parameters (Self & Liang 1987,
    case 6; Stram & Lee 1994, case 3)."""
    return NullDistribution((0.5, 0.5), (df, df + 1))


def chi_squared_tail(statistic: float, df: int) -> float:
    """P(χ²(df) ≥ statistic)."""
    if df == 0 or statistic <= 0:
        return float(statistic <= 0)
    return float(gammaincc(df / 2, statistic / 2))


def chi_squared_text(df: int) -> str:
    """ "χ²₁" and the like."""
    return f"χ²{str(df).translate(SUBSCRIPTS)}"


def weight_text(weight: float) -> str:
    """A weight as a fraction: "" for 1, "½", "⅜", "5/16·"."""
    if weight == 1:
        return ""
    fraction = str(Fraction(weight).limit_denominator(1 << 20))
    return FRACTION_SIGNS.get(fraction, f"{fraction}·")
