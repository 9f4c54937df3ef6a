"""Predictions: dense algebra, closed forms of the balanced one-way design, coverage, what cannot be predicted."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

import lmm
from lmm.errors import InputError
from lmm.infer.margins import marginal_means
from lmm.infer.prediction import (
    predict_in_known_groups,
    predict_in_new_groups,
    predict_mean,
    predict_mean_in_known_groups,
)
from lmm.infer.smallsample import small_sample
from tests.infer.effects import fitted, table_of

SLEEP = "Reaction ~ Days + (Days | Subject)"
NESTED = "strength ~ 1 + (1 | batch/cask)"


def dense(fit, rows):
    """Return X, the z'b part's covariance among all rows, and R, as dense matrices."""
    X = fit.recipe.fixed(rows)[:, fit.kept]
    G = np.zeros((len(rows), len(rows)))
    for term, (columns, labels) in zip(fit.random, fit.recipe.random(rows), strict=True):
        G += np.where(labels[:, None] == labels, columns @ term.covariance @ columns.T, 0.0)
    return X, G


def test_the_mean_is_a_marginal_mean():
    fit, table = fitted(SLEEP, "sleepstudy-corr"), table_of("sleepstudy-corr")
    for small in (small_sample(fit), small_sample(fit, "satterthwaite")):
        found = predict_mean(fit, pd.DataFrame({"Days": [0.0, 4.5, 9.0]}), small)
        expected = marginal_means(fit, table, "Days", at={"Days": [0.0, 4.5, 9.0]}).estimates(small)
        for name in ("estimate", "se", "df", "lower", "upper"):
            assert getattr(found, name) == pytest.approx([getattr(one, name) for one in expected], rel=1e-9)


def test_kenward_roger_on_an_ml_fit_predicts_with_the_reml_fit():
    table = table_of("ratpup")
    formula = "weight ~ sex * Treatment + Lsize + (1 | Litter)"
    ml, reml = lmm.fit(formula, table, reml=False), lmm.fit(formula, table)
    found, expected = predict_mean(ml, table, small_sample(ml)), predict_mean(reml, table, small_sample(reml))
    assert found.estimate == pytest.approx(expected.estimate, rel=1e-7)
    assert "REML" in found.note


@pytest.mark.parametrize("formula, case", [(SLEEP, "sleepstudy-corr"), (NESTED, "pastes"),
                                           ("diameter ~ 1 + (1 | plate) + (1 | sample)", "penicillin")])  # fmt: skip
def test_errors_of_prediction_are_those_of_dense_algebra(formula, case):
    """Var(x'β̂ + ĝ − x'β − g) for g = Gc of a row, by conditioning on y with β estimated (Harville 1976)."""
    fit, table = fitted(formula, case), table_of(case)
    X, G = dense(fit, table)
    V_inverse = np.linalg.inv(G + fit.sigma**2 * np.eye(fit.n))
    Phi = np.linalg.inv(X.T @ V_inverse @ X)
    missed = X - G @ V_inverse @ X
    known = np.diag(G) - np.einsum("ij,jk,ik->i", G, V_inverse, G) + np.einsum("ip,pq,iq->i", missed, Phi, missed)
    found = predict_mean_in_known_groups(fit, table)
    assert found.se**2 == pytest.approx(known, rel=1e-7)
    assert found.estimate == pytest.approx(fit.fitted, rel=1e-10)
    found = predict_in_known_groups(fit, table)
    assert found.se**2 == pytest.approx(known + fit.sigma**2, rel=1e-7)
    found = predict_in_new_groups(fit, table)
    expected = np.einsum("ip,pq,iq->i", X, Phi, X) + np.diag(G) + fit.sigma**2
    assert found.se**2 == pytest.approx(expected, rel=1e-7)
    assert found.estimate == pytest.approx(fit.fitted_fixed, rel=1e-10)


def test_the_uncertainty_of_fitted_values_is_their_leverage():
    fit = fitted("Reaction ~ Days + (Days | Subject)", "sleepstudy-corr")
    found = predict_mean_in_known_groups(fit, table_of("sleepstudy-corr"))
    assert found.se**2 == pytest.approx(fit.sigma**2 * fit.leverage, rel=1e-9)


def test_a_level_the_model_does_not_know_is_a_new_one():
    fit = fitted(NESTED, "pastes")
    rows = pd.DataFrame({"batch": ["A", "A", "Q", None], "cask": ["a", "z", "a", "a"]})
    known = predict_in_known_groups(fit, rows)
    new = predict_in_new_groups(fit, rows)
    assert known.se[2:] == pytest.approx(new.se[2:])
    assert known.se[0] < known.se[1] < known.se[2]
    assert known.estimate == pytest.approx(fit.predict(rows))
    # Grouping columns need not even be there.
    assert predict_in_new_groups(fit, rows[[]]).se == pytest.approx(new.se)


def test_a_new_group_of_a_balanced_design_in_closed_form():
    fit, table = fitted("Yield ~ 1 + (1 | Batch)", "dyestuff"), table_of("dyestuff")
    groups, size = 6, 5
    by_level = table.groupby("Batch", observed=True)["Yield"]
    between, within = size * by_level.mean().var(), by_level.var().mean()
    a = (1 + 1 / groups) / size * between
    b = (1 + 1 / (groups * size) - (1 + 1 / groups) / size) * within
    found = predict_in_new_groups(fit, table.head(1))
    assert found.se**2 == pytest.approx([a + b], rel=1e-6)
    assert found.df == pytest.approx([(a + b) ** 2 / (a**2 / (groups - 1) + b**2 / (groups * (size - 1)))], rel=1e-5)


def test_weights_divide_the_residual_variance():
    table = table_of("sleepstudy-weights")
    fit = lmm.fit(SLEEP, table, weights="w")
    plain, halved = (predict_in_new_groups(fit, table, weights=w) for w in (None, np.full(180, 0.5)))
    assert halved.se**2 - plain.se**2 == pytest.approx(np.full(180, fit.sigma**2))
    by_name = predict_in_known_groups(fit, table, weights="w")
    mean = predict_mean_in_known_groups(fit, table)
    assert by_name.se**2 - mean.se**2 == pytest.approx(fit.sigma**2 / table["w"].to_numpy(), rel=1e-8)
    with pytest.raises(InputError, match="180 positive numbers"):
        predict_in_new_groups(fit, table, weights=np.zeros(180))
    with pytest.raises(InputError, match="no column 'v'"):
        predict_in_new_groups(fit, table, weights="v")


def test_least_squares_has_the_textbook_interval():
    table = table_of("sleepstudy-corr")
    fit = lmm.fit("Reaction ~ Days", table)
    found = predict_in_new_groups(fit, pd.DataFrame({"Days": [2.0]}))
    days = table["Days"]
    expected = fit.sigma**2 * (1 + 1 / 180 + (2 - days.mean()) ** 2 / ((days - days.mean()) ** 2).sum())
    assert found.se**2 == pytest.approx([expected]) and found.df.tolist() == [178]


def test_missing_values_and_empty_cells_are_not_predicted():
    table = table_of("ratpup")
    holed = table[~((table["sex"] == "Female") & (table["Treatment"] == "High"))]
    fit = lmm.fit("weight ~ sex * Treatment + Lsize + (1 | Litter)", holed)
    rows = table.groupby(["sex", "Treatment"], observed=True).head(1).reset_index(drop=True).assign(Lsize=10.0)
    rows.loc[0, "Lsize"] = np.nan
    empty = ((rows["sex"] == "Female") & (rows["Treatment"] == "High")).to_numpy()
    lost = empty | (np.arange(len(rows)) == 0)
    for found in (
        predict_mean(fit, rows, small_sample(fit)),
        predict_in_new_groups(fit, rows),
        predict_in_known_groups(fit, rows),
    ):
        assert (np.isnan(found.lower) == lost).all() and (np.isnan(found.estimate) == lost).all()
        assert "1 of 6 rows cannot be predicted" in found.note
        assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["upper"][0] is None


def test_mistakes_are_those_of_predict():
    fit, table = fitted("weight ~ sex + (1 | Litter)", "ratpup"), table_of("ratpup")
    with pytest.raises(InputError, match="sex"):
        predict_in_new_groups(fit, pd.DataFrame({"sex": ["Unknown"]}))
    by_array = lmm.fit("weight ~ sex + (1 | Litter)", table, offset=np.ones(len(table)))
    with pytest.raises(InputError, match="offset given as an array"):
        predict_mean(by_array, table, small_sample(by_array))
    with pytest.raises(InputError, match="read from a file"):
        predict_in_known_groups(lmm.Fit.from_json(fit.to_json()), table)


@pytest.mark.parametrize("kind", ["new", "known"])
def test_coverage_with_six_groups(kind):
    """Nominal 90 %; the next observation of a new group, and of each of the groups there are."""
    rng = np.random.default_rng(7)
    group = np.repeat(np.arange(6), 5)
    draws, hits = 200, 0
    for _ in range(draws):
        effects = rng.normal(size=7)
        table = pd.DataFrame({"g": group.astype(str), "y": effects[group] + rng.normal(size=30)})
        fit = lmm.fit("y ~ 1 + (1 | g)", table)
        level = 6 if kind == "new" else int(rng.integers(6))
        row, outcome = pd.DataFrame({"g": [str(level)]}), effects[level] + rng.normal()
        found = predict_in_new_groups(fit, row, 0.9) if kind == "new" else predict_in_known_groups(fit, row, 0.9)
        hits += found.lower[0] <= outcome <= found.upper[0]
    assert binom.ppf(0.001, draws, 0.9) <= hits <= binom.ppf(0.999, draws, 0.9)


@pytest.mark.parametrize("reml", [True, False])
def test_least_squares_predicts_with_students_t_by_either_criterion(reml):
    table = pd.DataFrame({"y": [1.0, 3.0, 2.0, 6.0, 4.0], "x": [0.0, 1.0, 2.0, 3.0, 4.0]})
    found = predict_in_new_groups(lmm.fit("y ~ x", table, reml=reml), pd.DataFrame({"x": [2.0]}))
    # At the mean of x: s²(1 + 1/n), s² = Σe²/(n − 2), t(3).
    line = np.polyfit(table.x, table.y, 1)
    s2 = ((table.y - np.polyval(line, table.x)) ** 2).sum() / 3
    assert found.se == pytest.approx([np.sqrt(s2 * (1 + 1 / 5))], rel=1e-9)
    assert found.upper - found.estimate == pytest.approx(3.182446305284263 * found.se, rel=1e-9)


def test_rows_without_a_number_say_why():
    fit, table = fitted(SLEEP, "sleepstudy-corr"), table_of("sleepstudy-corr")
    new = table.iloc[:3].assign(Days=[np.nan, 1.0, 2.0])
    for found in (predict_mean(fit, new, small_sample(fit)), predict_in_new_groups(fit, new),
                  predict_in_known_groups(fit, new)):  # fmt: skip
        assert found.to_dict()["estimate"][0] is None
        assert "1 of 3 rows cannot be predicted: a covariate is missing there." in found.note
    found = predict_in_new_groups(lmm.fit("Reaction ~ 1 + (Days | Subject)", table), new)
    assert np.isfinite(found.estimate).all() and found.to_dict()["lower"][0] is None
    assert "1 of 3 rows have no interval" in found.note


def test_a_mean_that_no_coefficient_enters_is_certain():
    table = table_of("sleepstudy-corr")
    fit = lmm.fit("Reaction ~ 0 + Days + (0 + Days | Subject)", table)
    found = predict_mean(fit, pd.DataFrame({"Days": [0.0]}), small_sample(fit)).to_dict()
    assert (found["estimate"], found["se"], found["lower"], found["upper"]) == ([0.0], [0.0], [0.0], [0.0])
