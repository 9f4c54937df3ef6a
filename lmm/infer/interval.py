"""A confidence interval of one parameter, whichever way it was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Interval:
    """A confidence interval.

    Attributes:
        name: the parameter, as lme4's profile names it: "sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject",
            "sigma", or the name of a fixed effect.
        estimate: the fit's own estimate, in the units of the data; None where there is none.
        lower, upper: the limits; None where there is none, and `note` says why.
        level: nominal coverage.
        method: how it was made, "profile", "wald" or a kind of bootstrap.
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
