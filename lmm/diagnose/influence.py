"""What the answer owes to single groups and single rows: computed once, for figures, findings and cautions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.diagnose.labels import shorten
from lmm.infer.groupinfluence import GroupInfluence, group_influence
from lmm.infer.groupverdicts import CoefficientVerdicts, group_verdicts
from lmm.infer.rowinfluence import RowInfluence, row_influence
from lmm.infer.smallsample import small_sample
from lmm.numbers import bounded, counted, decimal, estimate, listing, p_number, percent, significant
from lmm.select.estimated import INTERCEPT, terms_in_question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lmm.diagnose.evidence import Evidence

NAMED = 3
"""So many levels are named in a sentence, and rows beside a point."""
_LISTED = 10
_SPREAD = 0.1
"""A standard deviation that changes by less than a tenth, whichever level is left out, is not worth a sentence."""


@dataclass(frozen=True)
class OfFactor:
    """The levels of one grouping factor: their influence, or the reason why it is not known."""

    group: str
    found: GroupInfluence | None
    verdicts: tuple[CoefficientVerdicts, ...]
    reason: str | None

    @property
    def threshold(self) -> float:
        """4/J, above which Cook's distance deserves a look (Van der Meer, Te Grotenhuis & Pelzer 2010)."""
        return 4.0 / len(self.found.levels)

    @property
    def largest(self) -> np.ndarray:
        """Levels by their Cook's distance, the largest first, those without one left out."""
        order = np.argsort(-np.nan_to_num(self.found.cooks, nan=-1.0), kind="stable")
        return order[np.isfinite(self.found.cooks[order])]

    @property
    def lost(self) -> list[int]:
        """Levels without which the model cannot be estimated."""
        return [level for level, failure in enumerate(self.found.failures) if failure is not None]

    def name(self, level: int) -> str:
        """A level as figures label it."""
        return shorten(self.found.levels[level], 18)


@dataclass(frozen=True)
class Influence:
    """Influence by row and by level of every grouping factor, at the study's level `alpha` of tests."""

    rows: RowInfluence
    factors: tuple[OfFactor, ...]
    alpha: float


def influence_of(evidence: Evidence, inference: Mapping[str, Any]) -> Influence:
    """Leave out every row and every level; the tests are those of `inference`."""
    fit, alpha = evidence.fit, evidence.study.ladder.alpha_fixed
    names = coefficients_in_question(evidence)
    tests = small_sample(fit, inference["degrees_of_freedom"]) if fit.random and names else None
    factors = []
    for group in fit.groups:
        found = group_influence(fit, group)
        if isinstance(found, str):
            factors.append(OfFactor(group, None, (), found))
        else:
            verdicts = group_verdicts(fit, found, tests, names, alpha) if tests else ()
            factors.append(OfFactor(group, found, verdicts, found.reason))
    return Influence(row_influence(fit), tuple(factors), alpha)


def coefficients_in_question(evidence: Evidence) -> list[str]:
    """The coefficients of the study's hypotheses, else all but the intercept, else the intercept."""
    design, terms = evidence.fit.design, terms_in_question(evidence.study, evidence.fit.formula)
    labels = [*design.term_labels, INTERCEPT]  # the intercept's column has the term −1
    return [evidence.fit.coefficients[k] for k, place in enumerate(evidence.fit.kept)
            if labels[design.term_of_column[place]] in terms]  # fmt: skip


def in_unit(evidence: Evidence) -> str:
    """The unit in brackets, to follow two numbers; empty where there is none or the outcome is transformed."""
    unit = evidence.study.unit
    return f" ({shorten(unit, 24)})" if unit and evidence.fit.outcome == evidence.study.outcome else ""


def moved(evidence: Evidence, one: CoefficientVerdicts, level: int) -> str:
    """How a coefficient changes without a level: "falls from 10.5 to 9.9 (ms)"."""
    before, after = estimate(one.estimate, one.se), estimate(float(one.without[level]), one.se)
    if before == after:
        return f"stays at {before}{in_unit(evidence)}"
    verb = "rises" if one.without[level] > one.estimate else "falls"
    return f"{verb} from {before} to {after}{in_unit(evidence)}"


