"""Influence of groups: R's refits without each group, lme4's influence(), and the two ways to refit agreeing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.groupinfluence import _refits_of_rows, _screened, group_influence, operations_of_a_refit
from lmm.infer.live import optimum_of
from lmm.infer.rowinfluence import cooks_distance
from tests.reference.tables import fitting_arguments, read_table, reference_cases

DELETIONS = [case for case, published in reference_cases().items() if "leave_group_out" in published["r"]]
# lme4 1.1-31: influence(fit, groups), cooks.distance(), dfbetas(); see influence.R beside it.
LME4 = json.loads((Path(__file__).parent / "influence_lme4.json").read_text())
DATA = Path(__file__).parents[1] / "reference" / "data"


def fit_of_case(case):
    published = reference_cases()[case]
    return lmm.fit(**fitting_arguments(published, read_table(published)))


@pytest.mark.parametrize("case", DELETIONS)
def test_cooks_distances_are_those_of_tight_refits_in_r(case):
    published = reference_cases()[case]["r"]["leave_group_out"]
    found = group_influence(fit_of_case(case), published["group"])
    assert found.reason is None and found.refitted.all()
    for level, expected in published["groups"].items():
        assert found.cooks[found.levels.index(level)] == pytest.approx(expected["cooks"], rel=5e-3, abs=1e-6)


def fit_of_lme4(published):
    table = pd.read_csv(DATA / published["file"])
    if published["schools"]:
        table = table[table["schoolid"].isin(published["schools"])]
    for column in published["text"]:
        table[column] = table[column].astype(str)
    return lmm.fit(published["formula"], table, weights=published["weights"])


@pytest.mark.parametrize("name", LME4)
def test_dfbetas_and_cooks_distances_are_those_of_lme4(name):
    published = LME4[name]
    fit = fit_of_lme4(published)
    found = group_influence(fit, published["group"])
    J, p = found.beta.shape
    place = [found.levels.index(level) for level in published["levels"]]
    assert len(place) == J
    np.testing.assert_allclose(found.dfbetas[place], np.reshape(published["dfbetas"], (J, p)), atol=3e-3)
    np.testing.assert_allclose(found.cooks[place] * (J - p) / J, published["cooks"], rtol=1e-2, atol=1e-4)
    np.testing.assert_allclose(found.parameters["sigma"][place] ** 2, published["sigma2"], rtol=2e-3)


@pytest.mark.parametrize("case", ["sleepstudy-weights", "bodyweight-offset", "orthodont-ri", "ratpup"])
def test_sums_and_rows_agree(case):
    fit = fit_of_case(case)
    (group,) = fit.groups
    from_sums = group_influence(fit, group)
    failures, beta, se, sigma, _, _ = _refits_of_rows(fit, group, range(fit.groups[group]))
    assert tuple(failures) == from_sums.failures
    np.testing.assert_allclose(from_sums.beta, beta, atol=2e-4 * fit.se.max())
    np.testing.assert_allclose(from_sums.se, se, rtol=1e-3)
    np.testing.assert_allclose(from_sums.parameters["sigma"], sigma, rtol=1e-4)


@pytest.mark.parametrize("case", ["sleepstudy-weights", "pastes", "penicillin"])
def test_at_the_estimated_variances_it_is_generalised_least_squares_of_the_rest(case):
    fit = fit_of_case(case)
    design, problem = fit.design, optimum_of(fit).problem
    group = list(fit.groups)[problem.order[0]]
    found = _screened(fit, group, 2, "It would take too long")
    weights = np.ones(fit.n) if fit.weights is None else fit.weights
    V = np.diag(fit.sigma**2 / weights)
    for term, component in zip(design.random, fit.random, strict=True):
        V += (term.columns @ component.covariance @ term.columns.T) * (term.codes[:, None] == term.codes)
    codes = next(term.codes for term in design.random if term.group == group)
    y, X = design.y - (0.0 if design.offset is None else design.offset), design.X[:, fit.kept]
    assert found.refitted.sum() == 2 and "stay at their estimates" in found.reason
    for level in np.flatnonzero(~found.refitted):
        left = codes != level
        weighted = np.linalg.solve(V[np.ix_(left, left)], X[left])
        covariance = np.linalg.inv(X[left].T @ weighted)
        np.testing.assert_allclose(found.beta[level], covariance @ weighted.T @ y[left], rtol=1e-8)
        np.testing.assert_allclose(found.se[level], np.sqrt(np.diag(covariance)), rtol=1e-8)


def test_a_level_without_which_nothing_can_be_said_has_a_reason():
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"g": np.repeat([f"g{j}" for j in range(8)], 6)})
    table["arm"] = np.where(table["g"] == "g3", "b", "a")
    table["y"] = np.repeat(rng.normal(size=8), 6) + rng.normal(size=48)
    fit = lmm.fit("y ~ arm + (1 | g)", table)
    found = group_influence(fit, "g")
    assert found.failures[3] == "fixed effects not all estimable"
    assert np.isnan(found.beta[3]).all() and np.isnan(found.cooks[3])
    assert sum(failure is not None for failure in found.failures) == 1
    assert np.isfinite(np.delete(found.cooks, 3)).all()


def test_many_levels_are_screened_and_the_largest_refitted():
    fit = fit_of_case("pastes")
    exact = group_influence(fit, "sample" if "sample" in fit.groups else "batch:cask")
    screened = group_influence(fit, exact.group, most_operations=29.9 * operations_of_a_refit(fit))
    assert exact.refitted.all() and screened.refitted.sum() == 5
    assert screened.cooks.argmax() == exact.cooks.argmax()
    again = screened.refitted
    np.testing.assert_allclose(screened.cooks[again], exact.cooks[again], rtol=1e-6)


def test_a_factor_that_is_too_dear_has_a_reason():
    fit = fit_of_case("penicillin")
    other = list(fit.groups)[optimum_of(fit).problem.order[1]]
    assert "would take too long" in group_influence(fit, other, most_operations=1.0)
    with pytest.raises(InputError, match="no grouping factor dish"):
        group_influence(fit, "dish")


def test_the_unit_of_the_outcome_does_not_matter():
    case = reference_cases()["orthodont-corr"]
    arguments = fitting_arguments(case, read_table(case))
    found = group_influence(lmm.fit(**arguments), "Subject")
    data = arguments["data"].assign(distance=1000 * arguments["data"]["distance"] - 7)
    scaled = group_influence(lmm.fit(**{**arguments, "data": data}), "Subject")
    np.testing.assert_allclose(scaled.cooks, found.cooks, rtol=1e-4)
    np.testing.assert_allclose(scaled.dfbetas[:, 1:], found.dfbetas[:, 1:], atol=1e-4)


def test_cooks_distance_of_one_coefficient_is_its_squared_change_in_standard_errors():
    fit = fit_of_case("dyestuff")
    assert cooks_distance(fit, np.array([[2.0 * fit.se[0]]])) == pytest.approx([4.0])
