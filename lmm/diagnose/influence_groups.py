"""Levels of a grouping factor left out one at a time: Cook's distance, and what happens to single coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.influence import (
    NAMED,
    Influence,
    OfFactor,
    coefficient,
    concerns,
    gained,
    moved,
    stability,
    variances_told,
)
from lmm.diagnose.labels import shorten
from lmm.numbers import count, counted, decimal, listing, significant

if TYPE_CHECKING:
    from lmm.diagnose.evidence import Evidence

_ALL_LEVELS, _LARGEST_LEVELS = 20, 15
_PANELS = 3
_WORTH_DRAWING = 0.2
"""Standard errors: where no level moves a coefficient further, its figure would show dots at 0."""


def of_groups(evidence: Evidence, influence: Influence) -> list[DiagnosticFigure | OmittedFigure]:
    """Two figures for every grouping factor."""
    found = []
    for position, factor in enumerate(influence.factors, 1):
        group = shorten(factor.group)
        cooks = f"influence-{position}", f"Without single levels of {group}: Cook’s distance"
        changes = f"influence-coefficients-{position}", f"Without single levels of {group}: coefficients"
        if factor.found is None or not len(factor.largest):
            reason = factor.reason if factor.found is None else "The model cannot be estimated without any one level."
            found += [OmittedFigure(*cooks, reason), OmittedFigure(*changes, reason)]
            continue
        found.append(_cooks(evidence, factor, influence.alpha, *cooks))
        if factor.verdicts and len(evidence.fit.beta) > 1:
            # With one coefficient Cook's distance is its squared change.
            _, _, size = _largest_change(factor)
            found.append(
                _changes(evidence, factor, *changes)
                if size > _WORTH_DRAWING
                else OmittedFigure(*changes, _hardly(factor, group))
            )
    return found


def _cooks(evidence: Evidence, factor: OfFactor, alpha: float, name: str, title: str) -> DiagnosticFigure:
    found, group = factor.found, shorten(factor.group)
    levels = factor.largest
    above = int(np.sum(found.cooks > factor.threshold))
    first = levels[0]
    hanging, gaining = concerns(evidence, factor, alpha), gained(evidence, factor, alpha)
    largest = (
        f"Cook’s distance is largest for {group} {factor.name(first)} ({significant(found.cooks[first], 2)})"
        f"{f', then {factor.name(levels[1])} ({significant(found.cooks[levels[1]], 2)})' if len(levels) > 1 else ''}; "
        f"{count(above) if above else 'none'} of {counted(len(found.levels), 'level')} "
        f"{'lies' if above < 2 else 'lie'} above 4/J = {significant(factor.threshold, 2)}."
    )
    told = [largest, *hanging, *gaining]
    if factor.verdicts and not told[1:]:
        told.append(_strongest(evidence, factor))
    told += [stability(factor, alpha), variances_told(evidence, factor)]
    if factor.reason:
        told.append(factor.reason)
    return drawn(
        _cooks_drawing(factor),
        name=name,
        title=title,
        alt=f"Dot plot of Cook’s distance of the levels of {group}, the largest first. {largest}",
        good="No level far to the right of all others. Cook’s distance says how far all fixed effects together move "
        "when a level is left out; 4/J, with J levels, is a line to look beyond, not a test (Van der Meer, Te "
        "Grotenhuis & Pelzer 2010).",
        seen=" ".join(filter(None, told)),
        do=_advice(factor, hanging, above),
        concern=" ".join(hanging),
    )


def _strongest(evidence: Evidence, factor: OfFactor) -> str:
    """The largest change of a coefficient in question, in its standard errors."""
    level, one, size = _largest_change(factor)
    return (
        f"The largest change of a coefficient: without {factor.name(level)} {coefficient(one.name)} "
        f"{moved(evidence, one, level)}, by {decimal(size)} standard errors."
    )


def _largest_change(factor: OfFactor):
    sizes = [np.nan_to_num(np.abs(one.without - one.estimate) / one.se, nan=-1.0) for one in factor.verdicts]
    which = int(np.argmax([size.max() for size in sizes]))
    level = int(np.argmax(sizes[which]))
    return level, factor.verdicts[which], float(sizes[which][level])


def _hardly(factor: OfFactor, group: str) -> str:
    level, one, size = _largest_change(factor)
    return (
        f"No level of {group} changes a coefficient by more than {decimal(size)} standard errors, which is what "
        f"{factor.name(level)} changes {coefficient(one.name)} by."
    )


def _advice(factor: OfFactor, hanging: list[str], above: int) -> str:
    if hanging:
        return (
            "Look into the levels named here: their rows, their circumstances, a typing error. Where nothing is wrong "
            "with them, keep them, and report the answer with and without them."
        )
    if above:
        names = listing([factor.name(level) for level in factor.largest[: min(above, NAMED)]])
        return f"Look once at the rows of {names}. The conclusions stay the same without any of them."
    return "Nothing: the answer does not hang on single levels."


def _cooks_drawing(factor: OfFactor):
    found = factor.found
    levels = _drawn_of(factor.largest)
    figure, (axes,) = style.canvas(1.1 + 0.155 * len(levels))
    place, values = np.arange(len(levels))[::-1], found.cooks[levels]
    axes.hlines(place, 0.0, values, color=style.INK, alpha=0.35, linewidth=0.9)
    high = values > factor.threshold
    for chosen, colour, marker in ((high, style.VERMILLION, "D"), (~high, style.INK, "o")):
        if chosen.any():
            axes.scatter(values[chosen], place[chosen], s=18, color=colour, marker=marker, linewidths=0, zorder=3)
    right = max(1.08 * values[0], 1e-12)
    if factor.threshold < 2.0 * right:
        right = max(right, 1.15 * factor.threshold)
        axes.axvline(factor.threshold, color=style.BLUE, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.annotate("4/J", (factor.threshold, 0), xytext=(3, 0), textcoords="offset points", fontsize=9, va="center")
    axes.set_xlim(0.0, right)
    axes.grid(visible=False)
    axes.set_yticks(place, [factor.name(level) for level in levels])
    axes.set_xlabel(f"Cook’s distance{_which(factor, len(levels))}")
    return figure


def _drawn_of(levels: np.ndarray) -> np.ndarray:
    return levels if len(levels) <= _ALL_LEVELS else levels[:_LARGEST_LEVELS]


def _which(factor: OfFactor, number: int) -> str:
    total = len(factor.found.levels)
    return f", the {number} largest of {total:,} levels" if number < total else ""


def _changes(evidence: Evidence, factor: OfFactor, name: str, title: str) -> DiagnosticFigure:
    fit, found = evidence.fit, factor.found
    shown = factor.verdicts
    places = [fit.coefficients.index(one.name) for one in shown]
    threshold = 2.0 / np.sqrt(len(found.levels))
    size = np.nan_to_num(np.abs(found.dfbetas[:, places]), nan=-1.0)
    if len(shown) > _PANELS:
        strongest = np.sort(np.argsort(-size.max(0), kind="stable")[:_PANELS])
        shown, places, size = [shown[k] for k in strongest], [places[k] for k in strongest], size[:, strongest]
    levels = np.argsort(-size.max(1), kind="stable")
    levels = _drawn_of(levels[size[levels].max(1) >= 0])
    sentences = []
    for one, place in zip(shown, places, strict=True):
        level = int(np.nanargmax(np.abs(found.dfbetas[:, place])))
        beyond = int(np.sum(np.abs(found.dfbetas[:, place]) > threshold))
        what = coefficient(one.name)
        sentences.append(
            f"{what[0].upper()}{what[1:]} {moved(evidence, one, level)} without {factor.name(level)} (DFBETAS "
            f"{decimal(found.dfbetas[level, place])}); {counted(beyond, 'level')} beyond ±{significant(threshold, 2)}."
        )
    return drawn(
        _changes_drawing(factor, shown, places, levels, threshold),
        name=name,
        title=title,
        alt=f"Change of {counted(len(shown), 'coefficient')} in standard errors when each level of "
        f"{shorten(factor.group)} is left out. {' '.join(sentences)}",
        good="Dots near 0. A dot shows by how many standard errors the coefficient changes without the level "
        "(DFBETAS); ±2/√J, dashed, is where to look (Belsley, Kuh & Welsch 1980); of many levels a few lie beyond.",
        seen=" ".join(sentences),
        do="A level that moves one coefficient alone often has unusual values of that predictor: look there first.",
    )


def _changes_drawing(factor: OfFactor, shown, places: list[int], levels: np.ndarray, threshold: float):
    figure, grid = style.canvas(1.3 + 0.155 * len(levels), 1, len(shown), sharey=True, sharex=True)
    rows = np.arange(len(levels))[::-1]
    for axes, one, place in zip(grid, shown, places, strict=True):
        values = factor.found.dfbetas[levels, place]
        axes.axvline(0, color=style.INK, linewidth=0.8)
        axes.hlines(rows, 0.0, values, color=style.INK, alpha=0.35, linewidth=0.9)
        far = np.abs(values) > threshold
        for chosen, colour, marker in ((far, style.VERMILLION, "D"), (~far, style.INK, "o")):
            if chosen.any():
                axes.scatter(values[chosen], rows[chosen], s=16, color=colour, marker=marker, linewidths=0, zorder=3)
        for edge in (-threshold, threshold):
            axes.axvline(edge, color=style.BLUE, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.grid(visible=False)
        axes.locator_params(axis="x", nbins=6 if len(shown) == 1 else 4)
        axes.set_title("Intercept" if one.name == "(Intercept)" else shorten(one.name, 40 // len(shown)))
    for axes in grid[1:]:
        axes.yaxis.set_visible(False)
    reach = 1.12 * max(threshold, float(np.nanmax(np.abs(factor.found.dfbetas[np.ix_(levels, places)]))))
    grid[0].set_xlim(-reach, reach)
    grid[0].set_yticks(rows, [factor.name(level) for level in levels])
    figure.supxlabel(f"Change in standard errors{_which(factor, len(levels))}", fontsize=10)
    return figure
