"""Names, order and numbers of every column against R's model.matrix and lme4's lFormula.

The expected values come from tests/data/formula_fixtures.R (R 4.2.2, lme4 1.1-31).
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lmm.formula import DesignRecipe, parse
from lmm.formula.columns import Factor
from lmm.formula.contrasts import coding_matrix

R = json.loads((Path(__file__).parent.parent / "data" / "formula_fixtures.json").read_text(encoding="utf-8"))


def table(copies=1):
    columns = dict(R["table"])
    for name, levels in R["levels"].items():
        columns[name] = pd.Categorical(columns[name], levels, ordered=name == "t")
    return pd.concat([pd.DataFrame(columns)] * copies, ignore_index=True)


def columnwise(columns, rows):
    return np.array(columns, dtype=float).reshape(-1, rows).T


@pytest.mark.parametrize("case", R["fixed"], ids=lambda case: case["formula"])
def test_fixed_part(case):
    design = parse(case["formula"]).design(table())
    expected = columnwise(case["X"], len(design.y))
    assert list(design.names) == case["names"]
    assert [term + 1 for term in design.term_of_column] == case["term"]
    np.testing.assert_allclose(design.X, expected, rtol=1e-11, atol=1e-12)
    assert sorted(set(range(24)) - set(design.rows)) == case["dropped"]
    if case["outcome"] is not None:
        np.testing.assert_allclose(design.y, case["outcome"], rtol=1e-13)
    assert (design.offset is None) == (case["offset"] is None)
    if case["offset"] is not None:
        np.testing.assert_allclose(design.offset, case["offset"], rtol=1e-13)


def in_lme4s_order(group):
    return sorted(group.replace("(", "").replace(")", "").split(":"))


def indicator_times_columns(term, levels, rows):
    width = len(term.names)
    Z = np.zeros((rows, width * len(levels)))
    position = {level: place for place, level in enumerate(levels)}
    for row in range(rows):
        start = position[term.levels[term.codes[row]]] * width
        Z[row, start : start + width] = term.columns[row]
    return Z


@pytest.mark.parametrize("case", R["random"], ids=lambda case: case["random"])
def test_random_part(case):
    design = parse(f"y ~ 1 + {case['random']}").design(table(copies=8))
    assert len(design.random) == len(case["terms"])
    expected = list(case["terms"])
    for term in design.random:
        # lme4 sorts its terms by the number of levels, and calls a/b's second factor b:a
        theirs = next(
            one
            for one in expected
            if tuple(one["names"]) == term.names and in_lme4s_order(one["group"]) == in_lme4s_order(term.group)
        )
        expected.remove(theirs)
        levels = theirs["levels"]
        if theirs["group"] == term.group:
            assert list(term.levels) == levels
        else:
            levels = [":".join(reversed(level.split(":"))) for level in levels]
            assert sorted(term.levels) == sorted(levels)
        Z = columnwise(theirs["Z"], 24)
        np.testing.assert_allclose(indicator_times_columns(term, levels, 24), Z, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("case", R["new"], ids=lambda case: case["formula"])
def test_new_rows_are_laid_out_with_what_the_fitted_rows_taught(case):
    design = parse(case["formula"]).design(table())
    recipe = DesignRecipe.from_dict(json.loads(json.dumps(design.recipe.to_dict())))
    assert recipe == design.recipe
    assert list(design.names) == case["names"]
    new = pd.DataFrame(R["new_table"])
    np.testing.assert_allclose(recipe.fixed(new), columnwise(case["X"], len(new)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("levels", range(2, 13))
def test_polynomial_contrasts(levels):
    factor = Factor(np.arange(levels), tuple(map(str, range(levels))), ordered=True)
    matrix, suffixes = coding_matrix(factor, "t", full=False)
    np.testing.assert_allclose(matrix, columnwise(R["contr_poly"][levels - 2], levels), atol=1e-12)
    assert suffixes == (".L", ".Q", ".C", *(f"^{k}" for k in range(4, levels)))[: levels - 1]
