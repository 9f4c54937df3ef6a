"""How the fixed effects were selected, where they were: each step with its candidates, and what it does to p-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.report.case import Case
from lmm.report.markup import listing, name, p_value, say, told
from lmm.select.criteria import AIC, BIC, BIC_GROUPS
from lmm.select.preference import AICC
from lmm.select.selection import AFTER_SELECTION, ALL_SUBSETS, BACKWARD, FORWARD
from lmm.select.step import LRT
from lmm.select.wording import level

_MOST_CANDIDATES = 20
_DELTAS = (AIC, AICC, BIC, BIC_GROUPS)


@dataclass(frozen=True)
class Candidate:
    """A mean that a step could have ended with: its differences in the criteria, its test, and R² of the mean."""

    name: str
    deltas: list[str]
    statistic: str
    df: str
    p: str
    r2_marginal: str
    r2_adjusted: str
    is_chosen: bool
    note: str


@dataclass(frozen=True)
class Step:
    """One decision of the selection; `others` says which criteria would have decided otherwise."""

    question: str
    reason: Markup
    others: Markup
    candidates: list[Candidate]
    left_out: int
    against: str


@dataclass(frozen=True)
class Selected:
    """What the section on the ladder shows of the selection of fixed effects."""

    said: Markup
    held: list[Markup]
    steps: list[Step]
    disagreement: Markup
    cautions: list[Markup]


def selected(case: Case) -> Selected | None:
    """The selection of fixed effects step by step; None where the study asked for none."""
    found = case.selection
    if found is None:
        return None
    return Selected(
        said=told(bare(found["sentence"])),
        held=[say("{} stays: {}.", name(term), reason.rstrip().removesuffix(".")) for term, reason in _held(found)],
        steps=[_step(found, step) for step in decisions(found)],
        disagreement=told(bare(found["disagreement"] or "")),
        cautions=[told(caution["sentence"]) for caution in found["cautions"]],
    )


def decisions(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps that had something to decide: not the last one, where no term was left to move."""
    return [step for step in found["steps"] if len(step["candidates"]) > 1]


def tested(case: Case, p: float | None) -> Markup:
    """A p-value of the final model, called what it is where its fixed effects were selected."""
    return say("{} {}", p_value(p), AFTER_SELECTION) if case.selects_fixed_effects else p_value(p)


def beside_p(case: Case) -> Markup:
    """What the heading of a column of p-values says beside its symbol."""
    return say(' <span class="muted">{}</span>', AFTER_SELECTION) if case.selects_fixed_effects else Markup("")


def procedure_said(found: Mapping[str, Any]) -> Markup:
    """The route of the selection as it follows "by": "backward elimination by AICc"."""
    by = say("likelihood ratio tests at {}", level(found["alpha"])) if found["criterion"] == LRT else found["criterion"]
    return say("{} by {}", _PROCEDURES[found["procedure"]], by)


_PROCEDURES = {
    BACKWARD: "backward elimination",
    FORWARD: "forward selection",
    ALL_SUBSETS: "comparison of all subsets",
}


def held_said(found: Mapping[str, Any]) -> Markup:
    """The terms that never moved, as a listing; empty without any."""
    return listing([name(term) for term, _ in _held(found)])


def _held(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(bare(term), reason) for term, reason in found["held"].items()]


def _step(found: Mapping[str, Any], step: Mapping[str, Any]) -> Step:
    others: dict[str, list[str]] = {}
    for criterion, choice in step["by_criterion"].items():
        if choice != step["chosen"]:
            others.setdefault(choice, []).append("the likelihood ratio test" if criterion == LRT else criterion)
    told_others = [say("{} would choose “{}”", listing(criteria), bare(choice)) for choice, criteria in others.items()]
    shown = step["candidates"][:_MOST_CANDIDATES]
    return Step(
        question=bare(step["question"]),
        reason=told(bare(step["reason"])),
        others=say("By itself, {}.", Markup("; ").join(told_others)) if told_others else Markup(""),
        candidates=[_candidate(one, one["name"] == step["chosen"]) for one in shown],
        left_out=len(step["candidates"]) - len(shown),
        against="the full mean" if found["procedure"] == ALL_SUBSETS else "the mean as it stands",
    )


def _candidate(one: Mapping[str, Any], is_chosen: bool) -> Candidate:
    test = one["test"] or {}
    return Candidate(
        name=bare(one["name"]),
        deltas=[numbers.decimal((one["delta"] or {}).get(criterion)) for criterion in _DELTAS],
        statistic=numbers.decimal(test.get("statistic")) if test else "",
        df=numbers.count(test["df"]) if test else "",
        p=numbers.p_number(test.get("p")) if test else "",
        r2_marginal=numbers.bounded(one["r2_marginal"], 3),
        r2_adjusted=numbers.bounded(one["r2_adjusted"], 3),
        is_chosen=is_chosen,
        note=one["failure"] or test.get("reason") or "",
    )
