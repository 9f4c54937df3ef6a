"""Intraclass correlation: the share of the variance around the fixed part that lies between levels."""

from __future__ import annotations

import numpy as np

from lmm.diagnose.evidence import Evidence

DEFINITION = (
    "Share of the variance that the fixed part leaves; a term with slopes enters with its variance averaged over the "
    "rows (Johnson 2014)."
)


def intraclass_correlation(evidence: Evidence) -> dict:
    """ICC per grouping factor of the final fit, adjusted for its fixed part.

    The variance of a term is the mean over rows of z'Σz (Johnson 2014, Methods in Ecology and Evolution 5, 944–946),
    which is the plain variance for an intercept; the residual variance is σ², that of a row of weight 1, as in
    `lmm.infer.rsquared`.
    Returns {"definition", "levels": [{"group", "variance", "icc"}], "residual_variance"}.
    """
    variances: dict[str, float] = {}
    for term, component in zip(evidence.terms, evidence.fit.random, strict=True):
        columns = np.asarray(term.columns)
        mean = float(np.einsum("ni,ij,nj->n", columns, component.covariance, columns).mean())
        variances[component.group] = variances.get(component.group, 0.0) + mean
    residual = float(evidence.fit.sigma**2)
    total = sum(variances.values()) + residual
    return {
        "definition": DEFINITION,
        "levels": [
            {"group": group, "variance": variance, "icc": variance / total if total > 0 else None}
            for group, variance in variances.items()
        ],
        "residual_variance": residual,
    }
