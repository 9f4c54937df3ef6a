"""A fitted model reduced to what a comparison of models needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmm.infer.randomstructure import Block

if TYPE_CHECKING:
    from lmm.model import Fit


@dataclass(frozen=True)
class Candidate:
    """One fitted model, whether at hand as a Fit or read back from a file.

    `rows` and `weights` identify the rows used and their weights: any values that are equal exactly when
    those are. AIC and BIC count every parameter (fixed effects, covariance parameters, residual variance), as
    lme4 does; BIC is over observations.
    """

    formula: str
    outcome: str
    estimator: str
    loglik: float
    npar: int
    n: int
    aic: float
    bic: float
    coefficients: tuple[str, ...]
    random: tuple[Block, ...]
    singular: bool
    rows: object = None
    weights: object = None


def candidate_of_fit(fit: Fit) -> Candidate:
    """What a comparison needs of a Fit."""
    return Candidate(
        formula=fit.formula,
        outcome=fit.outcome,
        estimator="REML" if fit.reml else "ML",
        loglik=fit.loglik,
        npar=fit.npar,
        n=fit.n,
        aic=fit.aic,
        bic=fit.bic,
        coefficients=tuple(fit.coefficients),
        random=tuple(Block(term.group, frozenset(term.names)) for term in fit.random),
        singular=fit.singular,
        rows=tuple(int(row) for row in fit.rows),
        weights=None if fit.weights is None else tuple(float(weight) for weight in fit.weights),
    )


def candidate_of_record(formula: str, outcome: str, estimator: str, record: Mapping[str, Any]) -> Candidate:
    """What a comparison needs of a recorded fit: one of the "fits" of a rung in ladder.json.

    The rungs of one ladder share rows and weights by construction (the analysis table is frozen and hashed).
    """
    return Candidate(
        formula=formula,
        outcome=outcome,
        estimator=estimator,
        loglik=record["loglik"],
        npar=record["npar"],
        n=record["n"],
        aic=record["aic"],
        bic=record["bic"],
        coefficients=tuple(effect["name"] for effect in record["fixed"]),
        random=tuple(Block(term["group"], frozenset(term["names"])) for term in record["random"]),
        singular=record["singular"],
    )
