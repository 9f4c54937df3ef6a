"""Zeta curves: they pass through the limits of the intervals, rise, and end with a word where they end early."""

import functools

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.infer.profile import profile_intervals
from lmm.infer.zeta import REACH, zeta_curves
from tests.infer.test_profile import fitted

CASES = ("sleepstudy-corr", "dyestuff2", "pastes", "early", "orthodont-corr")


@functools.cache
def curves_of(case):
    return {curve.name: curve for curve in zeta_curves(fitted(case))}


@pytest.mark.parametrize("case", CASES)
def test_curves_rise_and_end_at_three_and_a_half_or_say_why(case):
    for curve in curves_of(case).values():
        assert (np.diff(curve.values) > 0).all() and (np.diff(curve.zetas) > 0).all(), curve.name
        assert 0.0 in curve.zetas
        # Where the estimate is on the boundary there is no other side.
        ends = [zeta for zeta in (curve.zetas[0], curve.zetas[-1]) if zeta != 0.0]
        assert all(abs(zeta) == REACH for zeta in ends) or curve.note, curve.name


def test_curves_pass_through_the_limits():
    for level, zeta in ((0.8663855974622838, 1.5), (0.9973002039367398, 3.0)):
        for interval in profile_intervals(fitted("sleepstudy-corr"), level=level):
            curve = curves_of("sleepstudy-corr")[interval.name]
            at = dict(zip(np.round(curve.zetas, 9).tolist(), curve.values, strict=True))
            assert at[-zeta] == pytest.approx(interval.lower, rel=1e-6), interval.name
            if zeta in at:
                assert at[zeta] == pytest.approx(interval.upper, rel=1e-6), interval.name
            else:
                assert interval.upper == 1.0 and "boundary" in curve.note


def test_a_linear_parameter_of_a_balanced_design_has_a_symmetric_curve():
    curve = curves_of("sleepstudy-corr")["Days"]
    centre = curve.values[len(curve.values) // 2]
    assert np.array(curve.values) + np.array(curve.values)[::-1] == pytest.approx(2 * centre, abs=1e-6)


def test_a_correlation_is_level_where_a_standard_deviation_is_zero():
    """Its profile cannot rise above the deviance of the model without that effect."""
    curves = curves_of("orthodont-corr")
    ceiling = -curves["sd_age|Subject"].zetas[0]
    assert curves["sd_age|Subject"].values[0] == 0.0
    correlation = curves["cor_age.(Intercept)|Subject"]
    assert np.abs(correlation.zetas).max() < ceiling
    assert "there sd_age|Subject is 0" in correlation.note


def test_the_end_of_a_curve_is_the_likelihood_ratio_of_the_smaller_model():
    """Pastes with and without batch: at a standard deviation of 0 the profile is the smaller model."""
    fit = fitted("pastes")
    cask = fit.design.random[1]
    table = pd.DataFrame({"y": fit.design.y, "cask": pd.Categorical.from_codes(cask.codes, list(cask.levels))})
    smaller = lmm.fit("y ~ 1 + (1 | cask)", table, reml=False)
    zeta = curves_of("pastes")["sd_(Intercept)|batch"].zetas[0]
    assert zeta**2 == pytest.approx(smaller.deviance - fit.deviance, abs=1e-6)
