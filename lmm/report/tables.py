"""What the tables of the report hold, row by row, as text ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from lmm import numbers
from lmm.diagnose.flagged import flagged_values
from lmm.diagnose.labels import bare
from lmm.infer.nullchoice import APPROXIMATE, BOOTSTRAP, EXACT
from lmm.infer.profile import elements
from lmm.numbers import Rounded
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT
from lmm.report.intervals import correlation_limits, limits, of_parameters
from lmm.report.markup import name

SELECTED = "selected"
"""What the table of candidates calls a mean that the selection of fixed effects made."""


@dataclass(frozen=True)
class RandomRow:
    """A variance component: its factor and effect, variance, SD with its interval, correlations, levels.

    `correlations` are those with the effects above it, each with its interval.
    """

    group: str
    effect: str
    variance: str
    sd: str
    interval: str
    correlations: list[str]
    levels: str


def random_rows(case: Case) -> list[RandomRow]:
    """The variance components term by term, the residual last."""
    rows, intervals = [], of_parameters(case)
    for component in case.fit.random:
        parameters = {(row, column): intervals.get(key) for key, row, column in elements(component)}
        for k, (effect, sd) in enumerate(zip(component.names, component.sd, strict=True)):
            rows.append(
                RandomRow(
                    group=component.group,
                    effect="Intercept" if effect == INTERCEPT else bare(effect),
                    variance=numbers.significant(sd**2, 4),
                    sd=numbers.significant(sd, 4),
                    interval=limits(parameters[k, k], 4),
                    correlations=[
                        _with_limits(value, correlation_limits(parameters[k, column]), bare(component.names[column]))
                        for column, value in enumerate(component.correlation[k, :k])
                    ],
                    levels=numbers.count(case.fit.groups[component.group]),
                )
            )
    sigma = case.fit.sigma
    residual = RandomRow(
        "Residual",
        "",
        numbers.significant(sigma**2, 4),
        numbers.significant(sigma, 4),
        limits(intervals.get("sigma"), 4),
        [],
        numbers.count(case.fit.n),
    )
    return [*rows, residual]


def _with_limits(value: float, limits: str, effect: str) -> str:
    """A correlation with an effect, and the interval of it where there is one."""
    # Two decimals would print a correlation of .998 as a boundary that was not reached.
    text = numbers.bounded(value, 3 if 0.99 <= abs(value) < 1 - 1e-6 else 2)
    values = {"": value, **numbers.values_of(limits)} if text != numbers.MISSING else {}
    return Rounded(f"{text} {limits}".strip(), {f"with {effect} {part}".strip(): one for part, one in values.items()})


@dataclass(frozen=True)
class LadderRow:
    """A candidate: what it is, how well it fits, how it was tested, and what was decided about it and why."""

    id: str
    label: str
    formula: str
    loglik: str
    parameters: str
    aic: str
    bic: str
    bic_groups: str
    r2: str
    statistic: str
    null: str
    naive_p: str
    p: str
    state: str
    decision: str
    reason: str
    on_path: bool
    is_final: bool
    planned: bool


def ladder_rows(case: Case) -> list[LadderRow]:
    """Every candidate in the order the ladder was climbed, with its REML fit.

    The test is that against the candidate below, by REML. A reference with other fixed effects than the rest has a
    REML likelihood that cannot be compared with theirs, so its criteria are left out.
    """
    tested: dict[str, dict] = {}
    for step in case.decision["steps"]:
        if step["estimator"] == "REML":
            tested.setdefault(step["larger"], step)
    return [_ladder_row(case, entry, tested.get(entry["id"], {})) for entry in case.decision["table"]]


def _ladder_row(case: Case, entry: dict, step: dict) -> LadderRow:
    fit = (entry["reml"] or {}) if is_comparable(case, entry) else {}
    r2 = [entry["r2_marginal"], entry["r2_conditional"]]
    return LadderRow(
        id=entry["id"],
        label=entry["label"],
        formula=entry["formula"],
        loglik=numbers.decimal(fit.get("loglik")),
        parameters=numbers.MISSING if entry["npar"] is None else numbers.count(entry["npar"]),
        aic=numbers.decimal(fit.get("aic"), 1),
        bic=numbers.decimal(fit.get("bic"), 1),
        bic_groups=numbers.decimal(fit.get("bic_groups"), 1),
        r2=Rounded(" / ".join(map(numbers.bounded, r2)), {"marginal": r2[0], "conditional": r2[1]})
        if r2[0] is not None
        else numbers.MISSING,
        statistic=numbers.decimal(step["statistic"]) if step else "",
        null=_null(step) if step else "",
        naive_p=numbers.p_number(step.get("naive_p")) if step else "",
        p=numbers.p_number(step.get("p")) if step else "",
        state=_state(entry),
        decision=entry["decision"],
        reason=entry["reason"],
        on_path=entry["on_path"],
        is_final=entry["id"] == case.decision["final"]["rung"],
        planned=entry["planned"],
    )


def _null(step: dict) -> str:
    """Which null distribution the p-value that decides is from."""
    if step["method"] == BOOTSTRAP:
        return f"bootstrap, {numbers.count(step['draws'])} draws"
    known = {EXACT: "exact", APPROXIMATE: "exact for this variance alone"}
    return known.get(step["method"], step["null"] or numbers.MISSING)


def is_comparable(case: Case, entry: dict) -> bool:
    """Has the candidate more than the null mean, so that its REML likelihood can be compared with others'?"""
    return entry["id"] != "null" or all(other["id"] != "fixed" for other in case.decision["table"])


