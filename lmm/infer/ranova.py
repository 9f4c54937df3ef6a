"""Analysis of the random terms: each reduced by one effect, and the reduced model tested against the full one.

The reductions are those of lmerTest's `ranova` (Kuznetsova, Brockhoff & Christensen 2017): of (1 | g) nothing is left,
(x + z | g) loses x and then z, of (x * z | g) only x:z may go, (0 + f | g) of a factor f becomes (1 | g), and
(0 + x | g) of a covariate goes. The tests differ: a variance of zero lies on the boundary, so that beside R's p, which
ignores it, stands that of the mixture (see `lmm.infer.randomstructure`). Estimator, rows, weights and offset are those
of the fit, whose columns are used again: nothing is laid out anew, and no row can come back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula import parse
from lmm.formula.deparse import deparse
from lmm.infer.candidate import spans_constant
from lmm.infer.likelihoodratio import LikelihoodRatioTest, likelihood_ratio_test
from lmm.infer.live import design_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lmm.formula.design import RandomTerm
    from lmm.formula.random_part import RandomPart
    from lmm.model import Fit


@dataclass(frozen=True, eq=False)
class Reduction:
    """A fit with one random effect less, and its test against the full one.

    Attributes:
        dropped: what was left out, as lmerTest names it: "(1 | Subject)" or "Days in (Days | Subject)".
        fit: the reduced fit, with its formula.
        test: against the full fit.
    """

    dropped: str
    fit: Fit
    test: LikelihoodRatioTest


@dataclass(frozen=True, eq=False)
class RandomAnova:
    """The full fit and its reductions, in the order of the formula."""

    full: Fit
    reductions: tuple[Reduction, ...]

    def to_dict(self) -> dict[str, Any]:
        """A row per model, the full one first."""
        return {
            "estimator": "REML" if self.full.reml else "ML",
            "full": _row(self.full),
            "reductions": [
                {"dropped": one.dropped, **_row(one.fit), "test": one.test.to_dict()} for one in self.reductions
            ],
        }


def _row(fit: Fit) -> dict[str, Any]:
    return {
        "formula": fit.formula,
        "npar": fit.npar,
        "loglik": fit.loglik,
        "aic": fit.aic,
        "converged": fit.converged,
        "singular": fit.singular,
    }


def ranova(fit: Fit) -> RandomAnova:
    """Test every random effect that may be dropped without breaking marginality.

    Raises:
        InputError: the fit was read from a file, or has no random effects.
    """
    from lmm.model import fit_design

    design = design_of(fit)
    if not fit.random:
        raise InputError(f"'{fit.formula}' has no random effects to test.")
    found = []
    for part, label in droppable(parse(fit.formula).random):
        random = without(design.random, part.group_label, label)
        formula = _formula(fit.formula, part, label, random)
        smaller = replace(design, random=random, recipe=replace(design.recipe, formula=formula))
        reduced = fit_design(formula, smaller, fit.reml, fit.n + fit.n_dropped)
        reduced = replace(reduced, offset_by_array=fit.offset_by_array)
        found.append(Reduction(_dropped(part, label), reduced, likelihood_ratio_test(reduced, fit)))
    return RandomAnova(fit, tuple(found))


def droppable(parts: Sequence[RandomPart]) -> list[tuple[RandomPart, str]]:
    """The effects that may go, by the labels of their terms ("1" for the intercept), of every random term.

    An intercept goes only where it stands alone or is independent of the others, a term where no other contains it.
    """
    out = []
    for part in parts:
        sets = [frozenset(term) for term in part.terms.terms]
        free = [
            label
            for label, own in zip(part.terms.term_labels, sets, strict=True)
            if not any(own < other for other in sets)
        ]
        if part.terms.intercept and (part.independent or not free):
            free = ["1", *free]
        out += [(part, label) for label in free]
    return out


def without(random: Sequence[RandomTerm], group: str, label: str) -> tuple[RandomTerm, ...]:
    """The random terms less the effects of one label; a factor coded by a dummy per level leaves an intercept."""
    has_intercept = any(term.group == group and "1" in term.term_of_column for term in random)
    out = []
    for term in random:
        kept = [i for i, own in enumerate(term.term_of_column) if own != label]
        if term.group != group or len(kept) == len(term.names):
            out.append(term)
            continue
        columns = term.columns[:, kept]
        names = tuple(term.names[i] for i in kept)
        labels = tuple(term.term_of_column[i] for i in kept)
        if not has_intercept and spans_constant(term.columns) and not spans_constant(columns):
            columns = np.column_stack([np.ones(len(columns)), columns])
            names, labels = ("(Intercept)", *names), ("1", *labels)
        if names:
            expression = _left_side(dict.fromkeys(labels))
            out.append(replace(term, expression=expression, names=names, columns=columns, term_of_column=labels))
    return tuple(out)


def _dropped(part: RandomPart, label: str) -> str:
    if label == "1":
        return f"(1 | {_group(part)})"
    terms = [label] if part.independent else part.terms.term_labels
    intercept = [] if part.terms.intercept and not part.independent else ["0"]
    return f"{label} in ({' + '.join([*intercept, *terms])} | {_group(part)})"


def _formula(formula: str, part: RandomPart, label: str, random: Sequence[RandomTerm]) -> str:
    """The formula with `label` dropped from one of its random terms, `random` being what is left of them."""
    parsed = parse(formula)
    texts = []
    for other in parsed.random:
        labels = ["1"] if other.terms.intercept else []
        labels += other.terms.term_labels
        if other is part:
            labels.remove(label)
            kept = {own for term in random if term.group == part.group_label for own in term.term_of_column}
            if "1" in kept and not any(one.terms.intercept for one in _same_group(parsed.random, part)):
                labels.insert(0, "1")
        if labels:
            texts.append(f"({_left_side(labels)} {'||' if other.independent else '|'} {_group(other)})")
    return " + ".join([f"{parsed.outcome} ~ {parsed.fixed_text}", *texts])


def _same_group(parts: Sequence[RandomPart], part: RandomPart) -> list[RandomPart]:
    return [one for one in parts if one.group_label == part.group_label]


def _left_side(labels: Iterable[str]) -> str:
    labels = list(labels)
    slopes = [label for label in labels if label != "1"]
    return " + ".join(["1" if "1" in labels else "0", *slopes])


def _group(part: RandomPart) -> str:
    return ":".join(map(deparse, part.group))
