"""How selection goes from mean to mean.

A procedure is a generator that names the means it must know next and is sent their fits: one that has all of them at
hand runs through, and many data sets can be selected from side by side, as a bootstrap does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from lmm.select.preference import Fits, Preference
from lmm.select.scope import Mean


@dataclass(frozen=True)
class Move:
    """One step of a procedure.

    Attributes:
        current: the mean it begins with; None where all are compared at once.
        options: the means it could go to. chosen: one of them, or `current`.
    """

    current: Mean | None
    options: tuple[Mean, ...]
    chosen: Mean


Procedure = Generator[list[Mean], Fits, list[Move]]


def one_term_at_a_time(start: Mean, neighbours: Callable[[Mean], list[Mean]], preference: Preference) -> Procedure:
    """From `start` to the preferred of its neighbours, and on from there until staying is preferred.

    Returns:
        The moves, the last of which goes nowhere; none where the start could not be fitted.
    """
    current, moves = start, []
    while True:
        options = neighbours(current)
        fits = yield [current, *options]
        if fits[current].failure is not None:
            return moves
        chosen = preference.among(fits, current, options)
        moves.append(Move(current, tuple(options), chosen))
        if chosen == current:
            return moves
        current = chosen


def moves_of(procedure: Procedure, fits: Fits) -> list[Move]:
    """Run a procedure on fits that are all at hand, or made when they are asked for."""
    try:
        next(procedure)
        while True:
            procedure.send(fits)
    except StopIteration as finished:
        return finished.value
