"""Selection of the fixed effects at a given random part: never by default, and always labelled as such.

Example:
    >>> full = lmm.fit("weight ~ sex * Treatment + Lsize + (1 | Litter)", ratpup, reml=False)
    >>> select_fixed_effects(full, BACKWARD, "AICc", protected=["Treatment"]).to_dict()

Choosing the terms that fit best and then testing them with the same data makes p-values too small and estimates too
large (Freedman 1983, The American Statistician 37: 152–155; Harrell 2015, Regression Modeling Strategies, section
4.3): `Selection.cautions` says so wherever something could be selected, and `lmm.select.inclusion` shows how often
resampled groups would have led to the same terms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.model import one_thread
from lmm.numbers import count, counted, listing
from lmm.select.allsubsets import MOST_MEANS, all_subsets, refuse_too_many
from lmm.select.backward import backward
from lmm.select.fixedeffects import SMALL_SAMPLE
from lmm.select.forward import forward
from lmm.select.meanfits import MeanFit, MeanFits, scope_of_fit
from lmm.select.preference import CRITERIA, VALUES, Preference, TermTest, lowest, term_test
from lmm.select.procedure import Move, Procedure, moves_of
from lmm.select.scope import Mean, Scope
from lmm.select.selectionreasons import criterion_words, question, reason_of_lowest, reason_of_move
from lmm.select.step import LRT

if TYPE_CHECKING:
    from lmm.model import Fit

BACKWARD, FORWARD, ALL_SUBSETS = "backward", "forward", "allsubsets"
PROCEDURES: dict[str, Callable[[Scope, Preference], Procedure]] = {
    BACKWARD: backward,
    FORWARD: forward,
    ALL_SUBSETS: all_subsets,
}
NAMES = {BACKWARD: "backward elimination", FORWARD: "forward selection", ALL_SUBSETS: "selection among all subsets"}
AFTER_SELECTION = "after selection"
CAUTION = (
    "The fixed effects were selected by the data they are tested with, so that p-values, standard errors and intervals "
    "of the final model are to be read as after selection: p-values are too small and intervals too narrow. Forward "
    "selection by AIC among ten predictors that are noise ends with some p < .05 in 49% of data sets, by simulation "
    "(see Freedman 1983)."
)


@dataclass(frozen=True)
class CandidateMean:
    """A mean that a step could have ended with.

    Attributes:
        name: "as it stands", "without x", "with x", or its right-hand side where all subsets are compared.
        terms, formula: of it.
        fit: None of its numbers mean anything where it failed.
        test: of the term that it lacks or has, or against the full mean among all subsets; None where it failed, and
            for the mean itself.
        delta: AIC, AICc and both BIC less those of the mean the step began with, or of the chosen one among all
            subsets; None where it failed.
    """

    name: str
    terms: tuple[str, ...]
    formula: str
    fit: MeanFit
    test: TermTest | None
    delta: dict[str, float] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        failed = self.fit.failure is not None
        return {
            "name": self.name,
            "terms": list(self.terms),
            "formula": self.formula,
            "failure": self.fit.failure,
            "npar": None if failed else self.fit.parameters,
            "loglik": None if failed else -0.5 * self.fit.deviance,
            "criteria": None if failed else {name: _finite(value(self.fit)) for name, value in VALUES.items()},
            "singular": None if failed else self.fit.singular,
            "test": None if self.test is None else self.test.to_dict(),
            "delta": None if self.delta is None else {name: _finite(value) for name, value in self.delta.items()},
            "r2_marginal": self.fit.r2_marginal,
            "r2_adjusted": self.fit.r2_adjusted,
        }


@dataclass(frozen=True)
class SelectionStep:
    """One decision.

    Attributes:
        question: what was asked. candidates: what could have been chosen, with what was.
        chosen: name of a candidate. reason: in a sentence.
        by_criterion: the candidate that each criterion would have chosen here.
    """

    question: str
    candidates: tuple[CandidateMean, ...]
    chosen: str
    reason: str
    by_criterion: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "question": self.question,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "chosen": self.chosen,
            "reason": self.reason,
            "by_criterion": dict(self.by_criterion),
        }


@dataclass(frozen=True)
class Selection:
    """What was selected, and how.

    Attributes:
        procedure: BACKWARD, FORWARD or ALL_SUBSETS. preference: by which criterion.
        scope: the terms, and which of them never move.
        number_of_means: how many the scope has; None where they are too many to count.
        chosen: the mean; the full one where nothing could be selected.
        steps: in order.
        failure: why nothing could be selected, or None.
        by_criterion: the mean that the whole procedure would have ended with by each criterion that it can be run by.
        groups: number of levels of the grouping factor with the fewest.
    """

    procedure: str
    preference: Preference
    scope: Scope
    number_of_means: int | None
    chosen: Mean
    steps: tuple[SelectionStep, ...]
    failure: str | None
    by_criterion: dict[str, Mean]
    groups: int

    @property
    def formula(self) -> str:
        """Of the selected model."""
        return self.scope.formula_of(self.chosen)

    @property
    def terms(self) -> tuple[str, ...]:
        """Labels of the selected terms, those that are held among them."""
        return self.scope.labels(self.chosen)

    @property
    def removed(self) -> tuple[str, ...]:
        """Labels of the terms of the full mean that were not selected."""
        return self.scope.labels(tuple(place for place in self.scope.full if place not in self.chosen))

    @property
    def selected(self) -> bool:
        """Whether the data had a say in which terms there are, though they may have kept them all."""
        return bool(self.scope.movable) and self.failure is None

    @property
    def cautions(self) -> tuple[str, ...]:
        """What has to stand beside every p-value and interval of the selected model."""
        if not self.selected:
            return ()
        if self.preference.criterion != LRT or self.groups >= SMALL_SAMPLE:
            return (CAUTION,)
        return CAUTION, (
            f"With {counted(self.groups, 'group')} the likelihood ratio tests of selection find terms that vary "
            "between groups too often."
        )

    @property
    def sentence(self) -> str:
        """What was done and what came of it."""
        if self.failure is not None:
            return self.failure
        if not self.scope.movable:
            return "No term of the mean may move, so that nothing was selected."
        by = f"{NAMES[self.procedure]} by {criterion_words(self.preference)}"
        kept = [label for label in self.terms if label in self.scope.labels(self.scope.movable)]
        of = counted(len(self.scope.movable), "term that may move", "terms that may move")
        kept_words = f"kept {listing(kept)}" if kept else "kept none"
        return f"{by[0].upper()}{by[1:]} {kept_words} of {of}."

    @property
    def disagreement(self) -> str | None:
        """Which criteria would have ended with another mean; None where all agree."""
        others: dict[Mean, list[str]] = {}
        for criterion, mean in self.by_criterion.items():
            if mean != self.chosen:
                others.setdefault(mean, []).append(criterion)
        if not others:
            return None
        told = "; ".join(
            f"by {listing(criteria)} with {self.scope.right_hand_side(mean)}" for mean, criteria in others.items()
        )
        return f"The same procedure would have ended {told}."

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        scope = self.scope
        return {
            "procedure": self.procedure,
            "criterion": self.preference.criterion,
            "alpha": self.preference.alpha,
            "estimator": "ML",
            "full": str(scope.formula),
            "held": {scope.terms[place]: reason for place, reason in scope.held.items()},
            "movable": list(scope.labels(scope.movable)),
            "number_of_means": self.number_of_means,
            "formula": self.formula,
            "terms": list(self.terms),
            "removed": list(self.removed),
            "selected": self.selected,
            "sentence": self.sentence,
            "failure": self.failure,
            "steps": [step.to_dict() for step in self.steps],
            "by_criterion": {name: list(scope.labels(mean)) for name, mean in self.by_criterion.items()},
            "disagreement": self.disagreement,
            "cautions": [{"subject": AFTER_SELECTION, "sentence": sentence} for sentence in self.cautions],
        }


def select_fixed_effects(
    fit: Fit,
    procedure: str,
    criterion: str,
    *,
    alpha: float = 0.05,
    protected: Collection[str] = (),
    most: int = MOST_MEANS,
) -> Selection:
    """Select terms of the mean of a model, its random part and rows staying as they are, by maximum likelihood.

    Args:
        fit: of the full mean, in memory, by whichever estimator; only its columns and cross-products are used.
        procedure: BACKWARD, FORWARD or ALL_SUBSETS.
        criterion: one of `lmm.select.preference.CRITERIA`; the likelihood ratio test takes no part in all subsets.
        alpha: level of the likelihood ratio test.
        protected: labels of terms that never move; those with a random slope do not either.
        most: how many means all subsets may be.

    Raises:
        InputError: no such procedure, criterion or term, too many means, or a fit that was read from a file or has no
            random effects.
    """
    scope = scope_of_fit(fit, protected)
    preference = Preference(criterion, alpha)
    started = started_procedure(procedure, scope, preference, most)
    fits = MeanFits.of_fit(fit, scope)
    with one_thread():
        moves = moves_of(started, fits)
        steps = tuple(_step(scope, preference, fits, move) for move in moves)
        by_criterion = {
            other: found[-1].chosen
            for other in (CRITERIA if procedure != ALL_SUBSETS else VALUES)
            if (found := moves_of(PROCEDURES[procedure](scope, Preference(other, alpha)), fits))
        }
    return Selection(
        procedure=procedure,
        preference=preference,
        scope=scope,
        number_of_means=scope.number_of_means(),
        chosen=moves[-1].chosen if moves else scope.full,
        steps=steps,
        failure=None if moves else _failure(procedure, scope, fits),
        by_criterion=by_criterion,
        groups=fits.groups,
    )


def started_procedure(procedure: str, scope: Scope, preference: Preference, most: int = MOST_MEANS) -> Procedure:
    """A procedure by its name.

    Raises:
        InputError: there is no such procedure, it cannot follow this criterion, or it would fit too many means.
    """
    if procedure not in PROCEDURES:
        raise InputError(
            f"There is no procedure {procedure} to select fixed effects: choose {listing(list(PROCEDURES), 'or')}."
        )
    if procedure == ALL_SUBSETS:
        refuse_too_many(scope, most)
    return PROCEDURES[procedure](scope, preference)


def _failure(procedure: str, scope: Scope, fits: MeanFits) -> str:
    if procedure == ALL_SUBSETS:
        return "Nothing was selected, as no mean could be fitted."
    start, name = (scope.full, "full") if procedure == BACKWARD else (scope.smallest, "smallest")
    return f"Nothing was selected, as the {name} mean could not be fitted: {fits[start].failure.removesuffix('.')}."


def _step(scope: Scope, preference: Preference, fits: MeanFits, move: Move) -> SelectionStep:
    if move.current is None:
        return _comparison_of_all(scope, preference, fits, move)
    current, options = move.current, list(move.options)
    changes = {mean: _changed_term(scope, current, mean) for mean in options}
    names = {current: "as it stands"}
    names |= {mean: f"{'without' if len(mean) < len(current) else 'with'} {changes[mean]}" for mean in options}
    candidates = tuple(
        _candidate(scope, fits, mean, names[mean], current, None if mean == current else current)
        for mean in [current, *options]
    )
    others = {one: Preference(one, preference.alpha).among(fits, current, options) for one in CRITERIA}
    return SelectionStep(
        question=question(scope, move),
        candidates=candidates,
        chosen=names[move.chosen],
        reason=reason_of_move(preference, fits, move, changes),
        by_criterion={criterion: names[mean] for criterion, mean in others.items()},
    )


def _comparison_of_all(scope: Scope, preference: Preference, fits: MeanFits, move: Move) -> SelectionStep:
    names = {mean: scope.right_hand_side(mean) for mean in move.options}
    value = VALUES[preference.criterion]
    failed = [mean for mean in move.options if fits[mean].failure is not None]
    ranked = sorted((mean for mean in move.options if mean not in failed), key=lambda mean: value(fits[mean]))
    ranked = [move.chosen, *(mean for mean in ranked if mean != move.chosen)]
    candidates = tuple(
        _candidate(scope, fits, mean, names[mean], move.chosen, None if mean == scope.full else scope.full)
        for mean in [*ranked, *failed]
    )
    return SelectionStep(
        question=f"Which of {count(len(move.options))} means has the lowest {preference.criterion}?",
        candidates=candidates,
        chosen=names[move.chosen],
        reason=reason_of_lowest(preference, fits, ranked, names),
        by_criterion={criterion: names[lowest(ranked, fits, criterion)] for criterion in VALUES},
    )


def _candidate(
    scope: Scope, fits: MeanFits, mean: Mean, name: str, reference: Mean, tested_against: Mean | None
) -> CandidateMean:
    fit = fits[mean]
    test, delta = None, None
    if fit.failure is None:
        delta = {criterion: value(fit) - value(fits[reference]) for criterion, value in VALUES.items()}
        if tested_against is not None and fits[tested_against].failure is None:
            test = term_test(*(fits[one] for one in sorted((mean, tested_against), key=len)))
    return CandidateMean(name, scope.labels(mean), scope.formula_of(mean), fit, test, delta)


def _changed_term(scope: Scope, current: Mean, option: Mean) -> str:
    (place,) = set(current) ^ set(option)
    return scope.terms[place]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
