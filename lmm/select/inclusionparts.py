"""The inclusion frequencies of a study in parts, one for each job, and the parts put together.

The Snakefile asks for the names of the parts each time it is parsed, so that what fits models is imported where it is
needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.errors import InputError
from lmm.select.meanchoice import NONE, scope_of_study, terms_that_stay

if TYPE_CHECKING:
    import pandas

    from lmm.study import Study


def parts(study: Study) -> list[str]:
    """Names of the parts that share a study's draws, "1-of-3"; none where nothing can be selected or drawn."""
    asked = study.ladder.fixed_selection
    if asked.procedure == NONE or not scope_of_study(study).movable:
        return []
    number = min(asked.jobs, asked.draws)
    return [f"{part}-of-{number}" for part in range(1, number + 1)]


def inclusion_part(study: Study, decision: Mapping[str, Any], table: pandas.DataFrame, part: str) -> dict[str, Any]:
    """One part of the draws, the full mean fitted once more in its job; for `inclusion_of_parts`.

    Each draw selects anew from the full mean, at the random part at which the study's own selection was made; it
    depends on the study's seed and its own number, so that the whole is the same however it is parted.

    Returns:
        "draws" as `InclusionDraws.to_dict` has them, or None and the "reason" why there are none.
    """
    head = {**provenance.stamp(study, decision["row_hash"]), "part": part}
    made = decision["fixed_selection"]
    if made is None:
        return {**head, "reason": "Nothing was selected, as the chosen model has no random effects.", "draws": None}
    if not made["selected"]:
        return {**head, "reason": made["sentence"], "draws": None}
    from lmm.infer.bootstrapparts import bounds
    from lmm.infer.casebootstrap import resampled_factor
    from lmm.model import fit
    from lmm.select.inclusion import draws_at_once, inclusion_draws

    asked = study.ladder.fixed_selection
    full = fit(made["full"], table, reml=False, weights=study.weights)
    try:
        group = resampled_factor(full, asked.group)
    except InputError as error:
        reason = f"How often each term would be selected was not asked of resampled groups: {error}"
        return {**head, "reason": f"{reason} The key is ladder.fixed_selection.group.", "draws": None}
    number, of = (int(word) for word in part.split("-of-"))
    draws = inclusion_draws(
        full,
        made["procedure"],
        made["criterion"],
        *bounds(asked.draws, number, of, draws_at_once(full)),
        study.seed,
        alpha=made["alpha"],
        protected=terms_that_stay(study),
        group=group,
        most=asked.most,
    )
    return {**head, "reason": None, "draws": draws.to_dict()}


def inclusion_of_parts(
    study: Study, decision: Mapping[str, Any], found: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The inclusion frequencies from all parts, beside the selection on record.

    Returns:
        `Inclusion.to_dict()`; {"reason": sentence} where nothing could be drawn; None where there are no parts.
    """
    if not found:
        return None
    reason = next((part["reason"] for part in found if part["reason"] is not None), None)
    if reason is not None:
        return {"reason": reason}
    from lmm.select.inclusion import InclusionDraws, counted_inclusion, gather
    from lmm.select.scope import Scope

    made = decision["fixed_selection"]
    scope = Scope.of(made["full"], terms_that_stay(study))
    chosen = tuple(place for place, label in enumerate(scope.terms) if label in made["terms"])
    draws = gather([InclusionDraws.from_dict(part["draws"]) for part in found])
    return counted_inclusion(draws, scope, chosen).to_dict()