def _state(entry: dict) -> str:
    """How the fit ended: in words, since a tick says nothing on its own."""
    if entry["failure"]:
        return "failed"
    return "singular" if entry["singular"] and entry["converged"] else entry["convergence"]


def attempt_rows(case: Case) -> list[dict]:
    """The fits that were tried more than once, each attempt with how it ended."""
    return [
        {
            "label": rung["label"],
            "estimator": estimator,
            "attempts": [f"{one['what']}: {_lower(one['sentence'])}" for one in fit["attempts"]],
        }
        for rung in case.ladder["rungs"]
        for estimator, fit in rung["fits"].items()
        if fit and len(fit["attempts"]) > 1
    ]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _left_out(step: dict) -> str:
    return "all terms but the intercept" if len(step["terms"]) > 1 else step["terms"][0]


@dataclass(frozen=True)
class TestRow:
    """A test of fixed effects by maximum likelihood: what was left out, statistic, null, p, difference in AIC."""

    effect: str
    statistic: str
    null: str
    p: str
    delta_aic: str


def fixed_effect_tests(case: Case) -> list[TestRow]:
    """The likelihood ratio tests of the terms of the fixed part, by ML at the chosen random part."""
    return [
        TestRow(
            effect=_left_out(step),
            statistic=numbers.decimal(step["statistic"]),
            null=step["null"] or numbers.MISSING,
            p=numbers.p_number(step["p"]),
            delta_aic=numbers.decimal(step["delta_aic"], 1),
        )
        for step in case.decision["steps"]
        if step["estimator"] == "ML"
    ]


def anova_rows(case: Case) -> list[dict]:
    """F tests of type III; none where every term is a single coefficient, whose t test says the same."""
    found = case.inference["anova"]
    if found is None or not _says_more_than_t(case, found["rows"]):
        return []
    return [
        {
            "term": bare(row["term"]),
            "statistic": numbers.decimal(row["test"]["statistic"]) if row["test"] else numbers.MISSING,
            "df": _degrees_of(row["test"]) if row["test"] else numbers.MISSING,
            "p": numbers.p_number(row["test"]["p"]) if row["test"] else numbers.MISSING,
            "p_value": row["test"]["p"] if row["test"] else None,
            "reason": row["reason"],
        }
        for row in found["rows"]
    ]


def _says_more_than_t(case: Case, rows: list[dict]) -> bool:
    """Has a term several coefficients, or does a factor interact, whose t tests are then of a reference level?"""
    factors_interact = any(section["note"] for section in case.inference["means"] or [])
    return factors_interact or any(row["test"] and row["test"]["numerator"] > 1 for row in rows)


def _degrees_of(test: dict) -> str:
    degrees = numbers.degrees(test["denominator"])
    values = {"numerator": test["numerator"], "denominator": numbers.values_of(degrees)[""]}
    return Rounded(f"{test['numerator']}, {degrees}", values)


def flow_rows(case: Case) -> list[dict]:
    """How the rows went from the files to the models: each step with rows and levels after it, and what it changed."""
    return [
        {
            "sentence": step["sentence"],
            "rows": numbers.count(step["rows_after"]),
            "change": _change(step["rows_before"], step["rows_after"]),
            "levels": [_levels_after(step, group) for group in case.study.groups],
        }
        for step in case.audit["steps"]
    ]


def _change(before: int, after: int) -> str:
    """The difference with its sign; empty where there is none."""
    if before == after:
        return ""
    sign = numbers.MINUS if after < before else "+"
    return Rounded(f"{sign}{numbers.count(abs(after - before))}", {"": after - before})


def _levels_after(step: dict, group: str) -> str:
    """Levels after a step, "18 → 17" where it changed them; before a step has made its columns there are none."""
    before, after = step["levels_before"].get(group), step["levels_after"].get(group)
    if after is None:
        return numbers.MISSING
    if before in (None, after):
        return numbers.count(after)
    return Rounded(f"{numbers.count(before)} → {numbers.count(after)}", {"": after})