def coefficient(name: str) -> str:
    """A coefficient in a sentence."""
    return "the intercept" if name == INTERCEPT else f"the coefficient of {shorten(name)}"


def turned(evidence: Evidence, factor: OfFactor, one: CoefficientVerdicts, alpha: float) -> str:
    """That a coefficient's p-value crosses alpha without a level; empty where it does for none."""
    if not one.turns:
        return ""
    level, others = one.turns[0], len(one.turns) - 1
    more = f", and so with {counted(others, 'other level')}" if others else ""
    return (
        f"Without {shorten(factor.group)} {factor.name(level)} {coefficient(one.name)} {moved(evidence, one, level)} "
        f"and its p-value goes from {p_number(one.p)} to {p_number(float(one.p_without[level]))}, across α = "
        f"{bounded(alpha)}{more}."
    )


def gained(evidence: Evidence, factor: OfFactor, alpha: float) -> list[str]:
    """Sentences on coefficients whose p-value is below alpha only without some level: worth knowing, no concern."""
    return [turned(evidence, factor, one, alpha) for one in factor.verdicts if one.p >= alpha and one.turns]


def concerns(evidence: Evidence, factor: OfFactor, alpha: float) -> list[str]:
    """Sentences on what hangs on single levels: verdicts below alpha that are lost, signs, large changes, the model."""
    group, found = shorten(factor.group), []
    for one in factor.verdicts:
        what = coefficient(one.name)
        if one.p < alpha and one.turns:
            found.append(turned(evidence, factor, one, alpha))
        reversing = [level for level in one.reverses if level not in one.turns]
        if reversing:
            level = reversing[0]
            found.append(
                f"Without {group} {factor.name(level)} {what} changes its sign: it {moved(evidence, one, level)}."
            )
        change = np.abs(one.without - one.estimate) / one.se
        level = int(np.argmax(np.nan_to_num(change, nan=-1.0)))
        large = change[level] > _large_change(len(factor.found.levels))
        if large and level not in (*one.turns[:1], *reversing[:1]):
            found.append(
                f"Without {group} {factor.name(level)} {what} {moved(evidence, one, level)}, by "
                f"{decimal(change[level], 1)} standard errors."
            )
    if len(found) > NAMED:
        found = [*found[:NAMED], f"And so for {len(found) - NAMED} more."]
    if factor.lost:
        names = listing([factor.name(level) for level in factor.lost[:NAMED]])
        causes = listing(sorted({factor.found.failures[level] for level in factor.lost}), "or")
        more = f" and {counted(len(factor.lost) - NAMED, 'other level')}" if len(factor.lost) > NAMED else ""
        found.append(f"The model cannot be estimated without {group} {names}{more}: {causes}.")
    return found


def _large_change(levels: int) -> float:
    """Standard errors by which no level alone should move a coefficient.

    It is one, but where there are so few levels that more is usual, three standard deviations of the change: these are
    1/√(J − 1) standard errors for the mean of J equal levels.
    """
    return max(1.0, 3.0 / np.sqrt(max(levels - 1, 1)))


def stability(factor: OfFactor, alpha: float) -> str:
    """That no single level changes a conclusion, where none does."""
    if not factor.verdicts or any(one.turns or one.reverses for one in factor.verdicts):
        return ""
    names = coefficient(factor.verdicts[0].name)
    what = names if len(factor.verdicts) == 1 else f"any of {len(factor.verdicts)} coefficients"
    which = "No other single level" if factor.lost else "No single level"
    return (
        f"{which} of {shorten(factor.group)}, left out, changes the sign of {what} or the verdict on it at α = "
        f"{bounded(alpha)}."
    )


def variances(evidence: Evidence, factor: OfFactor) -> list[dict[str, Any]]:
    """Per standard deviation: its estimate, and its smallest and largest one without a level that was refitted."""
    found = []
    for name, label, value in _standard_deviations(evidence):
        without = factor.found.parameters[name]
        if not np.isfinite(without).any():
            continue
        low, high = int(np.nanargmin(without)), int(np.nanargmax(without))
        found.append(
            {
                "name": name,
                "label": label,
                "estimate": value,
                "smallest": {"level": factor.found.levels[low], "value": float(without[low])},
                "largest": {"level": factor.found.levels[high], "value": float(without[high])},
            }
        )
    return found


