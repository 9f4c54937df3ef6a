"""The rungs of the ladder: the candidate models of a study that are known before the run, and how one is fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.deparse import deparse, name_text
from lmm.formula.syntax import parse_expression
from lmm.formula.terms import expand
from lmm.select.eligibility import why_ineligible
from lmm.select.meanchoice import refuse_bad_selection
from lmm.select.slopeterms import PARSIMONIOUS, slope_terms, untested
from lmm.select.structure import (
    CENTRED,
    INTERCEPT,
    SLOPE,
    SYMMETRIC,
    UNCORRELATED,
    RandomPart,
    Structure,
    random_part_id,
    structure,
    structures,
)

if TYPE_CHECKING:
    import pandas

    from lmm.model import Fit
    from lmm.select.attempts import Attempt
    from lmm.study import Study

Fitting = Callable[..., tuple["Fit", tuple["Attempt", ...]]]
"""From a formula, a table, reml and weights to a fit and the attempts it took."""

NULL, FIXED = "null", "fixed"
FULL, SELECTED = "full", "selected"
ML, REML = "ML", "REML"


@dataclass(frozen=True)
class Rung:
    """A candidate model: its name, its formula, and in a sentence what it adds.

    `random` is its random part, empty for the reference models, which are fitted by ordinary least squares. `mean` is
    "null", "full" or "selected".
    """

    id: str
    label: str
    step: str
    formula: str
    why: str
    mean: str = FULL
    random: RandomPart = ()
    weights: str | None = None


def ladder(study: Study) -> list[Rung]:
    """The candidates that are known before the run, in the order they are climbed.

    First the references: the null mean and the full mean, by ordinary least squares. Then the grouping factors one
    after the other. Where slopes are tested one by one, each factor stands with every set of its slopes on top of
    every structure that the factors before it might end with, as far as those are no more than ladder.most: what
    depends on an earlier decision is enumerated, so that it can be fitted at once; beyond that the factors before stand
    with their intercepts. Where slopes enter untested, all intercepts come first, then all slopes. Whatever else the
    climb comes to is fitted then (`lmm.select.candidates`). The mean is the full one throughout, lest misfit of the
    mean be read as variance (Verbeke & Molenberghs 2000, section 9.3).
    """
    refuse_bad_selection(study)
    refuse_groups_of_one_name(study)
    return [*references(study), *(random_rung(study, study.fixed, random) for random in planned(study))]


def refuse_groups_of_one_name(study: Study) -> None:
    """Raise InputError where two grouping factors would give their candidates the same names."""
    first: dict[str, str] = {}
    for group in study.groups:
        name = Structure(group, INTERCEPT).id
        if name in first:
            raise InputError(
                f"study {study.name}, key groups: {first[name]!r} and {group!r} differ in punctuation only, so that "
                "files named after them would be the same; rename a column."
            )
        first[name] = group


def planned(study: Study) -> list[RandomPart]:
    """The random parts that are fitted before the climb."""
    if study.mode != PARSIMONIOUS:
        return _from_the_top(study)
    every = _beside_all_before(study, lambda group: structures(study, group))
    if len(every) <= study.ladder.most:
        return every
    few = _beside_intercepts_before(study, lambda group: structures(study, group))
    if len(few) <= study.ladder.most:
        return few
    return _beside_intercepts_before(study, lambda group: _first_structures(study, group))[: study.ladder.most]


def _beside_all_before(study: Study, choices: Callable[[str], list[Structure]]) -> list[RandomPart]:
    found: list[RandomPart] = []
    ends: list[RandomPart] = [()]
    for group in study.groups:
        if len(found) > study.ladder.most:
            break
        entered = [(*end, one) for end in ends for one in choices(group)]
        found += entered
        ends = [*ends, *entered] if group in study.ladder.optional else entered
    return found


def _beside_intercepts_before(study: Study, choices: Callable[[str], list[Structure]]) -> list[RandomPart]:
    before: RandomPart = ()
    found: list[RandomPart] = []
    for group in study.groups:
        found += [(*before, one) for one in choices(group)]
        before = (*before, Structure(group, INTERCEPT))
    return found


def _first_structures(study: Study, group: str) -> list[Structure]:
    kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    alone = [term.label for term in slope_terms(study, group) if not term.margins]
    return [Structure(group, INTERCEPT), *(structure(study, group, kind, [label]) for label in alone)]


def _from_the_top(study: Study) -> list[RandomPart]:
    """All intercepts one after the other, then the slopes of one factor after the other that enter untested."""
    random: RandomPart = ()
    found: list[RandomPart] = []
    for group in study.groups:
        random = (*random, Structure(group, INTERCEPT))
        found.append(random)
    kind = UNCORRELATED if study.ladder.correlations == "drop" else SLOPE
    for place, group in enumerate(study.groups):
        if labels := untested(study, group):
            random = (*random[:place], structure(study, group, kind, labels), *random[place + 1 :])
            found.append(random)
    return found


def references(study: Study) -> Iterator[Rung]:
    """The models without random effects; where the mean is the intercept alone, they are one."""
    terms = expand(parse_expression(study.fixed), study.fixed)
    null = " + ".join([f"{name_text(study.outcome)} ~ 1", *map(deparse, terms.offsets)])
    yield Rung(
        id=NULL,
        label="Null model",
        step="references",
        formula=null,
        why="The mean alone, by ordinary least squares: what every other candidate is measured against.",
        mean="null",
        weights=study.weights,
    )
    if terms.terms or not terms.intercept:
        yield reference(study, study.fixed, FULL)


def reference(study: Study, mean: str, which: str) -> Rung:
    """The model with a mean and no random effects."""
    return Rung(
        id=FIXED if which == FULL else f"{FIXED}.{which}",
        label="Fixed effects only",
        step="references",
        formula=f"{name_text(study.outcome)} ~ {mean}",
        why="All fixed effects and no grouping, by ordinary least squares: what grouping is measured against.",
        mean=which,
        weights=study.weights,
    )


def random_rung(study: Study, mean: str, random: RandomPart, which: str = FULL) -> Rung:
    """The candidate with this right-hand side of the fixed part and this random part."""
    last = random[-1]
    words = "; ".join(one.words for one in random)
    return Rung(
        id=random_part_id(random) + ("" if which == FULL else f".{which}"),
        label=f"{words[0].upper()}{words[1:]}{'' if which == FULL else '; selected mean'}",
        step=f"{last.group}: {'intercept' if last.kind == INTERCEPT else 'slope'}",
        formula=" + ".join([f"{name_text(study.outcome)} ~ {mean}", *(one.term for one in random)]),
        why=what_it_adds(random),
        mean=which,
        random=random,
        weights=study.weights,
    )


def what_it_adds(random: RandomPart) -> str:
    """In a sentence, what the last grouping factor's structure lets vary."""
    *before, last = random
    what = {
        INTERCEPT: "the mean differ between levels of {group}",
        UNCORRELATED: "the effect of {slopes} differ between levels of {group}, unrelated to their intercepts",
        CENTRED: "the effect of {slopes} differ between levels of {group}, unrelated to their means",
        SYMMETRIC: "the effect of {slopes} differ between levels of {group}, equally much and equally alike",
        SLOPE: "the effect of {slopes} differ between levels of {group}, correlated with their intercepts",
    }[last.kind].format(group=last.group, slopes=last.slopes)
    beside = "; ".join(one.words for one in before)
    return f"Lets {what}{f' (beside: {beside})' if beside else ''}."