def flagged_rows(case: Case) -> list[dict]:
    """The values that outlier steps flagged: where they stand, how far out, by which rule, and what became of them."""
    return [
        {
            "line": Rounded(str(found.line), {"": found.line}) if isinstance(found.line, int) else str(found.line),
            "column": found.column,
            "value": numbers.plain(found.value, 6),
            "score": numbers.decimal(found.score, 1),
            "rule": f"beyond {numbers.plain(found.beyond)}{f' in its {found.by}' if found.by else ''}",
            "outcome": "kept" if found.kept else "left out",
        }
        for found in flagged_values(case.study, case.audit)
    ]


def flagged_beside(case: Case) -> int:
    """How many flagged values the audit counts without listing them."""
    counted = sum(step.get("flagged_count", 0) for step in case.audit["steps"])
    return counted - len(flagged_values(case.study, case.audit))


def cost_rows(case: Case) -> list[dict]:
    """What each variable with missing values costs in rows, the dearest first."""
    prepared = case.rows_prepared
    entries = sorted(case.audit["missing"], key=lambda entry: -entry["missing"])
    return [
        {
            "variable": entry["variable"],
            "missing": numbers.count(entry["missing"]),
            "share": numbers.percent(entry["missing"] / prepared),
            "alone": numbers.count(entry["rows_lost_alone"]),
        }
        for entry in entries
        if entry["missing"]
    ]


def dropout_rows(case: Case) -> list[dict]:
    """The pattern of dropout over all subjects and in each arm; none where everyone was seen throughout."""
    by_time = case.audit["missing_by_time"]
    if not by_time or by_time["dropout"]["complete"] == by_time["dropout"]["subjects"]:
        return []
    patterns = [("all", by_time["dropout"])]
    patterns += [(f"{entry['arm']}: {entry['level']}", entry) for entry in by_time["dropout_by_arm"]]
    return [
        {"who": who, "subjects": numbers.count(pattern["subjects"])}
        | {kind: _with_share(pattern[kind], pattern["subjects"]) for kind in _KINDS}
        for who, pattern in patterns
    ]


def _with_share(number: int, of: int) -> str:
    share = number / of
    return Rounded(f"{numbers.count(number)} ({numbers.percent(share)})", {"": number, "share": share})


_KINDS = ("complete", "came_late", "intermittent", "dropped_out", "never")


def missing_grid(case: Case) -> dict | None:
    """Rows and missing values of each variable at each time, as "3 / 40": the numbers behind the picture."""
    by_time = case.audit["missing_by_time"]
    if not by_time or not by_time["counts"]:
        return None
    times = sorted({entry["time"] for entry in by_time["counts"]})
    cells: dict[tuple[str, str], dict[float, str]] = {}
    for entry in by_time["counts"]:
        who = "all" if entry["arm"] is None else f"{entry['arm']}: {entry['level']}"
        values = {"missing": entry["missing"], "rows": entry["rows"]}
        text = Rounded(" / ".join(map(numbers.count, values.values())), values)
        cells.setdefault((entry["variable"], who), {})[entry["time"]] = text
    return {
        "times": [numbers.plain(time) for time in times],
        "rows": [
            {"variable": variable, "who": who, "cells": [found.get(time, numbers.MISSING) for time in times]}
            for (variable, who), found in sorted(cells.items(), key=lambda item: item[0][0])
        ],
    }


def variable_rows(case: Case) -> list[dict]:
    """The columns in use: roles, type, missing values, and their range or levels."""
    rows = []
    for variable in case.audit["variables"]:
        if variable["type"] == "numeric":
            summary = (
                f"{numbers.plain(variable['minimum'])} to {numbers.plain(variable['maximum'])}, "
                f"mean {numbers.plain(variable['mean'])}, SD {numbers.plain(variable['sd'], 3)}"
            )
        else:
            summary = _levels(variable.get("levels") or [])
        rows.append(
            {
                "name": name(variable["name"]),
                "roles": numbers.listing([_ROLES.get(role, role) for role in variable["roles"]]),
                "type": variable["type"],
                "missing": numbers.count(variable["missing"]),
                "summary": summary,
            }
        )
    return rows


_ROLES = {"fixed": "fixed effect", "slope": "random slope", "group": "grouping factor"}


def _levels(levels: list[str], most: int = 8) -> str:
    shown = ", ".join(levels[:most])
    return f"{shown} and {numbers.count(len(levels) - most)} more" if len(levels) > most else shown


def group_rows(case: Case) -> list[dict]:
    """The grouping factors: number of levels, and how many rows a level has."""
    return [
        {
            "group": entry["group"],
            "levels": numbers.count(entry["levels"]),
            "minimum": numbers.count(entry["rows_minimum"]),
            "median": numbers.decimal(entry["rows_median"], 0 if float(entry["rows_median"]).is_integer() else 1),
            "maximum": numbers.count(entry["rows_maximum"]),
        }
        for entry in case.audit["groups"]
    ]
