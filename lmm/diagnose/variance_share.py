"""Intraclass correlation: the share of the variance around the fixed part that lies between levels."""

from __future__ import annotations

from lmm.infer.rsquared import VarianceShares

DEFINITION = (
    "Share of the variance that the fixed part leaves; a term with slopes enters with its variance averaged over the "
    "rows (Johnson 2014)."
)


def intraclass_correlation(shares: VarianceShares) -> dict:
    """ICC per grouping factor of the final fit, adjusted for its fixed part.

    Returns {"definition", "levels": [{"group", "variance", "icc"}], "residual_variance"}.
    """
    left = shares.random + shares.residual
    return {
        "definition": DEFINITION,
        "levels": [
            {"group": group, "variance": variance, "icc": variance / left if left > 0 else None}
            for group, variance in shares.of_factors.items()
        ],
        "residual_variance": shares.residual,
    }
