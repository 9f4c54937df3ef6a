"""Autocorrelation and semivariogram, held to nlme."""

import numpy as np
import pytest

import lmm
from lmm.diagnose import autocorrelation
from tests.diagnose import checked
from tests.report import builders


@pytest.fixture(scope="module")
def sleep():
    """Pearson residuals of sleepstudy (n, 1) and its lags."""
    table = builders.sleep_table()
    fit = lmm.fit("Reaction ~ Days + (Days | Subject)", table)
    subject = np.unique(table["Subject"], return_inverse=True)[1]
    lags = autocorrelation._lags(subject, table["Days"].to_numpy(float), np.ones(180, bool))
    return (fit.residuals / fit.sigma)[:, None], lags


def test_lags_pair_the_rows_of_one_unit(sleep):
    # The lag of 9 days has 18 pairs, too few.
    assert [(lag.distance, len(lag.first)) for lag in sleep[1]] == [(k, 18 * (10 - k)) for k in range(1, 9)]


def test_autocorrelation_of_sleepstudy(sleep):
    residuals, lags = sleep
    found = autocorrelation.autocorrelations(residuals, [(lag.first, lag.second) for lag in lags])
    # nlme: ACF(lme(Reaction ~ Days, random = ~ Days | Subject), resType = "pearson")
    expected = [0.116117, -0.167092, -0.336342, -0.138293, -0.167158, -0.294347, -0.063775, 0.243642]
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_semivariogram_of_sleepstudy(sleep):
    residuals, lags = sleep
    found = autocorrelation.semivariances(residuals, [(lag.first, lag.second) for lag in lags])
    # nlme: Variogram(m, form = ~ Days | Subject, resType = "pearson")
    expected = [0.718122, 1.005606, 1.152921, 0.909046, 0.978972, 1.154227, 0.817491, 0.527652]
    assert found[0] == pytest.approx(expected, abs=1e-4)


def test_autocorrelated_errors_are_called_so():
    (figure,) = autocorrelation.autocorrelation(checked.evidence(2, "AR(1)", subjects=60))
    assert "first-order autoregressive" in figure.seen
    assert "corCAR1(form = ~ t | id)" in figure.do
    assert figure.concern.startswith("Residuals 1 apart in t resemble one another more than the model says")


def test_uneven_times_have_a_semivariogram_alone():
    (figure,) = autocorrelation.autocorrelation(checked.evidence(2, uneven=True))
    assert [check.name for check in figure.checks] == ["semivariogram"]
    assert figure.concern == ""


def test_times_that_differ_between_units_only_are_no_series():
    found = checked.evidence(1)
    found.table["t"] = found.table["id"].str[1:].astype(float)
    (omitted,) = autocorrelation.autocorrelation(found)
    assert "several values of t" in omitted.reason
