"""Which null distribution the test of a random part gets, and why: a decision on facts alone.

| what is tested (same fixed part) | null distribution |
|---|---|
| correlations only | χ², no halving |
| one variance, the only one | exact |
| anything on the boundary with the mixture's p in [.01, .20] and fewer than 30 groups | parametric bootstrap |
| one variance among others | exact for the model that has only this one, an approximation |
| anything else on the boundary | mixture of χ² |
"""

from __future__ import annotations

from dataclasses import dataclass

EXACT, APPROXIMATE, BOOTSTRAP = "exact", "approximate", "bootstrap"
MIXTURE, CHI_SQUARED, NONE = "mixture", "chi-squared", "none"

# The mixture is a large-sample law; where its p might be on either side of a limit and groups are few, it is not asked.
DOUBTFUL = (0.01, 0.20)
FEW_GROUPS = 30
LEAST_DRAWS = 999


@dataclass(frozen=True)
class Comparison:
    """What the choice depends on.

    Attributes:
        null: the mixture in signs, "½χ²₀ + ½χ²₁", or None where there is none.
        interior: whether all that is tested lies inside its range, so that the mixture is a single χ².
        mixture_p: by that mixture, or None.
        reason: why there is no mixture, or None.
        one_variance: whether the models differ by one variance that is correlated with no other.
        other_variances: number of variances in the smaller model.
        groups: levels of the tested grouping factor, the fewest where several are tested.
        kinds_allow_exact: whether the exact law can be computed for these groups.
        draws: bootstrap draws that may be spent; 0 for none.
    """

    null: str | None
    interior: bool
    mixture_p: float | None
    reason: str | None
    one_variance: bool
    other_variances: int
    groups: int
    kinds_allow_exact: bool
    draws: int


@dataclass(frozen=True)
class NullChoice:
    """A null distribution by its name and the sentence that says why."""

    method: str
    sentence: str


def always_bootstrap(comparison: Comparison) -> NullChoice:
    """The parametric bootstrap for whatever lies on the boundary, for those who trust no large-sample law."""
    by_rule = choose_null(comparison)
    if comparison.mixture_p is None or comparison.interior or not comparison.draws:
        return by_rule
    return NullChoice(
        BOOTSTRAP, f"The null distribution is by parametric bootstrap, {comparison.draws} draws, as the study asks."
    )


def choose_null(comparison: Comparison) -> NullChoice:
    """The null distribution for a comparison of random parts."""
    mixture_p = comparison.mixture_p
    if mixture_p is None:
        return NullChoice(NONE, comparison.reason or "The models are not nested, so there is no p-value.")
    if comparison.interior:
        return NullChoice(
            CHI_SQUARED,
            f"Only correlations are tested, which lie inside their range: p is by {comparison.null}, without halving.",
        )
    alone = comparison.one_variance and comparison.kinds_allow_exact
    if alone and not comparison.other_variances:
        return NullChoice(
            EXACT,
            "One variance is tested and it is the only one, so the null distribution is exact for this design "
            "(Crainiceanu & Ruppert 2004).",
        )
    few = f"with {comparison.groups} groups and p = {mixture_p:.2g} by {comparison.null}"
    doubtful = DOUBTFUL[0] <= mixture_p <= DOUBTFUL[1] and comparison.groups < FEW_GROUPS
    if doubtful and comparison.draws:
        fewer = "" if comparison.draws >= LEAST_DRAWS else f"; {LEAST_DRAWS} or more are advised"
        return NullChoice(
            BOOTSTRAP,
            f"The large-sample mixture is in doubt {few}: the null distribution is by parametric bootstrap, "
            f"{comparison.draws} draws{fewer}.",
        )
    if alone:
        return NullChoice(
            APPROXIMATE,
            "One variance is tested among others: its null distribution is that of the model which has this one only "
            "(Greven et al. 2008), an approximation.",
        )
    doubt = f" It is in doubt {few}, so a parametric bootstrap would be better." if doubtful else ""
    return NullChoice(
        MIXTURE, f"The null hypothesis lies on the boundary: p is by the large-sample mixture {comparison.null}.{doubt}"
    )
