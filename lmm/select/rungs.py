"""The rungs of the ladder: every candidate model of a study, known before the run, and how one is fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.formula.deparse import deparse, name_text
from lmm.formula.syntax import parse_expression
from lmm.formula.terms import expand
from lmm.select.fitrecord import record_of_fit
from lmm.select.structure import INTERCEPT, SLOPE, UNCORRELATED, RandomPart, random_part_id, structures

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study

MOST_RUNGS = 60
NULL, FIXED = "null", "fixed"


@dataclass(frozen=True)
class Rung:
    """A candidate model: its name, its formula, and in a sentence what it adds.

    `random` is its random part, empty for the reference models, which are fitted by ordinary least squares.
    """

    id: str
    label: str
    step: str
    formula: str
    why: str
    random: RandomPart = ()
    weights: str | None = None


def ladder(study: Study) -> list[Rung]:
    """All candidates of a study, in the order they are climbed.

    First the references: the null mean and the full mean, by ordinary least squares. Then the grouping factors one
    after the other, each with an intercept, with an uncorrelated slope and with a correlated slope, on top of
    every structure that the factors before it might end with: what depends on an earlier decision is enumerated,
    so that all candidates are known before any is fitted. The mean is the full one throughout, lest misfit of the
    mean be read as variance (Verbeke & Molenberghs 2000, section 9.3).
    """
    refuse_too_many(study)
    mean = f"{name_text(study.outcome)} ~ {study.fixed}"
    rungs = list(references(study, mean))
    ends: list[RandomPart] = [()]
    for group in study.groups:
        ends = [(*end, structure) for end in ends for structure in structures(study, group)]
        rungs += [random_rung(study, mean, end) for end in ends]
    return rungs


def references(study: Study, mean: str) -> Iterator[Rung]:
    """The models without random effects; where the mean is the intercept alone, they are one."""
    terms = expand(parse_expression(study.fixed), study.fixed)
    null = " + ".join([f"{name_text(study.outcome)} ~ 1", *map(deparse, terms.offsets)])
    yield Rung(
        id=NULL,
        label="Null model",
        step="references",
        formula=null,
        why="The mean alone, by ordinary least squares: what every other candidate is measured against.",
        weights=study.weights,
    )
    if terms.terms or not terms.intercept:
        yield Rung(
            id=FIXED,
            label="Fixed effects only",
            step="references",
            formula=mean,
            why="All fixed effects and no grouping, by ordinary least squares: what grouping is measured against.",
            weights=study.weights,
        )


def random_rung(study: Study, mean: str, random: RandomPart) -> Rung:
    """The candidate with the full mean and this random part."""
    last = random[-1]
    words = "; ".join(structure.words for structure in random)
    return Rung(
        id=random_part_id(random),
        label=words[0].upper() + words[1:],
        step=f"{last.group}: {'intercept' if last.kind == INTERCEPT else 'slope'}",
        formula=" + ".join([mean, *(structure.term for structure in random)]),
        why=what_it_adds(random),
        random=random,
        weights=study.weights,
    )


def what_it_adds(random: RandomPart) -> str:
    """In a sentence, what the last grouping factor's structure lets vary."""
    *before, last = random
    what = {
        INTERCEPT: "the mean differ between levels of {group}",
        UNCORRELATED: "the effect of {slopes} differ between levels of {group}, unrelated to their intercepts",
        SLOPE: "the effect of {slopes} differ between levels of {group}, correlated with their intercepts",
    }[last.kind].format(group=last.group, slopes=last.slopes)
    beside = "; ".join(structure.words for structure in before)
    return f"Lets {what}{f' (beside: {beside})' if beside else ''}."


def refuse_too_many(study: Study) -> None:
    """Refuse a ladder whose enumeration would be too long to be climbed or read."""
    choices = [len(structures(study, group)) for group in study.groups]
    rungs = sum(prod(choices[: depth + 1]) for depth in range(len(choices)))
    if rungs > MOST_RUNGS:
        raise InputError(
            f"study {study.name}: its groups and slopes make {rungs} candidate models with random effects, and "
            f"{MOST_RUNGS} are the most a ladder may have; take a grouping factor out of groups or of slopes."
        )


def fit_rung(rung: Rung, table: pandas.DataFrame) -> dict[str, Any]:
    """Fit one candidate by ML and by REML, and record both (see `lmm.select.fitrecord`).

    A candidate that cannot be fitted is a result: "failure" holds the reason, and its siblings are unaffected.
    """
    fits: dict[str, Any] = {"ML": None, "REML": None}
    failure = None
    try:
        for estimator in fits:
            fits[estimator] = fit_record(rung, table, estimator)
    except (InputError, np.linalg.LinAlgError) as error:
        failure = str(error)
    return {
        "id": rung.id,
        "label": rung.label,
        "step": rung.step,
        "formula": rung.formula,
        "why": rung.why,
        "failure": failure,
        "fits": fits,
    }


def fit_record(rung: Rung, table: pandas.DataFrame, estimator: str) -> dict[str, Any]:
    """Fit one candidate by one estimator to all rows of the analysis table."""
    from lmm.model import fit

    fitted = fit(rung.formula, table, reml=estimator == "REML", weights=rung.weights)
    if fitted.n_dropped:
        raise InputError(
            f"The model '{rung.formula}' has no value in {fitted.n_dropped} of the {len(table)} rows of the analysis "
            "table, so it cannot be compared with the others; mend the transformation in its formula."
        )
    return record_of_fit(fitted, table)
