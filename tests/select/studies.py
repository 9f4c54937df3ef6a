"""Studies, ladders and audits for the tests of lmm.select."""

import functools
import statistics

from lmm.clean.groups import rows_per_level
from lmm.clean.roles import roles
from lmm.clean.structure import structure, varies_within
from lmm.select import decide
from lmm.select.rungs import fit_rung, ladder
from lmm.study import Study, load
from tests.reference.tables import read_table, reference_cases, reference_ladders

ROW_HASH = "of the tests"
MESSAGES = {
    "converged": "No step lowers the deviance.",
    "not converged": "A step still lowers the deviance.",
    "not identified": "The deviance is flat.",
}


def study(outcome, groups, fixed="1", slopes=None, name="trial", **more) -> Study:
    """Return a study as config.yaml would declare it."""
    block = {"name": name, "data": "table.csv", "outcome": outcome, "fixed": fixed, "groups": groups}
    return load({"seed": 1, "studies": [block | {"slopes": slopes or {}} | more]})[0]


@functools.cache
def table(case: str):
    """Return one of the reference tables, by the name of a case or of a ladder."""
    return read_table(reference_cases().get(case) or reference_ladders()[case])


def audit(declared: Study, data) -> dict:
    """Return the part of the audit that a decision reads."""
    predictors = [name for name, played in roles(declared).items() if {"fixed", "slope"} & set(played)]
    return {
        "row_hash": ROW_HASH,
        "groups": [rows_of(data, group) for group in declared.groups],
        "structure": structure(data, declared.groups),
        "varies_within": varies_within(data, predictors, declared.groups),
    }


def rows_of(data, group: str) -> dict:
    """Return the levels of a grouping factor and the rows of the median one."""
    rows = rows_per_level(data, group)
    return {
        "group": group,
        "levels": len(rows),
        "rows_median": float(statistics.median(rows)),
        "rows_maximum": max(rows),
    }


def fitted(declared: Study, data) -> dict:
    """Return the ladder of a study, fitted."""
    return {
        "row_hash": ROW_HASH,
        "rungs": [fit_rung(rung, data, declared, audit(declared, data)) for rung in ladder(declared)],
    }


def decision(declared: Study, data) -> dict:
    """Return the decision of a study, from its table."""
    return decide(declared, fitted(declared, data), data, audit(declared, data))


def step(made: dict, name: str) -> dict:
    """Return the step of a decision with this name."""
    return next(step for step in made["steps"] if step["step"] == name)


def record(loglik, npar, random=(), *, n=180, mean=("(Intercept)", "x"), boundaries=(), status="converged") -> dict:
    """Return a fit as ladder.json holds it; `random` lists (group, names) for each block."""
    import math

    return {
        "loglik": loglik,
        "deviance": -2 * loglik,
        "npar": npar,
        "n": n,
        "aic": -2 * loglik + 2 * npar,
        "bic": -2 * loglik + math.log(n) * npar,
        "fixed": [{"name": name, "estimate": 0.0, "se": 1.0} for name in mean],
        "dropped_columns": [],
        "random": [
            {"group": g, "names": list(names), "sd": [], "contribution": [1.0] * len(names), "correlation": []}
            for g, names in random
        ],
        "sigma": 1.0,
        "groups": {},
        "r2_marginal": 0.1,
        "r2_conditional": 0.5,
        "icc": 0.4,
        "singular": bool(boundaries),
        "collapsed": [boundary["sentence"] for boundary in boundaries],
        "boundaries": list(boundaries),
        "converged": status == "converged",
        "convergence": {"status": status, "message": MESSAGES[status], "optima": [-2 * loglik]},
    }


def boundary(group, names, zero=(), rank=1, sentence="A direction has no variance.") -> dict:
    """Return a boundary of a recorded fit."""
    return {"group": group, "names": list(names), "zero": list(zero), "rank": rank, "sentence": sentence}
