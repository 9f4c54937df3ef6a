"""Collinearity of the fixed effects: how much of a term's precision do the others cost?"""

from __future__ import annotations

import numpy as np

from lmm.diagnose.check import FINE, LOOK, WRONG, Check
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.labels import bare, shorten
from lmm.numbers import decimal, listing, significant
from lmm.select.slopeterms import names_in

_HIGH, _VERY_HIGH = 5.0, 10.0
"""Thresholds of GVIF^(1/df), by which variances grow (James et al. 2021, section 3.3.3)."""
_ILL_CONDITIONED = 30.0
"""Condition number of columns of unit length above which estimates suffer (Belsley, Kuh & Welsch 1980, section 3.2)."""


def collinearity(evidence: Evidence) -> dict | None:
    """Generalised variance inflation of each term, and the condition number of the columns; None for fewer than two.

    Returns {"terms": [{"term", "df", "gvif", "se_factor", "inherent"}], "condition_number", "check"}. `se_factor` is
    GVIF^(1/(2 df)): by how much the term's standard errors are longer than without collinearity. `inherent` says that
    the term shares its columns with another one (x with x:z, x with I(x^2)), which inflates it by design.
    """
    design, fit = evidence.fit.design, evidence.fit
    term_of = np.array([design.term_of_column[place] for place in fit.kept])
    present = [k for k in range(len(design.term_labels)) if np.any(term_of == k)]
    if len(present) < 2:
        return None
    inflation = generalised_vif(fit.vcov_beta, term_of)
    labels = [design.term_labels[k] for k in present]
    terms = [
        {
            "term": bare(label),
            "df": int((term_of == k).sum()),
            "gvif": inflation[k],
            "se_factor": inflation[k] ** (0.5 / int((term_of == k).sum())),
            "inherent": any(_shares_columns(label, other) for other in labels if other != label),
        }
        for k, label in zip(present, labels, strict=True)
    ]
    condition = condition_number(np.sqrt(evidence.weights)[:, None] * evidence.X)
    return {"terms": terms, "condition_number": condition, "check": _check(terms, condition).to_dict()}


def generalised_vif(covariance: np.ndarray, term_of: np.ndarray) -> dict[int, float]:
    """GVIF of each term: det R₁₁ det R₂₂ / det R of the correlations of the estimates (Fox & Monette 1992).

    Args:
        covariance: (p, p) of the coefficients, the intercept included.
        term_of: (p,) the term of each coefficient, -1 for the intercept, which is left out.
    """
    kept = np.flatnonzero(term_of >= 0)
    sd = np.sqrt(np.diag(covariance))[kept]
    correlation = covariance[np.ix_(kept, kept)] / np.outer(sd, sd)
    term_of = term_of[kept]

    def log_determinant(of: np.ndarray) -> float:
        return float(np.linalg.slogdet(correlation[np.ix_(of, of)])[1]) if of.any() else 0.0

    everything = log_determinant(np.ones(len(kept), dtype=bool))
    return {
        int(term): float(np.exp(log_determinant(term_of == term) + log_determinant(term_of != term) - everything))
        for term in np.unique(term_of)
    }


def condition_number(X: np.ndarray) -> float:
    """Largest over smallest singular value of the columns (n, p) scaled to unit length, the intercept included."""
    values = np.linalg.svd(X / np.sqrt((X**2).sum(axis=0)), compute_uv=False)
    return float(values[0] / values[-1])


def _shares_columns(label: str, other: str) -> bool:
    return bool(set(names_in(label)) & set(names_in(other)))


def _check(terms: list[dict], condition: float) -> Check:
    apart = [term for term in terms if not term["inherent"]]
    high = [term for term in apart if term["se_factor"] ** 2 >= _HIGH]
    largest = max(apart or terms, key=lambda term: term["se_factor"])
    value = largest["se_factor"] ** 2
    found = FINE if not high else WRONG if value >= _VERY_HIGH else LOOK
    name, times = shorten(largest["term"]), decimal(largest["se_factor"])
    if high:
        named = listing([shorten(term["term"]) for term in high])
        sentence = (
            f"The fixed effects are collinear: the effects of {named} can hardly be told from those of the others "
            f"(standard errors of {name} {times} times as long as without the others)."
        )
    elif apart:
        sentence = f"The fixed effects are not collinear: standard errors grow by a factor of {times} at most ({name})."
    else:
        sentence = (
            "All terms share their columns with others (interactions or curves), which inflates their standard errors "
            f"by design: up to {times} times ({name}). Centring the predictors undoes most of it and changes no test "
            "of the highest terms."
        )
    if condition >= _ILL_CONDITIONED:
        sentence += (
            f" The condition number of the scaled columns is {significant(condition, 2)}, above "
            f"{_ILL_CONDITIONED:.0f}: centre the predictors."
        )
    return Check(
        name="collinearity",
        what="Largest GVIF^(1/df) of a term that shares no column with another",
        value=value,
        share=None,
        verdict=found,
        sentence=sentence,
    )
