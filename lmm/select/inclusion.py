"""How stable a selection is: how often each term, and each set of terms, is selected from resampled groups.

Whole levels of the top grouping factor are drawn with replacement and the selection is made anew from each sample
(Sauerbrei & Schumacher 1992, Statistics in Medicine 11: 2093–2109; Heinze, Wallisch & Dunkler 2018, Biometrical Journal
60: 431–449). The frequencies show how much the selected set owes to chance; being made of samples with repeated
groups, they are somewhat above those of new data for terms without effect (De Bin et al. 2016, Biometrics 72: 272–280).

For one grouping factor a fit to a sample is one to sums over groups that are there already, and the samples that need
the same mean are fitted side by side; several factors, and samples in which a column loses its meaning, are fitted to
their rows.

Example:
    >>> parts = [inclusion_draws(full, "backward", "AICc", start, start + 50, seed=1) for start in range(0, 200, 50)]
    >>> inclusion(gather(parts), selection).to_dict()
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.engine import Problem
from lmm.engine.repeats import refit_repeated, repeats_at_once
from lmm.errors import InputError
from lmm.infer.casebootstrap import resampled_factor
from lmm.infer.draws import NOT_IDENTIFIED, in_blocks
from lmm.infer.live import design_of, optimum_of
from lmm.infer.partsinorder import in_order
from lmm.infer.resampledlevels import ResampledRows, levels_drawn
from lmm.model import one_thread
from lmm.numbers import count, listing, percent
from lmm.progress import Progress
from lmm.select.allsubsets import MOST_MEANS
from lmm.select.meanfits import MeanFit, MeanFits, scope_of_fit
from lmm.select.preference import Preference
from lmm.select.procedure import Procedure
from lmm.select.scope import Mean, Scope
from lmm.select.selection import Selection, started_procedure

if TYPE_CHECKING:
    from lmm.model import Fit

NOT_SELECTED = "nothing could be selected"
_MOST_AT_ONCE = 50


@dataclass(frozen=True)
class InclusionDraws:
    """What was selected from the samples numbered start, start + 1, …

    Attributes:
        formula, terms: of the full model. procedure, criterion, alpha, held: of the selection.
        group: the factor whose levels are drawn. seed: where the random numbers start. start: number of the first.
        chosen: of every draw the places of the selected terms, or None.
        failures: of every draw why nothing could be selected, or None.
    """

    formula: str
    terms: tuple[str, ...]
    procedure: str
    criterion: str
    alpha: float
    held: tuple[int, ...]
    group: str
    seed: int
    start: int
    chosen: tuple[Mean | None, ...]
    failures: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.chosen)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            **{name: getattr(self, name) for name in (*_SAME, "start")},
            "terms": list(self.terms),
            "held": list(self.held),
            "chosen": [None if mean is None else list(mean) for mean in self.chosen],
            "failures": list(self.failures),
        }

    @staticmethod
    def from_dict(values: dict[str, Any]) -> InclusionDraws:
        """The inverse of `to_dict`."""
        chosen = tuple(None if mean is None else tuple(mean) for mean in values["chosen"])
        tuples = {name: tuple(values[name]) for name in ("terms", "held", "failures")}
        return InclusionDraws(**{**values, **tuples, "chosen": chosen})


_SAME = ("formula", "terms", "procedure", "criterion", "alpha", "held", "group", "seed")


@dataclass(frozen=True)
class Inclusion:
    """Inclusion frequencies of the terms, and the sets that were selected.

    Attributes:
        draws: samples taken; failed: how many gave nothing, by the reason.
        terms: per term its label, whether it never moves, whether it was selected from the data, and in how many
            samples it was.
        sets: selected sets of terms with the number of samples, the most frequent first.
        as_selected: number of samples in which the very set was selected that was from the data.
    """

    group: str
    seed: int
    draws: int
    failed: dict[str, int]
    terms: tuple[tuple[str, bool, bool, int], ...]
    sets: tuple[tuple[tuple[str, ...], int], ...]
    as_selected: int

    @property
    def used(self) -> int:
        """Number of samples that gave a selection."""
        return self.draws - sum(self.failed.values())

    @property
    def sentence(self) -> str:
        """What the frequencies say."""
        moving = [(label, times) for label, held, _, times in self.terms if not held]
        if not self.used or not moving:
            return f"None of {count(self.draws)} samples of {self.group} gave a selection."
        shares = listing([f"{label} in {percent(times / self.used)}" for label, times in moving])
        failed = f"; {count(self.draws - self.used)} more gave none" if self.failed else ""
        return (
            f"From {count(self.used)} samples of {self.group}, drawn with replacement, the same procedure selected "
            f"{shares}, and the very set selected here in {percent(self.as_selected / self.used)}{failed}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; a share is of the samples that gave a selection, with its Monte Carlo standard error."""

        def shares(times: int) -> dict[str, Any]:
            share = times / self.used if self.used else None
            error = None if share is None else float(np.sqrt(share * (1.0 - share) / self.used))
            return {"times": times, "share": share, "standard_error": error}

        return {
            "group": self.group,
            "seed": self.seed,
            "draws": self.draws,
            "used": self.used,
            "failed": dict(self.failed),
            "terms": [
                {"term": label, "held": held, "selected": selected, **shares(times)}
                for label, held, selected, times in self.terms
            ],
            "sets": [{"terms": list(terms), **shares(times)} for terms, times in self.sets],
            "as_selected": shares(self.as_selected),
            "sentence": self.sentence,
        }


