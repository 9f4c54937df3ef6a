"""The candidates of a study with their recorded fits, ready to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lmm.errors import InputError
from lmm.infer.candidate import Candidate, candidate_of_record
from lmm.infer.likelihoodratio import compare
from lmm.infer.randomstructure import INTERCEPT as INTERCEPT_COLUMN
from lmm.select.criteria import criteria, groups_counted
from lmm.select.rungs import FIXED, NULL, Rung, ladder
from lmm.select.structure import INTERCEPT, RandomPart
from lmm.select.tested import Test, Tested, by_large_sample

if TYPE_CHECKING:
    from lmm.study import Study


@dataclass(frozen=True)
class Flaw:
    """Why a candidate cannot be the final model, in a sentence.

    `group` is the grouping factor whose slopes lie on the boundary, None where the fit as a whole is unsound.
    """

    sentence: str
    group: str | None = None


@dataclass(frozen=True)
class Candidates:
    """The rungs of a study's ladder and what fitting them gave; candidates are asked for by their random part.

    `test` is how a likelihood ratio of two random parts gets its p-value.
    """

    study: Study
    rungs: tuple[Rung, ...]
    recorded: Mapping[str, Mapping[str, Any]]
    audit: Mapping[str, Any]
    test: Test = field(default=by_large_sample)

    def rung(self, random: RandomPart) -> Rung:
        """The candidate with the full mean and this random part; the empty one is fitted by least squares."""
        if not random:
            return next(rung for rung in reversed(self.rungs) if rung.id in (NULL, FIXED))
        return next(rung for rung in self.rungs if rung.random == random)

    def id(self, random: RandomPart) -> str:
        """The name of a candidate."""
        return self.rung(random).id

    def record(self, random: RandomPart, estimator: str = "REML") -> Mapping[str, Any] | None:
        """What was recorded of a candidate's fit, or None if it could not be fitted."""
        return self.recorded[self.id(random)]["fits"][estimator]

    def failure(self, random: RandomPart) -> str | None:
        """Why a candidate could not be fitted, in a sentence; None if it was."""
        return self.recorded[self.id(random)]["failure"]

    def candidate(self, random: RandomPart, estimator: str = "REML") -> Candidate:
        """A candidate's fit as the likelihood ratio test takes it."""
        formula = self.rung(random).formula
        return candidate_of_record(formula, self.study.outcome, estimator, self.record(random, estimator))

    def compare(self, smaller: RandomPart, larger: RandomPart) -> Tested:
        """Test two random parts by REML; the mean is the same in both."""
        return self.test(compare(self.candidate(smaller), self.candidate(larger)))

    def criteria(self, *randoms: RandomPart) -> dict[str, dict[str, float]]:
        """AIC and BIC by REML of those candidates that could be fitted, by their names."""
        groups = groups_counted(self.audit)
        return {self.id(random): criteria(self.record(random), groups) for random in randoms if self.record(random)}

    def levels(self, group: str) -> int:
        """Number of levels of a grouping factor."""
        return next(entry["levels"] for entry in self.audit["groups"] if entry["group"] == group)

    def flaw(self, random: RandomPart) -> Flaw | None:
        """Why a candidate cannot be the final model, or None if it can.

        Its variances must be identified and its optimum found. A term with slopes must not lie on the boundary (unless
        the study allows it); an intercept by itself may, as design levels stay even with a variance of zero.
        """
        record = self.record(random)
        if record is None:
            return Flaw(self.failure(random))
        if not record["converged"]:
            return Flaw(record["convergence"]["message"])
        if self.study.ladder.allow_singular:
            return None
        on_boundary = [boundary for boundary in record["boundaries"] if list(boundary["names"]) != [INTERCEPT_COLUMN]]
        return Flaw(on_boundary[0]["sentence"], on_boundary[0]["group"]) if on_boundary else None


def candidates_of(
    study: Study, recorded_ladder: Mapping[str, Any], audit: Mapping[str, Any], test: Test = by_large_sample
) -> Candidates:
    """Match the recorded fits with the rungs the study asks for, and refuse to decide without the references.

    `test` gives the likelihood ratio of two random parts its p-value; records alone allow the large-sample one.

    Raises InputError where the two differ (the record is of another version of the study), or where a model that no
    decision can do without could not be fitted.
    """
    rungs = tuple(ladder(study))
    recorded = {entry["id"]: entry for entry in recorded_ladder["rungs"]}
    for rung in rungs:
        if rung.id not in recorded or recorded[rung.id]["formula"] != rung.formula:
            raise InputError(
                f"study {study.name}: the fitted ladder does not hold the candidate {rung.id}, '{rung.formula}'; fit "
                "it again from this config."
            )
        needed = all(structure.kind == INTERCEPT for structure in rung.random)
        if needed and recorded[rung.id]["failure"]:
            raise InputError(f"study {study.name}, model '{rung.formula}': {recorded[rung.id]['failure']}")
    return Candidates(study, rungs, recorded, audit, test)
