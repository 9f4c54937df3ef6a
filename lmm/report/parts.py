"""The fixed part in the units a reader thinks in: a factor with all its levels, a curve with all its coefficients."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmm.diagnose.labels import bare
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT

SINGLE, FACTOR, CURVE, CURVE_BY, INTERACTION, OTHER = "single", "factor", "curve", "curve by", "interaction", "other"


@dataclass(frozen=True)
class Part:
    """A term of the fixed part, or the several that make a curve over time.

    `kind` is SINGLE (one coefficient), FACTOR (levels of a factor), CURVE (over time), CURVE_BY (what of a curve
    differs with `columns`), INTERACTION (of several coefficients) or OTHER. `coefficients` are their names, without
    backticks. `test` is the joint F test as JSON has it, None where there is none.
    """

    kind: str
    terms: tuple[str, ...]
    coefficients: tuple[str, ...]
    columns: tuple[str, ...]
    test: Mapping[str, Any] | None


def parts(case: Case) -> list[Part]:
    """The fixed part without its intercept: the terms of the hypotheses first, covariates that modify nothing last."""
    table = case.inference["anova"]
    tests = {bare(row["term"]): row["test"] for row in table["rows"]} if table else {}
    owned = _coefficients_of(case, list(tests))
    found = _curve(case, owned)
    told = {term for part in found for term in part.terms}
    found += [_part(case, term, owned[term], tests[term]) for term in tests if term not in told and owned[term]]
    mine = {name for part in found for name in part.coefficients}
    rest = [name for name in case.coefficients if name != INTERCEPT and name not in mine]
    found += [Part(SINGLE, (name,), (name,), (name,), None) for name in rest]
    asked = [bare(term) for term in case.study.hypotheses]
    modifying = {column for part in found if len(part.columns) > 1 for column in part.columns}
    return sorted(
        found,
        key=lambda part: (not any(term in asked for term in part.terms), modifying.isdisjoint(part.columns)),
    )


def _coefficients_of(case: Case, terms: list[str]) -> dict[str, tuple[str, ...]]:
    """The coefficients of each term by their names: "armdrug" is of arm, "ns(t, df = 3)2:armdrug" of ns(t, df = 3):arm.

    A name that more than one term could have given is of the one with the longest label.
    """
    patterns = {term: re.compile(".*:".join(map(re.escape, term.split(":"))) + ".*") for term in terms}
    owned: dict[str, list[str]] = {term: [] for term in terms}
    for name in case.coefficients:
        fitting = [term for term in terms if name.count(":") == term.count(":") and patterns[term].fullmatch(name)]
        if name != INTERCEPT and fitting:
            owned[max(fitting, key=len)].append(name)
    return {term: tuple(names) for term, names in owned.items()}


def _curve(case: Case, owned: Mapping[str, tuple[str, ...]]) -> list[Part]:
    found = case.inference.get("curve")
    if not found:
        return []
    groups = [(CURVE, [], found["terms"], found["test"])]
    groups += [(CURVE_BY, one["by"], one["terms"], one["test"]) for one in found["differences"]]
    return [
        Part(
            kind,
            tuple(bare(term) for term in terms),
            tuple(name for term in terms for name in owned.get(bare(term), ())),
            (found["time"], *by),
            test,
        )
        for kind, by, terms, test in groups
    ]


def _part(case: Case, term: str, names: tuple[str, ...], test: Mapping[str, Any] | None) -> Part:
    columns = tuple(term.split(":"))
    if len(names) == 1:
        return Part(SINGLE, (term,), names, columns, test)
    if len(columns) > 1:
        return Part(INTERACTION, (term,), names, columns, test)
    variable = case.variable(term)
    kind = FACTOR if variable is not None and variable["type"] == "categorical" else OTHER
    return Part(kind, (term,), names, columns, test)
