"""Eight ladders as R climbs them: every rung by ML and REML, and the statistics between rungs."""

import functools

import agreement
import pytest
from tables import read_table, reference_ladders

import lmm

LADDERS = reference_ladders()
RUNGS = [(ladder, rung) for ladder in LADDERS for rung in range(len(LADDERS[ladder]["rungs"]))]
every_rung = pytest.mark.parametrize(
    ("ladder", "rung"),
    RUNGS,
    ids=[f"{ladder}-{LADDERS[ladder]['rungs'][rung]['name']}" for ladder, rung in RUNGS],
)
each_estimator = pytest.mark.parametrize("estimator", ["ML", "REML"])


@functools.cache
def climbed(ladder: str, rung: int, estimator: str) -> lmm.Fit:
    """Fit one rung once for all the tests that look at it."""
    return lmm.fit(LADDERS[ladder]["rungs"][rung]["formula"], table(ladder), reml=estimator == "REML")


@functools.cache
def table(ladder: str):
    """Read a ladder's table once."""
    return read_table(LADDERS[ladder])


@each_estimator
@every_rung
def test_every_rung_is_that_of_r(ladder, rung, estimator):
    expected = LADDERS[ladder]["rungs"][rung][estimator]
    fit = climbed(ladder, rung, estimator)
    assert not agreement.log_likelihoods(fit.loglik, expected["logLik"])
    assert (fit.npar, fit.n, fit.singular) == (expected["npar"], expected["nobs"], expected["singular"])
    assert fit.deviance == pytest.approx(expected["deviance"], abs=2e-5)
    assert fit.aic == pytest.approx(expected["AIC"], abs=2e-5)
    assert fit.bic == pytest.approx(expected["BIC"], abs=2e-5)


@each_estimator
@pytest.mark.parametrize("ladder", LADDERS)
def test_likelihood_ratios_between_rungs_are_those_of_r(ladder, estimator):
    for comparison in LADDERS[ladder]["comparisons"]:
        smaller = climbed(ladder, comparison["from"], estimator)
        larger = climbed(ladder, comparison["to"], estimator)
        expected = comparison[estimator]
        assert larger.npar - smaller.npar == expected["df"]
        assert smaller.deviance - larger.deviance == pytest.approx(expected["chisq"], abs=5e-5)


@each_estimator
@pytest.mark.parametrize("ladder", LADDERS)
def test_aic_and_bic_take_the_rung_r_takes(ladder, estimator):
    fits = [climbed(ladder, rung, estimator) for rung in range(len(LADDERS[ladder]["rungs"]))]
    taken = LADDERS[ladder]["selected_rung"]
    assert min(range(len(fits)), key=lambda rung: fits[rung].aic) == taken[f"AIC_{estimator}"]
    assert min(range(len(fits)), key=lambda rung: fits[rung].bic) == taken[f"BIC_{estimator}"]
