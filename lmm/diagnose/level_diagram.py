"""The levels of the data: which grouping factor lies within which, with the number of levels and of rows in each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas
from matplotlib.patches import FancyBboxPatch

from lmm.diagnose import style
from lmm.diagnose.figure import DiagnosticFigure, drawn
from lmm.diagnose.labels import shorten
from lmm.diagnose.section import DATA
from lmm.numbers import count, counted, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lmm.study import Study

NAME = "level-diagram"
NESTED = "nested"
_HIGH, _GAP = 0.46, 0.5
"""Height of a box and of the gap below it, in inches."""


def level_diagram(study: Study, audit: dict, table: pandas.DataFrame) -> DiagnosticFigure:
    """A box for each grouping factor, outer ones above those nested in them, the rows at the bottom."""
    levels = {entry["group"]: entry["levels"] for entry in audit["groups"]}
    within = nesting(audit["structure"], study.groups)
    held = {(outer, inner): _held(table, outer, inner) for inner, outers in within.items() for outer in outers}
    rows = {
        entry["group"]: Spread(entry["rows_minimum"], entry["rows_median"], entry["rows_maximum"])
        for entry in audit["groups"]
    }
    told = [
        f"{shorten(group)} has {counted(levels[group], 'level')} with {rows[group].words('row')} each."
        for group in study.groups
    ]
    told += [
        f"Each level of {shorten(outer)} holds {number.words('level')} of {shorten(inner)}."
        for (outer, inner), number in held.items()
    ]
    relations = [_relation(pair) for pair in audit["structure"]]
    total = counted(len(table), "row")
    return drawn(
        _drawing(levels, within, held, rows, audit["structure"], (total, f"values of {study.outcome}")),
        name=NAME,
        title="Levels of the data" if len(levels) > 1 else f"Levels of {shorten(study.groups[0])}",
        alt=" ".join([f"Diagram of the grouping factors above the {total}.", *relations, *told]),
        good="The diagram is the design: each arrow leads from a unit to what was sampled or measured within it.",
        seen=" ".join(told),
        do=_advice(audit["structure"], levels),
        section=DATA,
    )


def nesting(structure: list[dict], groups: list[str]) -> dict[str, list[str]]:
    """The factors that each factor lies directly within: not those that an outer one lies within itself."""
    outers = {
        group: {pair["first"] for pair in structure if pair["relation"] == NESTED and pair["second"] == group}
        for group in groups
    }
    return {
        group: [outer for outer in groups if outer in found and not any(outer in outers[other] for other in found)]
        for group, found in outers.items()
    }


@dataclass(frozen=True)
class Spread:
    """Fewest, median and most of a count over the levels of a factor."""

    fewest: int
    median: float
    most: int

    def words(self, noun: str) -> str:
        """The range with its noun: "1 row", "2 to 8 (median 5) rows"."""
        if self.fewest == self.most:
            return counted(self.fewest, noun)
        return f"{count(self.fewest)} to {count(self.most)} (median {plain(self.median)}) {noun}s"

    @property
    def short(self) -> str:
        """The range alone: "1", "2–8"."""
        ends = dict.fromkeys([self.fewest, self.most])
        return "\N{EN DASH}".join(map(count, ends))


def _held(table: pandas.DataFrame, outer: str, inner: str) -> Spread:
    """How many levels of the inner factor the levels of the outer one hold."""
    pairs = pandas.DataFrame({"outer": _codes(table, outer), "inner": _codes(table, inner)}).drop_duplicates()
    number = np.bincount(pairs["outer"])
    return Spread(int(number.min()), float(np.median(number)), int(number.max()))


def _codes(table: pandas.DataFrame, group: str) -> np.ndarray:
    codes = np.zeros(len(table), dtype=np.int64)
    for column in group.split(":"):
        part, labels = pandas.factorize(table[column])
        codes = pandas.factorize(codes * (len(labels) + 1) + part)[0]
    return codes


def _relation(pair: dict) -> str:
    first, second = shorten(pair["first"]), shorten(pair["second"])
    if pair["relation"] == NESTED:
        return f"{second} is nested in {first}."
    return f"{first} and {second} are {pair['relation']}."


def _asks(pair: dict, groups: Collection[str]) -> bool:
    """Might labels be reused? Not where the factor that keeps them apart is among the groups already."""
    return "implicit" in pair and pair["implicit"].replace("/", ":") not in groups


def _advice(structure: list[dict], groups: Collection[str]) -> str:
    asked = [pair["implicit"] for pair in structure if _asks(pair, groups)]
    if asked:
        return (
            f"Labels recur in a way that would also fit nesting: write {asked[0]} under groups if they mean another "
            "unit in each; else leave it."
        )
    if structure:
        return "Compare it with the design of the study; where they differ, labels are wrong or start anew somewhere."
    return "See that no level of the design is missing: units left out of the groups make standard errors too small."


@dataclass(frozen=True)
class Box:
    """A box of the diagram: the middle of its upper edge, and its width, in inches."""

    x: float
    y: float
    wide: float

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.wide / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.wide / 2


def _drawing(
    levels: dict[str, int],
    within: dict[str, list[str]],
    held: dict[tuple[str, str], Spread],
    rows: dict[str, Spread],
    structure: list[dict],
    below: tuple[str, str],
):
    ranks = _ranks(within)
    height = (len(ranks) + 1) * _HIGH + len(ranks) * _GAP + 0.25
    figure, (axes,) = style.canvas(height)
    axes.set_axis_off()
    axes.set_xlim(0, style.WIDTH)
    axes.set_ylim(0.2 - height, 0.2)
    boxes: dict[str, Box] = {}
    for rank, groups in enumerate(ranks):
        y = -rank * (_HIGH + _GAP)
        boxes |= _below(groups, within, boxes, y) or _spread_out(groups, y)
    for group, box in boxes.items():
        _draw(axes, box, group, counted(levels[group], "level"))
    innermost = [group for group in boxes if all(group not in outers for outers in within.values())]
    bottom = _under([boxes[group] for group in innermost], -len(ranks) * (_HIGH + _GAP))
    _draw(axes, bottom, *below)
    for (outer, inner), number in held.items():
        _arrow(axes, boxes[outer], boxes[inner], f"{number.short} each")
    for group in innermost:
        _arrow(axes, boxes[group], bottom, f"{rows[group].short} {'row' if rows[group].most == 1 else 'rows'} each")
    for groups in ranks:
        for left, right in pairwise(sorted(groups, key=lambda group: boxes[group].x)):
            pair = next(pair for pair in structure if {pair["first"], pair["second"]} == {left, right})
            _beside(axes, boxes[left], boxes[right], pair["relation"] + ("?" if _asks(pair, levels) else ""))
    return figure


def _ranks(within: dict[str, list[str]]) -> list[list[str]]:
    """The factors by how many lie above them at most, the outermost first."""
    depth: dict[str, int] = {}
    while len(depth) < len(within):
        for group, outers in within.items():
            if all(outer in depth for outer in outers):
                depth.setdefault(group, 1 + max((depth[outer] for outer in outers), default=-1))
    return [[group for group in within if depth[group] == rank] for rank in range(max(depth.values()) + 1)]


def _spread_out(groups: list[str], y: float) -> dict[str, Box]:
    """Boxes side by side over the whole width."""
    room = style.WIDTH / len(groups)
    return {group: Box(room * (k + 0.5), y, min(1.9, 0.62 * room)) for k, group in enumerate(groups)}


def _below(groups: list[str], within: dict[str, list[str]], boxes: dict[str, Box], y: float) -> dict[str, Box]:
    """Each box under those it is nested in; none where they would meet, or where nothing is above."""
    if not all(within[group] for group in groups):
        return {}
    placed = {group: _under([boxes[outer] for outer in within[group]], y) for group in groups}
    ordered = sorted(placed.values(), key=lambda box: box.x)
    return {} if any(first.right + 0.2 > second.left for first, second in pairwise(ordered)) else placed


def _under(above: list[Box], y: float) -> Box:
    """A box under others, so wide that straight arrows lead to it from each of them."""
    left, right = min(box.x for box in above), max(box.x for box in above)
    return Box((left + right) / 2, y, max(above[0].wide, right - left + 0.8))


def _draw(axes: Axes, box: Box, head: str, below: str) -> None:
    outline = FancyBboxPatch(
        (box.left, box.y - _HIGH), box.wide, _HIGH, boxstyle="round,pad=0,rounding_size=0.05",
        facecolor="none", edgecolor=style.INK, linewidth=0.9,
    )  # fmt: skip
    axes.add_patch(outline)
    letters = max(6, int(box.wide / 0.105))
    axes.text(box.x, box.y - 0.15, shorten(head, letters), ha="center", va="center", fontsize=10, fontweight="bold")
    axes.text(box.x, box.y - 0.33, shorten(below, letters + 3), ha="center", va="center", fontsize=9)


def _arrow(axes: Axes, start: Box, end: Box, text: str) -> None:
    """An arrow with its number beside it: straight down where the lower box reaches so far, else slanting."""
    x = min(max(start.x, end.left + 0.1), end.right - 0.1)
    look = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (x, end.y), (start.x, start.y - _HIGH), arrowprops=look)
    # beside a slanting line, on the side from which it leans away
    lean = x - start.x
    side = 1 if lean <= 0 else -1
    place = (start.x + x) / 2 + side * (0.08 + 0.2 * abs(lean))
    height = (start.y - _HIGH + max(end.y, start.y - _HIGH - _GAP)) / 2
    axes.text(place, height, text, ha="left" if side > 0 else "right", va="center", fontsize=9)


def _beside(axes: Axes, left: Box, right: Box, relation: str) -> None:
    """A dashed line between two boxes next to each other, with how their factors lie; it crosses none."""
    y = left.y - _HIGH / 2
    axes.plot([left.right, right.left], [y, y], color=style.INK, linewidth=0.9, linestyle=(0, (3, 2)))
    text = relation.replace(" ", "\n") if right.left - left.right < 0.95 else relation
    axes.text((left.right + right.left) / 2, y + 0.06, text, ha="center", va="bottom", fontsize=8.5, linespacing=1.0)
