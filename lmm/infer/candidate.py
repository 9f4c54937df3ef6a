"""A fitted model reduced to what a comparison of models needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.infer.randomstructure import INTERCEPT, Block

if TYPE_CHECKING:
    from lmm.formula.design import RandomTerm
    from lmm.model import Fit


@dataclass(frozen=True)
class Candidate:
    """One fitted model, whether at hand as a Fit or read back from a file.

    `rows`, `weights` and `offset` identify the rows used, their weights and what was added to their mean: any values
    that are equal exactly when those are. AIC and BIC count every parameter (fixed effects, covariance parameters,
    residual variance), as lme4 does; BIC is over observations. `columns` (n, p) are those of the coefficients, where
    they are at hand.
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
    columns: np.ndarray | None = field(default=None, compare=False, repr=False)


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
        random=tuple(Block.of(term.group, term.names) for term in fit.random)
        if fit.design is None
        else tuple(block_of_term(term) for term in fit.design.random),
        singular=fit.singular,
        rows=tuple(fit.rows.tolist()),
        weights=None if fit.weights is None else tuple(fit.weights.tolist()),
        offset=None if fit.offset is None else tuple(fit.offset.tolist()),
        columns=None if fit.design is None else fit.design.X[:, fit.kept],
    )


def block_of_term(term: RandomTerm) -> Block:
    """The block of a random term; a coefficient per level of a factor counts as an intercept and one less.

    (0 + f | g) and (f | g) are one model, and only the second shows that (1 | g) is within it.
    """
    if INTERCEPT in term.names or not spans_constant(term.columns):
        return Block.of(term.group, term.names)
    return Block.of(term.group, [INTERCEPT, *term.names[1:]])


def spans_constant(columns: np.ndarray) -> bool:
    """Whether some combination of the columns (n, q) is one in every row."""
    return is_spanned(np.ones((len(columns), 1)), columns)


def is_spanned(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether the columns of `inner` (n, k) are combinations of those of `outer` (n, p), up to rounding."""
    scale = np.sqrt((outer * outer).mean(0))
    basis, _ = np.linalg.qr(outer / np.where(scale > 0, scale, 1.0))
    left = inner - basis @ (basis.T @ inner)
    return bool((np.abs(left).max(0) <= 1e-7 * np.abs(inner).max(0)).all())


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
