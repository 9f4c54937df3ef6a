"""A confidence interval of one parameter, whichever way it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from lmm.errors import InputError


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes:
        name: the parameter, as lme4's profile names it: "sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject",
            "sigma", or the name of a fixed effect.
        estimate: the fit's own estimate, in the units of the data; None where there is none.
        lower, upper: the limits; None where there is none, and `note` says why.
        level: nominal coverage.
        method: how it was made, "profile", "wald", "least squares" or a kind of bootstrap.
        note: what a reader has to know of it, or None.
    """

    name: str
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    method: str
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def check_level(level: float) -> None:
    """Raise InputError for a level that is no probability, such as 95."""
    if not 0.0 < level < 1.0:
        raise InputError(f"The level of an interval is {level}: give a number between 0 and 1, such as 0.95.")
