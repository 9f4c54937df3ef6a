"""Reaching a height on profiles whose shape is known: quadratic, skewed, turning, level, ending."""

import numpy as np
import pytest

from lmm.engine.chart import Chart
from lmm.engine.profile import Profile

QUANTILE = 3.841458820694124


class Shape:
    """What `Profile` needs of a deviance."""

    def __init__(self, derivatives):
        self.derivatives = derivatives

    def following(self, x, gradient, hessian):
        return self.derivatives


def profile_of(height, bend=np.sin, lower=-np.inf, upper=np.inf, start=0.0):
    """D(ψ, η) = height(ψ) + 3(η − bend(ψ))², so that its profile is `height`."""

    def value(x):
        return height(x[0]) + 3.0 * (x[1] - bend(x[0])) ** 2

    def derivatives(x):
        h = 1e-4
        steps = h * np.eye(2)
        gradient = np.array([(value(x + s) - value(x - s)) / (2 * h) for s in steps])
        hessian = np.array(
            [
                [
                    (value(x + s + t) - value(x + s - t) - value(x - s + t) + value(x - s - t)) / (4 * h * h)
                    for t in steps
                ]
                for s in steps
            ]
        )
        return value(x), gradient, hessian

    chart = Chart(np.eye(2), False, np.array([start, bend(start)]), lower, upper, (), ())
    return Profile(chart, Shape(derivatives), derivatives(chart.start))


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_parabola_along_a_bent_valley(direction):
    point = profile_of(lambda psi: 2.0 * psi**2).reach(QUANTILE, direction)
    assert point.status == "reached"
    assert point.z[0] == pytest.approx(direction * np.sqrt(QUANTILE / 2.0), abs=1e-6)


def test_a_skewed_profile():
    """The profile of log σ in a sample of n: n(2t + e⁻²ᵗ − 1)."""
    profile = profile_of(lambda t: 5 * (2 * t + np.exp(-2 * t) - 1))
    for direction in (-1, 1):
        t = profile.reach(QUANTILE, direction).z[0]
        assert 5 * (2 * t + np.exp(-2 * t) - 1) == pytest.approx(QUANTILE, abs=1e-5)


def test_a_profile_that_turns_before_the_height():
    point = profile_of(lambda psi: 1.0 - np.cos(2.0 * psi), bend=np.zeros_like).reach(QUANTILE, 1)
    assert point.status == "falls" and point.rise < 2.0 + 1e-6


def test_a_profile_that_levels_off():
    point = profile_of(lambda psi: 2.0 * psi**2 / (1.0 + psi**2), bend=np.zeros_like).reach(QUANTILE, -1)
    assert point.status == "unbounded" and point.rise == pytest.approx(2.0, abs=1e-3)


def test_a_range_that_ends_before_the_height():
    point = profile_of(lambda psi: 2.0 * psi**2, upper=0.5).reach(QUANTILE, 1)
    assert point.status == "boundary"
    assert (point.z[0], point.rise) == (0.5, pytest.approx(0.5, abs=1e-9))


def test_a_start_on_the_end_of_the_range():
    profile = profile_of(lambda psi: 2.0 * psi**2, lower=0.0)
    assert profile.reach(QUANTILE, -1).status == "boundary"
    assert profile.reach(QUANTILE, 1).z[0] == pytest.approx(np.sqrt(QUANTILE / 2.0), abs=1e-6)


def test_a_start_that_is_no_minimum_is_noticed():
    point = profile_of(lambda psi: -(psi**2) + psi, bend=np.zeros_like).reach(QUANTILE, -1)
    assert point.status == "lower optimum"
