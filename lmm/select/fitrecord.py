"""A fit as ladder.json holds it: the numbers that decisions and tables are made of, without the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.infer.rsquared import variance_shares

if TYPE_CHECKING:
    import pandas

    from lmm.model import Boundary, Fit, VarianceComponents


def record_of_fit(fit: Fit, table: pandas.DataFrame) -> dict[str, Any]:
    """Likelihood, criteria, estimates and state of convergence of a fit to `table`, ready for JSON.

    AIC and BIC count all parameters; BIC is over observations. A correlation beside a variance of zero is null. A
    random effect's "contribution" is what it adds to the standard deviation of the outcome, in quadratic mean over
    rows.
    """
    shares = variance_shares(fit, table)
    return {
        **state_of_fit(fit),
        "r2_marginal": shares.r2_marginal,
        "r2_conditional": shares.r2_conditional,
        "icc": shares.icc,
    }


def state_of_fit(fit: Fit) -> dict[str, Any]:
    """What a record holds beside the shares of the variance: all that decisions are made of."""
    return {
        "loglik": fit.loglik,
        "deviance": fit.deviance,
        "npar": fit.npar,
        "n": fit.n,
        "aic": fit.aic,
        "bic": fit.bic,
        "fixed": [
            {"name": name, "estimate": float(estimate), "se": float(se)}
            for name, estimate, se in zip(fit.coefficients, fit.beta, fit.se, strict=True)
        ],
        "dropped_columns": list(fit.dropped_columns),
        "random": [
            random_record(term, columns.columns) for term, columns in zip(fit.random, fit.design.random, strict=True)
        ],
        "sigma": fit.sigma,
        "groups": dict(fit.groups),
        "singular": fit.singular,
        "collapsed": list(fit.collapsed),
        "boundaries": [boundary_record(boundary) for boundary in fit.boundaries],
        "converged": fit.converged,
        "convergence": {**vars(fit.convergence), "optima": list(fit.convergence.optima)},
    }


def random_record(term: VarianceComponents, columns: np.ndarray) -> dict[str, Any]:
    """One random term with its columns (n, q)."""
    return {
        "group": term.group,
        "names": list(term.names),
        "sd": term.sd.tolist(),
        "contribution": (term.sd * np.sqrt((columns**2).mean(0))).tolist(),
        "correlation": [[finite_or_none(value) for value in row] for row in term.correlation],
    }


def boundary_record(boundary: Boundary) -> dict[str, Any]:
    """A random term on the boundary."""
    return {**vars(boundary), "names": list(boundary.names), "zero": list(boundary.zero)}


def finite_or_none(value: float) -> float | None:
    """A number as JSON can hold it."""
    return float(value) if np.isfinite(value) else None
