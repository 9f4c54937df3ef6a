"""Conclusions that hang on one group: held to whole fits without each group, tested by the method itself."""

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.infer.groupinfluence import group_influence
from lmm.infer.groupverdicts import group_verdicts
from lmm.infer.smallsample import small_sample


def table_of(seed, effect, odd=0.0):
    """Ten groups of eight rows; ."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(10), 8)
    x = rng.normal(size=80) * np.where(group == 9, 3.0 if odd else 1.0, 1.0)
    y = effect * x + odd * x * (group == 9) + rng.normal(size=10)[group] + rng.normal(size=80)
    return pd.DataFrame({"y": y, "x": x, "g": [f"g{code}" for code in group]})


@pytest.mark.parametrize("method", ["kenward-roger", "satterthwaite", "normal"])
@pytest.mark.parametrize(("seed", "effect", "odd"), [(1, 0.25, 0.0), (2, 0.3, 0.0), (3, 0.05, 1.0), (5, -0.2, 0.0)])
def test_the_verdicts_are_those_of_whole_fits_without_each_group(method, seed, effect, odd):
    table = table_of(seed, effect, odd)
    fit = lmm.fit("y ~ x + (1 | g)", table)
    tests = small_sample(fit, method)
    (found,) = group_verdicts(fit, group_influence(fit, "g"), tests, ["x"], 0.05)
    p = []
    for level in fit.modes["g"].levels:
        without = lmm.fit("y ~ x + (1 | g)", table[table["g"] != level])
        p.append(small_sample(without, method).t_test(np.array([0.0, 1.0])).p)
    p = np.array(p)
    assert set(found.turns) == set(np.flatnonzero((p < 0.05) != (found.p < 0.05)))
    np.testing.assert_allclose(found.p_without[found.tested_anew], p[found.tested_anew], rtol=1e-3)
    # The shortcut for the others: on their degrees of freedom, near enough to say on which side of alpha they are.
    np.testing.assert_allclose(np.log(found.p_without), np.log(p), atol=0.1 * np.abs(np.log(p)).max())


def test_a_group_that_carries_the_effect_is_named():
    fit = lmm.fit("y ~ x + (1 | g)", table_of(3, 0.05, odd=1.5))
    (found,) = group_verdicts(fit, group_influence(fit, "g"), small_sample(fit), ["x"], 0.05)
    assert found.p < 0.05
    assert found.turns == (9,) and found.tested_anew[9]
    assert found.at(9)["p"] > 0.05


def test_a_sign_that_is_not_sure_either_way_is_no_reversal():
    fit = lmm.fit("y ~ x + (1 | g)", table_of(4, 0.0))
    (found,) = group_verdicts(fit, group_influence(fit, "g"), small_sample(fit), ["x"], 0.05)
    assert found.p > 0.05 and (found.p_without > 0.05).all()
    assert found.reverses == () and found.turns == ()


def test_no_coefficients_no_verdicts():
    fit = lmm.fit("y ~ x + (1 | g)", table_of(1, 0.3))
    assert group_verdicts(fit, group_influence(fit, "g"), small_sample(fit), [], 0.05) == ()
