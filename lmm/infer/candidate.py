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

    `rows`, `weights` and `offset` identify the rows used, their weights and what was added to their mean: any values
    that are equal exactly when those are. AIC and BIC count every parameter (fixed effects, covariance parameters,
    residual variance), as lme4 does; BIC is over observations.
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
    offset: object = None


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
        random=tuple(Block.of(term.group, term.names) for term in fit.random),
        singular=fit.singular,
        rows=tuple(int(row) for row in fit.rows),
        weights=None if fit.weights is None else tuple(float(weight) for weight in fit.weights),
        offset=None if fit.offset is None else tuple(float(value) for value in fit.offset),
    )


def candidate_of_record(formula: str, outcome: str, estimator: str, record: Mapping[str, Any]) -> Candidate:
    """What a comparison needs of a recorded fit: one of the "fits" of a rung in ladder.json.

    The rungs of one ladder share rows, weights and offset by construction (the analysis table is frozen and hashed).
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
        random=tuple(Block.of(term["group"], term["names"]) for term in record["random"]),
        singular=record["singular"],
    )
