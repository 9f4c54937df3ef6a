"""Parametric bootstrap: draws are plain refits, however they are split; failures are counted."""

import json

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.bootstrap import parametric_draws, refit_outcomes
from lmm.infer.draws import Draws, draws_of_refits, gather, natural_parameters
from lmm.infer.profile import parameter_names
from lmm.infer.simulate import simulate
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = ["sleepstudy-weights", "sleepstudy-uncorr", "pastes", "machines-fslope", "bodyweight-offset", "dyestuff2"]


def arguments_of(case):
    published = reference_cases()[case]
    return fitting_arguments(published, read_table(published))


@pytest.mark.parametrize("case", CASES)
def test_draws_are_plain_fits_to_the_simulated_outcomes(case):
    arguments = arguments_of(case)
    arguments["data"] = arguments["data"].dropna(ignore_index=True)
    fit = lmm.fit(**arguments)
    draws = parametric_draws(fit, 0, 4, seed=2)
    outcomes = simulate(fit, range(4), seed=2)
    right = arguments["formula"].split("~", 1)[1]
    for i in range(4):
        data = arguments["data"].assign(simulated=outcomes[:, i])
        anew = lmm.fit(**{**arguments, "formula": f"simulated ~{right}", "data": data})
        assert draws.loglik[i] == pytest.approx(anew.loglik, abs=1e-7)
        np.testing.assert_allclose(draws.beta[i], anew.beta, atol=1e-4 * anew.se.max())
        assert draws.sigma[i] == pytest.approx(anew.sigma, rel=1e-5)
        assert draws.singular[i] == anew.singular
        drawn = natural_parameters(fit, draws.beta[i : i + 1], draws.sigma[i : i + 1], draws.theta[i : i + 1])
        plain = natural_parameters(anew, anew.beta[None], np.array([anew.sigma]), anew.theta[None])
        for name in drawn:
            if name.startswith("sd_"):
                assert drawn[name][0] == pytest.approx(plain[name][0], abs=2e-3 * anew.sigma)


def test_least_squares_is_refitted_too():
    arguments = {**arguments_of("sleepstudy-weights"), "formula": "Reaction ~ Days"}
    for reml in (True, False):
        fit = lmm.fit(**{**arguments, "reml": reml})
        draws = parametric_draws(fit, 0, 2, seed=2)
        data = arguments["data"].assign(Reaction=simulate(fit, [1], seed=2)[:, 0])
        anew = lmm.fit(**{**arguments, "data": data, "reml": reml})
        assert draws.loglik[1] == pytest.approx(anew.loglik, abs=1e-8)
        np.testing.assert_allclose(draws.beta[1], anew.beta)
        assert draws.sigma[1] == pytest.approx(anew.sigma)


@pytest.mark.parametrize(("case", "stop", "cuts"), [("sleepstudy-corr", 600, (100, 257, 300)), ("pastes", 6, (1, 5))])
def test_draws_are_the_same_to_the_last_digit_however_they_are_split(case, stop, cuts):
    fit = lmm.fit(**arguments_of(case))
    whole = parametric_draws(fit, 0, stop, seed=11)
    bounds = [0, *cuts, stop]
    parts = [parametric_draws(fit, *bounds[i : i + 2], seed=11) for i in range(len(bounds) - 1)]
    stored = [Draws.from_dict(json.loads(json.dumps(part.to_dict(), allow_nan=False))) for part in reversed(parts)]
    assert gather(stored).to_dict() == whole.to_dict()


def test_parts_that_are_no_whole_are_refused():
    fit = lmm.fit(**arguments_of("dyestuff"))
    first, second = parametric_draws(fit, 0, 3, seed=1), parametric_draws(fit, 3, 5, seed=1)
    with pytest.raises(InputError, match="draw 0 is due"):
        gather([second])
    with pytest.raises(InputError, match="draw 3 is due where a part begins with 0"):
        gather([first, first])
    with pytest.raises(InputError, match="differ in their seed"):
        gather([first, parametric_draws(fit, 3, 5, seed=2)])
    with pytest.raises(InputError, match="no parts"):
        gather([])
    with pytest.raises(InputError, match="There are no draws from 3 up to, but without, 3"):
        parametric_draws(fit, 3, 3, seed=1)


def test_a_failed_draw_is_counted_and_travels():
    fit = lmm.fit(**arguments_of("dyestuff"))
    outcomes = simulate(fit, range(3), seed=1)
    outcomes[:, 1] = 1500.0
    draws = draws_of_refits(fit, refit_outcomes(fit, outcomes), "parametric", 1, 0)
    assert draws.failed == {"no residual variance left": 1}
    assert draws.used.tolist() == [True, False, True]
    again = Draws.from_dict(json.loads(json.dumps(draws.to_dict(), allow_nan=False)))
    assert again.failed == draws.failed
    assert again.to_dict() == draws.to_dict()


def test_parameters_have_the_names_of_the_profile():
    fit = lmm.fit(**arguments_of("machines-fslope"))
    own = natural_parameters(fit, fit.beta[None], np.array([fit.sigma]), fit.theta[None])
    assert tuple(own) == parameter_names(fit)
    (term,) = fit.random
    assert own[f"sd_{term.names[1]}|{term.group}"][0] == pytest.approx(term.sd[1])
    assert own[f"cor_{term.names[2]}.{term.names[1]}|{term.group}"][0] == pytest.approx(term.correlation[2, 1])


def test_spread_of_the_fixed_effects_is_their_standard_error():
    # peers keep the fitted random effects, which halves it
    fit = lmm.fit(**arguments_of("sleepstudy-corr"))
    draws = parametric_draws(fit, 0, 1000, seed=4)
    assert not draws.failed
    np.testing.assert_allclose(draws.beta.std(0, ddof=1) / fit.se, 1.0, atol=4 / np.sqrt(2000))
    np.testing.assert_allclose((draws.beta.mean(0) - fit.beta) / fit.se, 0.0, atol=4 / np.sqrt(1000))
