"""What the fixed part says: marginal means with their intervals, and the mean along a covariate with the band of
new groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.infer.linearfunctions import level_text
from lmm.numbers import counted, listing, percent, plain, significant

if TYPE_CHECKING:
    from lmm.diagnose.evidence import Evidence

MEANS, MEANS_TITLE = "marginal-means", "Marginal means"
BAND, BAND_TITLE = "mean-band", "The mean over time"
_MOST_MEANS = 24


def marginal_means(evidence: Evidence, inference: Mapping[str, Any]) -> list[DiagnosticFigure | OmittedFigure]:
    """A dot and an interval for each mean, the factors under one another; those averaged over partners left out."""
    sections = [one for one in inference["means"] or [] if not one["note"] and _known(one)]
    sections = [one for one in sections if len(_known(one)) <= _MOST_MEANS]
    if not sections:
        return []
    level = percent(inference["level"])
    shown = listing([shorten(one["of"]) for one in sections])
    seen = " ".join(_told(one) for one in sections)
    return [
        drawn(
            _means_drawing(evidence, sections),
            name=MEANS,
            title=MEANS_TITLE,
            alt=f"Marginal means of {shorten(evidence.fit.outcome)} by {shown}, each with its {level} interval. {seen}",
            good="Not a check but the result: dots far apart with short intervals are clear differences.",
            seen=seen,
            do="Judge differences by the table of pairwise differences: two intervals may overlap although the means "
            "differ clearly.",
        )
    ]


def mean_band(evidence: Evidence, inference: Mapping[str, Any]) -> list[DiagnosticFigure | OmittedFigure]:
    """The mean over time, or the main covariate, with its interval, and the wider band of new observations."""
    found = inference["prediction"]
    if found is None:
        return (
            [] if evidence.study.time is None else [OmittedFigure(BAND, BAND_TITLE, inference["reasons"]["prediction"])]
        )
    lines = _lines(found)
    level = percent(inference["level"])
    over = shorten(found["over"])
    seen = _band_told(found, lines, level)
    return [
        drawn(
            _band_drawing(evidence, found, lines),
            name=BAND,
            title=f"The mean over {over}, and where new observations lie",
            alt=f"Estimated mean of {shorten(evidence.fit.outcome)} over {over} with its {level} interval, and the "
            f"{level} prediction band for an observation in a new group. {seen}",
            good="The dark band holds the mean; of observations in groups not yet seen, about "
            f"{level} lie in the light band.",
            seen=seen,
            do="For what happens on average, quote the dark band; for what to expect of one new case, the light one.",
        )
    ]


def _known(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in section["estimates"] if one["estimate"] is not None]


def _told(section: Mapping[str, Any]) -> str:
    """The lowest and the highest mean of a section."""
    ordered = sorted(_known(section), key=lambda one: one["estimate"])
    low, high = ordered[0], ordered[-1]
    if low is high:
        return f"{shorten(section['of'])}: one mean, {significant(low['estimate'])}."
    return (
        f"{shorten(section['of'])}: from {significant(low['estimate'])} ({_label(low)}) to "
        f"{significant(high['estimate'])} ({_label(high)})."
    )


def _label(one: Mapping[str, Any]) -> str:
    return ", ".join(shorten(level_text(level), 18) for level in one["levels"].values())


def _means_drawing(evidence, sections):
    counts = [len(_known(one)) for one in sections]
    figure, grid = style.canvas(
        0.55 + sum(0.5 + 0.22 * count for count in counts), len(sections), 1, sharex=True, height_ratios=counts
    )
    for axes, section in zip(grid, sections, strict=True):
        means = _known(section)
        place = np.arange(len(means))[::-1]
        estimates = np.array([one["estimate"] for one in means])
        ends = [
            [one[side] if one[side] is not None else one["estimate"] for one in means] for side in ("lower", "upper")
        ]
        axes.hlines(place, *ends, color=style.INK, alpha=0.5, linewidth=1.1)
        axes.scatter(estimates, place, s=24, color=style.BLUE, zorder=3, linewidths=0)
        axes.set_yticks(place, [_label(one) for one in means])
        axes.set_title(shorten(section["of"], 50))
        axes.set_ylim(-0.6, len(means) - 0.4)
        axes.grid(visible=False)
    grid[-1].set_xlabel(shorten(evidence.outcome_label, 60))
    return figure


def _lines(found: Mapping[str, Any]) -> dict[tuple, list[int]]:
    """Positions of the predictions of each line, by the levels of the factors that tell the lines apart."""
    lines: dict[tuple, list[int]] = {}
    for position, row in enumerate(found["rows"]):
        if found["mean"]["estimate"][position] is not None:
            lines.setdefault(tuple(row[name] for name in found["by"]), []).append(position)
    return lines


def _band_told(found: Mapping[str, Any], lines: Mapping[tuple, list[int]], level: str) -> str:
    mean, new = found["mean"], found["new_group"]
    parts = []
    for levels, places in list(lines.items())[:3]:
        first, last = places[0], places[-1]
        ends = [plain(found["rows"][place][found["over"]]) for place in (first, last)]
        who = ", ".join(shorten(level_text(one), 18) for one in levels)
        parts.append(
            f"{f'{who}: the' if who else 'the'} mean goes from {significant(mean['estimate'][first])} at {ends[0]} to "
            f"{significant(mean['estimate'][last])} at {ends[1]}, where {level} of new observations lie between "
            f"{significant(new['lower'][last])} and {significant(new['upper'][last])}."
        )
    at = [
        f"{shorten(name)} at {plain(v) if isinstance(v, float) else level_text(v)}" for name, v in found["at"].items()
    ]
    told = " ".join(part[:1].upper() + part[1:] for part in parts)
    if len(lines) > 3:
        told += f" {counted(len(lines) - 3, 'further line')} drawn."
    return f"{told} Drawn with {listing(at)}." if at else told


def _band_drawing(evidence, found, lines):
    columns = min(2, len(lines))
    rows = -(-len(lines) // columns)
    figure, grid = style.canvas(0.5 + 2.3 * rows, rows, columns, sharex=True, sharey=True)
    mean, new = found["mean"], found["new_group"]
    for axes, (levels, places) in zip(grid, lines.items(), strict=False):
        x = [found["rows"][place][found["over"]] for place in places]
        for band, alpha in ((new, 0.14), (mean, 0.3)):
            ends = [[np.nan if band[side][place] is None else band[side][place] for place in places]
                    for side in ("lower", "upper")]  # fmt: skip
            axes.fill_between(x, *ends, color=style.BLUE, alpha=alpha, linewidth=0)
        axes.plot(x, [mean["estimate"][place] for place in places], color=style.BLUE)
        if levels:
            axes.set_title(shorten(", ".join(level_text(one) for one in levels), 30))
    for position, axes in enumerate(grid[len(lines) :], start=len(lines)):
        axes.set_visible(False)
        grid[position - columns].xaxis.set_tick_params(labelbottom=True)
    figure.supxlabel(shorten(found["over"], 60), fontsize=10)
    figure.supylabel(shorten(evidence.outcome_label, 40), fontsize=10)
    return figure
