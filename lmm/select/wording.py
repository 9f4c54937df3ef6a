"""The sentences a decision is given in."""

from __future__ import annotations

from lmm.infer.likelihoodratio import LikelihoodRatioTest
from lmm.infer.nulldistribution import chi_squared
from lmm.numbers import decimal, p_value


def signed(value: float, places: int = 1) -> str:
    """A difference with its sign: "+8.3", "−38.8", "0.0"."""
    text = decimal(value, places)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def evidence(test: LikelihoodRatioTest) -> str:
    """Statistic, p-values and criteria of a test: "REML likelihood ratio 42.84, p < .001 under …, ΔAIC −38.8, …"."""
    differences = f"ΔAIC {signed(test.delta_aic)}, ΔBIC {signed(test.delta_bic)}"
    if test.p is None:
        return f"no p-value, {differences}"
    naive = chi_squared(test.naive_df)
    beside = "" if test.null == naive else f" (naive {naive}: {p_value(test.naive_p)})"
    return (
        f"{test.estimator} likelihood ratio {decimal(test.statistic)}, {p_value(test.p)} under {test.null}{beside}, "
        f"{differences}"
    )


def level(alpha: float) -> str:
    """A significance level: "α = .20"."""
    return f"α = {alpha:.2f}".replace("0.", ".", 1) if round(alpha, 2) == alpha else f"α = {alpha:g}"


def without_full_stop(sentence: str) -> str:
    """A sentence to be put inside another."""
    return sentence.rstrip().removesuffix(".")
