"""The figures: which structure the ladder ends with, and how often its test rejects.

No meaning rests on colour alone: the verdicts differ in lightness and hatching, the procedures stand in rows of their
own, the numbers of groups are written at them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rates import Cell, Share
from recovery import MODES, NEITHER, TOO_LARGE, TOO_SMALL, TRUE, Scenario

from lmm.diagnose.style import BLUE, INK, VERMILLION, WIDTH
from lmm.draw import svg
from lmm.draw.axes import Axes
from lmm.draw.figure import Figure
from lmm.files import write_text

SKY, PALE = "#56b4e9", "#f0e442"
_VERDICTS = {
    TOO_SMALL: {"facecolor": PALE, "hatch": ""},
    TRUE: {"facecolor": BLUE, "hatch": ""},
    TOO_LARGE: {"facecolor": SKY, "hatch": "/"},
    NEITHER: {"facecolor": "#ffffff", "hatch": "."},
}
_WIDE = 1.45 * 72 * WIDTH
WORDS = {
    "structure": (
        "Which random structure the ladder ends with",
        "Stacked bars: the shares of data sets with too small a structure, the true one, too large a one, or one that "
        "lacks a part of the true one and has another, for each scenario, mode and number of groups.",
    ),
    "type-one": (
        "How often a true effect of zero is rejected at 5 %",
        "Dots with 95 % Monte Carlo intervals for each scenario, number of groups and procedure; a rule at 5 %.",
    ),
    "power": (
        "How often an effect is found",
        "Dots with 95 % Monte Carlo intervals for each scenario, number of groups and procedure.",
    ),
}
"""Title and description of each figure."""


def structures(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> Figure:
    """Shares of the verdicts as stacked bars: a row for each scenario, a column for each mode, a bar for each number.

    Procedures whose structure is fixed in advance have nothing to show here.
    """
    modes = [mode for mode in MODES if any(cell.procedure == mode for cell in cells)]
    heights = [len(scenario.groups) for scenario in scenarios]
    high = 55 + sum(15 * height + 27 for height in heights)
    figure = Figure(_WIDE, high, len(scenarios), len(modes), sharex=True, height_ratios=heights)
    panels = iter(figure.axes)
    for scenario in scenarios:
        for mode in modes:
            axes = next(panels)
            mine = [cell for cell in cells if (cell.scenario, cell.procedure) == (scenario.name, mode)]
            for place, cell in enumerate(mine):
                _stacked(axes, place, cell)
            first = mode == modes[0]
            axes.set_yticks(range(len(mine)), [f"{cell.groups}" for cell in mine] if first else [""] * len(mine))
            axes.set_ylim(len(mine) - 0.5, -0.5)
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
            axes.grid(False)
            axes.hide_edges("left", "bottom")
            title = scenario.title if first else ""
            axes.set_title(f"{mode}\n{title}" if scenario is scenarios[0] else title, fontsize=9, pad=3)
    figure.set_ylabel(_unit(scenarios))
    figure.key([(_words(name), {"edgecolor": INK, "linewidth": 0.4, **look}) for name, look in _VERDICTS.items()])
    return figure


def _stacked(axes: Axes, place: int, cell: Cell) -> None:
    left = 0.0
    for name, look in _VERDICTS.items():
        share = cell.structure[name].value
        axes.barh(
            place, share, height=0.78, left=left, color=look["facecolor"], edgecolor=INK, linewidth=0.4,
            hatch=look["hatch"],
        )  # fmt: skip
        if name == TRUE and share >= 0.14:
            axes.text(left + share / 2, place, f"{share:.0%}", color="#ffffff", ha="center", va="center", fontsize=7.5)
        left += share


def type_one(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> Figure:
    """Type I error of each procedure with its interval; a rule stands at the nominal 5 %."""
    return _rates(scenarios, cells, lambda cell: cell.type_one, 0.05)


def power(scenarios: Sequence[Scenario], cells: Sequence[Cell]) -> Figure:
    """Power of each procedure, with its interval."""
    return _rates(scenarios, cells, lambda cell: cell.power, None)


def _rates(
    scenarios: Sequence[Scenario], cells: Sequence[Cell], share: Callable[[Cell], Share], nominal: float | None
) -> Figure:
    """A row for each scenario, a column for each number of groups, and in it a line for each procedure."""
    columns = max(len(scenario.groups) for scenario in scenarios)
    procedures = list(dict.fromkeys(cell.procedure for cell in cells))
    high = 25 + len(scenarios) * (12 * len(procedures) + 40)
    figure = Figure(_WIDE, high, len(scenarios), columns, sharex=True)
    right = max(share(cell).interval[1] for cell in cells)
    for row, scenario in enumerate(scenarios):
        line = figure.axes[row * columns : (row + 1) * columns]
        for axes in line[len(scenario.groups) :]:
            axes.set_visible(False)
        for groups, axes in zip(scenario.groups, line, strict=False):
            for place, procedure in enumerate(procedures):
                mine = [c for c in cells if (c.scenario, c.groups, c.procedure) == (scenario.name, groups, procedure)]
                for cell in mine:
                    _dot(axes, place, share(cell), nominal)
            axes.set_xlim(0, min(1.0, 1.04 * right))
            axes.set_ylim(len(procedures) - 0.4, -0.6)
            if nominal is not None:
                axes.axvline(nominal, color=INK, linewidth=0.8, linestyle=(4, 2))
            shown = [name.replace("-", " ") for name in procedures] if axes is line[0] else [""] * len(procedures)
            axes.set_yticks(range(len(procedures)), shown, fontsize=8)
            ticks = [tick for tick in (0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1) if tick <= 1.04 * right]
            ticks = ticks if len(ticks) <= 4 else [tick for tick in ticks if tick not in (0.05, 0.1)]
            axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
            axes.grid(False)
            axes.hide_edges("left")
            unit = "schools" if scenario.design == "nested" else "subjects"
            axes.set_title(f"{scenario.title if axes is line[0] else ' '}\n{groups} {unit}", fontsize=8.5, pad=2)
    return figure


def _dot(axes: Axes, place: int, share: Share, nominal: float | None) -> None:
    """A dot with its interval; where that lies off the nominal rate, a square and its colour say so."""
    lower, upper = share.interval
    off = nominal is not None and not lower <= nominal <= upper
    colour = VERMILLION if off else BLUE
    axes.hlines(place, lower, upper, color=colour, linewidth=1.2)
    axes.scatter(share.value, place, marker="s" if off else "o", color=colour, s=16, zorder=3)


def _unit(scenarios: Sequence[Scenario]) -> str:
    units = ["schools" if scenario.design == "nested" else "subjects" for scenario in scenarios]
    return f"number of {' or '.join(sorted(set(units), reverse=True))}"


def _words(name: str) -> str:
    return {TRUE: "true structure", NEITHER: "lacks some, has others"}.get(name, name)


FIGURES = {"structure": structures, "type-one": type_one, "power": power}


def write_drawing(name: str, scenarios: Sequence[Scenario], cells: Sequence[Cell], path: str) -> None:
    """Write a figure as SVG on white ground, which a page may show by itself."""
    drawing = svg.render(FIGURES[name](scenarios, cells), f"recovery-{name}", *WORDS[name])
    write_text(path, drawing.replace('style="', 'style="background:#fff;color:#000;', 1))
