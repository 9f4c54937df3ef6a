"""The raw data before any model: what there is to be explained, drawn the way the study is laid out."""

from __future__ import annotations

import numpy as np
import pandas
from matplotlib.axes import Axes

from lmm.diagnose import style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.predictors import factors_of_mean
from lmm.diagnose.structure import Grouping, groupings, is_nested, line_grouping, running_variable
from lmm.numbers import count, counted, listing, percent, plain, significant

_MOST_LINES = 120
_MOST_TILES = 60
_MOST_OUTER = 60
_DASHES = ((0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)), "solid")
_MOST_ARMS = len(_DASHES)
"""Means of more levels than this are no picture; the marginal means show them."""


def raw_data(evidence: Evidence) -> list[DiagnosticFigure | OmittedFigure]:
    """Lines per level where something runs along an axis; means by level or a tile grid where factors meet."""
    figures = []
    column = running_variable(evidence)
    if column is not None:
        x = evidence.table[column].to_numpy(dtype=float)
        grouping = line_grouping(evidence, x)
        if grouping is not None:
            figures.append(_lines(evidence, column, x, grouping))
    factors = groupings(evidence)
    if len(factors) >= 2:
        outer, inner = sorted(factors, key=lambda factor: len(factor.levels))[:2]
        if is_nested(inner, outer):
            figures.append(_means_by_level(evidence, outer, inner))
        else:
            figures.append(_tiles(evidence, inner, outer))
    elif not figures and factors:
        figures.append(_means_by_level(evidence, factors[0], None))
    return figures


def _lines(evidence: Evidence, column: str, x: np.ndarray, grouping: Grouping) -> DiagnosticFigure:
    y, outcome, group = evidence.observed, evidence.fit.outcome, shorten(grouping.group)
    frame = pandas.DataFrame({"x": x, "y": y, "fixed": evidence.fit.fitted_fixed, "level": grouping.codes})
    slopes = _slopes(frame)
    rising, falling = int((slopes > 0).sum()), int((slopes < 0).sum())
    average = _along(frame.x, frame.fixed)
    change = average.iloc[-1] - average.iloc[0]
    shown = _evenly_chosen(frame.groupby("level")["y"].mean(), _MOST_LINES)
    figure, (axes,) = style.canvas(3.2)
    light = 0.45 if len(shown) <= 30 else 0.25
    for _, line in frame[frame.level.isin(shown)].sort_values("x", kind="stable").groupby("level"):
        axes.plot(line.x, line.y, color=style.INK, alpha=light, linewidth=0.8)
    axes.plot(average.index, average, color=style.BLUE, linewidth=2.6)
    means = _observed_means(evidence, frame)
    for (_, mean), dashes in zip(means, _DASHES, strict=False):
        axes.plot(mean.index, mean, color=style.VERMILLION, linewidth=1.8, linestyle=dashes)
    if len(means) > 1:
        _label_ends(axes, means)
    flagged = evidence.flagged.any()
    lines = [
        (
            f"a level of {shorten(grouping.group, 10)}",
            {"color": style.INK, "alpha": 0.45, "linewidth": 0.8},
        ),
        ("fixed part" if flagged else "fixed part of the model", {"color": style.BLUE, "linewidth": 2.6}),
        (
            "observed mean" if len(means) == 1 else "observed means",
            {"color": style.VERMILLION, "linestyle": _DASHES[0]},
        ),
    ]
    if flagged:
        style.ring(axes, x[evidence.flagged], y[evidence.flagged])
        lines.append(("flagged", style.FLAGGED))
    style.key(figure, lines)
    axes.set_xlabel(shorten(column, 60))
    axes.set_ylabel(shorten(evidence.outcome_label, 40))
    x_name = shorten(column)
    verb = "rises" if change > 0 else "falls" if change < 0 else "stays level"
    seen = (
        f"The fixed part {verb} by {significant(abs(change))} from {x_name} = {plain(average.index[0])} to "
        f"{plain(average.index[-1])}. Of {counted(len(slopes), 'separate least-squares line')}, one per level of "
        f"{group}, {count(rising)} {'rises' if rising == 1 else 'rise'} and {count(falling)} "
        f"{'falls' if falling == 1 else 'fall'}. {_means_told(means)}"
    )
    thinned = (
        f" {counted(len(shown), 'line')} of {len(grouping.levels):,d} are drawn."
        if len(shown) < len(grouping.levels)
        else ""
    )
    return drawn(
        figure,
        name="raw-lines",
        title=f"Raw data: {shorten(outcome)} over {x_name}, a line per level of {group}",
        alt=(
            f"Lines of {shorten(outcome)} over {x_name} for the levels of {group}, with the fixed part and "
            f"the observed means on top. {seen}"
        ),
        good="Lines of one kind: the fixed part runs through their middle, and none behaves like no other.",
        seen=seen + thinned + style.rings_told(evidence.flagged),
        do=(
            "Where lines fan out or cross, the slope differs between levels and belongs in the random part; "
            "where they bend together, the fixed part needs a curve."
        ),
    )


