"""Inclusion frequencies in parts: the same however they are parted, and a reason where there can be none."""

import functools
import json

import numpy as np
import pytest

import lmm
from lmm.select.inclusion import inclusion, inclusion_draws
from lmm.select.inclusionparts import inclusion_of_parts, inclusion_part, parts
from lmm.select.meanchoice import choose_mean
from tests.select.selections import noise
from tests.select.studies import ROW_HASH, study, table

FORMULA = "y ~ x0 + x1 + x2 + (1 | g)"


def asking(procedure="forward", fixed="x0 + x1 + x2", groups=("g",), outcome="y", hypotheses=(), **more):
    """A study that asks for a selection."""
    ladder = {"fixed_selection": {"procedure": procedure, "draws": 12, **more}}
    return study(outcome, list(groups), fixed, hypotheses=list(hypotheses), ladder=ladder)


@functools.cache
def data():
    """Two predictors with an effect, a clear and a doubtful one, and one without."""
    made = noise(2, 3)
    made["y"] += made["x0"] + 0.22 * made["x1"]
    return made


def decided(asked, formula, rows):
    """The part of a decision that the draws need, as decision.json holds it."""
    selection = choose_mean(asked, formula, rows)
    kept = None if selection is None else selection.to_dict()
    return json.loads(json.dumps({"row_hash": ROW_HASH, "fixed_selection": kept}))


def included(asked, formula=FORMULA, rows=None):
    """The frequencies of a study as the workflow would find them."""
    rows = data() if rows is None else rows
    decision = decided(asked, formula, rows)
    found = [json.loads(json.dumps(inclusion_part(asked, decision, rows, part))) for part in parts(asked)]
    return inclusion_of_parts(asked, decision, found)


def test_the_names_of_the_parts():
    assert parts(asking()) == ["1-of-1"]
    assert parts(asking(jobs=3)) == ["1-of-3", "2-of-3", "3-of-3"]
    assert parts(asking(jobs=3, draws=2)) == ["1-of-2", "2-of-2"]


@pytest.mark.parametrize(
    "asked",
    [
        asking("none"),
        asking(draws=0),
        asking(fixed="1"),
        asking(protected=["x0", "x1"], hypotheses=["x2"]),
    ],
)
def test_no_job_where_nothing_is_selected_or_drawn(asked):
    assert parts(asked) == []
    assert included(asked) is None


def test_parts_are_the_draws_of_the_whole():
    asked = asking("backward", criterion="BIC", hypotheses=["x2"])
    full = lmm.fit(FORMULA, data(), reml=False)
    draws = inclusion_draws(full, "backward", "BIC", 0, 12, asked.seed, protected=["x2"])
    expected = inclusion(draws, choose_mean(asked, FORMULA, data())).to_dict()
    for jobs in (1, 3, 12):
        found = included(asking("backward", criterion="BIC", hypotheses=["x2"], jobs=jobs))
        assert found == expected
    times = {row["term"]: row["times"] for row in expected["terms"]}
    assert times["x0"] == times["x2"] == 12 and 0 < times["x1"] < 12
    assert [row["held"] for row in expected["terms"]] == [False, False, True]


def test_a_part_carries_what_made_it():
    asked = asking(jobs=2)
    decision = decided(asked, FORMULA, data())
    made = inclusion_part(asked, decision, data(), "2-of-2")
    assert list(made)[:5] == ["study", "provenance", "row_hash", "part", "reason"]
    assert (made["study"], made["row_hash"], made["part"], made["reason"]) == ("trial", ROW_HASH, "2-of-2", None)
    assert (made["draws"]["start"], len(made["draws"]["chosen"])) == (6, 6)


def test_the_draws_select_from_the_full_mean_at_the_random_part_that_was_chosen():
    asked = asking(criterion="BIC", fixed="x0 + x1 + x2")
    formula = "y ~ x0 + x1 + x2 + (x1 | g)"
    decision = decided(asked, formula, data())
    assert decision["fixed_selection"]["held"] == {"x1": "varies over g"}
    made = inclusion_part(asked, decision, data(), "1-of-1")
    assert made["draws"]["formula"] == formula
    found = inclusion_of_parts(asked, decision, [made])
    assert [(row["held"], row["share"]) for row in found["terms"]][1] == (True, 1.0)


def test_a_formula_without_an_intercept_is_drawn_from_as_it_was_selected_from():
    rows = data().assign(f=np.resize(["a", "b", "c"], len(data())))
    asked = asking(criterion="BIC", fixed="0 + f + x0")
    found = included(asked, "y ~ 0 + f + x0 + (1 | g)", rows)
    expected = included(asking(criterion="BIC", fixed="f + x0"), "y ~ f + x0 + (1 | g)", rows)
    assert found == expected


def test_crossed_factors_give_a_reason_unless_one_is_named():
    rows = table("cake-rankdef")
    formula = "angle ~ recipe + temp + (1 | replicate) + (1 | temperature)"
    asked = {"fixed": "recipe + temp", "outcome": "angle", "groups": ["replicate", "temperature"], "draws": 2}
    found = included(asking(**asked), formula, rows)
    assert list(found) == ["reason"]
    assert "are crossed (replicate, temperature)" in found["reason"]
    assert found["reason"].endswith("The key is ladder.fixed_selection.group.")
    named = included(asking(**asked, group="replicate"), formula, rows)
    assert (named["group"], named["draws"]) == ("replicate", 2)


def test_what_could_not_be_selected_is_not_drawn():
    rng = np.random.default_rng(4)
    apart = noise(4, 1, groups=12, size=8)
    apart["w"] = np.repeat(1e7 * rng.normal(size=12), 8)
    apart["y"] += apart["w"]
    found = included(asking(fixed="w + x0"), "y ~ w + x0 + (1 | g)", apart)
    assert found == {
        "reason": "Nothing was selected, as the smallest mean could not be fitted: no residual variance left."
    }
    slope = included(asking(fixed="x0"), "y ~ x0 + (x0 | g)")
    assert slope == {"reason": "No term of the mean may move, so that nothing was selected."}


def test_a_chosen_model_without_random_effects_is_not_drawn_from():
    asked = asking()
    decision = {"row_hash": ROW_HASH, "fixed_selection": None}
    made = inclusion_part(asked, decision, data(), "1-of-1")
    assert inclusion_of_parts(asked, decision, [made]) == {
        "reason": "Nothing was selected, as the chosen model has no random effects."
    }
