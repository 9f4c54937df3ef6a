"""Joint tests of a curve over time, whose coefficients say little one by one.

The curve is all terms of the fixed part with the time alone: the powers of a polynomial, the basis of a spline, the
segments of a broken line. Their hypotheses are those of the F tests of type III, so that a curve that differs between
groups is tested as the mean of their curves; what differs between groups is tested by the terms that hold both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.formula import parse
from lmm.formula.evaluate import names_used
from lmm.formula.syntax import parse_expression

if TYPE_CHECKING:
    from lmm.infer.anovatable import Anova
    from lmm.infer.hypothesis import SmallSample
    from lmm.model import Fit


def curve_section(fit: Fit, time: str, table: Anova, chosen: SmallSample) -> dict[str, Any]:
    """The tests of a curve and of its differences.

    Args:
        fit: the model. time: its time. table: F tests of type III of the same fit. chosen: covariance and df.

    Returns:
        {"time", "terms": labels of the curve, "test": F test, "differences": [{"by": columns, "terms", "test"}]}; a
        test is None where a term has none. Without a curve of several coefficients, "terms" is empty.
    """
    columns = columns_of_terms(fit)
    hypotheses = {row.term: row.hypothesis for row in table.rows if row.test is not None}
    curve = [term for term, names in columns.items() if names == {time}]
    differing: dict[tuple[str, ...], list[str]] = {}
    for term, names in columns.items():
        if time in names and names != {time}:
            differing.setdefault(tuple(sorted(names - {time})), []).append(term)
    if sum(len(hypotheses.get(term, ())) for term in curve) < 2:
        curve, differing = [], {}
    return {
        "time": time,
        "terms": curve,
        "test": _test(curve, hypotheses, chosen),
        "differences": [
            {"by": list(by), "terms": terms, "test": _test(terms, hypotheses, chosen)}
            for by, terms in differing.items()
        ],
    }


def columns_of_terms(fit: Fit) -> dict[str, set[str]]:
    """The columns of the table that each term of the fixed part is made of, by its label."""
    fixed = parse(fit.formula).fixed
    made = [set(names_used(parse_expression(label))) for label in fixed.labels]
    return {
        label: set().union(*(made[position] for position in term))
        for label, term in zip(fixed.term_labels, fixed.terms, strict=True)
    }


def _test(terms: list[str], hypotheses: Mapping[str, Any], chosen: SmallSample) -> dict[str, Any] | None:
    rows = [hypotheses.get(term) for term in terms]
    if not rows or any(row is None for row in rows):
        return None
    return chosen.f_test(np.vstack(rows)).to_dict()
