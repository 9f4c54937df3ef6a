"""Profile zeta curves: the signed root of the rise of the deviance over a parameter, for plots.

Where they are straight the estimate is normally distributed on that scale and Wald's interval is as good as the
profile's (Bates et al. 2015, section 5.1).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.infer.profile import ProfiledParameter, ZetaPoint, chosen_parameters, profiled_parameters
from lmm.numbers import significant

if TYPE_CHECKING:
    from lmm.model import Fit

# Beyond ±3.5 a normal variable hardly goes; points half as far apart as the eye needs for a smooth line.
REACH = 3.5
STEPS = 14
REASON = {
    "reached": "the profile is not monotone",
    "falls": "the profile is not monotone",
    "unbounded": "the profile rises no further",
    "lower optimum": "the deviance falls below that of the estimate",
    "lost": "no minimum was found",
}


@dataclass(frozen=True)
class ZetaCurve:
    """The profile of one parameter by maximum likelihood.

    Attributes:
        name: of the parameter, as in `Interval`.
        values: rising, in the units of the data; the ML estimate is where zeta is 0.
        zetas: strictly rising, −√ of the rise of the deviance to the left of the estimate and +√ to its right.
        note: why a side ends before ±3.5, or None.
    """

    name: str
    values: tuple[float, ...]
    zetas: tuple[float, ...]
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        out = asdict(self)
        return out | {"values": list(self.values), "zetas": list(self.zetas)}


def zeta_curves(fit: Fit, parameters: Collection[str] | None = None) -> tuple[ZetaCurve, ...]:
    """The profile zeta curve of every parameter, at steps of ¼ in zeta from −3.5 to 3.5.

    A side that meets the boundary of the parameter ends there, with the zeta it has; one that is not monotone ends
    where it turns. A parameter that has no value by ML, such as a correlation with an effect that does not vary, has
    a curve without points, and its note says so.

    Args:
        fit: a fit in memory.
        parameters: names to take, as `profile_intervals` has them; None for all.

    Raises:
        InputError: the fit was read from a file, or a name is unknown.
    """
    from lmm.model import one_thread

    names = chosen_parameters(fit, parameters)
    with one_thread(), np.errstate(all="ignore"):
        profiled = {one.name: one for one in profiled_parameters(fit, names)}
        zeta_at_zero = {
            name: one.reach(-REACH, None)
            for name, one in profiled.items()
            if one.kind == "sd" and _is_needed(name, profiled)
        }
        ceilings = {name: abs(end.zeta) for name, end in zeta_at_zero.items() if end.status == "boundary"}
        return tuple(_curve(one, ceilings) for name, one in profiled.items() if name in names)


def _is_needed(name: str, profiled: dict[str, ProfiledParameter]) -> bool:
    return any(name in one.needs for one in profiled.values())


def _curve(one: ProfiledParameter, ceilings: dict[str, float]) -> ZetaCurve:
    """The curve of one parameter.

    At a standard deviation of 0 any correlation with it fits alike, so that the profile of the correlation never
    rises above its `ceilings`, the |zeta| of such a standard deviation at 0.
    """
    if one.maximum_likelihood is None:
        return ZetaCurve(one.name, (), (), "By maximum likelihood one of the two effects does not vary.")
    sd, ceiling = min(((sd, ceilings[sd]) for sd in one.needs if sd in ceilings), key=itemgetter(1), default=("", inf))
    left, left_note = _side(one, -1, sd, ceiling)
    right, right_note = _side(one, 1, sd, ceiling)
    points = [*reversed(left), (one.maximum_likelihood, 0.0), *right]
    notes = [note for note in (left_note, right_note) if note]
    values, zetas = zip(*points, strict=True)
    return ZetaCurve(one.name, values, zetas, " ".join(notes) or None)


def _side(
    one: ProfiledParameter, direction: int, sd: str, ceiling: float
) -> tuple[list[tuple[float, float]], str | None]:
    """Points outwards from the estimate, as far as the profile rises, and why it ended."""
    points: list[tuple[float, float]] = []
    last: ZetaPoint | None = None
    furthest = (one.maximum_likelihood, 0.0)
    side = "Below" if direction < 0 else "Above"
    for zeta in np.linspace(REACH / STEPS, REACH, STEPS).tolist():
        if zeta >= ceiling:
            return points, f"{side} {significant(furthest[0])} the curve is level at {ceiling:.3f}: there {sd} is 0."
        point = one.reach(direction * zeta, last)
        onward = direction * (point.value - furthest[0]) > 0 and direction * (point.zeta - furthest[1]) > 0
        if onward and point.status in ("reached", "boundary", "falls", "unbounded"):
            furthest = (point.value, point.zeta)
            points.append(furthest)
        if point.status == "boundary":
            return points, None if last is None and not points else f"{side}, the curve ends at the boundary."
        if point.status != "reached" or not onward:
            return points, f"{side} {furthest[0]:.6g} {REASON[point.status]}, and the curve ends."
        last = point
    return points, None
