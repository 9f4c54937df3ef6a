"""The figures: which structure the ladder ends with, and how often its test rejects.

No meaning rests on colour alone: the verdicts differ in lightness and hatching, the procedures stand in rows of their
own, the numbers of groups are written at them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Patch
from rates import Cell, Share
from recovery import MODES, NEITHER, TOO_LARGE, TOO_SMALL, TRUE, Scenario

from lmm.diagnose import style
from lmm.diagnose.drawing import render
from lmm.diagnose.style import BLUE, INK, VERMILLION, WIDTH
from lmm.files import write_text, write_whole

SKY, PALE = "#56b4e9", "#f0e442"
_VERDICTS = {
    TOO_SMALL: {"facecolor": PALE, "hatch": ""},
    TRUE: {"facecolor": BLUE, "hatch": ""},
    TOO_LARGE: {"facecolor": SKY, "hatch": "////"},
    NEITHER: {"facecolor": "#ffffff", "hatch": "...."},
}
_WIDE = 1.45 * WIDTH
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
    figure = Figure(figsize=(_WIDE, 0.9 + sum(0.2 * height + 0.3 for height in heights)))
    grid = figure.subplots(len(scenarios), len(modes), squeeze=False, sharex=True, height_ratios=heights)
    for scenario, line in zip(scenarios, grid, strict=True):
        for mode, axes in zip(modes, line, strict=True):
            mine = [cell for cell in cells if (cell.scenario, cell.procedure) == (scenario.name, mode)]
            for place, cell in enumerate(mine):
                _stacked(axes, place, cell)
            first = mode == modes[0]
            axes.set_yticks(range(len(mine)), [f"{cell.groups}" for cell in mine] if first else [""] * len(mine))
            axes.set_ylim(len(mine) - 0.5, -0.5)
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.5, 1], ["0", "50 %", "100 %"])
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
        line[0].set_title(scenario.title, fontsize=9, pad=3)
    for mode, axes in zip(modes, grid[0], strict=True):
        axes.annotate(
            mode, (0.5, 1), xytext=(0, 22), xycoords="axes fraction", textcoords="offset points", ha="center",
            fontweight="bold",
        )  # fmt: skip
    figure.supylabel(_unit(scenarios), fontsize=9)
    figure.legend(
        handles=[Patch(edgecolor=INK, linewidth=0.4, label=_words(name), **look) for name, look in _VERDICTS.items()],
        loc="outside upper left", ncols=4, frameon=False, fontsize=9, handlelength=1.6, columnspacing=1.6,
    )  # fmt: skip
    return figure


def _stacked(axes, place: int, cell: Cell) -> None:
    left = 0.0
    for name, look in _VERDICTS.items():
        share = cell.structure[name].value
        axes.barh(place, share, 0.78, left=left, edgecolor=INK, linewidth=0.4, **look)
        if name == TRUE and share >= 0.14:
            axes.text(left + share / 2, place, f"{share:.0%}", color="white", ha="center", va="center", fontsize=7.5)
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
    figure = Figure(figsize=(_WIDE, 0.6 + len(scenarios) * (0.16 * len(procedures) + 0.36)))
    grid = figure.subplots(len(scenarios), columns, squeeze=False, sharex=True)
    right = max(share(cell).interval[1] for cell in cells)
    for scenario, line in zip(scenarios, grid, strict=True):
        for axes in line[len(scenario.groups) :]:
            axes.set_axis_off()
        for groups, axes in zip(scenario.groups, line, strict=False):
            for place, procedure in enumerate(procedures):
                mine = [c for c in cells if (c.scenario, c.groups, c.procedure) == (scenario.name, groups, procedure)]
                for cell in mine:
                    _dot(axes, place, share(cell), nominal)
            if nominal is not None:
                axes.axvline(nominal, color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)
                axes.annotate(
                    f"{100 * nominal:.0f} %", (nominal, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
                    textcoords="offset points", ha="center", va="bottom", fontsize=8,
                )  # fmt: skip
            shown = [name.replace("-", " ") for name in procedures] if axes is line[0] else [""] * len(procedures)
            axes.set_yticks(range(len(procedures)), shown, fontsize=8)
            axes.set_ylim(len(procedures) - 0.4, -0.6)
            axes.set_xlim(0, min(1.0, 1.04 * right))
            axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
            axes.grid(True, axis="x")
            axes.grid(False, axis="y")
            axes.spines["left"].set_visible(False)
            unit = "schools" if scenario.design == "nested" else "subjects"
            axes.annotate(
                f"{groups} {unit}", (1, 1), xytext=(0, 2), xycoords="axes fraction", textcoords="offset points",
                ha="right", va="bottom", fontsize=8,
            )  # fmt: skip
        line[0].annotate(
            scenario.title, (0, 1), xytext=(-70, 13), xycoords="axes fraction", textcoords="offset points",
            ha="left", va="bottom", fontsize=9, fontweight="bold",
        )  # fmt: skip
    return figure


def _dot(axes, place: int, share: Share, nominal: float | None) -> None:
    """A dot with its interval; where that lies off the nominal rate, a square and its colour say so."""
    lower, upper = share.interval
    off = nominal is not None and not lower <= nominal <= upper
    colour = VERMILLION if off else BLUE
    axes.plot([lower, upper], [place, place], color=colour, linewidth=1.2, solid_capstyle="butt")
    axes.plot(share.value, place, "s" if off else "o", color=colour, markersize=4)


def _unit(scenarios: Sequence[Scenario]) -> str:
    units = ["schools" if scenario.design == "nested" else "subjects" for scenario in scenarios]
    return f"number of {' or '.join(sorted(set(units), reverse=True))}"


def _words(name: str) -> str:
    return {TRUE: "true structure", NEITHER: "lacks some, has others"}.get(name, name)


FIGURES = {"structure": structures, "type-one": type_one, "power": power}


def write_drawing(name: str, scenarios: Sequence[Scenario], cells: Sequence[Cell], path: str) -> None:
    """Write a figure as SVG."""
    with style.applied():
        write_text(path, render(FIGURES[name](scenarios, cells), f"recovery-{name}", *WORDS[name]).svg)


def write_picture(name: str, scenarios: Sequence[Scenario], cells: Sequence[Cell], path: str) -> None:
    """Write a figure as PNG on white ground, for pages that show no SVG."""
    with style.applied():
        figure = FIGURES[name](scenarios, cells)
        write_whole(
            path,
            lambda temporary: figure.savefig(
                temporary, format="png", dpi=150, facecolor="white", transparent=False, metadata={"Software": None}
            ),
        )
