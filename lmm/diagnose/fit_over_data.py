"""The fitted model over the observations: does it follow them, and how far are levels drawn to the average?"""

from __future__ import annotations

import numpy as np
import pandas

from lmm.diagnose import style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.small_panels import SmallPanels
from lmm.diagnose.structure import Grouping, groupings, line_grouping, running_variable
from lmm.diagnose.thin import by_rank
from lmm.numbers import bounded, counted, listing, percent, significant

NAME, TITLE = "fit-over-data", "The fit over the data"
_MOST_PANELS = 20
_FEWEST_ROWS = 3
"""A line of its own needs three rows in a level: two leave no error."""


def fit_over_data(evidence: Evidence) -> list[DiagnosticFigure | OmittedFigure]:
    """Lines per level where something runs along an axis, else fitted against observed means of the levels."""
    column = running_variable(evidence)
    if column is not None:
        x = evidence.table[column].to_numpy(dtype=float)
        grouping = line_grouping(evidence, x)
        if grouping is not None:
            figure = _panels(evidence, column, x, grouping)
            if figure is not None:
                return [figure]
    factors = groupings(evidence)
    if not factors:
        return [
            OmittedFigure(NAME, TITLE, "The model has neither a grouping factor nor a variable that lines run over.")
        ]
    return [_level_means(evidence, factors)]


def _own_lines(frame: pandas.DataFrame) -> pandas.DataFrame:
    """Least squares within each level with enough rows: rows, mean of x, mean of y, slope, and the fitted slope.

    `slope` is that of the observations, `model` that of the fitted values, both over x.
    """
    means = frame.groupby("level")[["x", "y", "fitted"]].transform("mean")
    centred = frame[["x", "y", "fitted"]] - means
    sums = (
        pandas.DataFrame({"xx": centred.x**2, "xy": centred.x * centred.y, "xf": centred.x * centred.fitted})
        .groupby(frame.level)
        .sum()
    )
    lines = frame.groupby("level").agg(rows=("x", "size"), x=("x", "mean"), y=("y", "mean"))
    enough = (lines.rows >= _FEWEST_ROWS) & (sums.xx > 1e-12 * max(sums.xx.max(), 1e-300))
    return lines.assign(slope=sums.xy / sums.xx, model=sums.xf / sums.xx)[enough]


def _panels(evidence: Evidence, column: str, x: np.ndarray, grouping: Grouping) -> DiagnosticFigure | None:
    frame = pandas.DataFrame(
        {"x": x, "y": evidence.observed, "fitted": evidence.fit.fitted, "fixed": evidence.fit.fitted_fixed}
    ).assign(level=grouping.codes)
    lines = _own_lines(frame)
    if len(lines) < 2:
        return None
    ordered = lines.sort_values("slope", kind="stable").index
    places = np.unique(np.linspace(0, len(ordered) - 1, min(_MOST_PANELS, len(ordered))).round().astype(int))
    shown = list(ordered[places])
    group, x_name = shorten(grouping.group), shorten(column)
    seen = f"{_shrinkage(lines, group)} {_misfit(frame, grouping)}"
    levels = len(grouping.levels)
    chosen = f" {counted(len(shown), 'level')} of {levels:,d} are drawn, evenly spaced by slope."
    return drawn(
        _panel_drawing(evidence, frame, lines, grouping, shown, column),
        name=NAME,
        title=f"Fitted lines over the data, by {group}",
        alt=(
            f"Small panels, one per level of {group}: observations over {x_name}, the model’s line and a separate "
            f"least-squares line. {seen}"
        ),
        good=(
            "Solid lines (model) run through the points; they differ from dashed ones (each level alone) only by a "
            "pull towards the average."
        ),
        seen=seen + (chosen if len(shown) < levels else ""),
        do=(
            "Where the points bend around a solid line, add a curve. Where solid and dashed lines part in a level with "
            "many rows, a random slope may be missing."
        ),
    )


def _shrinkage(lines: pandas.DataFrame, group: str) -> str:
    """How much less the slopes of the model scatter than those of separate lines."""
    own, model = float(lines.slope.std()), float(lines.model.std())
    if model <= 1e-6 * own:
        return (
            f"The model gives every level of {group} the same slope, where separate lines scatter with SD "
            f"{significant(own)}."
        )
    told = (
        f"Slopes of separate least-squares lines have an SD of {significant(own)} over the levels of {group}, those of "
        f"the model {significant(model)}"
    )
    if model >= own:
        return f"{told}: nothing is pulled towards a common slope."
    return f"{told}: on average they are pulled {percent(1 - model / own)} of the way to a common slope."


