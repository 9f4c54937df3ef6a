"""Influence of rows: generalised least squares without each of them, R's least squares, a hundred thousand rows."""

import time

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.infer.rowinfluence import row_influence
from tests.reference.tables import fitting_arguments, read_table, reference_cases


def fit_of_case(case):
    published = reference_cases()[case]
    return lmm.fit(**fitting_arguments(published, read_table(published)))


@pytest.mark.parametrize("case", ["sleepstudy-weights", "bodyweight-offset", "pastes", "penicillin", "machines-nested"])
def test_it_is_generalised_least_squares_without_the_row(case):
    fit = fit_of_case(case)
    design, found = fit.design, row_influence(fit)
    weights = np.ones(fit.n) if fit.weights is None else fit.weights
    V = np.diag(fit.sigma**2 / weights)
    for term, component in zip(design.random, fit.random, strict=True):
        V += (term.columns @ component.covariance @ term.columns.T) * (term.codes[:, None] == term.codes)
    y, X = design.y - (0.0 if design.offset is None else design.offset), design.X[:, fit.kept]
    information = np.linalg.inv(fit.vcov_beta)
    for row in range(0, fit.n, 7):
        left = np.arange(fit.n) != row
        weighted = np.linalg.solve(V[np.ix_(left, left)], X[left])
        change = np.linalg.solve(X[left].T @ weighted, weighted.T @ y[left]) - fit.beta
        np.testing.assert_allclose(found.dfbeta[row], change, atol=1e-8 * fit.se.max())
        np.testing.assert_allclose(found.dfbetas[row], change / fit.se, atol=1e-8)
        assert found.cooks[row] == pytest.approx(change @ information @ change / len(change), abs=1e-9)


def test_without_random_effects_it_is_least_squares():
    # R: cooks.distance(), hatvalues() and dfbeta() of lm(dist ~ speed, cars), rows 23 and 49.
    speed = (
        "4 4 7 7 8 9 10 10 10 11 11 12 12 12 12 13 13 13 13 14 14 14 14 15 15 15 16 16 17 17 17 18 18 18 18 19 19 19"
    )
    speed += " 20 20 20 20 20 22 23 24 24 24 24 25"
    dist = (
        "2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76 84 36 46"
    )
    dist += " 68 32 48 52 56 64 66 54 70 92 93 120 85"
    cars = pd.DataFrame({"speed": np.array(speed.split(), float), "dist": np.array(dist.split(), float)})
    found = row_influence(lmm.fit("dist ~ speed", cars))
    np.testing.assert_allclose(found.cooks[[22, 48]], [0.0855518080928, 0.3403959336064], rtol=1e-6)
    np.testing.assert_allclose(found.leverage[[22, 48]], [0.0214306569343, 0.0739854014599], rtol=1e-6)
    np.testing.assert_allclose(-found.dfbeta[48], [-3.576950862260, 0.292857743864], rtol=1e-6)


def test_row_order_does_not_matter():
    case = reference_cases()["orthodont-corr"]
    arguments = fitting_arguments(case, read_table(case))
    order = np.random.default_rng(1).permutation(len(arguments["data"]))
    found = row_influence(lmm.fit(**arguments))
    turned = row_influence(lmm.fit(**{**arguments, "data": arguments["data"].iloc[order]}))
    np.testing.assert_allclose(turned.cooks, found.cooks[order], atol=1e-7)


def test_a_hundred_thousand_rows_take_less_than_a_second():
    rng = np.random.default_rng(3)
    n = 100_000
    table = pd.DataFrame({"x": rng.normal(size=n), "g": rng.integers(0, 5_000, n), "h": rng.integers(0, 50, n)})
    effect, slope = rng.normal(size=5_000), rng.normal(size=5_000)
    table["y"] = effect[table["g"]] + slope[table["g"]] * table["x"] + rng.normal(size=50)[table["h"]]
    table["y"] += rng.normal(size=n)
    fit = lmm.fit("y ~ x + (x | g) + (1 | h)", table.astype({"g": str, "h": str}))
    start = time.process_time()
    found = row_influence(fit)
    assert time.process_time() - start < 1.0
    assert np.isfinite(found.cooks).all()