def inclusion_draws(
    fit: Fit,
    procedure: str,
    criterion: str,
    start: int,
    stop: int,
    seed: int,
    *,
    alpha: float = 0.05,
    protected: Collection[str] = (),
    group: str | None = None,
    most: int = MOST_MEANS,
) -> InclusionDraws:
    """The draws [start, stop), which `gather` puts together: a draw depends on the seed and its number alone.

    Args:
        fit, procedure, criterion, alpha, protected, most: as `select_fixed_effects` was given them.
        start, stop: numbers of the draws.
        seed: where the random numbers start.
        group: the grouping factor whose levels are drawn; by default the one that all others are nested in.

    Raises:
        InputError: as `select_fixed_effects` and `lmm.infer.casebootstrap.resampled_factor` do.
    """
    group = resampled_factor(fit, group)
    scope, preference = scope_of_fit(fit, protected), Preference(criterion, alpha)
    samples = _Samples(fit, scope, group)

    def compute(numbers: range) -> list[tuple[Mean | None, str | None]]:
        repeats = levels_drawn(fit.groups[group], seed, numbers)
        return samples.selected(repeats, [started_procedure(procedure, scope, preference, most) for _ in numbers])

    found, progress = [], Progress(stop - start, "selections from resampled groups")
    with one_thread():
        for block, asked in in_blocks(compute, start, stop, draws_at_once(fit)):
            found += block[asked]
            progress.add(asked.stop - asked.start)
    chosen, failures = zip(*found, strict=True)
    return InclusionDraws(
        formula=str(scope.formula),
        terms=scope.terms,
        procedure=procedure,
        criterion=criterion,
        alpha=alpha,
        held=scope.smallest,
        group=group,
        seed=seed,
        start=start,
        chosen=chosen,
        failures=failures,
    )


def draws_at_once(fit: Fit) -> int:
    """How many draws are computed together: parts that begin at its multiples compute none in vain."""
    return min(repeats_at_once(optimum_of(fit).problem) or 1, _MOST_AT_ONCE)


def gather(parts: Sequence[InclusionDraws]) -> InclusionDraws:
    """The parts of one sequence of draws put together, in whatever order they come.

    Raises:
        InputError: the parts are of different selections or seeds, or leave a gap, overlap or do not begin at 0.
    """
    ordered = in_order(parts, _SAME)
    return replace(
        ordered[0],
        chosen=tuple(mean for part in ordered for mean in part.chosen),
        failures=tuple(failure for part in ordered for failure in part.failures),
    )


def inclusion(draws: InclusionDraws, selection: Selection) -> Inclusion:
    """Count in how many samples each term and each set was selected.

    Raises:
        InputError: the draws are not of this selection.
    """
    scope = selection.scope
    own = (str(scope.formula), selection.procedure, selection.preference, scope.smallest)
    if own != (draws.formula, draws.procedure, Preference(draws.criterion, draws.alpha), draws.held):
        raise InputError(
            f"The draws are of {draws.procedure} selection by {draws.criterion} from '{draws.formula}', not of "
            f"{selection.procedure} selection by {selection.preference.criterion} from '{scope.formula}': draw anew."
        )
    return counted_inclusion(draws, scope, selection.chosen)


