"""Linearity: is the effect of each number as straight, or as curved, as the formula has it?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, Check, concern, rarity, verdict
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import bare, shorten
from lmm.diagnose.predictors import numbers_of_mean
from lmm.diagnose.smooth import Smooth
from lmm.diagnose.structure import Grouping, groupings
from lmm.diagnose.thin import by_rank
from lmm.numbers import listing, significant
from lmm.select.slopeterms import names_in

NAME, TITLE = "linearity", "Component and residual"
_MATTERS = 0.25
"""Of the SD of the residuals: bends smaller than this are harmless, however sure with many rows."""
_MOST_PANELS, _MOST_POINTS = 6, 1_000


@dataclass(frozen=True)
class Component:
    """A number of the mean: its values (n,), what the terms of it alone add to the mean, and the residuals to show.

    `rows` (n,) says which rows are shown; `residuals` (1 + B, rows) are those of the data and of simulated data sets.
    """

    name: str
    x: np.ndarray
    part: np.ndarray
    rows: np.ndarray
    smooth: Smooth
    residuals: np.ndarray
    smoothed: np.ndarray


def linearity(evidence: Evidence) -> list[DiagnosticFigure | OmittedFigure]:
    """Partial residuals over each number of the mean (Larsen & McCleary 1972), with a smooth and its band.

    The residuals are conditional; over what is the same in all rows of a level they are marginal, as the random
    effects of the levels would take a bend upon themselves.
    """
    numbers = numbers_of_mean(evidence)
    if not numbers:
        return []
    if not evidence.usable.any():
        return [OmittedFigure(NAME, TITLE, "Every row is fitted exactly, so that no residual is left to look at.")]
    components = [_component(evidence, name, x) for name, x in numbers.items()]
    pool = np.stack([calibration.departures(one.smoothed).max(axis=1) for one in components], axis=1)
    shares = calibration.shares(calibration.excesses(pool))
    checks = [_told(evidence, one, float(share), len(pool) - 1) for one, share in zip(components, shares, strict=True)]
    shown = sorted(np.argsort(shares, kind="stable")[:_MOST_PANELS])
    bent = [one.name for one, check in zip(components, checks, strict=True) if check.verdict != FINE]
    told = [check for check in checks if check.verdict != FINE] or [checks[int(np.argmin(shares))]]
    seen = " ".join(check.sentence for check in told)
    others = len(checks) - len(told)
    if others:
        seen += " The other covariate departs less." if others == 1 else f" The other {others} covariates depart less."
    return [
        drawn(
            _drawing(evidence, [components[k] for k in shown]),
            name=NAME,
            title=f"{TITLE}: {listing([shorten(components[k].name, 20) for k in shown])}",
            alt=f"Partial residuals of {shorten(evidence.fit.outcome)} with a smooth and the line of the model. {seen}",
            good="The smooth follows the dashed line of the model, within the grey band.",
            seen=seen,
            do=(
                f"Add a curve of {listing([shorten(name) for name in bent])} to the fixed effects: poly(x, 2), "
                "ns(x, 3) or log(x), by what the smooth looks like and what is known of the matter."
                if bent
                else "Nothing: the effects are as straight as the formula has them."
            ),
            concern=concern(checks),
            checks=checks,
        )
    ]


def _component(evidence: Evidence, name: str, x: np.ndarray) -> Component:
    if any(_is_constant(x, factor) for factor in groupings(evidence)):
        rows, residuals = np.arange(len(x)), evidence.marginal_pool
    else:
        rows = np.flatnonzero(evidence.usable)
        residuals = evidence.residual_pool * evidence.scale[rows]
    smooth = Smooth(x[rows])
    return Component(name, x, _part_of_mean(evidence, name), rows, smooth, residuals, smooth(residuals))


def _is_constant(x: np.ndarray, factor: Grouping) -> bool:
    """Is x the same in all rows of each level?"""
    first = np.zeros(len(factor.levels))
    first[factor.codes] = x
    return bool(np.all(x == first[factor.codes]))


def _part_of_mean(evidence: Evidence, name: str) -> np.ndarray:
    """What the terms that hold this column and no other add to the mean, centred (n,)."""
    design, fit = evidence.fit.design, evidence.fit
    own = {k for k, label in enumerate(design.term_labels) if _only(label, name)}
    columns = [k for k, place in enumerate(fit.kept) if design.term_of_column[place] in own]
    part = evidence.X[:, columns] @ fit.beta[columns]
    return part - part.mean()


def _only(label: str, name: str) -> bool:
    return set(names_in(label)) == {name}


def _told(evidence: Evidence, one: Component, share: float, replicates: int) -> Check:
    bend = float(np.abs(one.smoothed[0]).max())
    spread = float(one.residuals[0].std())
    found = verdict(share, replicates, bend >= _MATTERS * spread)
    name, outcome = shorten(one.name), shorten(evidence.fit.outcome)
    unit = (
        f" ({evidence.study.unit})"
        if evidence.study.unit and bare(evidence.fit.outcome) == evidence.study.outcome
        else ""
    )
    told = "follows the line of the model" if found == FINE else "bends away from the line of the model"
    return Check(
        name=f"linearity of {one.name}",
        what=f"Largest distance of the smooth over {name} from the model, in units of {outcome}",
        value=bend,
        share=share,
        verdict=found,
        sentence=f"The smooth over {name} {told}: by at most {significant(bend, 2)}{unit}, "
        f"{significant(bend / spread, 2)} SD of the residuals ({rarity(share, replicates, found)}).",
    )


def _drawing(evidence: Evidence, components: list[Component]):
    columns = min(2, len(components))
    rows = -(-len(components) // columns)
    figure, grid = style.canvas(0.4 + 2.4 * rows, rows, columns)
    for axes, one in zip(grid, components, strict=False):
        x, part = one.x[one.rows], one.part[one.rows]
        shown = by_rank(one.residuals[0], _MOST_POINTS)
        axes.scatter(x[shown], part[shown] + one.residuals[0][shown], **style.points(len(shown)))
        order = np.argsort(x, kind="stable")
        line = np.interp(one.smooth.at, x[order], part[order])
        lower, upper = calibration.band(one.smoothed)
        style.smooth_with_band(axes, one.smooth.at, line + one.smoothed[0], line + lower, line + upper)
        axes.plot(one.smooth.at, line, color=style.INK, linewidth=1.1, linestyle=(0, (4, 3)))
        axes.set_xlabel(shorten(one.name, 50 // columns))
    for axes in grid[len(components) :]:
        axes.set_visible(False)
    figure.supylabel(shorten(f"Part of {evidence.outcome_label}", 40), fontsize=10)
    return figure
