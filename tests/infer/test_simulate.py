"""Simulated outcomes: their distribution is that of the model, and a draw depends on seed and number alone."""

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.simulate import generator, relative_factors, simulate
from tests.engine.dense import marginal_covariance
from tests.reference.tables import fitting_arguments, read_table, reference_cases


def fit_of(case, **changes):
    published = reference_cases()[case]
    return lmm.fit(**{**fitting_arguments(published, read_table(published)), **changes})


def test_moments_are_those_of_the_model_with_weights():
    fit = fit_of("sleepstudy-weights")
    drawn = simulate(fit, range(4000), seed=3)
    factors = [lmm.engine.Factor(term.codes, len(term.levels), term.columns, ()) for term in fit.design.random]
    V = fit.sigma**2 * marginal_covariance(relative_factors(fit), factors, fit.weights)
    sd = np.sqrt(np.diag(V))
    np.testing.assert_allclose((drawn.mean(1) - fit.fitted_fixed) / sd, 0.0, atol=5 / np.sqrt(4000))
    correlations = np.cov(drawn) / np.outer(sd, sd)
    np.testing.assert_allclose(correlations, V / np.outer(sd, sd), atol=6 * np.sqrt(2 / 4000))


def test_the_offset_is_in_the_mean():
    fit = fit_of("bodyweight-offset")
    drawn = simulate(fit, range(500), seed=1)
    assert np.abs(fit.offset).max() > 0
    spread = drawn.std(1) / np.sqrt(500)
    assert np.abs((drawn.mean(1) - fit.fitted_fixed) / spread).max() < 5


def test_a_draw_depends_on_seed_and_number_alone():
    fit = fit_of("pastes")
    together = simulate(fit, range(10), seed=8)
    np.testing.assert_array_equal(together[:, 3:7], simulate(fit, range(3, 7), seed=8))
    np.testing.assert_array_equal(together[:, [9, 2]], simulate(fit, [9, 2], seed=8))
    assert not np.array_equal(together, simulate(fit, range(10), seed=9))


def test_generators_are_those_spawned_from_the_seed():
    spawned = np.random.default_rng(np.random.SeedSequence(5).spawn(4)[3]).standard_normal(3)
    np.testing.assert_array_equal(generator(5, 3).standard_normal(3), spawned)


def test_a_singular_covariance_has_no_variance_in_its_direction():
    fit = fit_of("dyestuff2")
    assert fit.singular
    drawn = simulate(fit, range(3000), seed=1) - fit.fitted_fixed[:, None]
    assert drawn.var() == pytest.approx(fit.sigma**2, rel=5 * np.sqrt(2 / drawn.size))
    codes = fit.design.random[0].codes
    means = np.array([drawn[codes == level].mean(0) for level in range(codes.max() + 1)])
    per_level = len(codes) / (codes.max() + 1)
    assert means.var() == pytest.approx(fit.sigma**2 / per_level, rel=5 * np.sqrt(2 / means.size))


def test_a_fit_read_from_a_file_is_refused():
    stored = lmm.Fit.from_json(fit_of("dyestuff").to_json())
    with pytest.raises(InputError, match="fit it anew"):
        simulate(stored, range(2), seed=1)
