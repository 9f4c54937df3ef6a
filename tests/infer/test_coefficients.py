"""The coefficient table: R's numbers, columns that were left out, and fits without their data."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.coefficients import coefficient_table
from tests.infer.fixed_effects import fitted, model_of
from tests.reference.tables import read_table, reference_cases


@pytest.mark.parametrize("id", ["sleepstudy-corr", "ratpup", "cake-rankdef", "machines-noint", "verbagg-crossed"])
def test_as_lmertests_summary(id):
    reference = reference_cases()[id]["r"]
    table = coefficient_table(fitted(id), "satterthwaite")
    rows = [row for row in table.rows if row.estimate is not None]
    assert [row.name for row in rows] == reference["beta_names"]
    assert table.statistic == "t"
    np.testing.assert_allclose([row.df for row in rows], reference["satterthwaite"]["df"], rtol=1e-4)
    np.testing.assert_allclose([row.statistic for row in rows], reference["satterthwaite"]["t"], rtol=1e-4)
    np.testing.assert_allclose([row.p for row in rows], reference["satterthwaite"]["p"], rtol=5e-3)


@pytest.mark.parametrize("id", ["sleepstudy-corr", "ratpup", "pastes", "verbagg-crossed"])
def test_normal_intervals_as_lme4s_wald(id):
    reference = reference_cases()[id]["r"]
    table = coefficient_table(fitted(id), "normal")
    assert (table.statistic, table.rows[0].df) == ("z", None)
    scale = np.array(reference["se"])
    np.testing.assert_allclose(
        [row.lower for row in table.rows] / scale, reference["wald_ci95"]["lower"] / scale, atol=2e-4
    )
    np.testing.assert_allclose(
        [row.upper for row in table.rows] / scale, reference["wald_ci95"]["upper"] / scale, atol=2e-4
    )


def test_an_interval_holds_what_its_test_does_not_reject():
    row = coefficient_table(fitted("ratpup"), level=0.9)["sexFemale"]
    p = coefficient_table(fitted("ratpup"), level=1 - row.p)["sexFemale"]
    assert p.upper == pytest.approx(0.0, abs=1e-7)
    assert row.lower < row.estimate < row.upper


def test_columns_left_out_stand_in_their_place_with_the_reason():
    table = coefficient_table(fitted("cake-rankdef"))
    assert [row.name for row in table.rows] == list(fitted("cake-rankdef").design.names)
    left_out = table["factor(temp)225"]
    assert {value for name, value in vars(left_out).items() if name not in ("name", "note")} == {None}
    assert left_out.note.startswith("Left out: it is a combination of (Intercept), temp, factor(temp)185")
    assert "rests on factor(temp)225 having been left out" in table["temp"].note
    assert table["recipeB:temp"].note is None
    assert "refitted by REML" in table.note


def test_what_rests_on_the_columns_left_out_is_what_another_order_changes():
    # The other order leaves another column out; coefficients without a note keep their values.
    data = read_table(reference_cases()["cake-rankdef"])
    first = coefficient_table(lmm.fit("angle ~ recipe * temp + factor(temp) + (1 | recipe:replicate)", data))
    other = coefficient_table(lmm.fit("angle ~ factor(temp) + recipe * temp + (1 | recipe:replicate)", data))
    shared = [(row, other[row.name]) for row in first.rows if row.estimate is not None and row.name != "temp"]
    assert other["temp"].estimate is None
    for row, same in shared:
        assert (row.note is None) == (same.estimate == pytest.approx(row.estimate, rel=1e-5))


def test_a_zero_column_is_named_as_such():
    data = read_table(reference_cases()["sleepstudy-corr"]).assign(nothing=0.0)
    table = coefficient_table(lmm.fit("Reaction ~ nothing + Days + (1 | Subject)", data))
    assert table["nothing"].note == "Left out: it is zero in every row used."


def test_singular_fits_are_labelled():
    for method in ("kenward-roger", "satterthwaite"):
        table = coefficient_table(model_of("singular"), method)
        assert "singular" in table.note
        assert all(np.isfinite([row.se, row.df, row.p]).all() for row in table.rows)


def test_a_fit_read_from_a_file_has_its_normal_table():
    fit = fitted("cake-rankdef")
    stored = lmm.Fit.from_json(fit.to_json())
    expected, found = coefficient_table(fit, "normal"), coefficient_table(stored, "normal")
    assert [row.estimate for row in found.rows] == [row.estimate for row in expected.rows]
    assert found["factor(temp)225"].note == "Left out: earlier columns explain it."
    with pytest.raises(InputError, match="fit it anew"):
        coefficient_table(stored)


def test_json_has_no_nan():
    found = coefficient_table(fitted("cake-rankdef")).to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_level_beyond_one_is_refused():
    with pytest.raises(InputError, match="between 0 and 1"):
        coefficient_table(fitted("dyestuff"), level=95)