def _observed_means(evidence: Evidence, frame: pandas.DataFrame) -> list[tuple[str, pandas.Series]]:
    """The observed mean along x of each level of the first factor of the fixed part with few, or of all rows."""
    arms = next((one for one in factors_of_mean(evidence) if 2 <= len(one.levels) <= _MOST_ARMS), None)
    if arms is None:
        return [("", _along(frame.x, frame.y))]
    found = []
    for code, level in enumerate(arms.levels):
        part = frame[arms.codes == code]
        if len(part):
            found.append((level, _along(part.x, part.y)))
    return found


def _means_told(means: list[tuple[str, pandas.Series]]) -> str:
    """The observed means at both ends: in words what the dashed lines show."""
    each = [
        f"{shorten(label, 20)} from {significant(mean.iloc[0])} to {significant(mean.iloc[-1])}".strip()
        for label, mean in means
    ]
    return f"Observed means: {listing(each)}."


def _label_ends(axes: Axes, means: list[tuple[str, pandas.Series]]) -> None:
    """The level beside the end of each line of means; labels that would meet are moved apart."""
    low, high = axes.get_ylim()
    height = -np.inf
    for label, mean in sorted(means, key=lambda one: one[1].iloc[-1]):
        height = max(mean.iloc[-1], height + 0.06 * (high - low))
        axes.annotate(
            shorten(label, 14), (mean.index[-1], height), xytext=(5, 0), textcoords="offset points",
            va="center", fontsize=9, annotation_clip=False,
        )  # fmt: skip


def _slopes(frame: pandas.DataFrame) -> np.ndarray:
    """Least-squares slope of y on x within each level in which x moves."""
    centred = frame.assign(
        x=frame.x - frame.groupby("level")["x"].transform("mean"),
        y=frame.y - frame.groupby("level")["y"].transform("mean"),
    )
    sums = pandas.DataFrame({"xy": centred.x * centred.y, "xx": centred.x**2}).groupby(frame.level).sum()
    sums = sums[sums.xx > 1e-12 * max(sums.xx.max(), 1e-300)]
    return (sums.xy / sums.xx).to_numpy()


def _along(x: pandas.Series, y: pandas.Series) -> pandas.Series:
    """Mean of y at each value of x, or in 20 bins of equal count where x has more values than that."""
    if x.nunique() <= 20:
        return y.groupby(x).mean()
    bins = pandas.qcut(x, 20, labels=False, duplicates="drop")
    return pandas.Series(y.groupby(bins).mean().to_numpy(), index=x.groupby(bins).mean().to_numpy())


def _evenly_chosen(means: pandas.Series, most: int) -> list:
    """At most so many levels, evenly spaced by their mean, lowest and highest included."""
    ordered = means.sort_values(kind="stable").index
    places = np.unique(np.linspace(0, len(ordered) - 1, min(most, len(ordered))).round().astype(int))
    return list(ordered[places])


