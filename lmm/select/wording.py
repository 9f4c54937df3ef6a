"""The sentences a decision is given in."""

from __future__ import annotations

from lmm.infer.nullchoice import APPROXIMATE, BOOTSTRAP, EXACT
from lmm.infer.nulldistribution import chi_squared
from lmm.numbers import count, decimal, p_value
from lmm.select.criteria import BIC
from lmm.select.tested import Tested


def signed(value: float, places: int = 1) -> str:
    """A difference with its sign: "+8.3", "−38.8", "0.0"."""
    text = decimal(value, places)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def evidence(test: Tested) -> str:
    """Statistic, p-values and criteria of a test: "REML likelihood ratio 42.84, p < .001 under …, ΔAIC −38.8, …"."""
    ratio = test.ratio
    differences = f"ΔAIC {signed(ratio.delta_aic)}, ΔBIC {signed(ratio.delta_bic)}"
    if test.p is None:
        return f"no p-value, {differences}"
    naive = chi_squared(ratio.naive_df)
    source = null_words(test.method, str(ratio.null), test.draws)
    others = [] if source.endswith(str(ratio.null)) else [f"{ratio.null}: {p_value(ratio.p)}"]
    others += [] if ratio.null == naive else [f"naive {naive}: {p_value(ratio.naive_p)}"]
    beside = f" ({'; '.join(others)})" if others else ""
    statistic = f"{ratio.estimator} likelihood ratio {decimal(ratio.statistic)}"
    return f"{statistic}, {p_value(test.p)} {source}{beside}, {differences}"


def null_words(method: str, null: str, draws: int) -> str:
    """Which null distribution gave a p-value, as it follows that: "under ½χ²₀ + ½χ²₁", "by parametric bootstrap …"."""
    return {
        EXACT: "by the exact null distribution",
        APPROXIMATE: "by the null distribution of this variance alone",
        BOOTSTRAP: f"by parametric bootstrap of {count(draws)} draws",
    }.get(method, f"under {null}")


def by_criterion(criterion: str) -> str:
    """A criterion as it follows "by": "AIC", "BIC over observations"."""
    return {BIC: "BIC over observations"}.get(criterion, criterion)


def level(alpha: float) -> str:
    """A significance level: "α = .20"."""
    return f"α = {alpha:.2f}".replace("0.", ".", 1) if round(alpha, 2) == alpha else f"α = {alpha:g}"


def without_full_stop(sentence: str) -> str:
    """A sentence to be put inside another."""
    return sentence.rstrip().removesuffix(".")
