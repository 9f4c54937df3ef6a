"""The profile of the likelihood over each variance parameter: how far its estimate is from normally distributed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.random_effects import INTERCEPT
from lmm.infer.profile import elements
from lmm.numbers import counted, listing, percent

if TYPE_CHECKING:
    from lmm.model import Fit

NAME, TITLE = "profile-zeta", "Profiles of standard deviations and correlations"
_COLUMNS = 2
_MOST = 12
_WITHIN = 2.0
_UNEQUAL = 1.25
"""A side so many times as long as the other, two units of zeta from the estimate, makes ± 2 SE visibly wrong."""


def profile_zeta(fit: Fit, inference: Mapping[str, Any]) -> list[DiagnosticFigure | OmittedFigure]:
    """Zeta over each standard deviation and correlation; straight where plus or minus two standard errors would do."""
    if inference["zeta"] is None:
        return [OmittedFigure(NAME, TITLE, inference["reasons"]["zeta"])]
    labels = parameter_labels(fit)
    curves = [(labels[one["name"]], one) for one in inference["zeta"] if len(one["values"]) > 1][:_MOST]
    if not curves:
        return [OmittedFigure(NAME, TITLE, "No parameter has a profile of more than one point.")]
    seen = _seen(curves)
    level = percent(inference["level"])
    return [
        drawn(
            _drawing(curves, inference["level"]),
            name=NAME,
            title=TITLE,
            alt=f"Profile zeta, the signed root of the rise of the deviance, over {counted(len(curves), 'parameter')}. "
            f"{seen}",
            good="Straight lines. Then an estimate is about normally distributed, and plus or minus two standard "
            "errors is a fair interval.",
            seen=seen,
            do=f"Report the {level} profile intervals of the table, which end where a curve crosses the dashed lines "
            "and need no straight line.",
        )
    ]


Label = tuple[str, str]


def parameter_labels(fit: Fit) -> dict[str, Label]:
    """The variance parameters by their names in a profile: what it is, and by which factor, empty for the residual."""
    found = {}
    for term in fit.random:
        effects = ["intercept" if name == INTERCEPT else shorten(name, 16) for name in term.names]
        group = shorten(term.group, 16)
        for name, row, column in elements(term):
            if row == column:
                found[name] = f"SD of {effects[row]}", f"by {group}"
            else:
                found[name] = f"correlation of {effects[column]}", f"and {effects[row]} by {group}"
    return found | {"sigma": ("residual SD", "")}


def _seen(curves: list[tuple[Label, Mapping[str, Any]]]) -> str:
    """Which curves bend, and which end before they reach two units of zeta."""
    bent, ended = [], []
    for label, curve in curves:
        words = " ".join(label).strip()
        values, zetas = np.array(curve["values"]), np.array(curve["zetas"])
        if zetas[0] > -_WITHIN or zetas[-1] < _WITHIN:
            ended.append(words)
            continue
        left, middle, right = np.interp([-_WITHIN, 0.0, _WITHIN], zetas, values)
        sides = sorted([middle - left, right - middle])
        if sides[1] > _UNEQUAL * sides[0]:
            bent.append(words)
    told = []
    if bent:
        curves_of, whose = ("curve", "its") if len(bent) == 1 else ("curves", "their")
        verb = "bends" if len(bent) == 1 else "bend"
        told.append(f"The {curves_of} of {listing(bent)} {verb}: {whose} limits are not equally far from the estimate.")
    if ended:
        verb = "ends" if len(ended) == 1 else "end"
        told.append(f"The curve of the {listing(ended)} {verb} before ±2, at the boundary of what is possible.")
    if len(told) < 2:
        told.append(
            "The other curves are near to straight lines." if told else "All curves are near to straight lines."
        )
    return " ".join(told) if len(curves) > len(bent) + len(ended) else " ".join(told[: bool(bent) + bool(ended)])


def _drawing(curves, level):
    columns = min(_COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    figure, grid = style.canvas(0.5 + 1.65 * rows, rows, columns, sharey=True)
    limit = float(ndtri(0.5 + level / 2))
    for axes, (label, curve) in zip(grid, curves, strict=False):
        for height in (-limit, limit):
            axes.axhline(height, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        axes.axhline(0, color=style.INK, linewidth=0.6)
        axes.plot(curve["values"], curve["zetas"], color=style.BLUE)
        title = "\n".join(shorten(line, 26) for line in label if line)
        axes.set_title(title[:1].upper() + title[1:], fontsize=9)
        axes.set_ylim(-3.6, 3.6)
        axes.locator_params(axis="x", nbins=5)
    for axes in grid[len(curves) :]:
        axes.set_visible(False)
    for axes in grid[::columns]:
        axes.set_ylabel("zeta")
    return figure
