"""What the tables of the report hold, row by row, as text ready to print."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT
from lmm.report.markup import name, say


@dataclass(frozen=True)
class RandomRow:
    """A variance component: its factor and effect, variance, SD, correlations with the effects above it, levels."""

    group: str
    effect: str
    variance: str
    sd: str
    correlations: str
    levels: str


def random_rows(case: Case) -> list[RandomRow]:
    """The variance components term by term, the residual last."""
    rows = []
    for component in case.fit.random:
        for k, (effect, sd) in enumerate(zip(component.names, component.sd, strict=True)):
            rows.append(
                RandomRow(
                    group=component.group,
                    effect="Intercept" if effect == INTERCEPT else effect,
                    variance=numbers.significant(sd**2, 4),
                    sd=numbers.significant(sd, 4),
                    correlations=", ".join(_correlation(value) for value in component.correlation[k, :k]),
                    levels=numbers.count(case.fit.groups[component.group]),
                )
            )
    sigma = case.fit.sigma
    residual = RandomRow(
        "Residual",
        "",
        numbers.significant(sigma**2, 4),
        numbers.significant(sigma, 4),
        "",
        numbers.count(case.fit.n),
    )
    return [*rows, residual]


def _correlation(value: float) -> str:
    # Two decimals would print a correlation of .998 as a boundary that was not reached.
    return numbers.bounded(value, 3 if 0.99 <= abs(value) < 1 - 1e-6 else 2) if not math.isnan(value) else "–"


@dataclass(frozen=True)
class LadderRow:
    """A candidate: what it is, how well it fits, how it was tested, and what was decided about it and why."""

    label: str
    formula: str
    loglik: str
    parameters: str
    aic: str
    bic: str
    test: Markup
    naive_p: str
    p: str
    state: str
    decision: str
    reason: str
    on_path: bool
    is_final: bool


def ladder_rows(case: Case) -> list[LadderRow]:
    """Every candidate in the order the ladder was climbed."""
    tested = {step["larger"]: step for step in case.decision["steps"]}
    failures = {rung["id"]: rung.get("failure") for rung in case.ladder["rungs"]}
    rows = []
    for entry in case.decision["table"]:
        step = tested.get(entry["id"], {})
        rows.append(
            LadderRow(
                label=entry["label"],
                formula=entry["formula"],
                loglik=numbers.decimal(entry.get("loglik"), 2),
                parameters="–" if entry.get("npar") is None else numbers.count(entry["npar"]),
                aic=numbers.decimal(entry.get("aic"), 1),
                bic=numbers.decimal(entry.get("bic"), 1),
                test=_test(step),
                naive_p=numbers.p_number(step.get("naive_p")) if step else "",
                p=numbers.p_number(step.get("p")) if step else "",
                state=_state(entry, failures.get(entry["id"])),
                decision=entry.get("decision") or "",
                reason=entry.get("reason") or "",
                on_path=bool(entry.get("on_path")),
                is_final=entry["id"] == case.decision["final"]["rung"],
            )
        )
    return rows


def _test(step: dict) -> Markup:
    """The statistic of a likelihood ratio test and the distribution it was referred to."""
    if not step or step.get("statistic") is None:
        return Markup("")
    null = say(" on {}", step["null"]) if step.get("null") else ""
    return say("{}{}", numbers.decimal(step["statistic"]), null)


def _state(entry: dict, failure: str | None) -> str:
    """How the fit ended: in words, since a tick says nothing on its own."""
    if failure:
        return "failed"
    if entry.get("converged") is False:
        return "not converged"
    return "singular" if entry.get("singular") else "converged"


def flow_rows(case: Case) -> list[dict]:
    """How the rows went from the file to the models: the steps of the audit with rows and levels left."""
    return [
        {
            "sentence": step["sentence"],
            "rows": numbers.count(step["rows_after"]),
            "levels": [numbers.count(step["levels_after"].get(group, 0)) for group in case.study.groups],
        }
        for step in case.audit["steps"]
    ]


def variable_rows(case: Case) -> list[dict]:
    """The columns in use: roles, type, missing values, and their range or levels."""
    rows = []
    for variable in case.audit["variables"]:
        if variable["type"] == "numeric":
            summary = (
                f"{numbers.significant(variable['minimum'], 4)} to {numbers.significant(variable['maximum'], 4)}, "
                f"mean {numbers.significant(variable['mean'], 4)}, SD {numbers.significant(variable['sd'], 3)}"
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
            "median": numbers.decimal(
                entry["rows_median"], 0 if float(entry["rows_median"]).is_integer() else 1
            ),
            "maximum": numbers.count(entry["rows_maximum"]),
        }
        for entry in case.audit["groups"]
    ]
