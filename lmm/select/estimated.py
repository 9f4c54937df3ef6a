"""A model fitted once more by REML, for what it says of the fixed effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lmm.errors import InputError
from lmm.formula import parse
from lmm.infer.coefficients import Coefficient, coefficient_table
from lmm.infer.live import design_of
from lmm.infer.smallsample import chosen_degrees
from lmm.model import fit
from lmm.numbers import counted

if TYPE_CHECKING:
    import pandas

    from lmm.formula.terms import Terms
    from lmm.study import Study

INTERCEPT = "(Intercept)"


@dataclass(frozen=True)
class Estimated:
    """The fixed effects of a model by REML, or why there are none.

    Attributes:
        formula: of the model. failure: why it could not be fitted, or None.
        coefficients: by their names, in the order of the columns; those left out as others explain them are missing.
        term_of: label of the term of each coefficient, "(Intercept)" for the constant.
        degrees_of_freedom: the method taken, where the one asked for gave way to a simpler one too.
        converged, convergence: whether the optimum was found, and how that is known.
        collapsed: a sentence for every random term that lies on the boundary.
    """

    formula: str
    failure: str | None = None
    coefficients: dict[str, Coefficient] = field(default_factory=dict)
    term_of: dict[str, str] = field(default_factory=dict)
    degrees_of_freedom: str | None = None
    converged: bool = False
    convergence: str | None = None
    collapsed: tuple[str, ...] = ()

    @property
    def singular(self) -> bool:
        """Whether the estimate lies on the boundary."""
        return bool(self.collapsed)


def estimated(study: Study, formulas: Iterable[str], table: pandas.DataFrame) -> dict[str, Estimated]:
    """Fit each of some models by REML, each formula once; by formula.

    Standard errors, degrees of freedom and intervals are those that the study asks of inference.
    """
    return {formula: _estimated(study, formula, table) for formula in dict.fromkeys(formulas)}


def _estimated(study: Study, formula: str, table: pandas.DataFrame) -> Estimated:
    try:
        fitted = fit(formula, table, reml=True, weights=study.weights)
        chosen = chosen_degrees(fitted, study.inference.degrees_of_freedom, {})
        found = coefficient_table(fitted, chosen, study.inference.level)
    except (InputError, np.linalg.LinAlgError) as error:
        return Estimated(formula, failure=str(error))
    if fitted.n_dropped:
        failure = f"It has no value in {counted(fitted.n_dropped, 'row')} of the analysis table."
        return Estimated(formula, failure=failure)
    design = design_of(fitted)
    labels = [*design.term_labels, INTERCEPT]  # the intercept's column has the term −1
    return Estimated(
        formula=formula,
        coefficients={row.name: row for row in found.rows if row.estimate is not None},
        term_of={name: labels[term] for name, term in zip(design.names, design.term_of_column, strict=True)},
        degrees_of_freedom=found.method,
        converged=fitted.converged,
        convergence=fitted.convergence.message,
        collapsed=fitted.collapsed,
    )


def terms_in_question(study: Study, formula: str) -> list[str]:
    """Labels of the terms whose coefficients are looked at in several models, as a formula writes them.

    They are those of the study's hypotheses, else all terms of the formula's mean; the intercept where it has none.
    """
    terms = parse(formula).fixed
    if study.hypotheses:
        wanted = {key for text in study.hypotheses for key in term_keys(parse(f"outcome ~ {text}").fixed)}
        named = zip(terms.term_labels, term_keys(terms), strict=True)
        return [label for label, key in named if key in wanted]
    return list(terms.term_labels) or [INTERCEPT]


def term_keys(terms: Terms) -> list[frozenset[str]]:
    """Each term whatever the order of its variables: a:b is b:a."""
    return [frozenset(terms.labels[variable] for variable in term) for term in terms.terms]


def coefficients_of_terms(model: Estimated, terms: Iterable[str]) -> dict[str, str]:
    """The names of a model's coefficients that belong to some terms, each with the label of its term."""
    wanted = {_key(term): term for term in terms}
    keys = {name: _key(model.term_of[name]) for name in model.coefficients}
    return {name: wanted[key] for name, key in keys.items() if key in wanted}


def _key(label: str) -> frozenset[str]:
    if label == INTERCEPT:
        return frozenset([INTERCEPT])
    (key,) = term_keys(parse(f"outcome ~ 0 + {label}").fixed)
    return key
