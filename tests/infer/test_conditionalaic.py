"""Conditional AIC: fitted values of refits with a nudged outcome, and R's hat matrix."""

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.conditionalaic import conditional_aic
from tests.reference.tables import read_table, reference_cases

# Greven & Kneib's degrees of freedom plus one by R's cAIC4 1.0 (github.com/davidruegamer/cAIC4) with lme4 1.1-31, its
# line `C[j, ] <- … eWje * e/(2 * tye)` corrected to `e/tye`: with the line as it is, refits do not agree.
SLEEP = "Reaction ~ Days + (1 | Subject)"
FROM_R = [
    ("sleepstudy-corr", SLEEP, True, -864.52950036, 17.89245056, 19.022751),
    ("sleepstudy-corr", SLEEP, False, -864.53545687, 17.83453946, 18.971652),
    ("sleepstudy-corr", "Reaction ~ Days + (Days | Subject)", True, -824.50697099, 29.02206689, 31.253467),
    ("sleepstudy-corr", "Reaction ~ Days + (Days | Subject)", False, -824.92950930, 28.61160107, 30.915436),
    ("penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)", True, -104.48231491, 27.47236199, 28.610469),
    ("pastes", "strength ~ 1 + (1 | batch/cask)", False, -59.00152332, 28.98050248, 30.112597),
]


@pytest.mark.parametrize(("case", "formula", "reml", "loglik", "hat_trace", "with_sigma"), FROM_R)
def test_agrees_with_r(case, formula, reml, loglik, hat_trace, with_sigma):
    found = conditional_aic(lmm.fit(formula, read_table(reference_cases()[case]), reml=reml))
    assert found.loglik == pytest.approx(loglik, abs=1e-4)
    assert found.hat_trace == pytest.approx(hat_trace, abs=2e-5)
    assert found.degrees_of_freedom + 1 == pytest.approx(with_sigma, abs=2e-5)
    assert found.greven_kneib == pytest.approx(-2 * loglik + 2 * with_sigma, abs=2e-4)


def test_sleepstudy_with_known_variances():
    # method: cAIC 1766.84, trace of the hat matrix 17.892
    found = conditional_aic(lmm.fit(SLEEP, read_table(reference_cases()["sleepstudy-corr"])))
    assert (round(found.vaida_blanchard, 2), round(found.hat_trace, 3)) == (1766.84, 17.892)


def weighted(table):
    return np.random.default_rng(3).uniform(0.5, 2.0, len(table))


@pytest.mark.parametrize(
    ("case", "reml", "weights"),
    [
        ("machines-fslope", True, None),
        ("machines-nested", False, weighted),
        ("co2-log", True, None),  # correlation −1
        ("dyestuff2", True, None),  # variance zero
        ("orange-raw", False, weighted),
    ],
)
def test_degrees_of_freedom_are_how_fitted_values_of_refits_follow_the_outcome(case, reml, weights):
    published = reference_cases()[case]
    table = read_table(published)
    weights = weights and weights(table)
    formula = published["formula"]
    outcome = formula.split()[0]
    table[outcome] = table[outcome].astype(float)
    fit = lmm.fit(formula, table, reml=reml, weights=weights)
    step = 0.003 * fit.sigma
    trace = 0.0
    for i, row in enumerate(fit.rows):
        up, down = (table.copy(), table.copy())
        up.loc[row, outcome] += step
        down.loc[row, outcome] -= step
        moved = [lmm.fit(formula, nudged, reml=reml, weights=weights).fitted[i] for nudged in (up, down)]
        trace += (moved[0] - moved[1]) / (2 * step)
    found = conditional_aic(fit)
    assert found.degrees_of_freedom == pytest.approx(trace, abs=5e-4)
    assert case == "dyestuff2" or found.degrees_of_freedom > found.hat_trace + 0.01


def test_a_variance_of_zero_counts_as_no_term():
    table = read_table(reference_cases()["carrots-na"])
    with_zero = lmm.fit("Preference ~ sens1 + (sens1 || Consumer)", table)
    assert with_zero.boundaries[0].zero == ("sens1",)
    without = conditional_aic(lmm.fit("Preference ~ sens1 + (1 | Consumer)", table))
    assert conditional_aic(with_zero).greven_kneib == pytest.approx(without.greven_kneib, abs=1e-5)


def test_units_and_weights_of_one_change_nothing():
    table = read_table(reference_cases()["sleepstudy-corr"])
    found = conditional_aic(lmm.fit("Reaction ~ Days + (Days | Subject)", table))
    other = table.assign(Reaction=1000 * table["Reaction"], Days=1e-3 * table["Days"] + 7, one=1.0)
    again = conditional_aic(lmm.fit("Reaction ~ Days + (Days | Subject)", other, weights="one"))
    assert again.degrees_of_freedom == pytest.approx(found.degrees_of_freedom, rel=1e-6)
    assert again.loglik == pytest.approx(found.loglik - 180 * np.log(1000), rel=1e-9)


def test_least_squares_counts_its_coefficients():
    table = read_table(reference_cases()["sleepstudy-corr"])
    found = conditional_aic(lmm.fit("Reaction ~ Days", table, reml=False))
    # R: AIC(lm(Reaction ~ Days, sleepstudy))
    assert found.greven_kneib == pytest.approx(found.vaida_blanchard) == pytest.approx(1906.2930563564, abs=1e-6)


def test_variances_that_are_no_optimum_give_a_reason_and_a_stored_fit_is_refused():
    table = read_table(reference_cases()["sleepstudy-corr"])
    fit = lmm.fit("Reaction ~ factor(Subject) + (1 | Subject)", table)
    assert fit.convergence.status == "not identified"
    found = conditional_aic(fit)
    assert found.greven_kneib is None and "no optimum" in found.reason
    assert found.to_dict()["greven_kneib"] is None and found.vaida_blanchard > 0
    with pytest.raises(InputError, match="read from a file"):
        conditional_aic(lmm.Fit.from_json(fit.to_json()))
