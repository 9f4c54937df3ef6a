"""Back-off: the next simpler structure of a grouping factor whose model cannot be final."""

import numpy as np
import pandas as pd
import pytest

from lmm.model import fit
from lmm.select.backoff import simpler, variance_of, weakest
from lmm.select.fitrecord import record_of_fit
from lmm.select.slopeterms import slope_terms
from lmm.select.structure import structure
from tests.select.studies import record, study

ODD = ("score", "my x", "my f")


def descent(declared, kind, labels, fitted=None, categorical=()):
    """Every structure that back-off comes to from one, as formulas."""
    present = structure(declared, declared.groups[0], kind, labels, categorical)
    found = [present.term]
    while (present := simpler(declared, present, fitted, categorical)) is not None:
        found.append(present.term)
    return found


def declare(slopes, groups=("g",), **ladder):
    return study("y", list(groups), slopes={groups[0]: slopes}, ladder=ladder)


def test_a_covariate_loses_its_correlation_then_its_slope():
    assert descent(declare("x"), "slope", ["x"]) == ["(x | g)", "(scale(x, scale = FALSE) || g)", "(1 | g)"]


def test_a_factor_goes_through_compound_symmetry():
    expected = ["(f | g)", "(f || g)", "(1 | g) + (1 | g:f)", "(1 | g)"]
    assert descent(declare("f"), "slope", ["f"], categorical={"f"}) == expected
    odd = descent(declare("`my f`"), "slope", ["`my f`"], categorical={"my f"})
    assert odd[2] == "(1 | g) + (1 | g:`my f`)"


@pytest.mark.parametrize("cell", ["g:f", "f:g"])
def test_cells_that_are_a_grouping_factor_already_are_not_added_twice(cell):
    assert descent(declare("f", ("g", cell)), "slope", ["f"], categorical={"f"}) == ["(f | g)", "(f || g)", "(1 | g)"]


def test_a_slope_without_intercept_has_no_correlation_to_lose():
    assert descent(declare("0 + x"), "slope", ["x"]) == ["(0 + x | g)", "(1 | g)"]
    expected = ["(0 + x + z | g)", "(0 + x + z || g)", "(0 + z | g)", "(1 | g)"]
    variances = record(0.0, 9, [("g", ["x", "z"])])
    variances["random"][0]["contribution"] = [0.5, 2.0]
    assert descent(declare("0 + x + z"), "slope", ["x", "z"], variances) == expected


def test_where_correlations_are_dropped_slopes_go_one_by_one():
    expected = ["(x + z + x:z || g)", "(x + z || g)", "(z || g)", "(1 | g)"]
    assert descent(declare("x * z", correlations="drop"), "uncorrelated", ["x", "z", "x:z"]) == expected


def test_the_highest_order_goes_before_the_least_variance():
    declared = declare("x + I(x^2) + z")
    present = structure(declared, "g", "slope", ["x", "I(x^2)", "z"])
    fitted = record(0.0, 9, [("g", ["(Intercept)", "x", "I(x^2)", "z"])])
    fitted["random"][0]["contribution"] = [1.0, 0.1, 9.0, 0.2]
    assert weakest(declared, present, fitted) == "I(x^2)"
    present = structure(declared, "g", "slope", ["x", "z"])
    assert weakest(declared, present, fitted) == "x"


def test_what_a_slope_adds_to_the_variance_is_that_of_its_columns():
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(30), 8)
    factor = np.tile(list("pqrs"), 60)
    x = rng.normal(size=240)
    effects = rng.normal(size=(30, 4))[group, np.tile([0, 1, 2, 3], 60)] + rng.normal(size=30)[group] * x
    table = pd.DataFrame(dict(zip(ODD, (effects + 0.3 * rng.normal(size=240), x, factor), strict=True)), copy=True)
    table["g"] = group.astype(str)
    declared = study("score", ["g"], slopes={"g": "`my x` + `my f`"})
    fitted = record_of_fit(fit("score ~ 1 + (`my x` + `my f` | g)", table), table)
    present = structure(declared, "g", "slope", ["`my x`", "`my f`"])
    of_x, of_f = (variance_of(term, present, fitted) for term in slope_terms(declared, "g"))
    contribution = fitted["random"][0]["contribution"]
    assert of_x == pytest.approx(contribution[1] ** 2)
    assert of_f == pytest.approx(sum(one**2 for one in contribution[2:]))
    assert of_x > 0 and of_f > 0
