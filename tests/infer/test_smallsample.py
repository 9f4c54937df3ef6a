"""Degrees of freedom and adjusted standard errors, against lmerTest and pbkrtest, algebra and matrices of order n."""

from __future__ import annotations

from math import inf

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.smallsample import small_sample
from tests.infer.fixed_effects import fitted, from_r, model_of
from tests.reference.tables import read_table, reference_cases

# lmerTest differentiates with steps of fixed size, and variances of 1e-17 are below them: it reports df = 1.7e-5.
WRONG_IN_LMERTEST = {"rail-seconds"}
# pbkrtest lays out V with an unweighted residual part, beside a Φ that knows the weights.
WRONG_IN_PBKRTEST = {"sleepstudy-weights"}


def cases(field: str, wrong: set[str]) -> list[str]:
    return [
        id
        for id, case in reference_cases().items()
        if not case["r"]["isSingular"]
        and None not in (case["r"].get(field) or {}).get("df", [None])
        and id not in wrong
    ]


def coefficient_tests(fit, method):
    chosen = small_sample(fit, method)
    return [chosen.t_test(row) for row in np.eye(len(fit.beta))]


@pytest.mark.parametrize("id", cases("satterthwaite", WRONG_IN_LMERTEST))
def test_satterthwaite_as_lmertest(id):
    reference = reference_cases()[id]["r"]["satterthwaite"]
    tests = coefficient_tests(fitted(id), "satterthwaite")
    np.testing.assert_allclose([test.df for test in tests], reference["df"], rtol=1e-4)
    np.testing.assert_allclose([test.p for test in tests], reference["p"], rtol=5e-3)


