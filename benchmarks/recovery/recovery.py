"""Data sets whose random structure is known, and what a procedure makes of one: its structure, and a test.

Every data set has a condition x, whose effect the study is about, and a trial number z, both balanced within the
levels of every grouping factor. Effects of x may differ between levels, effects of z never do, and the ladder is told
of neither. Units are standard deviations of the residuals.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

import lmm
from lmm.clean.groups import group_codes, rows_per_level
from lmm.clean.structure import structure, varies_within
from lmm.errors import InputError
from lmm.infer.smallsample import small_sample
from lmm.model import Fit
from lmm.select.infold import climbed
from lmm.study import Study, load

INTERCEPT, CONDITION, TRIAL = "(Intercept)", "x", "z"
MEAN = f"{CONDITION} + {TRIAL}"
TRIALS, ITEMS, PUPILS, OCCASIONS = 8, 12, 4, 4
MODES = ("confirmatory", "parsimonious", "maximal")
INTERCEPTS_ONLY, TRUE_STRUCTURE = "intercepts-only", "true-structure"

TRUE, TOO_SMALL, TOO_LARGE, NEITHER = "true", "too small", "too large", "neither"

Parameters = frozenset[tuple[str, ...]]
"""The parameters of a random part: (group, effect) is a variance, (group, effect, effect) a covariance."""


@dataclass(frozen=True)
class Varies:
    """How effects differ between the levels of a grouping factor.

    Attributes:
        intercept, slope: standard deviations of the intercepts and of the effects of x; a slope of 0 is none.
        correlation: of the two; None where the model has no such parameter.
    """

    intercept: float
    slope: float = 0.0
    correlation: float | None = None

    def effects(self, normal: np.ndarray) -> np.ndarray:
        """Intercepts and slopes (levels, 2) from standard normal numbers (levels, 2)."""
        r = self.correlation or 0.0
        slopes = r * normal[:, 0] + np.sqrt(1.0 - r**2) * normal[:, 1]
        return np.column_stack([self.intercept * normal[:, 0], self.slope * slopes])

    def term(self, group: str) -> str:
        """The random term in a formula."""
        if not self.slope:
            return f"(1 | {group})"
        return f"({CONDITION} {'||' if self.correlation is None else '|'} {group})"

    def blocks(self) -> list[tuple[str, ...]]:
        """The effects of the levels, those that correlate in one block."""
        if not self.slope:
            return [(INTERCEPT,)]
        return [(INTERCEPT,), (CONDITION,)] if self.correlation is None else [(INTERCEPT, CONDITION)]


@dataclass(frozen=True)
class Scenario:
    """A truth and the design in which it is seen.

    Attributes:
        name, title: a word that names files and the random numbers; words for the page.
        design: "subjects", "crossed" or "nested".
        groups: numbers of subjects, or of schools.
        varies: by grouping factor, what differs between its levels.
        ladder: keys of a study's ladder that differ from those of other scenarios.
    """

    name: str
    title: str
    design: str
    groups: tuple[int, ...]
    varies: Mapping[str, Varies]
    ladder: Mapping[str, Any] = field(default_factory=dict)


def scenario_of(name: str, block: Mapping[str, Any]) -> Scenario:
    """A scenario as the config has it."""
    varies = {group: Varies(**one) for group, one in block["varies"].items()}
    return Scenario(
        name, block["title"], block["design"], tuple(block["groups"]), varies, dict(block.get("ladder", {}))
    )


def trials(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Condition (±1, in the order ABBA) and standardised trial number of `number` trials, a multiple of 4.

    ABBA balances the conditions against a linear trend: both columns have mean 0, mean square 1 and product 0.
    """
    trend = np.arange(number) - (number - 1) / 2
    return np.resize([1.0, -1.0, -1.0, 1.0], number), trend / np.sqrt((trend**2).mean())


def subjects(number: int) -> pd.DataFrame:
    """Subjects with 8 trials each."""
    return _frame({"subject": np.repeat(np.arange(number), TRIALS)}, np.tile(np.arange(TRIALS), number), TRIALS)


def crossed(number: int) -> pd.DataFrame:
    """Subjects who see each of 12 items once, each subject beginning with another item (a Latin square)."""
    subject, item = np.divmod(np.arange(number * ITEMS), ITEMS)
    return _frame({"subject": subject, "item": item}, (subject + item) % ITEMS, ITEMS)


def nested(number: int) -> pd.DataFrame:
    """Schools of 4 pupils with 4 occasions each; pupils are numbered anew in each school."""
    place = np.arange(number * PUPILS * OCCASIONS)
    school, pupil = place // (PUPILS * OCCASIONS), place // OCCASIONS % PUPILS
    return _frame({"school": school, "pupil": pupil}, place % OCCASIONS, OCCASIONS)


DESIGNS: dict[str, Callable[[int], pd.DataFrame]] = {"subjects": subjects, "crossed": crossed, "nested": nested}
SLOPES = {
    "subjects": {"subject": MEAN},
    "crossed": {"subject": MEAN, "item": CONDITION},
    "nested": {"school": MEAN, "school:pupil": CONDITION},
}
"""For each design the grouping factors, in the ladder's order, and the slopes that may differ between their levels."""


@cache
def design(kind: str, number: int) -> pd.DataFrame:
    """The columns of a design, without an outcome."""
    return DESIGNS[kind](number)


def data_set(scenario: Scenario, number: int, seed: int, replication: int) -> pd.DataFrame:
    """One data set with no effect of x or z on the mean; it depends on nothing but these arguments."""
    key = (zlib.crc32(scenario.name.encode()), number, replication)
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    columns = design(scenario.design, number)
    outcome = np.zeros(len(columns))
    for group, varies in scenario.varies.items():
        levels = group_codes(columns, group)
        effects = varies.effects(random.normal(size=(levels.max() + 1, 2)))[levels]
        outcome += effects[:, 0] + effects[:, 1] * columns[CONDITION].to_numpy()
    return columns.assign(y=outcome + random.normal(size=len(columns)))


