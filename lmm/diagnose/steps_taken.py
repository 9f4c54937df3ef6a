"""The steps of the audit, each beside what the study declared of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lmm.study import Study

READ, JOIN, LABELS, MISSING, FREEZE = "read", "join", "labels", "missing", "freeze"
"""Kinds of steps that every study goes through; those it declares have the kinds of `lmm.study.steps.Step`."""


@dataclass(frozen=True)
class StepTaken:
    """One step: its kind, the entry of the audit, and the settings where the study declared it.

    `subject` is the file that was read or joined, the column with labels alike, or the variable whose lack costs rows.
    """

    kind: str
    entry: dict
    settings: Any = None
    subject: str = ""

    @property
    def lost(self) -> int:
        """Rows before less rows after: negative where rows came in."""
        return self.entry["rows_before"] - self.entry["rows_after"]

    @property
    def is_loss_by_missing(self) -> bool:
        """Whether rows were left out because they lack a value of `subject`; declared codes have no subject."""
        return self.kind == MISSING and self.settings is None

    @property
    def file(self) -> str:
        """Name of the file that was read or joined, without its folder."""
        return self.subject.rpartition("/")[2]

    @property
    def label(self) -> str:
        """What was done, in a few words for an axis."""
        if self.kind in (READ, JOIN):
            return f"{self.kind} {self.file}".strip()
        if self.is_loss_by_missing:
            return f"no {self.subject}"
        if self.kind == "filter":
            return self.settings.because
        if self.kind == "outliers":
            return f"outliers of {self.settings.column}"
        if self.kind == "check":
            return f"implausible {', '.join(self.settings)}"
        return _LABELS.get(self.kind, self.kind)


_LABELS = {
    "wide": "wide to long",
    "stack": "outcomes stacked",
    "deduplicate": "repeated rows",
    FREEZE: "analysed",
}


def steps_taken(study: Study, audit: dict) -> list[StepTaken]:
    """The steps in order: files read and joined, declared steps, labels alike, rows lost, rows frozen."""
    joins, declared, found = list(study.join), list(study.steps), []
    for entry in audit["steps"]:
        kind, _, subject = entry["step"].partition(" ")
        settings = None
        if kind == JOIN:
            settings = joins.pop(0)
        elif declared and declared[0].kind == entry["step"]:
            settings = declared.pop(0).settings
        found.append(StepTaken(kind, entry, settings, subject))
    return found


def row_changes(steps: list[StepTaken]) -> list[StepTaken]:
    """The steps that changed the number of rows."""
    return [step for step in steps if step.lost]