def fit_rung(
    rung: Rung,
    table: pandas.DataFrame,
    study: Study | None = None,
    audit: Mapping[str, Any] | None = None,
    estimators: tuple[str, ...] = (ML, REML),
    fitting: Fitting | None = None,
) -> dict[str, Any]:
    """Fit one candidate by ML and by REML, and record both (see `lmm.select.fitrecord`).

    A candidate that cannot be fitted is a result: "failure" holds the reason, and its siblings are unaffected. So is,
    with the study's `audit`, one with a slope that the data cannot show. `fitting` is how a formula is fitted, by
    default with other attempts where its optimum is in doubt (`lmm.select.attempts`).
    """
    fits: dict[str, Any] = {}
    failure = why_ineligible(study, rung.random, audit) if study is not None and audit is not None else None
    if fitting is None:
        from lmm.select.attempts import fit_with_attempts

        fitting = fit_with_attempts
    if failure is None:
        try:
            for estimator in estimators:
                fits[estimator] = fit_record(rung, table, estimator, fitting)
        except (InputError, np.linalg.LinAlgError) as error:
            fits, failure = {}, str(error)
    return rung_of_record(rung, fits, failure)


def rung_of_record(rung: Rung, fits: Mapping[str, Any], failure: str | None = None) -> dict[str, Any]:
    """One candidate as ladder.json holds it: its records by estimator, or why there are none."""
    return {
        "id": rung.id,
        "label": rung.label,
        "step": rung.step,
        "formula": rung.formula,
        "why": rung.why,
        "failure": failure,
        "fits": {ML: None, REML: None, **fits},
    }


def fit_record(rung: Rung, table: pandas.DataFrame, estimator: str, fitting: Fitting) -> dict[str, Any]:
    """Fit one candidate by one estimator to all rows of the analysis table."""
    # Here, since whoever plans a run, as every job on a cluster does, reads the ladder without fitting it.
    from lmm.select.fitrecord import record_of_fit

    fitted, attempts = fitting(rung.formula, table, reml=estimator == REML, weights=rung.weights)
    if fitted.n_dropped:
        raise InputError(
            f"The model '{rung.formula}' has no value in {fitted.n_dropped} of the {len(table)} rows of the analysis "
            "table, so it cannot be compared with the others; mend the transformation in its formula."
        )
    return {**record_of_fit(fitted, table), "attempts": [attempt.to_dict() for attempt in attempts]}
