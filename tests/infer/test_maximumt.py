"""The studentised range and the largest |t|: R, special cases in closed form, one method against the other."""

from math import inf, sqrt

import numpy as np
import pytest
from scipy.special import fdtrc
from scipy.stats import studentized_range

from lmm.infer.hypothesis import t_quantile, t_tail
from lmm.infer.maximumt import _union_on_lattice, critical_value, largest_t_tail, one_factor, studentised_range_tail
from tests.infer.effects import numbers_of_r


def test_the_studentised_range_is_that_of_r():
    tails = numbers_of_r()["tails"]
    for table in tails["ptukey"]:
        found = [studentised_range_tail(q, table["k"], table["df"]) for q in tails["q"]]
        assert found == pytest.approx(table["p"], rel=1e-5, abs=1e-7)
        start = sqrt(2) * t_quantile(0.975, table["df"])
        found = critical_value(lambda q, a=table: studentised_range_tail(q, a["k"], a["df"]), 0.05, start)
        assert found == pytest.approx(table["q95"], rel=1e-6)


def test_far_out_it_has_the_digits_that_ptukey_loses():
    # ptukey gives 6.52497e-04 here; adaptive quadrature, in R and in scipy, 6.52751e-04
    assert studentised_range_tail(12.77913, 3, 5) == pytest.approx(studentized_range.sf(12.77913, 3, 5), rel=1e-9)


@pytest.mark.parametrize("df", [1, 2.5, 12, 400, 3e6, inf])
def test_two_means_are_one_t(df):
    for t in (0.1, 1.0, 4.0, 7.0):
        assert studentised_range_tail(sqrt(2) * t, 2, df) == pytest.approx(t_tail(t, df), rel=1e-9)
        assert largest_t_tail(t, np.eye(1), df) == t_tail(t, df)


def test_independent_normals_are_a_product():
    expected = 1 - (1 - t_tail(2.0, inf)) ** 4
    assert largest_t_tail(2.0, np.eye(4), inf) == pytest.approx(expected, rel=1e-12)
    assert _union_on_lattice(2.0, np.eye(4), inf) == pytest.approx(expected, rel=1e-3)


def test_critical_values_for_a_control_are_those_of_mvtnorm():
    # Equal groups: correlation ½. qmvt itself has some three digits.
    for table in numbers_of_r()["qmvt"]:
        correlation = 0.5 + 0.5 * np.eye(table["k"])
        start = t_quantile(0.975, table["df"])
        found = critical_value(lambda c, R=correlation, d=table["df"]: largest_t_tail(c, R, d), 0.05, start)
        assert found == pytest.approx(table["q95"], abs=5e-3)


def test_quadrature_and_lattice_agree():
    rng = np.random.default_rng(3)
    loadings = rng.uniform(-0.9, 0.9, 7)
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1.0)
    for t in (1.0, 2.5, 6.0):
        assert largest_t_tail(t, correlation, 9.5) == pytest.approx(_union_on_lattice(t, correlation, 9.5), rel=2e-3)


@pytest.mark.parametrize("t, df", [(2.95, 27.5), (5.07, 26.8), (5.6, 295.0)])
def test_general_correlations_agree_with_integration_over_directions(t, df):
    """A t vector is a direction times a radius, whose square is F: P(max > t) is the mean of the radius's tail."""
    correlation = np.array(numbers_of_r()["dunnett"]["cells"]["correlation"])
    assert one_factor(correlation) is None
    normal = np.random.default_rng(3).normal(size=(400_000, len(correlation)))
    directions = normal @ np.linalg.cholesky(correlation).T / np.linalg.norm(normal, axis=1)[:, None]
    radius = t / np.abs(directions).max(1)
    expected = fdtrc(len(correlation), df, radius**2 / len(correlation))
    error = expected.std() / sqrt(len(expected))
    assert largest_t_tail(t, correlation, df) == pytest.approx(expected.mean(), abs=4 * error)


def test_loadings_are_found_where_there_are_any():
    loadings = np.array([0.9, -0.5, 0.3, 0.0])
    correlation = np.outer(loadings, loadings)
    np.fill_diagonal(correlation, 1.0)
    found = one_factor(correlation)
    assert np.outer(found, found)[np.triu_indices(4, 1)] == pytest.approx(correlation[np.triu_indices(4, 1)])
    assert one_factor(np.array([[1, 0.5, -0.5], [0.5, 1, 0.5], [-0.5, 0.5, 1]])) is None
    assert one_factor(np.array([[1, -0.4], [-0.4, 1]])) @ [1, 1] == pytest.approx(0)


def test_identical_contrasts_count_once():
    everywhere_one = np.ones((3, 3))
    assert largest_t_tail(2.2, everywhere_one, 8) == pytest.approx(t_tail(2.2, 8), rel=1e-9)