def _means_by_level(evidence: Evidence, outer: Grouping, inner: Grouping | None) -> DiagnosticFigure:
    """Means of the inner levels (or the rows) as points, in a column per outer level; columns sorted by mean."""
    frame = pandas.DataFrame({"y": evidence.observed, "outer": outer.codes})
    if inner is None:
        points = frame
        what = "rows"
    else:
        frame["inner"] = inner.codes
        points = frame.groupby(["outer", "inner"], as_index=False)["y"].mean()
        what = f"means of {shorten(inner.group)}"
    means = frame.groupby("outer")["y"].mean()
    shown = _evenly_chosen(means, _MOST_OUTER)
    place = {level: position for position, level in enumerate(shown)}
    points = points[points.outer.isin(place)]
    between, within = float(means.std()), float(points.groupby("outer")["y"].std().mean())
    figure, (axes,) = style.canvas(3.0)
    axes.scatter(points.outer.map(place), points.y, **style.points(len(points)))
    axes.hlines(
        means[shown], [place[level] - 0.35 for level in shown], [place[level] + 0.35 for level in shown],
        color=style.BLUE, linewidth=2,
    )  # fmt: skip
    few = len(shown) <= 12
    axes.set_xticks(
        range(len(shown)) if few else [],
        [shorten(outer.levels[level], 60 // len(shown)) for level in shown] if few else [],
    )
    axes.set_xlabel(shorten(outer.group, 40) + ("" if few else f": {counted(len(shown), 'level')}, sorted by mean"))
    axes.set_ylabel(shorten(evidence.outcome_label, 40))
    group, outcome = shorten(outer.group), shorten(evidence.fit.outcome)
    lowest, highest = shorten(outer.levels[shown[0]]), shorten(outer.levels[shown[-1]])
    seen = (
        f"Means of {group} run from {significant(means.min())} ({lowest}) to {significant(means.max())} ({highest}), "
        f"SD {significant(between)}; within a level the {what} scatter with SD {significant(within)} on average."
    )
    return drawn(
        figure,
        name="raw-levels",
        title=f"Raw data: {outcome} by level of {group}",
        alt=(
            f"{what[:1].upper()}{what[1:]} of {outcome} in a column per level of {group}, with the level’s mean as a "
            f"bar. {seen}"
        ),
        good="Columns of similar height; how far the bars differ shows what the grouping factor has to explain.",
        seen=seen,
        do="Check a column that stands apart, and points far from their column, against the source.",
    )


def _tiles(evidence: Evidence, rows: Grouping, columns: Grouping) -> DiagnosticFigure:
    """Mean outcome in a grid of two crossed factors, both sorted by mean, so that addition shows as a gradient."""
    frame = pandas.DataFrame({"y": evidence.observed, "row": rows.codes, "column": columns.codes})
    row_means, column_means = frame.groupby("row")["y"].mean(), frame.groupby("column")["y"].mean()
    kept = _evenly_chosen(row_means, _MOST_TILES), _evenly_chosen(column_means, _MOST_TILES)
    tiles = frame[frame.row.isin(kept[0]) & frame.column.isin(kept[1])]
    shown = tiles.groupby(["row", "column"])["y"].mean().unstack().reindex(index=kept[0], columns=kept[1])
    cells = len(row_means) * len(column_means)
    filled = len(frame[["row", "column"]].drop_duplicates()) / cells
    additive = _additive_share(frame)
    wide = len(shown) <= len(shown.columns)
    grid = shown if wide else shown.T
    across, down = (columns, rows) if wide else (rows, columns)
    figure, (axes, scale) = style.canvas(min(5.5, max(2.2, 1.3 + 0.17 * len(grid))), 1, 2, width_ratios=(40, 1))
    mesh = axes.pcolormesh(np.ma.masked_invalid(grid.to_numpy()), cmap="cividis", rasterized=grid.size > 1_500)
    axes.grid(visible=False)
    bar = figure.colorbar(mesh, cax=scale)
    bar.outline.set_visible(False)
    bar.set_label(shorten(f"Mean {evidence.outcome_label}", 40))
    for axis, grouping, levels in ((axes.xaxis, across, grid.columns), (axes.yaxis, down, grid.index)):
        few = len(levels) <= 30
        axis.set_ticks(
            np.arange(len(levels)) + 0.5 if few else [],
            [shorten(grouping.levels[level], 12) for level in levels] if few else [],
        )
        axis.set_label_text(shorten(grouping.group, 40) + ("" if few else f" ({counted(len(levels), 'level')})"))
    first, second = shorten(rows.group), shorten(columns.group)
    outcome = shorten(evidence.fit.outcome)
    seen = (
        f"Level means of {first} differ by up to {significant(np.ptp(row_means))}, those of {second} by up to "
        f"{significant(np.ptp(column_means))}. {percent(filled)} of the {cells:,d} combinations occur. "
        f"Adding the two up reproduces {percent(additive)} of the variance of {outcome}."
    )
    return drawn(
        figure,
        name="raw-grid",
        title=f"Raw data: {outcome} by {first} and {second}",
        alt=f"Grid of the mean {outcome} for each combination of {first} and {second}, both sorted by mean. {seen}",
        good="A smooth gradient from corner to corner: the two factors add up. Speckles speak for an interaction.",
        seen=seen,
        do="Look at single cells that break the gradient. Empty cells are no harm as long as the grid hangs together.",
    )


def _additive_share(frame: pandas.DataFrame) -> float:
    """R² of row and column effects added up, by alternating means; a handful of sweeps is plenty for a picture."""
    centred = frame.y - frame.y.mean()
    total = float((centred**2).sum())
    if total == 0:
        return 0.0
    rest = centred.copy()
    for _ in range(20):
        rest = rest - rest.groupby(frame.row).transform("mean")
        rest = rest - rest.groupby(frame.column).transform("mean")
    return 1 - float((rest**2).sum()) / total
