"""Calibration of cross-validated predictions: held to R, to algebra, and to what a figure can use."""

import json

import numpy as np
import pandas as pd
import pytest

from lmm.select.crossvalidation.calibration import BINS, calibration, calibration_slope
from lmm.select.crossvalidation.folds import known_group_folds, new_group_folds
from tests.select.crossvalidated import scored, table_of

SLOPES = "Reaction ~ Days + (Days | Subject)"


def test_slope_and_error_of_sleepstudy_are_those_of_r():
    table = table_of("sleepstudy-corr")
    found = calibration(scored(SLOPES, table, new_group_folds(table, "Subject", "s", 1, 18)))
    # R: lmer without each subject in turn, predict(re.form = NA), lm(Reaction ~ p), sandwich by Subject × √(18/17).
    assert found.slope == pytest.approx(0.8817518549, abs=1e-6)
    assert found.standard_error == pytest.approx(0.1621813071, abs=1e-6)
    assert found.spread_of_predicted == pytest.approx(30.24837308, abs=1e-5)
    assert found.spread_of_observed == pytest.approx(56.32875712, abs=1e-8)
    assert (found.rows, found.units) == (180, 18)


def test_points_are_in_the_order_of_the_table():
    table = table_of("sleepstudy-corr")
    found = calibration(scored(SLOPES, table, known_group_folds(table, ["Subject"], "Subject", "s", 1, 10)))
    assert found.points["observed"] == pytest.approx(table["Reaction"].tolist())
    assert found.bins is None
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["points"] == found.points


def test_the_slope_does_not_depend_on_where_the_outcome_starts():
    random = np.random.default_rng(1)
    predicted, unit = random.normal(size=60), np.repeat(np.arange(12), 5)
    observed = 0.5 * predicted + random.normal(size=60)
    slope, error = calibration_slope(observed, predicted, unit)
    assert slope == pytest.approx(np.polyfit(predicted, observed, 1)[0])
    assert calibration_slope(observed + 9, predicted - 4, unit) == pytest.approx((slope, error))
    assert calibration_slope(3 * observed, 3 * predicted, unit) == pytest.approx((slope, error))


def test_a_single_unit_has_no_standard_error():
    assert calibration_slope(np.array([1.0, 3.0]), np.array([0.0, 1.0]), np.array([4, 4])) == (2.0, None)


@pytest.mark.parametrize("group", ["plate", "sample"])
def test_a_mean_without_terms_has_no_slope_in_new_groups(group):
    table = table_of("penicillin")
    folds = new_group_folds(table, group, "s", 1, table[group].nunique())
    found = calibration(scored("diameter ~ 1 + (1 | plate) + (1 | sample)", table, folds))
    assert found.slope is None and found.standard_error is None
    assert found.spread_of_predicted < 0.2 * found.spread_of_observed


def test_many_rows_become_bins_of_as_many_rows():
    random = np.random.default_rng(2)
    group = np.repeat(np.arange(30), 80)
    table = pd.DataFrame({"x": random.normal(size=2400), "g": group.astype(str)})
    table["y"] = table["x"] + random.normal(size=30)[group] + random.normal(size=2400)
    found = calibration(scored("y ~ x + (1 | g)", table, new_group_folds(table, "g", "s", 1, 5)))
    assert found.points is None and len(found.bins) == BINS
    assert sum(one.rows for one in found.bins) == 2400
    middles = [one.predicted for one in found.bins]
    assert middles == sorted(middles)
    assert all(one.lower < one.observed < one.upper for one in found.bins)
    assert np.average([one.observed for one in found.bins]) == pytest.approx(table["y"].mean())
