"""Observed against cross-validated predictions of the final model, new and known groups side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lmm import numbers
from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.thin import by_rank
from lmm.report.case import Case
from lmm.select.crossvalidation.comparison import FEW_UNITS, NOISE
from lmm.select.crossvalidation.folds import NEW_GROUPS

NAME, SECTION = "cross-validation-calibration", "crossvalidation"
_MOST_POINTS = 600
_COLUMNS = 3
_WORTH_A_WORD = 0.2
"""A slope that is nearer to 1 than this is no reason to distrust predictions, however sure it is."""


def calibration_figure(case: Case) -> DiagnosticFigure | None:
    """A panel for each comparison in which the final model predicted something; None without any."""
    found = _calibrated(case)
    if not found:
        return None
    seen = " ".join(_told(comparison) for comparison in found)
    with style.applied():
        return drawn(
            _drawing(case, found),
            name=NAME,
            title="Observed against cross-validated predictions",
            alt=f"Observed over predicted {shorten(case.outcome)} of the final model, for rows held out, with the line "
            f"of equality and the least-squares line. {seen}",
            good="Points scatter about the line of equality (dashed) with the same width everywhere, and the "
            "least-squares line (solid) lies on it: calibration slope 1. Known groups lie closer to it than new ones, "
            "of which only the fixed part is known.",
            seen=seen + _binned(found),
            do="Below 1, predictions differ too far: multiply their distance from their mean by the slope, or simplify "
            "the model. Above 1, they are too close to the mean: a predictor or a curve may be missing.",
            concern=" ".join(_concern(comparison) for comparison in found).strip(),
            section=SECTION,
        )


def concern(case: Case) -> str:
    """Where predictions of the final model are clearly too far apart, or too close; empty where they are not."""
    return " ".join(_concern(comparison) for comparison in _calibrated(case)).strip()


def _calibrated(case: Case) -> list[Mapping[str, Any]]:
    return [comparison for comparison in case.comparisons if comparison["calibration"]]


def _target(comparison: Mapping[str, Any]) -> str:
    """ "New groups (Subject)", or "Known groups"."""
    target, group = comparison["folds"]["target"], shorten(comparison["folds"]["group"])
    return f"{target.capitalize()} ({group})" if target == NEW_GROUPS else target.capitalize()


def _told(comparison: Mapping[str, Any]) -> str:
    """Calibration slope, and what it says of shrinkage; how far predictions spread beside the observations."""
    found = comparison["calibration"]
    share = numbers.percent(found["spread_of_predicted"] / found["spread_of_observed"])
    spread = f"predictions spread {share} as much as the observations"
    if found["slope"] is None:
        return f"{_target(comparison)}: {spread}; they are nearly one number, so that there is no calibration slope."
    return f"{_target(comparison)}: calibration slope {_slope(found)}, {_verdict(found)}; {spread}."


def _slope(found: Mapping[str, Any]) -> str:
    """The slope with its standard error, where it has one."""
    error = found["standard_error"]
    if error is None:
        return numbers.decimal(found["slope"])
    places = 2 if error >= 0.01 else 3
    return f"{numbers.decimal(found['slope'], places)} ± {numbers.decimal(error, places)}"


def _verdict(found: Mapping[str, Any]) -> str:
    slope, error = found["slope"], found["standard_error"]
    if slope <= 0:
        return "so that what is predicted higher is not observed higher"
    shrunk = numbers.percent(abs(1 - slope))
    if error is not None and abs(slope - 1) <= NOISE * error:
        return f"less than {numbers.plain(NOISE)} standard errors from 1, so that no further shrinkage is called for"
    if slope < 1:
        return f"so that predictions would have to be shrunk by {shrunk} towards their mean"
    return f"so that predictions are shrunk too far: their distances from their mean are {shrunk} too short"


def _concern(comparison: Mapping[str, Any]) -> str:
    """Nothing is said of slopes that few groups leave uncertain, nor of a fixed part that tells new groups nothing."""
    found = comparison["calibration"]
    slope, error = found["slope"], found["standard_error"]
    if slope is None or slope <= 0 or error is None or found["units"] < FEW_UNITS:
        return ""
    if abs(slope - 1) <= max(NOISE * error, _WORTH_A_WORD):
        return ""
    return f"{_target(comparison)}: the calibration slope of the final model is {_slope(found)}, {_verdict(found)}."


def _binned(found: list[Mapping[str, Any]]) -> str:
    if all(comparison["calibration"]["points"] for comparison in found):
        return ""
    return " Each dot stands for many rows with neighbouring predictions, its line for 90% of what was observed there."


def _drawing(case: Case, found: list[Mapping[str, Any]]) -> Figure:
    columns = min(_COLUMNS, len(found))
    rows = -(-len(found) // columns)
    figure, grid = style.canvas(
        0.8 + (2.3 if columns < _COLUMNS else 1.9) * rows, rows, columns, sharex=True, sharey=True
    )
    for axes, comparison in zip(grid, found, strict=False):
        _panel(axes, comparison, columns)
    for position, axes in enumerate(grid[len(found) :], start=len(found)):
        axes.set_visible(False)
        grid[position - columns].xaxis.set_tick_params(labelbottom=True)
    style.key(
        figure,
        [
            ("held-out rows", {"marker": "o", "markersize": 4, "linestyle": "none", "color": style.INK, "alpha": 0.6}),
            ("equality", {"color": style.INK, "linewidth": 1, "linestyle": (0, (4, 2))}),
            ("least squares", {"color": style.BLUE}),
        ],
    )
    unit = f" ({case.unit})" if case.unit else ""
    figure.supxlabel(shorten(f"Predicted {case.outcome}{unit}", 60), fontsize=10)
    figure.supylabel("Observed", fontsize=10)
    return figure


def _panel(axes: Axes, comparison: Mapping[str, Any], columns: int) -> None:
    found = comparison["calibration"]
    predicted, observed = _centres(found)
    if found["bins"]:
        limits = [[one[side] for one in found["bins"]] for side in ("lower", "upper")]
        axes.vlines(predicted, *limits, color=style.INK, alpha=0.3, linewidth=0.9)
        axes.scatter(predicted, observed, s=14, color=style.INK, alpha=0.8, linewidths=0)
    else:
        shown = by_rank(observed - predicted, _MOST_POINTS)
        axes.scatter(predicted[shown], observed[shown], **style.points(len(shown)))
    ends = np.array([predicted.min(), predicted.max()])
    middle = (ends[0] + ends[1]) / 2
    axes.axline((middle, middle), slope=1, color=style.INK, linewidth=1, linestyle=(0, (4, 2)))
    if found["slope"] is not None:
        weights = [one["rows"] for one in found["bins"]] if found["bins"] else None
        centre = np.average(predicted, weights=weights), np.average(observed, weights=weights)
        axes.plot(ends, centre[1] + found["slope"] * (ends - centre[0]), color=style.BLUE)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(shorten(_target(comparison), 60 // columns))


def _centres(found: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Predicted and observed of the rows, or the means of the bins."""
    if found["bins"]:
        return tuple(np.array([one[name] for one in found["bins"]]) for name in ("predicted", "observed"))
    return tuple(np.array(found["points"][name]) for name in ("predicted", "observed"))
