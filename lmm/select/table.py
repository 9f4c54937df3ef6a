"""The table of candidates: a row per rung with its criteria, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lmm.select.criteria import AIC, BIC, BIC_GROUPS, criteria, groups_counted
from lmm.select.rungs import FULL, SELECTED
from lmm.select.wording import without_full_stop

if TYPE_CHECKING:
    from lmm.select.candidates import Candidates
    from lmm.select.rungs import Rung
    from lmm.select.structure import RandomPart

FINAL, PASSED, REJECTED, NOT_REACHED = "final", "passed", "rejected", "not reached"
REFERENCE, FAILED = "reference", "failed"
KEYS = {AIC: "aic", BIC: "bic", BIC_GROUPS: "bic_groups"}


def candidate_table(
    candidates: Candidates, random: RandomPart, steps: list[Mapping[str, Any]], reason: str
) -> list[dict[str, Any]]:
    """One entry per candidate: those known before the run ("planned"), then those that the climb came to.

    "loglik", "aic", "bic" (over observations), "bic_groups" and their differences from the lowest are of the ML fits,
    which may be compared whatever the mean; "reml" holds those of the REML fits, which may be compared among the
    candidates with the same mean ("mean": the null one, the full one or the selected one). "on_path" marks the
    candidates that the climb went through.
    """
    path = [candidates.id(()), *(step["chosen"] for step in steps if step["estimator"] == "REML")]
    entries = [entry(candidates, rung) for rung in candidates.rungs]
    for one, rung in zip(entries, candidates.rungs, strict=True):
        final = rung.id == candidates.id(random)
        one["on_path"] = rung.id in path
        one["decision"], one["reason"] = (FINAL, reason) if final else fate(candidates, rung, steps)
    add_differences(entries)
    for mean in (FULL, SELECTED):
        add_differences([one["reml"] for one in entries if one["reml"] and one["mean"] == mean])
    return entries


def entry(candidates: Candidates, rung: Rung) -> dict[str, Any]:
    """What was recorded of one candidate's fits."""
    recorded = candidates.recorded[rung.id]
    groups = groups_counted(candidates.audit)
    ml, reml = recorded["fits"]["ML"], recorded["fits"]["REML"]
    return {
        "id": rung.id,
        "label": rung.label,
        "mean": rung.mean,
        "planned": rung in candidates.planned,
        "step": rung.step,
        "formula": rung.formula,
        "why": rung.why,
        "failure": recorded["failure"],
        "estimator": "ML",
        **measures(ml, groups),
        "reml": measures(reml, groups) if reml else None,
        "groups_counted": groups,
        **{key: reml[key] if reml else None for key in ("r2_marginal", "r2_conditional", "icc")},
        "converged": bool(reml and ml and reml["converged"] and ml["converged"]),
        "convergence": convergence_of(reml, ml) if reml and ml else None,
        "singular": bool((reml or ml) and (reml or ml)["singular"]),
        "collapsed": list(reml["collapsed"]) if reml else [],
    }


def convergence_of(*records: Mapping[str, Any]) -> str:
    """The status of the first fit that is unsound, else "converged"."""
    unsound = [record["convergence"]["status"] for record in records if not record["converged"]]
    return unsound[0] if unsound else "converged"


def measures(record: Mapping[str, Any] | None, groups: int) -> dict[str, Any]:
    """Log-likelihood and criteria of one recorded fit; all None for a fit that failed."""
    plain = {key: record[key] if record else None for key in ("npar", "n", "loglik", "deviance")}
    values = criteria(record, groups) if record else dict.fromkeys(KEYS)
    return plain | {key: values[criterion] for criterion, key in KEYS.items()}


def add_differences(entries: list[dict[str, Any]]) -> None:
    """Add to each entry how far its criteria lie above the lowest."""
    for key in KEYS.values():
        known = [one[key] for one in entries if one[key] is not None]
        for one in entries:
            one[f"delta_{key}"] = None if one[key] is None else one[key] - min(known)


def fate(candidates: Candidates, rung: Rung, steps: list[Mapping[str, Any]]) -> tuple[str, str]:
    """What became of a candidate that is not the final one, and why, in a sentence."""
    failure = candidates.recorded[rung.id]["failure"]
    if failure:
        return FAILED, f"Could not be fitted: {without_full_stop(failure)}."
    if not rung.random:
        return REFERENCE, "A reference without grouping, which is no candidate for grouped data."
    met = [step for step in steps if step["estimator"] == "REML" and rung.id in (step["smaller"], step["larger"])]
    if not met:
        return NOT_REACHED, "Not reached, as an earlier decision led elsewhere."
    against = [step for step in met if step["chosen"] != rung.id]
    if not against:
        if candidates.which == SELECTED:
            return PASSED, "Chosen at the full mean, before fixed effects were selected."
        return PASSED, "Passed on the way, as a later decision led elsewhere."
    return (PASSED if any(step["chosen"] == rung.id for step in met) else REJECTED), against[-1]["reason"]
