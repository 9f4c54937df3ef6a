"""All that a report is written from, in one hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmm.diagnose.labels import bare
from lmm.formula import parse
from lmm.numbers import plain
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS
from lmm.select.step import BACK_OFF, CORRELATION, SLOPE, STOP

if TYPE_CHECKING:
    from lmm.model import Fit
    from lmm.study import Study


AT_THE_SELECTED_MEAN = ", at the selected mean"
"""How the names of steps end that decide on the random part once more, after a selection of fixed effects."""


# An id that is an English word, such as "fixed", is an id in these places alone.
_PLACES_OF_AN_ID = (
    r"(?<=final model )\b{}\b",
    r"(?<=choose )\b{}\b",
    r"\b{}\b(?= \(ΔAIC)",
    r"\b{}\b(?= is chosen)",
    r"(?<=design of )\b{}\b",
)


@dataclass(frozen=True)
class Case:
    """A finished study: what it asked, what its data went through, what was decided, and what the final fit says."""

    study: Study
    audit: dict
    ladder: dict
    decision: dict
    inference: dict
    fit: Fit
    findings: dict
    crossvalidation: dict
    sensitivity: dict
    family: dict | None = None

    @property
    def title(self) -> str:
        """Heading of the report: the study's title, or its name where it has none."""
        return self.study.title or self.study.name

    @property
    def outcome(self) -> str:
        """The outcome as the formula has it, transformed where that says so."""
        return bare(self.fit.outcome)

    @property
    def coefficients(self) -> list[str]:
        """Names of the fixed effects in the order of the fit."""
        return [bare(label) for label in self.fit.coefficients]

    @property
    def unit(self) -> str:
        """Unit of the outcome as the model sees it: none once the formula transforms it."""
        return self.study.unit if self.outcome == self.study.outcome else ""

    @property
    def level(self) -> str:
        """Level of the intervals: "95%"."""
        return f"{plain(100 * self.inference['level'])}%"

    @property
    def rows_lost(self) -> int:
        """Rows that no model was fitted to, because they lack a value; those that declared steps left out are none."""
        return self.rows_prepared - self.audit["rows"]["analysed"]

    @property
    def rows_prepared(self) -> int:
        """Rows after the declared steps, before those with missing values were left out."""
        return self.audit["rows"].get("prepared", self.audit["rows"]["read"])

    @property
    def disagreements(self) -> list[str]:
        """Where the criteria disagree on the random part, with candidates called by their labels instead of ids."""
        return self._disagreements(on_fixed_effects=False)

    @property
    def disagreements_on_fixed_effects(self) -> list[str]:
        """Where the criteria disagree on a fixed effect; nothing hangs on it, as none is removed."""
        return self._disagreements(on_fixed_effects=True)

    def _disagreements(self, on_fixed_effects: bool) -> list[str]:
        steps = "|".join(re.escape(f"{step['step']}: ") for step in self.decision["steps"])
        sentences = [
            self.in_labels(re.sub(f"^(?:{steps})", "", found["sentence"]))
            for found in self.decision["disagreements"]
            if (found["kind"] == "fixed effect") == on_fixed_effects
        ]
        return list(dict.fromkeys(sentences))

    def label(self, rung: str) -> str:
        """What a candidate is called, by its id."""
        return next((entry["label"] for entry in self.decision["table"] if entry["id"] == rung), rung)

    def short_label(self, rung: str) -> str:
        """The random part of a candidate as its formula has it, for drawings; its label where it has none."""
        entry = next(entry for entry in self.decision["table"] if entry["id"] == rung)
        parts = [
            f"({part.terms} {'||' if part.independent else '|'} {part.group_label})"
            for part in parse(entry["formula"]).random
        ]
        if not parts:
            return entry["label"]
        return " + ".join(map(bare, parts)) + (", selected mean" if entry["mean"] == "selected" else "")

    def in_labels(self, text: str) -> str:
        """A sentence of another stage as a reader wants it.

        Candidates go by their labels instead of ids, names are without backticks, and the study needs no naming.
        """
        text = text.replace(f"study {self.study.name}: ", "")
        labels = {entry["id"]: entry["label"] for entry in self.decision["table"]}
        for_ids = [re.escape(one) for one in sorted(labels, key=len, reverse=True) if "." in one]
        for_ids += [place.format(one) for one in labels if "." not in one for place in _PLACES_OF_AN_ID]
        return bare(re.sub("|".join(for_ids), lambda found: f"“{labels[found[0]]}”", text))

    @property
    def comparisons(self) -> list[dict]:
        """The cross-validated models, a comparison for each grouping factor held out, then that of known groups."""
        found = self.crossvalidation["targets"]
        return [one for target in (NEW_GROUPS, KNOWN_GROUPS) for one in found[target]]

    @property
    def mode(self) -> str:
        """How random slopes were decided: "confirmatory", "parsimonious" or "maximal"."""
        return self.decision["mode"]

    @property
    def selection(self) -> dict | None:
        """How fixed effects were selected; None where the study asked for no selection."""
        return self.decision["fixed_selection"]

    @property
    def selects_fixed_effects(self) -> bool:
        """Whether the data had a say in which fixed effects there are."""
        return bool(self.selection and self.selection["selected"])

    @property
    def inclusion(self) -> dict | None:
        """How often each term is selected from resampled groups; None where that was not asked or cannot be."""
        found = self.sensitivity["inclusion"]
        return found if found and "terms" in found else None

    @property
    def data_driven_steps(self) -> list[dict]:
        """The steps whose outcome depended on the data: neither those of the design, which are not tested, nor those
        that could not be taken."""
        return [step for step in self.decision["steps"] if step["decision"] != "design" and not _not_taken(step)]

    @property
    def stopped(self) -> dict[str, str]:
        """The grouping factors that are left out because the ladder stopped there, each with the reason."""
        return {
            step["group"]: self.in_labels(step["reason"])
            for step in self.decision["steps"]
            if step["kind"] == STOP and step["group"] not in self.fit.groups
        }

    @property
    def compares_random_parts(self) -> bool:
        """Whether the minimal, the final and the maximal model differ, in random effects that there are."""
        formulas = {one["formula"] for one in self.sensitivity["hypotheses"]["models"]}
        return len(formulas) > 1 and bool(self.fit.random)

    @property
    def compares_slopes(self) -> bool:
        """Whether models with random slopes were set against others."""
        kinds = (SLOPE, CORRELATION, BACK_OFF)
        return any(step["kind"] in kinds and not _not_taken(step) for step in self.decision["steps"])

    def variable(self, name: str) -> dict | None:
        """What the audit says of a column."""
        return next((entry for entry in self.audit["variables"] if entry["name"] == name), None)


def _not_taken(step: Mapping[str, Any]) -> bool:
    """Whether a step had nothing to decide: the ladder stopped, or the data cannot show the slope."""
    return step["kind"] == STOP or (step["kind"] == SLOPE and step["decision"] == "drop" and not step["candidates"])
