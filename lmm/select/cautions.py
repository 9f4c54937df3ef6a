"""What a reader of the decision must know besides: few groups, singular fits, reused labels, missed optima."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lmm.numbers import counted, decimal, listing
from lmm.select.candidates import Candidates
from lmm.select.step import STOP, what_is_wrong
from lmm.select.structure import UNCORRELATED, RandomPart, can_be_centred
from lmm.select.wording import without_full_stop

FEW_LEVELS, REUSED_LABELS, SINGULAR, UNSOUND = "few levels", "reused labels", "singular", "unsound"
SEVERAL_OPTIMA, ORIGIN, MISSED_OPTIMUM = "several optima", "origin", "missed optimum"
NOT_CLIMBED, IGNORED, OPTIONAL_LEFT, FEW_REPEATS = "not climbed", "groups ignored", "optional left out", "few repeats"
# So few rows beside the first of each level tell the variance between levels from that within them only roughly.
_FEW_REPEATS = 10


def cautions(candidates: Candidates, random: RandomPart, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Warnings that belong to the final model and to the way it was reached: what each is about, and its sentence."""
    record = candidates.record(random)
    sentences = {
        FEW_LEVELS: few_levels(candidates),
        REUSED_LABELS: label_reuse(candidates),
        SINGULAR: singular(record),
        UNSOUND: unsound(record),
        SEVERAL_OPTIMA: several_optima(record),
        IGNORED: ignored(candidates, random, steps),
        NOT_CLIMBED: not_climbed(candidates, random, steps),
        OPTIONAL_LEFT: optional_left_out(candidates, random, steps),
        FEW_REPEATS: few_repeats(candidates, random),
        ORIGIN: origin(candidates, random),
        MISSED_OPTIMUM: missed_optima(steps),
    }
    return [{"subject": subject, "sentence": sentence} for subject, found in sentences.items() for sentence in found]


def few_levels(candidates: Candidates) -> list[str]:
    """A sentence for each grouping factor with few levels (method, rule 5; Gelman & Hill 2007, section 11.5)."""
    sentences = []
    for group in candidates.study.groups:
        levels = candidates.levels(group)
        has = f"{group} has {'only ' if levels < 10 else ''}{counted(levels, 'level')}"
        if levels < 5:
            sentences.append(f"{has}, too few to estimate a variance from: consider it as a fixed effect.")
        elif levels < 10:
            sentences.append(f"{has}: its variance is known only roughly, and its interval is wide.")
        elif levels < 20:
            sentences.append(f"{has}: enough to estimate its variance, few enough that its interval is wide.")
    return sentences


def label_reuse(candidates: Candidates) -> list[str]:
    """What the audit asks of factors that may be nested under reused labels (method, rule 7).

    Nothing is asked where the grouping factor that keeps such labels apart is a candidate already.
    """
    groups = candidates.study.groups
    return [
        pair["sentence"]
        for pair in candidates.audit["structure"]
        if "implicit" in pair and pair["implicit"].replace("/", ":") not in groups
    ]


def singular(record: Mapping[str, Any]) -> list[str]:
    """Say where the final model lies on the boundary."""
    return [f"The final model is singular: {boundary['sentence']}" for boundary in record["boundaries"]]


def unsound(record: Mapping[str, Any]) -> list[str]:
    """Say where the final model did not converge or is not identified."""
    convergence = record["convergence"]
    if record["converged"]:
        return []
    return [f"The final model {what_is_wrong(convergence['status'])}: {convergence['message']}"]


def several_optima(record: Mapping[str, Any]) -> list[str]:
    """Say where the deviance has more than one minimum."""
    optima = record["convergence"]["optima"]
    if len(optima) < 2:
        return []
    return [
        f"The deviance of the final model has {len(optima)} local minima; the best, {decimal(optima[0], 3)}, is "
        f"{decimal(optima[1] - optima[0], 3)} below the next."
    ]


def ignored(candidates: Candidates, random: RandomPart, steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which grouping the model ignores, because it cannot be fitted with it, though rows share levels of it."""
    sentences = []
    for group, reason in _stopped(random, steps).items():
        if candidates.levels(group) == 1 and not random:
            sentences.append(
                f"{reason}; all rows are of that level and taken as independent, and the results say nothing of others."
            )
        elif candidates.levels(group) > 1 and not _has_one_row_each(candidates, random, group):
            sentences.append(
                f"{reason}; the rows of one level of {group} are then taken as independent, so that where they are "
                "alike standard errors are too small and p-values too favourable."
            )
    return sentences


def not_climbed(candidates: Candidates, random: RandomPart, steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say which grouping factors are not in the model because it cannot be fitted with them, where nothing is lost."""
    sentences = []
    for group, reason in _stopped(random, steps).items():
        if candidates.levels(group) == 1 and random:
            sentences.append(f"{reason}; what is common to its single level is part of the mean.")
        elif _has_one_row_each(candidates, random, group):
            sentences.append(
                f"{reason}; no two rows share a level of {group}, so that nothing is ignored, and what its levels "
                "differ by is part of the residual."
            )
    return sentences


def optional_left_out(candidates: Candidates, random: RandomPart, steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say what it means that every grouping factor was optional and none stayed."""
    left = [group for group in candidates.study.groups if group not in _stopped(random, steps)]
    if random or not left:
        return []
    return [
        f"No random effect is left in the model: the rows of one level of {listing(left, 'or')} are taken as "
        "independent, as the data do not support a variance between levels, which is no proof that there is none."
    ]


def few_repeats(candidates: Candidates, random: RandomPart) -> list[str]:
    """Say where nearly every level has a single row, so that hardly a row tells levels from the residual."""
    rows = candidates.record(random)["n"]
    repeats = {one.group: rows - candidates.levels(one.group) for one in random}
    return [
        f"{group} has {counted(candidates.levels(group), 'level')} in {counted(rows, 'row')}: only "
        f"{counted(more, 'row')} beyond the first of a level {'tells' if more == 1 else 'tell'} its variance from the "
        "residual, so that neither of the two should be interpreted."
        for group, more in repeats.items()
        if more < _FEW_REPEATS
    ]


def _stopped(random: RandomPart, steps: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The grouping factors at which the ladder stopped and that are not in the model, each with the reason."""
    entered = {one.group for one in random}
    return {
        step["group"]: without_full_stop(step["reason"])
        for step in steps
        if step["kind"] == STOP and step["group"] not in entered
    }


def _has_one_row_each(candidates: Candidates, random: RandomPart, group: str) -> bool:
    """Whether no two rows share a level of a grouping factor."""
    return candidates.levels(group) == candidates.record(random)["n"]


def origin(candidates: Candidates, random: RandomPart) -> list[str]:
    """Uncorrelated slopes tie the model to the zero of the covariate (method, rule 10)."""
    return [
        f"Without the correlation the model hangs on where {structure.slopes} is zero: choose a zero that means "
        "something, such as the mean."
        for structure in random
        if structure.kind == UNCORRELATED and can_be_centred(candidates.study, structure, candidates.categorical)
    ]


def missed_optima(steps: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say where a larger model fitted worse than one it contains."""
    return [f"{step['step']}: {without_full_stop(step['missed_optimum'])}." for step in steps if step["missed_optimum"]]
