"""Both log scores against the multivariate normal density written out row by row, without the engine's algebra."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.select.crossvalidation.folds import KNOWN_GROUPS, NEW_GROUPS, new_group_folds
from tests.select.crossvalidated import given_folds, scored

NESTED = "y ~ x + arm + offset(z) + (x | school) + (1 | school:pupil)"
CROSSED = "y ~ x + arm + offset(z) + (x || item) + (1 | school)"


def rows() -> pd.DataFrame:
    random = np.random.default_rng(5)
    school, pupil = np.repeat(np.arange(12), 12), np.tile(np.repeat(np.arange(4), 3), 12)
    x, item = random.normal(size=144), random.integers(0, 9, 144)
    y = (
        2
        + x
        + 0.5 * np.arange(144) / 144
        + random.normal(0, 1, 12)[school]
        + random.normal(0, 0.7, 12)[school] * x
        + random.normal(0, 0.8, (12, 4))[school, pupil]
        + random.normal(0, 0.9, 9)[item]
        + random.normal(0, 0.6, 9)[item] * x
        + random.normal(0, 0.6, 144)
    )
    table = pd.DataFrame({"y": y, "x": x, "z": np.sin(np.arange(144)), "w": random.uniform(0.5, 3, 144)})
    return table.assign(
        school=school.astype(str), pupil=pupil.astype(str), item=item.astype(str), arm=np.where(school % 2, "a", "b")
    )


def mean_of(fit: lmm.Fit, table: pd.DataFrame) -> np.ndarray:
    """Xβ̂ + offset of a formula y ~ x + arm + offset(z), arm b against a."""
    beta = dict(zip(fit.coefficients, fit.beta, strict=True))
    return beta["(Intercept)"] + beta["x"] * table.x + beta["armb"] * (table.arm == "b") + table.z


def covariance_of(fit: lmm.Fit, table: pd.DataFrame) -> np.ndarray:
    """Cov(y) = Σ ZΣZ' + σ̂²/w of all rows of a table, an entry for every pair of rows."""
    V = np.diag(fit.sigma**2 / table.w.to_numpy())
    for term in fit.random:
        label = table[term.group.split(":")].agg(":".join, axis=1).to_numpy()
        Z = np.column_stack([table.x if name == "x" else np.ones(len(table)) for name in term.names])
        sd = np.array(term.sd)
        Sigma = sd[:, None] * np.array(term.correlation) * sd
        V += (label[:, None] == label[None]) * (Z @ Sigma @ Z.T)
    return V


def normal_log_density(residual: np.ndarray, V: np.ndarray) -> float:
    _, log_determinant = np.linalg.slogdet(2 * np.pi * V)
    return -0.5 * (log_determinant + residual @ np.linalg.solve(V, residual))


@pytest.mark.parametrize(("formula", "group"), [(NESTED, "school"), (CROSSED, "item"), (CROSSED, "school")])
def test_a_new_group_has_the_joint_marginal_density_of_its_rows(formula, group):
    table = rows()
    folds = new_group_folds(table, group, "s", 1, 3)
    found = scored(formula, table, folds, weights="w")
    expected = {}
    for number in range(3):
        fit = lmm.fit(formula, table.iloc[folds.training(number)], weights="w")
        held_out = table.iloc[folds.held_out(number)]
        for level, own in held_out.groupby(group):
            expected[level] = normal_log_density((own.y - mean_of(fit, own)).to_numpy(), covariance_of(fit, own))
        here = np.isin(found.rows, folds.held_out(number))
        np.testing.assert_allclose(found.predicted[here], mean_of(fit, held_out), atol=2e-5)
    levels = table[group].iloc[found.rows[found.case]]
    assert found.folds["target"] == NEW_GROUPS and sorted(levels) == sorted(expected)
    np.testing.assert_allclose(found.log_density, [expected[level] for level in levels], atol=2e-4)


@pytest.mark.parametrize("formula", [NESTED, CROSSED])
def test_a_row_of_known_groups_has_its_density_given_the_training_rows(formula):
    table = rows()
    folds = given_folds(table, "school", np.arange(144) % 3)
    found = scored(formula, table, folds, weights="w")
    assert found.folds["target"] == KNOWN_GROUPS
    for number in range(3):
        training, held_out = folds.training(number), folds.held_out(number)
        fit = lmm.fit(formula, table.iloc[training], weights="w")
        mean, V = mean_of(fit, table).to_numpy(), covariance_of(fit, table)
        gain = np.linalg.solve(V[np.ix_(training, training)], V[np.ix_(training, held_out)]).T
        predicted = mean[held_out] + gain @ (table.y.to_numpy() - mean)[training]
        variance = np.diag(V)[held_out] - (gain * V[np.ix_(held_out, training)]).sum(1)
        here = np.isin(found.rows, held_out)
        np.testing.assert_allclose(found.predicted[here], predicted, atol=1e-4)
        density = -0.5 * (np.log(2 * np.pi * variance) + (table.y.to_numpy()[held_out] - predicted) ** 2 / variance)
        np.testing.assert_allclose(found.log_density[here], density, atol=2e-4)