def study_of(scenario: Scenario, mode: str, settings: Mapping[str, Any], seed: int) -> Study:
    """The study that is told of every slope there may be, about the effect of x."""
    slopes = SLOPES[scenario.design]
    block = {
        "name": scenario.name,
        "data": "simulated.csv",
        "outcome": "y",
        "fixed": MEAN,
        "hypotheses": [CONDITION],
        "groups": list(slopes),
        "slopes": slopes,
        "ladder": {**settings, **scenario.ladder, "mode": mode},
    }
    return load({"seed": seed, "studies": [block]})[0]


@cache
def audit_of(kind: str, number: int) -> dict[str, Any]:
    """What a decision reads of the account of cleaning: the same for every outcome of a design."""
    columns, groups = design(kind, number), list(SLOPES[kind])
    return {
        "row_hash": f"{kind} {number}",
        "groups": [_rows_of(columns, group) for group in groups],
        "structure": structure(columns, groups),
        "varies_within": varies_within(columns, [CONDITION, TRIAL], groups),
    }


def _rows_of(columns: pd.DataFrame, group: str) -> dict[str, Any]:
    rows = rows_per_level(columns, group)
    return {"group": group, "levels": len(rows), "rows_median": float(np.median(rows)), "rows_maximum": int(max(rows))}


Procedure = Callable[[pd.DataFrame], Fit]
"""Chooses the final model, and fits it by REML."""


def procedure(name: str, scenario: Scenario, number: int, settings: Mapping[str, Any], seed: int) -> Procedure:
    """A procedure by its name: a mode of the ladder, or a structure that is fixed in advance."""
    if name in MODES:
        return climbed(study_of(scenario, name, settings, seed), audit_of(scenario.design, number))
    if name not in (INTERCEPTS_ONLY, TRUE_STRUCTURE):
        known = ", ".join((*MODES, INTERCEPTS_ONLY, TRUE_STRUCTURE))
        raise InputError(f"There is no procedure '{name}': take one of {known}.")
    formula = true_formula(scenario) if name == TRUE_STRUCTURE else formula_of(f"(1 | {g})" for g in scenario.varies)
    return lambda data: lmm.fit(formula, data)


def true_formula(scenario: Scenario) -> str:
    """The model that generates the data of a scenario."""
    return formula_of(varies.term(group) for group, varies in scenario.varies.items())


def formula_of(random_terms: Iterable[str]) -> str:
    """A model with the mean that every candidate has."""
    return " + ".join([f"y ~ {MEAN}", *random_terms])


def outcome(choose: Procedure, data: pd.DataFrame) -> dict[str, Any]:
    """What a procedure ends with on one data set: its random part, and the effect of x with its Kenward–Roger test.

    A fit that fails is a result: "failure" holds the reason, and nothing else is there.
    """
    try:
        fit = choose(data)
        test = small_sample(fit, "kenward-roger").t_test(np.array(fit.coefficients) == CONDITION)
    except (InputError, np.linalg.LinAlgError) as error:
        return {"failure": str(error)}
    return {"failure": None, "random": blocks(fit), "estimate": test.estimate, "se": test.se, "df": test.df}


def blocks(fit: Fit) -> list[list[Any]]:
    """The random part of a fit, as (group, effects that correlate); x is centred, so that x less its mean is x."""
    plain = {f"scale({name}, scale = FALSE)": name for name in (CONDITION, TRIAL)}
    return [[term.group, [plain.get(name, name) for name in term.names]] for term in fit.random]


def outcomes(
    scenario: Scenario, name: str, settings: Mapping[str, Any], seed: int, replications: Iterable[int]
) -> Iterator[dict[str, Any]]:
    """What a procedure ends with on these data sets of a scenario, for each number of groups."""
    for number in scenario.groups:
        choose = procedure(name, scenario, number, settings, seed)
        for replication in replications:
            found = outcome(choose, data_set(scenario, number, seed, replication))
            yield {"groups": number, "replication": replication, **found}


def parameters(random: Iterable[tuple[str, Iterable[str]]]) -> Parameters:
    """The variances and covariances of a random part, given as (group, effects that correlate)."""
    found = set()
    for group, names in random:
        names = sorted(names)
        found |= {(group, name) for name in names} | {(group, *pair) for pair in combinations(names, 2)}
    return frozenset(found)


def true_parameters(scenario: Scenario) -> Parameters:
    """The variances and covariances that generate the data of a scenario."""
    return parameters((group, block) for group, varies in scenario.varies.items() for block in varies.blocks())


def verdict(chosen: Parameters, true: Parameters) -> str:
    """Whether a random part is the true one, lacks some of its parameters, has more, or both lacks and has more."""
    if chosen == true:
        return TRUE
    return TOO_SMALL if chosen < true else TOO_LARGE if chosen > true else NEITHER


def slopes_of_condition(chosen: Parameters) -> frozenset[str]:
    """The grouping factors between whose levels the effect of x differs."""
    return frozenset(group for group, *effects in chosen if effects == [CONDITION])


def _frame(factors: Mapping[str, np.ndarray], trial: np.ndarray, number: int) -> pd.DataFrame:
    condition, trend = trials(number)
    codes = {name: pd.Categorical.from_codes(code, [f"{name[0]}{i}" for i in range(code.max() + 1)])
             for name, code in factors.items()}  # fmt: skip
    return pd.DataFrame({**codes, CONDITION: condition[trial], TRIAL: trend[trial]})
