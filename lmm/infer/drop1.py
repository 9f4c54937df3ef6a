"""Single-term deletions: what the model loses with each term of the fixed part that may go alone, as R's `drop1`.

A term may go where no other contains it (Nelder 1977; R's `drop.scope`); what is left is laid out anew from the values
the model was fitted to, so that no row can come back.

Example:
    >>> single_term_deletions(fit)                   # likelihood ratio tests by maximum likelihood
    >>> single_term_f_tests(fit)            # F tests in the model itself, Kenward and Roger
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.engine.whitening import COLLINEAR, whiten_fixed
from lmm.formula import parse
from lmm.formula.marginality import degrees_of, right_hand_side
from lmm.formula.model_matrix import blocks, column_names, matrix
from lmm.formula.terms import Terms
from lmm.infer.anovatable import AnovaRow, anova_row, explained
from lmm.infer.candidate import candidate_of_fit
from lmm.infer.hypothesis import SmallSample
from lmm.infer.likelihoodratio import LikelihoodRatioTest, compare_fixed_parts
from lmm.infer.live import design_of
from lmm.infer.sequence import fitted_by_ml
from lmm.infer.smallsample import chosen_small_sample
from lmm.infer.termhypotheses import unchecked
from lmm.numbers import listing

if TYPE_CHECKING:
    from lmm.formula import Design
    from lmm.model import Fit


@dataclass(frozen=True, eq=False)
class Deletion:
    """A model by maximum likelihood without one term.

    Attributes:
        term: its label.
        fit: the model without it.
        test: against the full model; None where `reason` says why there is none.
        note: why the term had better stay although it may go, or None.
    """

    term: str
    fit: Fit
    test: LikelihoodRatioTest | None
    reason: str | None
    note: str | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "term": self.term,
            "formula": self.fit.formula,
            "npar": self.fit.npar,
            "loglik": self.fit.loglik,
            "aic": self.fit.aic,
            "bic": self.fit.bic,
            "converged": self.fit.converged,
            "singular": self.fit.singular,
            "test": None if self.test is None else self.test.to_dict(),
            "reason": self.reason,
            "note": self.note,
        }


@dataclass(frozen=True, eq=False)
class Deletions:
    """The full model by maximum likelihood and its deletions, in the order of the formula.

    `refitted` tells that the model had been fitted by REML; `contained` are the terms that may not go, being contained
    in others.
    """

    full: Fit
    deletions: tuple[Deletion, ...]
    contained: tuple[str, ...]
    refitted: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "estimator": "ML",
            "refitted": self.refitted,
            "formula": self.full.formula,
            "npar": self.full.npar,
            "loglik": self.full.loglik,
            "aic": self.full.aic,
            "bic": self.full.bic,
            "deletions": [one.to_dict() for one in self.deletions],
            "contained": list(self.contained),
        }


def single_term_deletions(fit: Fit) -> Deletions:
    """Likelihood ratio tests of every term that may go alone, by maximum likelihood.

    Raises:
        InputError: the fit was read from a file.
    """
    terms = parse(fit.recipe.formula).fixed
    full = fitted_by_ml(fit)
    places = droppable_places(terms)
    found = tuple(_deletion(full, terms, place) for place in places)
    contained = tuple(label for place, label in enumerate(terms.term_labels) if place not in places)
    return Deletions(full, found, contained, fit.reml)


def single_term_f_tests(fit: Fit, method: str | SmallSample = "kenward-roger") -> tuple[AnovaRow, ...]:
    """F tests, in the model itself, that the mean lies where it could without a term, of every term that may go alone.

    Args:
        fit: the model, in memory. method: of the degrees of freedom, see `small_sample`; or what that returned.

    Raises:
        InputError: there is no such method, or the fit was read from a file.
    """
    design, terms = design_of(fit), parse(fit.recipe.formula).fixed
    chosen = chosen_small_sample(fit, method)
    return tuple(
        anova_row(terms.term_labels[place], hypothesis_without(fit, design, terms, place), chosen)
        for place in droppable_places(terms)
    )


def droppable_places(terms: Terms) -> list[int]:
    """Positions of the terms whose variables are not all among those of another."""
    sets = [frozenset(term) for term in terms.terms]
    return [place for place, own in enumerate(sets) if not any(own < other for other in sets)]


def hypothesis_without(fit: Fit, design: Design, terms: Terms, place: int) -> np.ndarray:
    """Rows (r, p) L with Lβ = 0 where the mean lies in the columns laid out without a term; r may be 0."""
    own = np.asarray(design.term_of_column) == place
    smaller = design_without(design, terms, place)
    if not fit.dropped_columns and smaller.names == tuple(np.asarray(design.names)[~own]):
        return np.eye(len(fit.beta))[own]
    # What the smaller model leaves of each column, in coordinates in which the columns are orthonormal.
    whitened = whiten_fixed(np.zeros(fit.n), design.X[:, fit.kept])
    larger, within = whitened.orthonormal, whiten_fixed(np.zeros(fit.n), smaller.X).orthonormal
    left = larger - within @ (within.T @ larger) / fit.n
    _, lengths, directions = np.linalg.svd(left / np.sqrt(fit.n), full_matrices=False)
    return directions[lengths > COLLINEAR] @ whitened.upper


def design_without(design: Design, terms: Terms, place: int) -> Design:
    """The same rows and random terms, and a fixed part without the term at `place`."""
    parsed = parse(design.recipe.formula)
    kept = [label for i, label in enumerate(terms.term_labels) if i != place]
    formula = " + ".join([f"{parsed.outcome} ~ {right_hand_side(terms, kept)}", *parsed.random_texts])
    smaller = parse(formula).fixed
    laid_out = blocks(smaller, design.values, len(design.y), unchecked)
    return replace(
        design,
        X=matrix(laid_out, len(design.y)),
        names=column_names(laid_out),
        term_of_column=tuple(block.term for block in laid_out for _ in block.names),
        term_labels=smaller.term_labels,
        recipe=replace(design.recipe, formula=formula),
    )


def _deletion(full: Fit, terms: Terms, place: int) -> Deletion:
    from lmm.model import fit_design

    label = terms.term_labels[place]
    smaller = design_without(design_of(full), terms, place)
    fit = fit_design(smaller.recipe.formula, smaller, reml=False, n_data=full.n + full.n_dropped)
    fit = replace(fit, offset_by_array=full.offset_by_array)
    note = _power_note(terms, place)
    if len(fit.beta) == len(full.beta):
        return Deletion(label, fit, None, explained(label), note)
    test = compare_fixed_parts(candidate_of_fit(fit), candidate_of_fit(full))
    return Deletion(label, fit, test, test.reason, note)


def _power_note(terms: Terms, place: int) -> str | None:
    """A warning where a higher power of the term's variables stays: x beside I(x^2)."""
    degrees = [degrees_of([terms.variables[i] for i in term]) for term in terms.terms]
    own = degrees[place]
    higher = [
        label
        for label, other in zip(terms.term_labels, degrees, strict=True)
        if own <= other and any(other[variable] > power for variable, power in own.items())
    ]
    if not higher:
        return None
    return (
        f"{listing(higher)} stay{'s' * (len(higher) == 1)} without {terms.term_labels[place]}, so that the test "
        "depends on where the variable has its zero."
    )
