"""Residuals by level of a grouping factor: are all levels described equally well?"""

from __future__ import annotations

import numpy as np
import pandas

from lmm.diagnose import calibration, style
from lmm.diagnose.check import FINE, concern
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.levels import levels_apart, spread_by_level
from lmm.diagnose.structure import Grouping, groupings, is_nested
from lmm.diagnose.thin import by_rank
from lmm.numbers import counted

NAME, TITLE = "residuals-by-group", "Residuals by group"
_MOST_BOXES, _MOST_UPRIGHT, _MOST_QUANTILES = 40, 8, 300
_BOX_ROWS = 5
"""Rows of a level, at the median, that make a box worth drawing."""


def by_group(evidence: Evidence) -> DiagnosticFigure | OmittedFigure:
    """A box of residuals for each level, or, of more than 40 levels, their sorted SDs with an envelope.

    The spread is compared between the levels of every grouping factor, and levels far from the model are looked for
    among those of the factors that lie within no other.
    """
    factors = groupings(evidence)
    if not factors:
        return OmittedFigure(NAME, TITLE, "The model has no grouping factor.")
    if not evidence.usable.any():
        return OmittedFigure(NAME, TITLE, "Every row is fitted exactly, so that no residual is left to look at.")
    outermost = [one for one in factors if not any(is_nested(one, other) for other in factors if other is not one)]
    checks = [*spread_by_level(evidence, factors), *levels_apart(evidence, outermost or factors)]
    wrong = [check for check in checks if check.verdict != FINE]
    shown = _shown(evidence, factors)
    group = shorten(shown.group)
    boxes = len(shown.levels) <= _MOST_BOXES
    seen = " ".join(check.sentence for check in wrong or checks)
    if not checks:
        seen = "No factor has levels of three rows or more, so that their spread cannot be compared."
    what = "A box of residuals for each level" if boxes else "Sorted SDs of the residuals of the levels"
    return drawn(
        _boxes(evidence, shown) if boxes else _sorted_spreads(evidence, shown),
        name=NAME,
        title=f"Residuals by level of {group}",
        alt=f"{what} of {group} ({counted(len(shown.levels), 'level')}). {seen}",
        good=(
            "Boxes alike in height, with their middle near zero."
            if boxes
            else "A curve inside its grey envelope: the levels scatter no less alike than the model itself makes them."
        ),
        seen=seen,
        do=(
            "Look at the levels named here in the raw data. Report the model with and without a level that stands "
            "apart; where the spread differs throughout, let the residual variance differ by level (in R: weights = "
            "varIdent() of nlme::lme) or find what goes with it."
            if wrong
            else "Nothing: the levels are described equally well."
        ),
        concern=concern(checks),
        checks=checks,
    )


def _shown(evidence: Evidence, factors: list[Grouping]) -> Grouping:
    """The factor with most levels of at least five rows, as a rule; else that with most rows in a level."""

    def rows(factor: Grouping) -> float:
        return float(np.median(np.bincount(factor.codes[evidence.usable], minlength=len(factor.levels))))

    enough = [factor for factor in factors if rows(factor) >= _BOX_ROWS]
    return max(enough, key=lambda factor: len(factor.levels)) if enough else max(factors, key=rows)


def _boxes(evidence: Evidence, factor: Grouping):
    residuals, codes = evidence.residual_pool[0], factor.codes[evidence.usable]
    by_level = pandas.Series(residuals).groupby(codes)
    quantiles = by_level.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    quantiles = quantiles.sort_values(0.5, kind="stable")
    place = np.arange(len(quantiles))
    figure, (axes,) = style.canvas(3.0 if len(place) <= _MOST_UPRIGHT else 3.5)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    axes.vlines(place, quantiles[0.05], quantiles[0.95], color=style.INK, alpha=0.45, linewidth=1)
    width = float(np.clip(150 / len(place), 3, 14))
    axes.vlines(place, quantiles[0.25], quantiles[0.75], color=style.BLUE, alpha=0.55, linewidth=width)
    axes.scatter(place, quantiles[0.5], s=14, color=style.INK, zorder=3, linewidths=0)
    position = pandas.Series(place, index=quantiles.index).reindex(codes).to_numpy()
    ends = quantiles.reindex(codes)
    beyond = np.flatnonzero((residuals < ends[0.05].to_numpy()) | (residuals > ends[0.95].to_numpy()))
    beyond = beyond[by_rank(residuals[beyond], 600)]
    axes.scatter(position[beyond], residuals[beyond], **style.points(len(beyond)))
    upright = len(place) <= _MOST_UPRIGHT
    labels = [shorten(factor.levels[code], max(4, 60 // len(place)) if upright else 14) for code in quantiles.index]
    axes.set_xticks(place, labels, rotation=0 if upright else 90, fontsize=9 if len(place) <= 25 else 7)
    axes.set_xlabel(f"{shorten(factor.group, 40)}, sorted by median")
    axes.set_ylabel("Standardised residual")
    return figure


def _sorted_spreads(evidence: Evidence, factor: Grouping):
    codes = factor.codes[evidence.usable]
    sizes = np.bincount(codes, minlength=len(factor.levels))
    kept = np.flatnonzero(sizes >= 2)
    squares = np.stack([np.bincount(codes, row, minlength=len(sizes))[kept] for row in evidence.residual_pool**2])
    pool = np.sort(np.sqrt(squares / sizes[kept]), axis=1)
    ranks = by_rank(np.arange(len(kept)), _MOST_QUANTILES)
    lower, upper = calibration.band(pool[:, ranks])
    figure, (axes,) = style.canvas(2.9)
    style.smooth_with_band(axes, ranks + 1, pool[0, ranks], lower, upper)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"{counted(len(kept), 'level')} of {shorten(factor.group)}, sorted by SD")
    axes.set_ylabel("SD of the residuals")
    return figure
