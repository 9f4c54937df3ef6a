"""What a model predicted of held-out rows, fold after fold, and parts of it put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from lmm.errors import InputError
from lmm.infer.partsinorder import in_order


@dataclass(frozen=True, eq=False)
class Scores:
    """A model's predictions of the rows held out by the folds start, start + 1, …

    Attributes:
        model: its name. folds: what the folds are, as `Folds.to_dict` has it. outcome: left side of the formula, None
            where no fold could be scored. start: number of the first fold.
        formulas: of every fold the formula fitted, None where none was. failures: of every fold why it has no
            predictions, or None.
        rows: (r,) positions of the held-out rows in the table, fold after fold. unit: (r,) their group's number.
        observed, predicted: (r,) NaN where there is none. reasons: (r,) why a single row was not predicted, or None.
        log_density: (c,) of every case, a group for new groups and a row for known ones. case: (c,) the place among
            `rows` of its row, or of its first one.
    """

    model: str
    folds: dict[str, Any]
    outcome: str | None
    start: int
    formulas: tuple[str | None, ...]
    failures: tuple[str | None, ...]
    rows: np.ndarray
    unit: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    reasons: tuple[str | None, ...]
    log_density: np.ndarray
    case: np.ndarray

    def __len__(self) -> int:
        return len(self.failures)

    @property
    def scored(self) -> np.ndarray:
        """(r,) whether a held-out row has a prediction."""
        return ~np.isnan(self.predicted)

    @property
    def failed(self) -> dict[str, int]:
        """How many folds have no predictions, by the reason."""
        return _counted(self.failures)

    @property
    def unscored(self) -> dict[str, int]:
        """How many rows of the other folds have no prediction, by the reason."""
        return _counted(self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: None where there is no number."""
        plain = ("model", "folds", "outcome", "start")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: list(getattr(self, name)) for name in ("formulas", "failures", "reasons")},
            **{name: getattr(self, name).tolist() for name in ("rows", "unit", "log_density", "case")},
            **{name: or_none(getattr(self, name)) for name in ("observed", "predicted")},
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Scores:
        """The inverse of `to_dict`."""
        lists = {name: tuple(values[name]) for name in ("formulas", "failures", "reasons")}
        places = {name: np.array(values[name], dtype=np.intp) for name in ("rows", "unit", "case")}
        numbers = {name: np.array(values[name], dtype=float) for name in ("observed", "predicted", "log_density")}
        return Scores(**{**values, **lists, **places, **numbers})


def gather(parts: Sequence[Scores]) -> Scores:
    """The parts of one model's scores put together, in whatever order they come.

    Raises:
        InputError: the parts are of different models or folds, leave a gap, overlap or do not hold all folds.
    """
    ordered = in_order(parts, ("model", "folds"))
    found, expected = sum(len(part) for part in ordered), ordered[0].folds["number"]
    if found != expected:
        raise InputError(f"The parts to gather hold {found} of {expected} folds: score the others too.")
    return joined(ordered)


def joined(parts: Sequence[Scores]) -> Scores:
    """Folds one after the other."""
    first = parts[0]
    begins = np.cumsum([0, *(len(part.rows) for part in parts)])

    def arrays(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    def listed(name: str) -> tuple:
        return tuple(chain.from_iterable(getattr(part, name) for part in parts))

    return Scores(
        model=first.model,
        folds=first.folds,
        outcome=next(_outcomes(parts), None),
        start=first.start,
        **{name: listed(name) for name in ("formulas", "failures", "reasons")},
        **{name: arrays(name) for name in ("rows", "unit", "observed", "predicted", "log_density")},
        case=np.concatenate([part.case + begin for part, begin in zip(parts, begins, strict=False)]),
    )


def _outcomes(parts: Sequence[Scores]) -> Iterator[str]:
    return (part.outcome for part in parts if part.outcome is not None)


def _counted(reasons: Sequence[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(reason for reason in reasons if reason is not None).items()))


def or_none(values: np.ndarray) -> list[float | None]:
    """Numbers as JSON has them: None where there is none."""
    out: list[float | None] = values.tolist()
    for place in np.flatnonzero(np.isnan(values)):
        out[place] = None
    return out