def counted_inclusion(draws: InclusionDraws, scope: Scope, chosen: Mean) -> Inclusion:
    """The frequencies beside the mean that was chosen from the data, all of one scope."""
    sets = Counter(mean for mean in draws.chosen if mean is not None)
    times = Counter(place for mean in draws.chosen if mean is not None for place in mean)
    return Inclusion(
        group=draws.group,
        seed=draws.seed,
        draws=len(draws),
        failed=dict(sorted(Counter(failure for failure in draws.failures if failure is not None).items())),
        terms=tuple(
            (label, place in scope.held, place in chosen, times[place]) for place, label in enumerate(scope.terms)
        ),
        sets=tuple((scope.labels(mean), sets[mean]) for mean in sorted(sets, key=lambda mean: (-sets[mean], mean))),
        as_selected=sets[chosen],
    )


class _Samples:
    """The means of a scope fitted to samples of levels."""

    def __init__(self, fit: Fit, scope: Scope, group: str):
        self.fit, self.scope = fit, scope
        self.design = design_of(fit)
        self.optimum = optimum_of(fit)
        self.whole = MeanFits.of_fit(fit, scope)
        self.rows_of = ResampledRows(self.design, group)
        self.from_sums = repeats_at_once(self.optimum.problem) is not None

    def selected(self, repeats: np.ndarray, procedures: Sequence[Procedure]) -> list[tuple[Mean | None, str | None]]:
        """What each procedure selects, or why it selects nothing, from the sample (J,) in its column of `repeats`."""
        known: list[dict[Mean, MeanFit]] = [{} for _ in procedures]
        wanted = {draw: next(procedure) for draw, procedure in enumerate(procedures)}
        by_rows = _ByRows(self, repeats)
        found: dict[int, tuple[Mean | None, str | None]] = {}
        while wanted:
            of_mean: dict[Mean, list[int]] = {}
            for draw, means in wanted.items():
                for mean in means:
                    if mean not in known[draw]:
                        of_mean.setdefault(mean, []).append(draw)
            for mean, draws in of_mean.items():
                for draw, fit in zip(draws, self._fits(mean, repeats, draws, by_rows), strict=True):
                    known[draw][mean] = fit
            for draw, means in list(wanted.items()):
                try:
                    wanted[draw] = procedures[draw].send(known[draw])
                except StopIteration as finished:
                    del wanted[draw]
                    moves = finished.value
                    failure = known[draw][means[0]].failure or NOT_SELECTED
                    found[draw] = (moves[-1].chosen, None) if moves else (None, failure)
        return [found[draw] for draw in range(len(procedures))]

    def _fits(self, mean: Mean, repeats: np.ndarray, draws: list[int], by_rows: _ByRows) -> list[MeanFit]:
        problem = self._from_sums(mean)
        if problem is None:
            return [by_rows(draw, mean) for draw in draws]
        mine = repeats[:, draws]
        model = replace(self.optimum, problem=problem, reml=False)
        refits, deficient = refit_repeated(model, mine, self.design.weights)
        rows = self.sizes @ mine
        return [
            by_rows(draw, mean)
            if deficient[i] or not refits.converged[i]
            else self.whole.of_refit(refits, i, problem.p, int(rows[i]))
            for i, draw in enumerate(draws)
        ]

    def _from_sums(self, mean: Mean) -> Problem | None:
        if not self.from_sums:
            return None
        try:
            problem = self.whole.smaller(mean)
        except InputError:
            return None
        return problem if problem.p else None

    @cached_property
    def sizes(self) -> np.ndarray:
        """(J,) rows of every level."""
        return np.array([len(rows) for rows in self.rows_of.rows_of])


class _ByRows:
    """Samples laid out row by row, each at most once."""

    def __init__(self, samples: _Samples, repeats: np.ndarray):
        self.samples, self.repeats = samples, repeats
        self._means: dict[int, MeanFits | str] = {}

    def __call__(self, draw: int, mean: Mean) -> MeanFit:
        if draw not in self._means:
            self._means[draw] = self._laid_out(draw)
        means = self._means[draw]
        return MeanFit(np.nan, 0, 0, 0, failure=means) if isinstance(means, str) else means[mean]

    def _laid_out(self, draw: int) -> MeanFits | str:
        design = self.samples.design
        rows, factors = self.samples.rows_of(self.repeats[:, draw])
        y = design.y if design.offset is None else design.y - design.offset
        weights = None if design.weights is None else design.weights[rows]
        problem = Problem.of(y[rows], design.X[rows], factors, weights)
        if problem.unidentified:
            return NOT_IDENTIFIED
        return MeanFits(self.samples.whole.columns, problem, factors, weights, rows)
