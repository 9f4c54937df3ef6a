"""45 models as R fits them: the same optimum, estimates, criteria, fitted values and predictions."""

import functools

import adapter
import agreement
import numpy as np
import pandas as pd
import pytest
from tables import fitting_arguments, read_table, reference_cases

CASES = reference_cases()
every_case = pytest.mark.parametrize("case", CASES)


@functools.cache
def fitted(case: str) -> dict:
    """Fit a case once for all the tests that look at it."""
    return adapter.fit(**fitting_arguments(CASES[case], read_table(CASES[case])))


def assert_agreement(differences: list[str], case: str) -> None:
    """Fail with the formula and a line per disagreement."""
    formula = CASES[case]["formula"]
    assert not differences, "\n  ".join([f"{case}: {formula}", *differences])


@every_case
def test_estimates_are_those_of_r(case):
    assert_agreement(agreement.estimates(fitted(case), CASES[case]["r"]), case)


@every_case
def test_criteria_and_counts_are_those_of_r(case):
    assert_agreement(agreement.criteria(fitted(case), CASES[case]["r"]), case)


@every_case
def test_fitted_values_and_leverages_are_those_of_r(case):
    assert_agreement(agreement.fitted_values(fitted(case), CASES[case]["r"]), case)


@every_case
def test_conditional_modes_are_those_of_r(case):
    assert_agreement(agreement.conditional_modes(fitted(case), CASES[case]["r"]), case)


@pytest.mark.parametrize("case", [case for case in CASES if CASES[case]["r"].get("ranef_condsd")])
def test_conditional_standard_deviations_are_those_of_r(case):
    reference = CASES[case]["r"]
    deviations = {
        group: {"columns": reference["ranef"][group]["columns"], "levels": levels}
        for group, levels in reference["ranef_condsd"].items()
        if levels
    }
    assert_agreement(
        agreement.level_effects(fitted(case)["ranef_condsd"], deviations, reference, "conditional SD"), case
    )


@pytest.mark.parametrize("case", [case for case in CASES if "vcov_beta" in CASES[case]["r"]])
def test_covariance_of_the_fixed_effects_is_that_of_r(case):
    reference = CASES[case]["r"]
    expected = np.array(reference["vcov_beta"], float)
    shown = len(expected)
    width = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    got = np.asarray(fitted(case)["vcov_beta"])[:shown, :shown]
    worst = np.max(np.abs(got - expected) / width)
    assert worst <= 2e-3, f"{case}: covariances differ by {worst:.2e} of the standard errors' product"


# lme4's predict(newdata) ignores an offset given as an argument, so those cases have no reference.
@pytest.mark.parametrize("random", [False, True], ids=["fixed", "full"])
@pytest.mark.parametrize(
    "case", [case for case in CASES if CASES[case]["r"]["predict"].get("rows0") and not CASES[case]["offset"]]
)
def test_predictions_for_new_rows_and_unseen_levels_are_those_of_r(case, random):
    reference = CASES[case]["r"]
    published = reference["predict"]
    rows = read_table(CASES[case]).iloc[published["rows0"]].copy()
    for column, position in published["new_level_in"].items():
        labels = rows[column].astype(object).to_list()
        labels[position] = published["new_level"]
        rows[column] = pd.Series(labels, index=rows.index, dtype=object)
    expected = published["full" if random else "fixed"]
    got = fitted(case)["predict"](rows, random)
    assert_agreement(agreement.apart("predictions", got, expected, 1e-3 * reference["sigma"]), case)


# Where lme4 stopped short or met several optima, ours has to be the best of them.
@pytest.mark.parametrize(
    "case",
    [case for case in CASES if len(CASES[case]["r"]["optimum"]["distinct_local_optima_criterion"]) > 1],
)
def test_the_best_of_several_optima_is_found(case):
    optima = CASES[case]["r"]["optimum"]["distinct_local_optima_criterion"]
    assert -2 * fitted(case)["loglik"] == pytest.approx(min(optima), abs=1e-4)
