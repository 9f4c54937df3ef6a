"""What data sets with a known structure add up to: shares with their Monte Carlo error, a row for each cell."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from recovery import (
    INTERCEPTS_ONLY,
    NEITHER,
    TOO_LARGE,
    TOO_SMALL,
    TRIALS,
    TRUE,
    Scenario,
    parameters,
    slopes_of_condition,
    true_parameters,
    verdict,
)
from scipy.special import chdtrc, chdtri

from lmm.infer.hypothesis import t_quantile, t_tail

LEVEL = 0.05
NORMAL_975 = 1.959963984540054
VERDICTS = (TRUE, TOO_SMALL, TOO_LARGE, NEITHER)


@dataclass(frozen=True)
class Share:
    """How many of how many, with Wilson's (1927) 95 % interval, which is sound at 0 and 1 too."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.count / self.of if self.of else float("nan")

    @property
    def standard_error(self) -> float:
        """Monte Carlo standard error."""
        return sqrt(self.value * (1.0 - self.value) / self.of) if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Limits of the interval."""
        if not self.of:
            return float("nan"), float("nan")
        z2 = NORMAL_975**2 / self.of
        middle = self.value + z2 / 2
        half = sqrt(z2 * (self.value * (1.0 - self.value) + z2 / 4))
        # At 0 and 1 the outer limit is exact; what floating point leaves of it is not to be shown.
        lower = 0.0 if self.count == 0 else (middle - half) / (1.0 + z2)
        upper = 1.0 if self.count == self.of else (middle + half) / (1.0 + z2)
        return lower, upper


@dataclass(frozen=True)
class Cell:
    """One procedure on the data sets of one scenario with one number of groups.

    Attributes:
        failures: how many data sets ended without a test, by the reason; they count in no share.
        structure: share of each verdict on the random part.
        condition_slopes: share in which the effect of x varies by the true grouping factors and no other.
        type_one: share in which the true effect 0 is rejected.
        power: share in which an effect of the size asked for is found.
        by_algebra: type I error where algebra gives it, else None.
    """

    scenario: str
    groups: int
    procedure: str
    failures: dict[str, int]
    structure: dict[str, Share]
    condition_slopes: Share
    type_one: Share
    power: Share
    by_algebra: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: shares as counts."""
        return {
            "scenario": self.scenario,
            "groups": self.groups,
            "procedure": self.procedure,
            "failures": self.failures,
            "datasets": self.type_one.of,
            "structure": {name: share.count for name, share in self.structure.items()},
            "condition_slopes": self.condition_slopes.count,
            "type_one": self.type_one.count,
            "power": self.power.count,
            "by_algebra": self.by_algebra,
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Cell:
        """What `to_dict` wrote."""
        of = found["datasets"]
        return cls(
            found["scenario"],
            found["groups"],
            found["procedure"],
            found["failures"],
            {name: Share(count, of) for name, count in found["structure"].items()},
            Share(found["condition_slopes"], of),
            Share(found["type_one"], of),
            Share(found["power"], of),
            found["by_algebra"],
        )


def cell(scenario: Scenario, groups: int, procedure: str, found: Sequence[Mapping[str, Any]], effect: float) -> Cell:
    """Sum up what a procedure made of the data sets.

    Power needs no data of its own: with an effect δ of x added to the outcome, every candidate's mean still holds x,
    so that the residuals, the chosen structure and the standard error are the same and the estimate is larger by δ.
    """
    sound = [one for one in found if one["failure"] is None]
    chosen, true = [parameters(one["random"]) for one in sound], true_parameters(scenario)
    verdicts = [verdict(one, true) for one in chosen]
    slopes = [slopes_of_condition(one) == slopes_of_condition(true) for one in chosen]

    def rejected(true_effect: float) -> Share:
        p = [t_tail((one["estimate"] + true_effect) / one["se"], one["df"]) for one in sound]
        return Share(sum(value < LEVEL for value in p), len(sound))

    return Cell(
        scenario.name,
        groups,
        procedure,
        dict(Counter(one["failure"] for one in found if one["failure"] is not None)),
        {name: Share(verdicts.count(name), len(sound)) for name in VERDICTS},
        Share(sum(slopes), len(sound)),
        rejected(0.0),
        rejected(effect),
        algebra(scenario, groups, procedure),
    )


def algebra(scenario: Scenario, groups: int, procedure: str) -> float | None:
    """Type I error where algebra gives it: for the intercepts of subjects alone."""
    if procedure != INTERCEPTS_ONLY or scenario.design != "subjects":
        return None
    return type_one_without_slopes(groups, scenario.varies["subject"].slope)


def type_one_without_slopes(groups: int, slope: float, trials: int = TRIALS) -> float:
    """Type I error of the model with intercepts only, for subjects with `trials` balanced trials, whose slopes vary.

    By algebra: each subject's least-squares slope has the variance λ = 1/m + τ², m trials; the slopes' mean is tested
    against the pooled residual, in which N − 1 degrees of freedom have the variance mλ and the others 1. So
    t² = mλ χ²₁ ν / (mλ χ²_{N−1} + χ²_{ν−N+1}) with ν = N(m − 1) − 2, the t test's degrees of freedom.
    """
    df = groups * (trials - 1) - 2
    inflation = 1.0 + trials * slope**2
    nodes, weights = np.polynomial.legendre.leggauss(64)
    between, within = (chdtri(part, (1.0 + nodes) / 2) for part in (groups - 1, df - groups + 1))
    residual = (inflation * between[:, None] + within) / df
    rejected = chdtrc(1, t_quantile(1 - LEVEL / 2, df) ** 2 * residual / inflation)
    return float(weights @ rejected @ weights / 4)


def row(cell: Cell) -> dict[str, Any]:
    """A cell as a row of the table."""
    lower, upper = cell.type_one.interval
    return {
        "scenario": cell.scenario,
        "groups": cell.groups,
        "procedure": cell.procedure,
        "datasets": cell.type_one.of,
        "failures": sum(cell.failures.values()),
        **{name.replace(" ", "_"): share.value for name, share in cell.structure.items()},
        "slopes_of_x_true": cell.condition_slopes.value,
        "type_one": cell.type_one.value,
        "type_one_lower": lower,
        "type_one_upper": upper,
        "type_one_by_algebra": cell.by_algebra,
        "power": cell.power.value,
    }


def cells_of(scenarios: Sequence[Scenario], parts: Iterable[Mapping[str, Any]], effect: float) -> list[Cell]:
    """The cells of all parts, by scenario, number of groups and procedure; parts of a cell in the order given."""
    found: dict[tuple[str, int, str], list[Mapping[str, Any]]] = defaultdict(list)
    for part in parts:
        for one in part["outcomes"]:
            found[part["scenario"], one["groups"], part["procedure"]].append(one)
    procedures = list(dict.fromkeys(procedure for _, _, procedure in found))
    return [
        cell(scenario, groups, procedure, found[scenario.name, groups, procedure], effect)
        for scenario in scenarios
        for groups in scenario.groups
        for procedure in procedures
    ]
