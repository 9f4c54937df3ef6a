"""A check of the model: what was asked, the number that answers it, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmm.numbers import count

FINE, LOOK, WRONG = "fine", "look", "wrong"
NOTEWORTHY, UNLIKELY = 0.05, 0.01
"""Shares of simulated data sets as extreme as the data at which a departure deserves a look, and is a concern.

A report has a dozen checks: at 5 % one or two of three sound studies would be told off.
"""


@dataclass(frozen=True)
class Check:
    """One check, for a checklist and for the prose.

    `value` is the size of the departure in the unit that `what` names, `share` the share of data sets simulated from
    the model that depart as much (a Monte-Carlo p-value; None where the check has none), `sentence` tells both.
    """

    name: str
    what: str
    value: float | None
    share: float | None
    verdict: str
    sentence: str

    def to_dict(self) -> dict:
        """For findings.json."""
        return {
            "name": self.name,
            "what": self.what,
            "value": self.value,
            "p": self.share,
            "verdict": self.verdict,
            "sentence": self.sentence,
        }


def verdict(share: float, replicates: int, matters: bool) -> str:
    """Fine where the departure is too small to matter, however sure it is, or where chance alone makes such ones."""
    if not matters or share > NOTEWORTHY:
        return FINE
    # Of 39 data sets, as few as large data have, none departing as much is a share of 2.5 %.
    return WRONG if share <= max(UNLIKELY, 1 / (replicates + 1)) else LOOK


def concern(checks: Sequence[Check]) -> str:
    """What speaks against reporting the model as it stands; empty where nothing does."""
    return " ".join(check.sentence for check in checks if check.verdict == WRONG)


def rarity(share: float, replicates: int, found: str) -> str:
    """How rare a departure is under the model: "as large in 3 of 199 data sets simulated from the model".

    Where the departure is rare but `found` fine, that is because it is small.
    """
    larger = round(share * (replicates + 1)) - 1
    told = (
        f"as large in {count(larger) if larger else 'none'} of {count(replicates)} data sets simulated from the model"
    )
    return f"{told}, but too small to matter" if found == FINE and share <= NOTEWORTHY else told
