"""Inclusion frequencies: every sample is what selection from its rows gives, however the draws are split."""

import json

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.resampledlevels import levels_drawn
from lmm.select.inclusion import InclusionDraws, draws_at_once, gather, inclusion, inclusion_draws
from lmm.select.selection import ALL_SUBSETS, BACKWARD, FORWARD, select_fixed_effects
from tests.reference.tables import read_table, reference_cases
from tests.select.selections import STUDIES, formula_of_noise, full_model, noise
from tests.select.studies import table


def sample(data: pd.DataFrame, group: str, levels: list, repeats: np.ndarray) -> pd.DataFrame:
    """The rows of levels drawn so many times, each copy a level of its own."""
    parts = []
    for copy, level in enumerate(np.repeat(np.arange(len(repeats)), repeats)):
        mine = data[data[group].astype(str) == levels[level]]
        parts.append(mine.assign(**{group: f"copy {copy}"}))
    return pd.concat(parts, ignore_index=True)


def selected_from_samples(formula, data, group, draws, seed, procedure, criterion, **more):
    """The brute force: resample rows, fit, select."""
    full = lmm.fit(formula, data, reml=False, **more)
    levels = list(next(term.levels for term in full.design.random if term.group == group))
    repeats = levels_drawn(len(levels), seed, range(draws))
    found = []
    for draw in range(draws):
        rows = sample(data, group, levels, repeats[:, draw])
        anew = lmm.fit(formula, rows, reml=False, **more)
        found.append(select_fixed_effects(anew, procedure, criterion).chosen)
    return full, tuple(found)


@pytest.mark.parametrize(
    ("procedure", "criterion", "random"),
    [
        (BACKWARD, "LRT", "(1 | g)"),
        (BACKWARD, "AICc", "(x0 | g)"),
        (FORWARD, "BIC over groups", "(1 | g)"),
        (ALL_SUBSETS, "BIC", "(x1 || g)"),
    ],
)
def test_a_draw_is_the_selection_from_its_rows(procedure, criterion, random):
    data = noise(2, 4)
    data["y"] += 0.4 * data["x0"] + 0.15 * data["x2"]
    full, expected = selected_from_samples(formula_of_noise(4, random), data, "g", 6, 3, procedure, criterion)
    draws = inclusion_draws(full, procedure, criterion, 0, 6, seed=3)
    assert draws.chosen == expected
    assert draws.failures == (None,) * 6


def test_nested_factors_and_polynomials():
    # Copies of a replicate take their recipes with them.
    data = table("cake-rankdef").assign(batch=lambda rows: rows["recipe"].astype(str) + rows["replicate"].astype(str))
    formula = "angle ~ recipe + poly(temp, 2) + recipe:poly(temp, 2) + (1 | replicate) + (1 | replicate:recipe)"
    full = lmm.fit(formula, data, reml=False)
    draws = inclusion_draws(full, BACKWARD, "BIC", 0, 3, seed=1)
    repeats = levels_drawn(15, 1, range(3))
    levels = list(full.design.random[0].levels)
    # A polynomial's basis is that of the whole table, as its columns are; what it spans is the same.
    for draw in range(3):
        rows = sample(data, "replicate", levels, repeats[:, draw])
        anew = lmm.fit(formula, rows, reml=False)
        assert select_fixed_effects(anew, BACKWARD, "BIC").chosen == draws.chosen[draw]


def test_weights_and_offset_go_with_their_rows():
    data = read_table(reference_cases()["sleepstudy-weights"])
    data["noise"] = np.random.default_rng(1).normal(size=len(data))
    formula = "Reaction ~ Days + I(Days^2) + noise + offset(2 * Days) + (1 | Subject)"
    full, expected = selected_from_samples(formula, data, "Subject", 5, 9, BACKWARD, "AICc", weights="w")
    assert inclusion_draws(full, BACKWARD, "AICc", 0, 5, seed=9).chosen == expected


def test_a_sample_without_an_arm_is_selected_from_all_the_same():
    # The coefficient of an arm of one group has no meaning in a third of the samples; the other terms still have.
    data = noise(5, 2, groups=8, size=8)
    data["arm"] = np.where(data["g"] == "g3", "b", "a")
    data["y"] += 2.0 * data["x0"]
    full = lmm.fit("y ~ arm + x0 + x1 + (1 | g)", data, reml=False)
    draws = inclusion_draws(full, BACKWARD, "BIC", 0, 40, seed=1)
    missing = levels_drawn(8, 1, range(40))[3] == 0
    assert 8 < missing.sum() < 24
    assert draws.failures == (None,) * 40
    assert all(0 not in chosen for chosen, gone in zip(draws.chosen, missing, strict=True) if gone)
    assert all(1 in chosen for chosen in draws.chosen)