def _misfit(frame: pandas.DataFrame, grouping: Grouping) -> str:
    """Which level the model describes worst, by root mean square, beside what level means alone would miss."""
    squared = (frame.y - frame.fitted) ** 2
    within = (frame.y - frame.groupby("level")["y"].transform("mean")) ** 2
    by_level = squared.groupby(frame.level).mean()
    return (
        f"The model fits worst in {shorten(grouping.levels[by_level.idxmax()])}, missing its rows by "
        f"{significant(by_level.max() ** 0.5)} (root mean square; over all rows {significant(squared.mean() ** 0.5)}, "
        f"where the levels’ own means would miss by {significant(within.mean() ** 0.5)})."
    )


def _panel_drawing(evidence, frame, lines, grouping, shown, column):
    rows = frame[frame.level.isin(shown)]
    averages = rows.groupby(["level", "x"])[["fitted", "fixed"]].mean()
    drawn_levels = [averages.loc[level] for level in shown]
    own = [_line_of(rows[rows.level == level], lines.loc[level]) for level in shown]
    heights = np.concatenate([rows.y, averages.fitted, averages.fixed, *(y for _, y in own)])
    panels = SmallPanels.over(len(shown), rows.x.to_numpy(), heights)
    alone = {"color": style.VERMILLION, "linewidth": 1.1, "linestyle": (0, (4, 2))}
    model = {"color": style.BLUE, "linewidth": 1.8}
    fixed = {"color": style.INK, "linewidth": 0.8, "alpha": 0.45}
    figure = panels.draw(
        [shorten(grouping.levels[level], 10) for level in shown],
        [
            (own, alone),
            ([(one.index.to_numpy(), one.fixed.to_numpy()) for one in drawn_levels], fixed),
            ([(one.index.to_numpy(), one.fitted.to_numpy()) for one in drawn_levels], model),
        ],
        (rows.level.map({level: panel for panel, level in enumerate(shown)}).to_numpy(), rows.x, rows.y),
    )
    observed = {"marker": "o", "markersize": 3.5, "linestyle": "none", "color": style.INK}
    style.key(figure, [("observed", observed), ("model", model), ("level alone", alone), ("fixed part", fixed)])
    (axes,) = figure.axes
    axes.set_xlabel(shorten(column, 60))
    axes.set_ylabel(shorten(evidence.outcome_label, 40))
    return figure


def _line_of(part: pandas.DataFrame, line: pandas.Series) -> tuple[np.ndarray, np.ndarray]:
    """The least-squares line of a level, from its first to its last x."""
    ends = np.array([part.x.min(), part.x.max()])
    return ends, line.y + line.slope * (ends - line.x)


def _level_means(evidence: Evidence, factors: list[Grouping]) -> DiagnosticFigure:
    """Fitted over observed means of the levels of each factor; below the line at the top is shrinkage."""
    panels, sentences = [], []
    for grouping in factors:
        frame = pandas.DataFrame({"observed": evidence.observed, "fitted": evidence.fit.fitted})
        means = frame.groupby(grouping.codes).mean()
        correlation = float(means.corr().iloc[0, 1]) if len(means) > 2 and means.std().min() > 0 else None
        ratio = float(means.fitted.std() / means.observed.std()) if means.observed.std() > 0 else None
        panels.append((grouping, means))
        if ratio is not None:
            agreement = "" if correlation is None else f", correlation {bounded(correlation)}"
            sentences.append(
                f"{shorten(grouping.group)}: fitted means of {counted(len(means), 'level')} spread "
                f"{percent(ratio)} as much as the observed ones{agreement}."
            )
    seen = " ".join(sentences) or "The observed means of the levels do not differ."
    names = listing([shorten(grouping.group) for grouping in factors])
    return drawn(
        _level_mean_drawing(evidence, panels),
        name=NAME,
        title=f"Fitted against observed means, by {names}",
        alt=(
            f"Fitted over observed mean {shorten(evidence.fit.outcome)} for each level of {names}, with the line "
            f"of equality. {seen}"
        ),
        good="Points along the line of equality, a little flatter: levels with few rows are drawn to the average.",
        seen=seen,
        do="A level far off the line has rows the model does not explain: look at them in the raw data.",
    )


def _level_mean_drawing(evidence, panels):
    figure, grid = style.canvas(2.8, 1, len(panels))
    for axes, (grouping, means) in zip(grid, panels, strict=True):
        low, high = means.to_numpy().min(), means.to_numpy().max()
        axes.plot([low, high], [low, high], color=style.BLUE, linewidth=1.2)
        shown = by_rank(means.observed.to_numpy(), 800)
        axes.scatter(means.observed.iloc[shown], means.fitted.iloc[shown], **style.points(len(shown)))
        farthest = [int(np.argmax((means.fitted - means.observed).abs().to_numpy()))]
        place = means.observed.to_numpy()[farthest], means.fitted.to_numpy()[farthest]
        style.label_points(axes, *place, [shorten(grouping.levels[means.index[farthest[0]]], 14)])
        axes.set_title(shorten(grouping.group, 48 // len(panels)))
        axes.set_xlabel("Observed mean")
    grid[0].set_ylabel("Fitted mean")
    return figure
