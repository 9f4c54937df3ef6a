"""Analysis of variance of the fixed part: an F test for every term, of type I, II or III.

Example:
    >>> anova(fit)                                     # type III, Kenward and Roger
    >>> anova(fit, "II", "satterthwaite").to_dict()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.infer.hypothesis import FTest, SmallSample
from lmm.infer.smallsample import chosen_small_sample
from lmm.infer.termhypotheses import TYPES, term_hypotheses
from lmm.numbers import listing

if TYPE_CHECKING:
    from lmm.model import Fit

HYPOTHESES = {
    "I": "Each term is adjusted for the terms before it, so that their order matters.",
    "II": "Each term is adjusted for all terms but those that contain it.",
    "III": (
        "Each term is adjusted for all others, those that contain it averaged over levels with equal weight: the "
        "hypotheses of sum contrasts, whatever contrasts the model was fitted with."
    ),
}


@dataclass(frozen=True, eq=False)
class AnovaRow:
    """The test of one term.

    Attributes:
        term: its label.
        hypothesis: (r, p) rows L over the kept fixed effects, tested against zero.
        test: None where `reason` says why there is none.
        sum_of_squares, mean_square: r and 1 times the unscaled F times the residual variance, as lmerTest has them.
    """

    term: str
    hypothesis: np.ndarray
    test: FTest | None
    sum_of_squares: float | None
    mean_square: float | None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "term": self.term,
            "sum_of_squares": self.sum_of_squares,
            "mean_square": self.mean_square,
            "test": None if self.test is None else self.test.to_dict(),
            "hypothesis": self.hypothesis.tolist(),
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class Anova:
    """The tests of all terms, in the order of the formula.

    Attributes:
        formula: of the model. coefficients: what the columns of the hypotheses belong to.
        type: "I", "II" or "III"; hypotheses: what that asks of a term, in a sentence.
        method: of the degrees of freedom; "normal" makes the tests Wald's χ², over its degrees of freedom.
        notes: what a reader has to know: a refit, a singular model, empty cells.
    """

    formula: str
    coefficients: tuple[str, ...]
    type: str
    hypotheses: str
    method: str
    rows: tuple[AnovaRow, ...]
    notes: tuple[str, ...]

    def __getitem__(self, term: str) -> AnovaRow:
        """The row of a term, by its label."""
        return next(row for row in self.rows if row.term == term)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "formula": self.formula,
            "coefficients": list(self.coefficients),
            "type": self.type,
            "hypotheses": self.hypotheses,
            "method": self.method,
            "rows": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
        }


def anova(fit: Fit, type: str = "III", method: str | SmallSample = "kenward-roger") -> Anova:
    """Test every term of the fixed part, as lmerTest's `anova` does.

    The F statistics do not depend on the coding of the factors, nor do Kenward and Roger's degrees of freedom;
    Satterthwaite's, of several rows together, depend on which level stands first (Fai & Cornelius 1996).

    Args:
        fit: the model, in memory.
        type: "I", "II" or "III", see `lmm.infer.termhypotheses`.
        method: of the degrees of freedom, see `small_sample`; or what that returned for this fit.

    Raises:
        InputError: there is no such type or method, or the fit was read from a file.
    """
    if type not in TYPES:
        raise InputError(f"There is no analysis of variance of type '{type}': choose {listing(TYPES, 'or')}.")
    found = term_hypotheses(fit, type)
    chosen = chosen_small_sample(fit, method)
    notes = [chosen.note] if chosen.note else []
    if found.empty_cells:
        notes.append(
            f"There are no rows for {listing(found.empty_cells)}: a hypothesis of type III compares what is left of "
            "the cells, and wants care."
        )
    rows = tuple(anova_row(term, L, chosen) for term, L in found.rows.items())
    return Anova(fit.formula, fit.coefficients, type, HYPOTHESES[type], chosen.method, rows, tuple(notes))


def anova_row(term: str, L: np.ndarray, small_sample: SmallSample) -> AnovaRow:
    """The F test of Lβ = 0, L (r, p), with its sums of squares; r may be 0."""
    if not len(L):
        return AnovaRow(term, L, None, None, None, explained(term))
    test = small_sample.f_test(L)
    mean_square = small_sample.sigma**2 * test.unscaled
    return AnovaRow(term, L, test, test.numerator * mean_square, mean_square)


def explained(term: str) -> str:
    """Why a term without columns of its own has no test."""
    return f"{term} adds no column that other terms do not explain, so there is nothing to test."