def variances_told(evidence: Evidence, factor: OfFactor) -> str:
    """A sentence on the standard deviation that changes most; empty where none changes much."""
    changes = []
    for one in variances(evidence, factor):
        for which in ("smallest", "largest"):
            change = one[which]["value"] / one["estimate"] - 1.0 if one["estimate"] > 0 else 0.0
            changes.append((abs(change), change, one, one[which]))
    size, change, one, at = max(changes, key=lambda entry: entry[0], default=(0.0, 0.0, {}, {}))
    if size < _SPREAD:
        return "No standard deviation changes by as much as a tenth." if changes else ""
    verb = "rises" if change > 0 else "falls"
    return (
        f"Of the standard deviations that of {one['label']} changes most: it {verb} from "
        f"{significant(one['estimate'])} to {significant(at['value'])} ({percent(size)}) without "
        f"{shorten(at['level'], 18)}."
    )


def _standard_deviations(evidence: Evidence) -> list[tuple[str, str, float]]:
    found = []
    for term in evidence.fit.random:
        for name, sd in zip(term.names, term.sd, strict=True):
            effect = "intercept" if name == INTERCEPT else shorten(name, 16)
            found.append((f"sd_{name}|{term.group}", f"{effect} by {shorten(term.group, 16)}", float(sd)))
    return [*found, ("sigma", "the residuals", float(evidence.fit.sigma))]


def findings(evidence: Evidence, influence: Influence) -> dict[str, Any]:
    """For findings.json: the largest of everything, what changes a conclusion, and sentences that say so."""
    rows = influence.rows
    order = np.argsort(-np.nan_to_num(rows.cooks, nan=-1.0), kind="stable")[:_LISTED]
    return {
        "alpha": influence.alpha,
        "coefficients": coefficients_in_question(evidence),
        "rows": {
            "how": "closed form at the estimated variances",
            "largest": [
                {
                    "line": line if isinstance(line := evidence.table.index[row], str) else int(line),
                    "cooks": _number(rows.cooks[row]),
                    "leverage": _number(rows.leverage[row]),
                    "standardised": _number(evidence.standardised[row]),
                    "dfbetas": [_number(value) for value in rows.dfbetas[row]],
                }
                for row in order
            ],
        },
        "groups": [_of_factor(evidence, factor, influence.alpha) for factor in influence.factors],
    }


def _of_factor(evidence: Evidence, factor: OfFactor, alpha: float) -> dict[str, Any]:
    if factor.found is None:
        return {"group": factor.group, "reason": factor.reason, "sentence": factor.reason}
    found, names = factor.found, evidence.fit.coefficients
    hanging, gaining = concerns(evidence, factor, alpha), gained(evidence, factor, alpha)
    return {
        "group": factor.group,
        "levels": len(found.levels),
        "refitted": int(found.refitted.sum()),
        "reason": factor.reason,
        "threshold": factor.threshold,
        "above_threshold": int(np.sum(found.cooks > factor.threshold)),
        "largest": [
            {
                "level": found.levels[level],
                "rows": int(found.rows[level]),
                "refitted": bool(found.refitted[level]),
                "cooks": _number(found.cooks[level]),
                "beta": dict(zip(names, map(_number, found.beta[level]), strict=True)),
                "dfbetas": dict(zip(names, map(_number, found.dfbetas[level]), strict=True)),
            }
            for level in factor.largest[:_LISTED]
        ],
        "failures": {found.levels[level]: found.failures[level] for level in factor.lost},
        "verdicts": [
            {
                "coefficient": one.name,
                "estimate": one.estimate,
                "p": one.p,
                "turned_without": [{"level": found.levels[level], **one.at(level)} for level in one.turns[:_LISTED]],
                "turns": len(one.turns),
                "reversed_without": [
                    {"level": found.levels[level], **one.at(level)} for level in one.reverses[:_LISTED]
                ],
                "reverses": len(one.reverses),
            }
            for one in factor.verdicts
        ],
        "variances": variances(evidence, factor),
        "stable": not (hanging or gaining),
        "sentence": " ".join([*hanging, *gaining, stability(factor, alpha)]).strip(),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
