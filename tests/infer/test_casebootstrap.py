"""Case bootstrap and jackknife: refits from sums are refits of rows, and those are R's."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.casebootstrap import case_draws, group_deletions, resampled_factor
from lmm.infer.draws import natural_parameters
from lmm.infer.simulate import generator
from tests.reference.tables import fitting_arguments, read_table, reference_cases

DELETIONS = [case for case, published in reference_cases().items() if "leave_group_out" in published["r"]]


def arguments_of(case):
    published = reference_cases()[case]
    return fitting_arguments(published, read_table(published))


@pytest.mark.parametrize("case", DELETIONS)
def test_deletions_of_groups_are_those_of_r(case):
    published = reference_cases()[case]["r"]["leave_group_out"]
    fit = lmm.fit(**arguments_of(case))
    draws = group_deletions(fit, published["group"])
    levels = next(term.levels for term in fit.design.random if term.group == published["group"])
    sds = natural_parameters(fit, draws.beta, draws.sigma, draws.theta)
    sds = np.array([values for name, values in sds.items() if name.startswith("sd_")]).T
    assert len(draws) == len(levels) and not draws.failed
    for level, expected in published["groups"].items():
        i = levels.index(level)
        assert draws.loglik[i] == pytest.approx(expected["logLik"], abs=1e-4)
        np.testing.assert_allclose(draws.beta[i], expected["beta"], atol=1e-3 * fit.se.max())
        assert draws.sigma[i] == pytest.approx(expected["sigma"], rel=1e-3)
        np.testing.assert_allclose(np.sort(sds[i]), np.sort(expected["sd"]), atol=2e-3 * max(expected["sd"]))


@pytest.mark.parametrize(
    ("case", "group"),
    [("sleepstudy-weights", None), ("bodyweight-offset", None), ("pastes", None), ("penicillin", "plate")],
)
def test_draws_are_fits_to_resampled_rows(case, group):
    arguments = arguments_of(case)
    fit = lmm.fit(**arguments)
    name = resampled_factor(fit, group)
    draws = case_draws(fit, 0, 3, seed=5, group=group)
    table = arguments["data"]
    levels = next(term.levels for term in fit.design.random if term.group == name)
    chosen = generator(5, 2).integers(0, len(levels), len(levels))
    frames = []
    for copy, level in enumerate(chosen):
        mine = np.flatnonzero(table[name].astype(str) == levels[level])
        frames.append((mine, table.iloc[mine].assign(**{name: f"copy {copy}"})))
    rows = np.concatenate([mine for mine, _ in frames])
    data = pd.concat([frame for _, frame in frames], ignore_index=True)
    arrays = {key: None if arguments[key] is None else arguments[key][rows] for key in ("weights", "offset")}
    anew = lmm.fit(**{**arguments, "data": data, **arrays})
    assert draws.loglik[2] == pytest.approx(anew.loglik, abs=1e-6)
    np.testing.assert_allclose(draws.beta[2], anew.beta, atol=1e-4 * anew.se.max())
    assert draws.sigma[2] == pytest.approx(anew.sigma, rel=1e-5)


def test_the_split_does_not_matter():
    fit = lmm.fit(**arguments_of("orthodont-ri"))
    whole, part = case_draws(fit, 0, 300, seed=1), case_draws(fit, 250, 300, seed=1)
    np.testing.assert_array_equal(whole.loglik[250:], part.loglik)
    assert whole.kind == "cases by Subject"


def test_nested_factors_go_with_the_top_level_and_crossed_ones_need_a_name():
    assert resampled_factor(lmm.fit(**arguments_of("pastes"))) == "batch"
    crossed = lmm.fit(**arguments_of("penicillin"))
    with pytest.raises(InputError, match=r"are crossed .*name the factor"):
        case_draws(crossed, 0, 2, seed=1)
    with pytest.raises(InputError, match="no grouping factor dish: name one of plate, sample"):
        case_draws(crossed, 0, 2, seed=1, group="dish")
    with pytest.raises(InputError, match="no grouping factor, so"):
        case_draws(lmm.fit("diameter ~ 1", arguments_of("penicillin")["data"]), 0, 2, seed=1)


def test_a_draw_that_cannot_carry_the_model_is_counted():
    # An arm of a single group is missing from a third of the draws, and its coefficient with it.
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"g": np.repeat([f"g{j}" for j in range(8)], 6)})
    table["arm"] = np.where(table["g"] == "g3", "b", "a")
    table["y"] = np.repeat(rng.normal(size=8), 6) + rng.normal(size=48)
    fit = lmm.fit("y ~ arm + (1 | g)", table)
    draws = case_draws(fit, 0, 100, seed=1)
    missing = [3 not in generator(1, i).integers(0, 8, 8) for i in range(100)]
    assert 20 < sum(missing) < 50
    assert [failure is not None for failure in draws.failures] == missing
    assert draws.failed == {"fixed effects not all estimable": sum(missing)}
    assert group_deletions(fit).failures[3] == "fixed effects not all estimable"
