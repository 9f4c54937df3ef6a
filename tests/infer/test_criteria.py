"""Criteria under both conventions: R's numbers, and arithmetic where R has none."""

from math import log

import pytest

import lmm
from lmm.infer.criteria import corrected_akaike, criteria, criteria_as_sas, independent_groups
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = ["sleepstudy-corr", "pastes", "grouseticks", "cake-rankdef", "bodyweight-offset", "sleepstudy-weights"]


def fitted(case):
    published = reference_cases()[case]
    return lmm.fit(**fitting_arguments(published, read_table(published))), published["r"]


@pytest.mark.parametrize("case", CASES)
def test_aic_and_bic_over_rows_are_those_of_lme4(case):
    fit, r = fitted(case)
    found = criteria(fit)
    assert (found.parameters, found.observations) == (r["npar"], r["nobs"])
    assert found.aic == pytest.approx(r["AIC"], abs=1e-3) and found.aic == pytest.approx(fit.aic, rel=1e-15)
    assert found.bic == pytest.approx(r["BIC"], abs=1e-3) and found.bic == pytest.approx(fit.bic, rel=1e-15)


def test_sas_counts_covariance_parameters_and_error_contrasts_under_reml():
    # −2 restricted log-likelihood 1743.628 (Bates et al. 2015), four covariance parameters, 180 − 2 contrasts, 18 units
    fit, _ = fitted("sleepstudy-corr")
    found = criteria_as_sas(fit)
    assert (found.estimator, found.parameters, found.observations, found.groups) == ("REML", 4, 178, 18)
    assert found.aic == pytest.approx(1743.628 + 8, abs=1e-3)
    assert found.aicc == pytest.approx(1743.628 + 8 * 178 / 173, abs=1e-3)
    assert found.bic_groups == pytest.approx(1743.628 + 4 * log(18), abs=1e-3)


def test_by_ml_both_conventions_agree():
    fit, _ = fitted("pastes")
    assert criteria_as_sas(fit) == criteria(fit)
    assert criteria(fit).bic_groups == pytest.approx(fit.deviance + 4 * log(10))


def test_corrected_akaike_is_hurvich_and_tsais_and_has_a_limit():
    assert corrected_akaike(100.0, 3, 20) == pytest.approx(100 + 6 + 2 * 3 * 4 / (20 - 3 - 1))
    assert corrected_akaike(100.0, 3, 10**9) == pytest.approx(106)
    assert corrected_akaike(100.0, 3, 4) is None


def test_least_squares_has_no_groups():
    table = read_table(reference_cases()["sleepstudy-corr"])
    found = criteria(lmm.fit("Reaction ~ Days", table, reml=False))
    # R: lm(Reaction ~ Days, sleepstudy); AIC, BIC
    assert (found.aic, found.bic) == pytest.approx((1906.2930563564, 1915.8719269090), abs=1e-6)
    assert found.groups is None and found.bic_groups is None
    assert found.to_dict()["bic_groups"] is None


def test_the_fewest_levels_are_the_independent_groups():
    assert independent_groups([30, 10]) == 10
