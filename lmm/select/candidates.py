"""The candidates of a study with their recorded fits, ready to be compared; what is not recorded is fitted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lmm.errors import InputError
from lmm.infer.candidate import Candidate, candidate_of_record
from lmm.infer.likelihoodratio import compare
from lmm.infer.randomstructure import INTERCEPT as INTERCEPT_COLUMN
from lmm.select.criteria import criteria, groups_counted
from lmm.select.rungs import FULL, REML, SELECTED, Rung, ladder, random_rung, reference
from lmm.select.structure import SYMMETRIC, RandomPart
from lmm.select.tested import Test, Tested, by_large_sample

if TYPE_CHECKING:
    from lmm.study import Study

Fitting = Callable[[Rung], Mapping[str, Any]]
"""Fits a rung and records it, as `lmm.select.rungs.fit_rung` does."""


@dataclass(frozen=True)
class Flaw:
    """Why a candidate cannot be the final model, in a sentence.

    `group` is the grouping factor whose slopes lie on the boundary, None where the fit as a whole is unsound.
    """

    sentence: str
    group: str | None = None


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of a study; they are asked for by their random part.

    Attributes:
        study, audit: what is asked and of which rows.
        planned: the rungs known before the run.
        mean, which: right-hand side of the candidates' fixed part; FULL or SELECTED.
        test: how a likelihood ratio of two random parts gets its p-value.
        fitting: fits a candidate that was not known before the run; None where there is no table to fit it to.
        categorical: columns that are factors.
        recorded: what fitting gave, by the names of the rungs; those fitted here are added.
        found: the rungs fitted here, in the order the climb came to them.
    """

    study: Study
    audit: Mapping[str, Any]
    planned: tuple[Rung, ...]
    mean: str
    which: str = FULL
    test: Test = field(default=by_large_sample)
    fitting: Fitting | None = None
    categorical: Collection[str] = ()
    recorded: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    found: dict[str, Rung] = field(default_factory=dict)

    def with_mean(self, mean: str) -> Candidates:
        """The candidates with a selected mean; what is recorded of those with the full one is kept."""
        return replace(self, mean=mean, which=SELECTED)

    @property
    def rungs(self) -> list[Rung]:
        """All rungs of which something is recorded, those known before the run first."""
        return [*self.planned, *self.found.values()]

    def rung(self, random: RandomPart) -> Rung:
        """The candidate with this random part; the empty one is fitted by least squares."""
        if random:
            return random_rung(self.study, self.mean, random, self.which)
        if self.which == SELECTED:
            return reference(self.study, self.mean, SELECTED)
        return next(rung for rung in reversed(self.planned) if not rung.random)

    def id(self, random: RandomPart) -> str:
        """The name of a candidate."""
        return self.rung(random).id

    def is_recorded(self, random: RandomPart) -> bool:
        """Whether a candidate is at hand without fitting it."""
        return self.id(random) in self.recorded

    def entry(self, random: RandomPart) -> Mapping[str, Any]:
        """What fitting a candidate gave, or gives now."""
        rung = self.rung(random)
        if rung.id not in self.recorded:
            if self.fitting is None:
                raise InputError(
                    f"study {self.study.name}: the fitted ladder does not hold the candidate {rung.id}, "
                    f"'{rung.formula}'; fit it again from this config."
                )
            self.recorded[rung.id] = self.fitting(rung)
            self.found[rung.id] = rung
        return self.recorded[rung.id]

    def record(self, random: RandomPart, estimator: str = REML) -> Mapping[str, Any] | None:
        """What was recorded of a candidate's fit, or None if it could not be fitted."""
        return self.entry(random)["fits"][estimator]

    def failure(self, random: RandomPart) -> str | None:
        """Why a candidate could not be fitted, in a sentence; None if it was."""
        return self.entry(random)["failure"]

    def candidate(self, random: RandomPart, estimator: str = REML) -> Candidate:
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
        within = {inner: one.group for one in random if one.kind == SYMMETRIC for inner in one.groups[1:]}
        for boundary in record["boundaries"]:
            if list(boundary["names"]) != [INTERCEPT_COLUMN] or boundary["group"] in within:
                return Flaw(boundary["sentence"], within.get(boundary["group"], boundary["group"]))
        return None


def candidates_of(
    study: Study,
    recorded_ladder: Mapping[str, Any],
    audit: Mapping[str, Any],
    test: Test = by_large_sample,
    fitting: Fitting | None = None,
    categorical: Collection[str] = (),
) -> Candidates:
    """Match the recorded fits with the rungs the study asks for, and refuse to decide without the references.

    `test` gives the likelihood ratio of two random parts its p-value; records alone allow the large-sample one.
    `fitting` fits the candidates that depend on what the climb decides, and `categorical` are the factors of the table.

    Raises InputError where the two differ (the record is of another version of the study), or where a model without
    grouping, which no decision can do without, could not be fitted.
    """
    rungs = tuple(ladder(study))
    recorded = {entry["id"]: entry for entry in recorded_ladder["rungs"]}
    for rung in rungs:
        if rung.id not in recorded or recorded[rung.id]["formula"] != rung.formula:
            raise InputError(
                f"study {study.name}: the fitted ladder does not hold the candidate {rung.id}, '{rung.formula}'; fit "
                "it again from this config."
            )
        if not rung.random and recorded[rung.id]["failure"]:
            raise InputError(f"study {study.name}, model '{rung.formula}': {recorded[rung.id]['failure']}")
    return Candidates(
        study=study,
        audit=audit,
        planned=rungs,
        mean=study.fixed,
        test=test,
        fitting=fitting,
        categorical=categorical,
        recorded=recorded,
    )


def unrecorded(
    study: Study, audit: Mapping[str, Any], fitting: Fitting, categorical: Collection[str] = ()
) -> Candidates:
    """The candidates of a study of which nothing is fitted yet, tested by large-sample distributions."""
    references = tuple(rung for rung in ladder(study) if not rung.random)
    return Candidates(study, audit, references, study.fixed, fitting=fitting, categorical=categorical)