@pytest.mark.parametrize("id", cases("kenward_roger", WRONG_IN_PBKRTEST))
def test_kenward_roger_as_pbkrtest(id):
    reference = reference_cases()[id]["r"]["kenward_roger"]
    chosen = small_sample(fitted(id))
    tests = coefficient_tests(fitted(id), "kenward-roger")
    np.testing.assert_allclose([test.df for test in tests], reference["df"], rtol=1e-5)
    np.testing.assert_allclose([test.se for test in tests], reference["se"], rtol=1e-5)
    np.testing.assert_allclose([test.estimate for test in tests], reference["estimate"], rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose([test.p for test in tests], reference["p"], rtol=2e-3)
    assert (chosen.note is not None) == reference["reml_refit"]


def test_units_do_not_change_degrees_of_freedom():
    # Six rails of three runs each: 6 − 1, whatever the unit of time.
    for method in ("satterthwaite", "kenward-roger"):
        (test,) = coefficient_tests(fitted("rail-seconds"), method)
        assert test.df == pytest.approx(5.0, rel=1e-6)
    assert reference_cases()["rail-seconds"]["r"]["satterthwaite"]["df"][0] < 1e-4


def test_kenward_roger_with_weights_from_matrices_of_order_n():
    fit = fitted("sleepstudy-weights")
    tests = coefficient_tests(fit, "kenward-roger")
    df, se = _kenward_roger_of_order_n(fit, np.diag(1.0 / fit.weights))
    np.testing.assert_allclose([test.df for test in tests], df, rtol=1e-9)
    np.testing.assert_allclose([test.se for test in tests], se, rtol=1e-9)
    # What pbkrtest prints is the same formula with the weights forgotten in V.
    reference = reference_cases()["sleepstudy-weights"]["r"]["kenward_roger"]
    df, se = _kenward_roger_of_order_n(fit, np.eye(fit.n))
    np.testing.assert_allclose(df, reference["df"], rtol=1e-6)
    np.testing.assert_allclose(se, reference["se"], rtol=1e-6)


def _kenward_roger_of_order_n(fit, residual):
    X, (term,) = fit.design.X, fit.design.random
    same = term.codes[:, None] == term.codes[None]
    one, slope = term.columns.T
    G = [
        same * np.outer(one, one),
        same * (np.outer(one, slope) + np.outer(slope, one)),
        same * np.outer(slope, slope),
        residual,
    ]
    covariance = fit.random[0].covariance
    phi = [covariance[0, 0], covariance[0, 1], covariance[1, 1], fit.sigma**2]
    inverse = np.linalg.inv(sum(value * g for value, g in zip(phi, G, strict=True)))
    Phi, moved = fit.vcov_beta, inverse @ X
    P = [-moved.T @ g @ moved for g in G]
    Q = [[moved.T @ g @ inverse @ h @ moved for h in G] for g in G]
    information = [
        [
            np.trace(inverse @ g @ inverse @ h) - 2 * np.trace(Phi @ Q[i][j]) + np.trace(Phi @ P[i] @ Phi @ P[j])
            for j, h in enumerate(G)
        ]
        for i, g in enumerate(G)
    ]
    W = 2 * np.linalg.inv(information)
    bias = sum(W[i, j] * (Q[i][j] - P[i] @ Phi @ P[j]) for i in range(4) for j in range(4))
    adjusted = Phi + 2 * Phi @ bias @ Phi
    slopes = np.array([np.diag(Phi @ p @ Phi) / np.diag(Phi) for p in P])
    return 2 / np.einsum("ia,ij,ja->a", slopes, W, slopes), np.sqrt(np.diag(adjusted))


def test_balanced_one_way_is_analysis_of_variance():
    # The mean of a balanced one-way layout: its variance is that of the group means, on groups − 1 df.
    fit = fitted("dyestuff")
    means = pd.Series(fit.design.y).groupby(fit.design.random[0].codes).mean()
    (test,) = coefficient_tests(fit, "kenward-roger")
    assert test.df == pytest.approx(5.0, rel=1e-9)
    assert test.se == pytest.approx(means.std() / np.sqrt(6), rel=1e-7)


def test_a_paired_t_test_is_a_random_intercept():
    rng = np.random.default_rng(20261122)
    pairs = np.repeat(np.arange(12), 2)
    treated = np.tile([0.0, 1.0], 12)
    y = 1.0 + 0.4 * treated + rng.normal(size=12)[pairs] + rng.normal(size=24)
    table = pd.DataFrame({"y": y, "treated": treated, "pair": pairs.astype(str)})
    difference = y[1::2] - y[::2]
    expected = difference.mean() / (difference.std(ddof=1) / np.sqrt(12))
    for method in ("kenward-roger", "satterthwaite"):
        test = small_sample(lmm.fit("y ~ treated + (1 | pair)", table), method).t_test(np.array([0.0, 1.0]))
        assert test.t == pytest.approx(expected, rel=1e-6)
        assert test.df == pytest.approx(11.0, rel=1e-6)


def test_a_balanced_split_plot_has_the_two_error_strata():
    # Oats (Yates 1935): varieties on whole plots, 10 df of error; nitrogen on sub-plots, 45 df.
    fit = fitted("oats-factor")
    names = fit.coefficients
    chosen = small_sample(fit)
    nitrogen = np.array([[name == f"factor(nitro)0.{k}" for name in names] for k in (2, 4, 6)], dtype=float)
    interactions = [i for i, name in enumerate(names) if ":" in name]
    test = chosen.f_test(np.eye(len(names))[interactions])
    assert (test.numerator, test.denominator) == (6, pytest.approx(45.0, rel=1e-6))
    assert test.statistic == pytest.approx(0.3028, abs=5e-5)
    assert test.scale == pytest.approx(1.0, rel=1e-6)
    assert chosen.f_test(nitrogen).denominator == pytest.approx(45.0, rel=1e-6)


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite", "normal", "residual"])
def test_f_of_one_row_is_t_squared_and_redundant_rows_count_once(method):
    fit = fitted("ratpup")
    chosen = small_sample(fit, method)
    row = np.zeros(len(fit.beta))
    row[1] = 1.0
    single, test = chosen.f_test(row), chosen.t_test(row)
    assert single.statistic == pytest.approx(test.t**2)
    assert single.p == pytest.approx(test.p)
    two = np.eye(len(fit.beta))[1:3]
    joint, redundant = chosen.f_test(two), chosen.f_test(np.vstack([two, two[0] - 2 * two[1]]))
    assert redundant.numerator == joint.numerator == 2
    assert redundant.statistic == pytest.approx(joint.statistic, rel=1e-8)
    # Another basis of the same hypothesis; Fai and Cornelius's degrees of freedom alone depend on it.
    if method != "satterthwaite":
        assert redundant.denominator == pytest.approx(joint.denominator, rel=1e-6)
    turned = chosen.f_test(np.array([[1.0, 3.0], [-2.0, 1.0]]) @ two)
    assert turned.statistic == pytest.approx(joint.statistic, rel=1e-8)


def test_contradicting_rows_are_refused():
    chosen = small_sample(fitted("ratpup"))
    row = np.eye(len(chosen.beta))[1]
    with pytest.raises(InputError, match="contradict"):
        chosen.f_test(np.array([row, 2 * row]), value=np.array([0.0, 1.0]))


@pytest.mark.parametrize("id", [id for id, case in reference_cases().items() if case["r"]["isSingular"]])
@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
def test_singular_fits_give_finite_answers(id, method):
    chosen = small_sample(fitted(id), method)
    tests = [chosen.t_test(row) for row in np.eye(len(chosen.beta))]
    assert np.isfinite([value for test in tests for value in (test.estimate, test.se, test.df, test.p)]).all()
    assert all(test.df > 0.5 for test in tests)


def test_a_variance_of_zero_leaves_the_degrees_of_the_model_without_it():
    fit = fitted("dyestuff2")
    assert fit.singular
    chosen = small_sample(fit, "satterthwaite")
    assert chosen.t_test(np.ones(1)).df == pytest.approx(fit.n, rel=1e-9)  # by ML: n, as lmerTest has it too
    assert "without the directions" in chosen.note


def test_a_correlation_of_one_leaves_the_degrees_of_the_model_of_one_direction():
    # Slopes that are an exact multiple of the intercepts: Σ = LL' with one column, here by matrices of order n.
    case = reference_cases()["early"]
    fit = fitted("early")
    assert fit.boundaries[0].rank == 1
    chosen = small_sample(fit, "satterthwaite")
    X, (term,) = fit.design.X, fit.design.random
    same = term.codes[:, None] == term.codes[None]
    residual = np.eye(fit.n)

    def parts(x):
        loading = term.columns @ x[:2]
        return same * np.outer(loading, loading) + x[2] * residual

    def deviance(x):
        V = parts(x)
        inverse = np.linalg.inv(V)
        XVX = X.T @ inverse @ X
        e = fit.design.y - X @ np.linalg.solve(XVX, X.T @ inverse @ fit.design.y)
        return np.linalg.slogdet(V)[1] + np.linalg.slogdet(XVX)[1] + e @ inverse @ e

    def variance(x):
        return np.diag(np.linalg.inv(X.T @ np.linalg.solve(parts(x), X)))

    values, vectors = np.linalg.eigh(fit.random[0].covariance)
    x = np.append(np.sqrt(values[-1]) * vectors[:, -1], fit.sigma**2)
    step = 2e-3 * np.abs(x)
    shifted = np.diag(step)
    hessian = np.array(
        [
            [
                (deviance(x + a + b) - deviance(x + a - b) - deviance(x - a + b) + deviance(x - a - b))
                / (4 * a.sum() * b.sum())
                for b in shifted
            ]
            for a in shifted
        ]
    )
    slopes = np.array([(variance(x + a) - variance(x - a)) / (2 * a.sum()) for a in shifted])
    spread = np.einsum("ia,ij,ja->a", slopes, 2 * np.linalg.inv(hessian), slopes)
    expected = 2 * variance(x) ** 2 / spread
    found = [chosen.degrees_of_freedom(row) for row in np.eye(len(fit.beta))]
    assert case["r"]["isSingular"]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    np.testing.assert_allclose(found, case["r"]["satterthwaite"]["df"], rtol=1e-3)


def test_kenward_roger_of_many_rows_as_pbkrtest():
    # pbkrtest takes 12 s for these 7,230 rows.
    reference = from_r()["large"]
    table = read_table(reference_cases()["egsingle-3level"])
    fit = lmm.fit("math ~ year * lowinc + black + hispanic + (1 | childid) + (1 | schoolid)", table)
    assert list(fit.coefficients) == reference["names"]
    tests = coefficient_tests(fit, "kenward-roger")
    np.testing.assert_allclose([test.df for test in tests], reference["df"], rtol=1e-5)
    np.testing.assert_allclose([test.se for test in tests], reference["se"], rtol=1e-6)


def test_contrasts_cannot_be_estimated_better_for_not_knowing_the_variances():
    # ΣW_ij(Q_ij − P_iΦP_j) is a sum of squares, so that the adjustment never lowers a variance.
    for name in ("unbalanced interaction", "crossed slopes", "singular", "rank deficient"):
        chosen = small_sample(model_of(name))
        gain = np.linalg.eigvalsh(chosen.vcov - chosen.unadjusted)
        assert gain[0] >= -1e-9 * np.abs(chosen.vcov).max()


def test_variances_of_which_the_data_say_nothing_are_named_and_leave_finite_tests():
    # Every group has a level of its own: its effect and that of the group cannot be told apart.
    table = pd.DataFrame(
        {
            "y": [-0.31, -1.41, -0.51, 2.18, -1.42, 0.01, -1.41],
            "g": list("0011122"),
            "arm": list("0033311"),
            "w": list("1201210"),
        }
    )
    fit = lmm.fit("y ~ arm + w + (1 | g)", table)
    assert fit.convergence.status == "not identified"
    for method in ("kenward-roger", "satterthwaite"):
        chosen = small_sample(fit, method)
        assert "say nothing of some direction" in chosen.note
        tests = [chosen.t_test(row) for row in np.eye(len(fit.beta))]
        assert np.isfinite([value for test in tests for value in (test.se, test.df, test.p)]).all()
        assert 0 < chosen.f_test(np.eye(len(fit.beta))[1:3]).p <= 1


def test_moments_of_no_f_distribution_give_a_finite_test_that_says_so():
    # Five groups in three arms: pbkrtest finds F = −1.3e-5 on 0.088 degrees of freedom, and p = 1.
    table = pd.DataFrame(
        {
            "y": [0.9, 1.4, 0.9, 0.7, 0.7, 0.2, -0.2, -0.3, -0.1, 1.1, 0.0, 0.1, -0.3, -0.3, 0.4],
            "x": [1.1, -0.2, -0.1, 1.8, 0.6, 2.9, -0.7, -0.1, -0.3, 2.4, 2.5, -1.0, -1.6, 0.3, -0.7],
            "g": list("000111222333444"),
            "arm": list("000111222000111"),
        }
    )
    chosen = small_sample(lmm.fit("y ~ arm * x + (1 | g)", table))
    test = chosen.f_test(np.eye(6)[1:3])
    assert "moments" in test.note
    assert test.scale == 1.0
    assert 1 < test.denominator < 5
    assert test.p == pytest.approx(0.55, abs=0.01)  # that of F = 0.825 on 2 and 1.9 degrees of freedom


def test_least_squares_has_its_unbiased_variance_by_ml_too():
    table = read_table(reference_cases()["sleepstudy-corr"])
    by_reml, by_ml = (lmm.fit("Reaction ~ Days", table, reml=reml) for reml in (True, False))
    for method in ("kenward-roger", "satterthwaite", "residual"):
        expected, found = (small_sample(fit, method) for fit in (by_reml, by_ml))
        np.testing.assert_allclose(found.vcov, expected.vcov, rtol=1e-9)
        assert found.sigma == pytest.approx(expected.sigma)


def test_a_model_without_random_effects_has_the_residual_degrees():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ Days", table)
    for method in ("kenward-roger", "satterthwaite", "residual"):
        assert small_sample(fit, method).t_test(np.array([0.0, 1.0])).df == 178
    assert small_sample(fit, "normal").t_test(np.array([0.0, 1.0])).df == inf


def test_a_fit_read_from_a_file_is_refused_with_what_to_do():
    stored = lmm.Fit.from_json(fitted("dyestuff").to_json())
    with pytest.raises(InputError, match="fit it anew"):
        small_sample(stored)
    with pytest.raises(InputError, match="choose one of"):
        small_sample(fitted("dyestuff"), "kenward")


@pytest.mark.parametrize(
    ("fixed", "digits"),
    [("year", 1e-6), ("year + I(year^2)", 2e-4)],  # 1, year and year² themselves have lost twelve digits
)
@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite"])
def test_a_year_far_from_zero_leaves_the_last_coefficient_its_degrees_of_freedom(method, fixed, digits):
    # (year | g) is one model wherever year has its zero; in columns 1 and year no digits of the information are left.
    rng = np.random.default_rng(9)
    g, year = np.repeat(np.arange(12), 6), np.tile(np.arange(6.0), 12)
    y = 1 + year * (0.5 + 0.5 * rng.standard_normal(12)[g]) + rng.standard_normal(12)[g] + rng.standard_normal(72)
    table = pd.DataFrame({"y": y, "year": year, "g": g.astype(str)}).drop(index=[3, 5, 17, 40, 41])
    near, far = (
        coefficient_tests(lmm.fit(f"y ~ {fixed} + (year | g)", table.assign(year=table.year + zero)), method)[-1]
        for zero in (0.0, 2010.0)
    )
    assert near.df < 50
    assert far.df == pytest.approx(near.df, rel=digits)
    assert far.se == pytest.approx(near.se, rel=digits)


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite", "residual", "normal"])
def test_a_fit_without_an_optimum_says_so(method):
    rng = np.random.default_rng(14)
    g, x = np.repeat(np.arange(6), 6), np.tile(np.arange(6.0), 6)
    y = x + 5 * rng.standard_normal(6)[g] + 1e-9 * rng.standard_normal(36)
    fit = lmm.fit("y ~ x + (1 | g)", pd.DataFrame({"y": y, "x": x, "g": g.astype(str)}))
    assert fit.convergence.status == "not converged"
    assert "no optimum" in small_sample(fit, method).note
