"""AIC, AICc and BIC of a marginal likelihood, under the two conventions of counting that programs follow.

Let ℓ be the maximised (restricted) log-likelihood, p the number of fixed effects that could be estimated, c that of
covariance parameters (the distinct elements of every random term's covariance, and the residual variance), n that of
rows and m that of groups.

| | parameters k by ML | k by REML | n of AICc by ML | by REML |
|---|---|---|---|---|
| `criteria` (lme4's and nlme's AIC) | p + c | p + c | n | n |
| `criteria_as_sas` (PROC MIXED) | p + c | c | n | n − p |

AIC = −2ℓ + 2k (Akaike 1974); AICc = −2ℓ + 2kn/(n − k − 1) (Hurvich & Tsai 1989); BIC = −2ℓ + k log n, over groups
−2ℓ + k log m (Schwarz 1978). Which of n and m BIC takes differs too: lme4 takes rows, SAS takes groups (the levels of
SUBJECT=), nlme takes rows by ML and n − p by REML. For a mixed model neither is right for every parameter (Delattre,
Lavielle & Poursat 2014), so both are given. REML values compare models with the same fixed effects only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import log
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmm.model import Fit


@dataclass(frozen=True)
class Criteria:
    """Criteria of one fit; the lowest value marks the best of several models of the same rows and outcome.

    Attributes:
        estimator: "REML" or "ML". parameters: k. observations: n as AICc counts it. rows: n.
        groups: m, see `independent_groups`; None without random effects.
        aic, bic: over rows. aicc: None where n ≤ k + 1. bic_groups: None without random effects.
    """

    estimator: str
    parameters: int
    observations: int
    rows: int
    groups: int | None
    aic: float
    aicc: float | None
    bic: float
    bic_groups: float | None

    def to_dict(self) -> dict[str, Any]:
        """The criteria and what was counted, as JSON has it."""
        return asdict(self)


def criteria(fit: Fit) -> Criteria:
    """Criteria that count every parameter by REML and ML alike, as lme4 does."""
    return criteria_of(fit, fit.deviance, fit.npar, fit.n)


def criteria_as_sas(fit: Fit) -> Criteria:
    """Criteria as PROC MIXED defines them: by REML the fixed effects count neither as parameters nor as observations.

    The REML criterion itself is lme4's; SAS's has the same constants. `bic_groups` is what SAS prints as BIC.
    """
    if not fit.reml:
        return criteria(fit)
    p = len(fit.beta)
    return criteria_of(fit, fit.deviance, fit.npar - p, fit.n - p)


def criteria_of(fit: Fit, deviance: float, parameters: int, observations: int) -> Criteria:
    """Criteria of a fit for a given deviance and given counts."""
    groups = independent_groups(fit.groups.values()) if fit.groups else None
    return Criteria(
        estimator="REML" if fit.reml else "ML",
        parameters=parameters,
        observations=observations,
        rows=fit.n,
        groups=groups,
        aic=akaike(deviance, parameters),
        aicc=corrected_akaike(deviance, parameters, observations),
        bic=schwarz(deviance, parameters, fit.n),
        bic_groups=None if groups is None else schwarz(deviance, parameters, groups),
    )


def akaike(deviance: float, parameters: int) -> float:
    """AIC = −2ℓ + 2k (Akaike 1974)."""
    return deviance + 2.0 * parameters


def corrected_akaike(deviance: float, parameters: int, observations: int) -> float | None:
    """AICc = −2ℓ + 2kn/(n − k − 1) (Hurvich & Tsai 1989), which is None where n ≤ k + 1."""
    left = observations - parameters - 1
    return deviance + 2.0 * parameters * observations / left if left > 0 else None


def schwarz(deviance: float, parameters: int, units: int) -> float:
    """BIC = −2ℓ + k log(units), the units being rows or groups (Schwarz 1978)."""
    return deviance + log(units) * parameters


def independent_groups(levels: Iterable[int]) -> int:
    """How many groups BIC counts, given the number of levels of every grouping factor: the fewest.

    Where factors are nested these are the independent units, which SAS counts. Where they are crossed no units are
    independent, and the fewest is a convention.
    """
    return min(levels)
