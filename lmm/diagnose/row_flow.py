"""How the rows went from the files to the models: a bar after each step, with what it left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.section import DATA
from lmm.diagnose.steps_taken import FREEZE, JOIN, READ, StepTaken, row_changes, steps_taken
from lmm.numbers import MINUS, count, counted, listing, percent

if TYPE_CHECKING:
    from lmm.study import Study

NAME = "row-flow"
_MOST_STEPS = 14
_TOLD = 4


def row_flow(study: Study, audit: dict) -> list[DiagnosticFigure]:
    """A bar of rows for each step that changed their number; nothing where none did."""
    steps = steps_taken(study, audit)
    changes = row_changes(steps)
    if not changes:
        return []
    # Many variables may each cost a few rows: the steps that changed most stay, in their order.
    heaviest = sorted(changes, key=lambda step: -abs(step.lost))[:_MOST_STEPS]
    shown = [step for step in changes if any(step is chosen for chosen in heaviest)]
    if steps[0].kind == READ and steps[0] not in shown:
        shown = [steps[0], *shown]
    if steps[-1].kind == FREEZE:
        shown = [*shown, steps[-1]]
    left_out = [step for step in changes if step.lost > 0]
    # Rows of a second file, and those that a join repeats, are part of what was read.
    came_in = [step for step in changes if step.lost < 0 and step.kind not in (READ, JOIN)]
    seen = _seen(audit, left_out, came_in)
    return [
        drawn(
            _drawing(shown),
            name=NAME,
            title="Row flow: rows after each step",
            alt=f"Bars of the rows left after each step that changed their number. {seen}",
            good="Few rows are lost, each for a reason that was settled before anyone looked at the outcome.",
            seen=seen + (f" The {len(heaviest)} largest changes are drawn." if len(changes) > len(heaviest) else ""),
            do=_advice(left_out),
            section=DATA,
        )
    ]


def _seen(audit: dict, left_out: list[StepTaken], came_in: list[StepTaken]) -> str:
    read, analysed = audit["rows"]["read"], audit["rows"]["analysed"]
    told = [
        f"{counted(read, 'row')} {_were(read)} read and {count(analysed)} {'is' if analysed == 1 else 'are'} analysed."
    ]
    if came_in:
        each = [f"{_named(step)} (+{count(-step.lost)})" for step in came_in[:_TOLD]]
        told.append(f"Rows came in with {listing(each)}.")
    if left_out:
        lost = sum(step.lost for step in left_out)
        heavy = sorted(left_out, key=lambda step: -step.lost)
        each = [f"{_named(step)} ({count(step.lost)})" for step in heavy[:_TOLD]]
        more = [f"{counted(len(heavy) - _TOLD, 'further step')}"] if len(heavy) > _TOLD else []
        # where one line became several rows, those of before and after cannot be added up to a share
        share = "" if came_in else f" ({percent(lost / read)})"
        told.append(f"{counted(lost, 'row')}{share} {_were(lost)} left out: {listing([*each, *more])}.")
    return " ".join(told)


def _advice(left_out: list[StepTaken]) -> str:
    if not left_out:
        return "Nothing was left out; see that the rows that came in are the ones meant."
    return "Look through dropped.csv, which has every row left out with its line and reason, before you report."


def _named(step: StepTaken) -> str:
    return f"“{shorten(step.label, 40)}”"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _drawing(steps: list[StepTaken]):
    figure, (axes,) = style.canvas(0.5 + 0.34 * len(steps))
    top = max(max(step.entry["rows_before"], step.entry["rows_after"]) for step in steps)
    for place, step in enumerate(steps):
        kept = min(step.entry["rows_before"], step.entry["rows_after"])
        axes.barh(place, kept, height=0.62, color=style.INK, alpha=0.28, linewidth=0)
        text = count(step.entry["rows_after"])
        if step.lost:
            colour, hatch = (style.VERMILLION, "////") if step.lost > 0 else (style.BLUE, "\\\\\\\\")
            axes.barh(
                place, abs(step.lost), left=kept, height=0.62, facecolor="none", edgecolor=colour, linewidth=1.0,
                hatch=hatch,
            )  # fmt: skip
            text += f"   {MINUS if step.lost > 0 else '+'}{count(abs(step.lost))}"
        axes.annotate(
            text, (kept + abs(step.lost), place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_yticks(range(len(steps)), [shorten(step.label, 24) for step in steps])
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.set_xlim(0, 1.32 * top)
    axes.set_xlabel("Rows after each step; − left out, + come in")
    axes.grid(False)
    axes.set_xticks([])
    for side in ("bottom", "top", "right"):
        axes.spines[side].set_visible(False)
    return figure