def test_samples_that_give_nothing_are_counted():
    # Forward selection has nowhere to begin where groups lie apart by a million residuals.
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat([f"g{j}" for j in range(12)], 8)})
    data["w"] = np.repeat(1e7 * rng.normal(size=12), 8)
    data["y"] = data["w"] + np.repeat(rng.normal(size=12), 8) + rng.normal(size=96)
    full = lmm.fit("y ~ w + (1 | g)", data, reml=False)
    draws = inclusion_draws(full, FORWARD, "BIC", 0, 5, seed=1)
    assert draws.chosen == (None,) * 5
    found = inclusion(draws, select_fixed_effects(full, FORWARD, "BIC"))
    assert found.failed == {"no residual variance left": 5}
    assert found.used == 0
    assert found.sentence == "None of 5 samples of g gave a selection."
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_split_does_not_matter():
    full = lmm.fit(formula_of_noise(5), noise(8, 5), reml=False)
    assert draws_at_once(full) == 50
    whole = inclusion_draws(full, FORWARD, "AIC", 0, 70, seed=4)
    parts = [inclusion_draws(full, FORWARD, "AIC", *bounds, seed=4) for bounds in ((33, 70), (0, 7), (7, 33))]
    again = [InclusionDraws.from_dict(json.loads(json.dumps(part.to_dict()))) for part in parts]
    assert again == parts
    assert gather(again) == whole
    assert inclusion_draws(full, FORWARD, "AIC", 0, 70, seed=5).chosen != whole.chosen


def test_parts_that_do_not_belong_together_are_refused():
    full = lmm.fit(formula_of_noise(2), noise(8, 2), reml=False)
    first = inclusion_draws(full, FORWARD, "AIC", 0, 2, seed=4)
    with pytest.raises(InputError, match=r"differ in their criterion \(AIC and BIC\)"):
        gather([first, inclusion_draws(full, FORWARD, "BIC", 2, 4, seed=4)])
    with pytest.raises(InputError, match="do not follow one another: draw 2 is due"):
        gather([first, inclusion_draws(full, FORWARD, "AIC", 3, 4, seed=4)])
    with pytest.raises(InputError, match="draw anew"):
        inclusion(first, select_fixed_effects(full, FORWARD, "BIC"))


def test_frequencies_are_counts_of_what_was_selected():
    full = full_model("ratpup")
    selection = select_fixed_effects(full, BACKWARD, "AICc", protected=["sex"])
    draws = inclusion_draws(full, BACKWARD, "AICc", 0, 60, seed=2, protected=["sex"])
    found = inclusion(draws, selection)
    assert (found.draws, found.used, found.group) == (60, 60, "Litter")
    for place, (label, held, selected, times) in enumerate(found.terms):
        assert label == selection.scope.terms[place]
        assert times == sum(place in chosen for chosen in draws.chosen)
        assert held == (label == "sex") and (times == 60 or not held)
        assert selected == (label in selection.terms)
    assert sum(times for _, times in found.sets) == 60
    assert [times for _, times in found.sets] == sorted((times for _, times in found.sets), reverse=True)
    assert found.as_selected == dict(found.sets)[selection.terms]
    written = found.to_dict()
    assert written["terms"][1]["share"] == written["terms"][1]["times"] / 60
    assert written["terms"][0]["standard_error"] == 0.0
    assert "the same procedure selected Treatment in " in found.sentence
    assert "sex in" not in found.sentence


def test_a_real_effect_is_selected_always_and_noise_now_and_then():
    data = noise(12, 4)
    data["y"] += data["x1"]
    full = lmm.fit(formula_of_noise(4), data, reml=False)
    found = inclusion(inclusion_draws(full, FORWARD, "BIC", 0, 50, seed=1), select_fixed_effects(full, FORWARD, "BIC"))
    times = {label: count for label, _, _, count in found.terms}
    assert times.pop("x1") == 50
    assert max(times.values()) < 40


def test_crossed_factors_need_a_name():
    data = table("cake-rankdef")
    full = lmm.fit("angle ~ recipe + (1 | replicate) + (1 | temperature)", data, reml=False)
    with pytest.raises(InputError, match=r"are crossed .* name the factor"):
        inclusion_draws(full, FORWARD, "BIC", 0, 2, seed=1)
    draws = inclusion_draws(full, FORWARD, "BIC", 0, 2, seed=1, group="replicate")
    assert draws.group == "replicate" and len(draws) == 2


def test_studies_of_r_run_through():
    for name in STUDIES:
        group = {"cake": "replicate"}.get(name)
        draws = inclusion_draws(full_model(name), FORWARD, "BIC", 0, 2, seed=1, group=group)
        assert draws.failures == (None, None)
