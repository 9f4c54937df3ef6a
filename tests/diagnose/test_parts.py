"""The small parts: smooth, thinning, envelope, structure, intraclass correlation."""

import numpy as np
import pytest

from lmm.diagnose.quantiles import Envelope, normal_scores
from lmm.diagnose.smooth import evenly, smoother
from lmm.diagnose.structure import Grouping, is_nested
from lmm.diagnose.thin import by_rank
from lmm.infer.rsquared import variance_shares
from tests.report import builders


def test_the_smooth_of_a_line_is_the_line():
    x = np.random.default_rng(1).uniform(0, 10, 80)
    at = evenly(x)
    np.testing.assert_allclose(smoother(x, at) @ (3 - 2 * x), 3 - 2 * at, atol=1e-9)


def test_the_smooth_over_one_value_is_the_mean_there():
    x = np.repeat([0.0, 1.0, 2.0], 30)
    y = np.where(x == 1, 5.0, 0.0) + np.tile([1.0, -1.0], 45)
    assert smoother(x, np.array([1.0]), span=0.3) @ y == pytest.approx([5.0])


def test_the_smooth_follows_a_bend():
    x = np.linspace(-1, 1, 200)
    at = np.array([-0.8, 0.0, 0.8])
    low, middle, high = smoother(x, at, span=0.3) @ x**2
    assert middle < 0.05
    assert (low, high) == pytest.approx((0.64, 0.64), abs=0.05)


def test_thinning_keeps_the_ends_and_is_no_matter_of_chance():
    values = np.random.default_rng(2).normal(size=10_000)
    kept = by_rank(values, most=500, ends=20)
    assert len(kept) == len(set(kept)) == 500
    assert set(np.argsort(values)[:20]) | set(np.argsort(values)[-20:]) <= set(kept)
    assert np.array_equal(kept, by_rank(values, most=500, ends=20))
    assert np.array_equal(by_rank(values[:50], most=500), np.arange(50))


def test_normal_scores_are_those_of_r():
    # R: qnorm(ppoints(5))
    assert normal_scores(5) == pytest.approx([-1.1797611, -0.4972006, 0.0, 0.4972006, 1.1797611], abs=1e-7)


def test_envelope_counts_who_leaves_it():
    simulated = np.sort(np.random.default_rng(3).normal(size=(199, 40)), axis=1)
    quiet = np.median(simulated, axis=0)
    loud = quiet.copy()
    loud[[0, -1]] = -9, 9
    assert (Envelope(quiet, simulated).number, Envelope(loud, simulated).number) == (0, 2)
    assert Envelope(quiet, simulated).share == 1.0
    assert Envelope(3 * quiet, simulated).share == pytest.approx(1 / 200)


def test_nested_means_one_outer_level_for_each_inner_one():
    inner = Grouping("b", np.array([0, 0, 1, 2]), ("x", "y", "z"))
    assert is_nested(inner, Grouping("a", np.array([0, 0, 1, 1]), ("u", "v")))
    assert not is_nested(inner, Grouping("a", np.array([0, 1, 1, 1]), ("u", "v")))


def test_intraclass_correlation_of_penicillin():
    # lme4: SD 0.84671 (plate), 1.93157 (sample), 0.54992 (residual); Bates et al. 2015 data, REML.
    total = 0.84671**2 + 1.93157**2 + 0.54992**2
    levels = builders.penicillin().diagnosis.findings["icc"]["levels"]
    assert [level["group"] for level in levels] == ["plate", "sample"]
    assert levels[0]["icc"] == pytest.approx(0.84671**2 / total, abs=1e-4)
    assert levels[1]["icc"] == pytest.approx(1.93157**2 / total, abs=1e-4)


def test_intraclass_correlations_add_up_to_that_of_the_model():
    finished = builders.sleepstudy()
    shares = variance_shares(finished.diagnosis.fit, finished.table)
    levels = finished.diagnosis.findings["icc"]["levels"]
    assert sum(level["icc"] for level in levels) == pytest.approx(shares.icc)
