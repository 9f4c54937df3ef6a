"""What a decision says of grouping factors that are not in the model, and of those that hardly can be."""

import numpy as np
import pandas
import pytest

from lmm.numbers import listing
from lmm.select import decide
from tests.select.studies import audit, decision, fitted, step, study


def rows(groups, seed=3, **more):
    draw = np.random.default_rng(seed)
    n = len(groups)
    return pandas.DataFrame(
        {"y": draw.normal(size=n), "x": draw.normal(size=n), "g": pandas.Categorical(groups)} | more
    )


def warnings(made):
    return {one["subject"]: one["sentence"] for one in made["final"]["warnings"]}


def each_its_own(number):
    return [f"g{k}" for k in range(number)]


def test_one_row_per_level_stops_the_ladder_and_ignores_nothing():
    made = decision(study("y", ["g"], "x", {"g": "x"}), rows(each_its_own(30)))
    assert made["final"]["rung"] == "fixed"
    assert step(made, "g: intercept")["kind"] == "stop"
    said = warnings(made)
    assert "no two rows share a level of g, so that nothing is ignored" in said["not climbed"]
    assert "groups ignored" not in said


def test_a_single_level_is_all_that_can_be_said():
    made = decision(study("y", ["g"], "x"), rows(["only"] * 20))
    assert made["final"]["rung"] == "fixed"
    assert warnings(made)["groups ignored"].endswith("the results say nothing of others.")


def test_a_single_level_beside_another_factor_is_part_of_the_mean():
    g = pandas.Categorical(np.repeat(each_its_own(10), 4))
    made = decision(study("y", ["h", "g"], "x"), rows(g, h=pandas.Categorical(["one"] * 40)))
    assert made["final"]["rung"] == "g.intercept"
    assert warnings(made)["not climbed"].endswith("what is common to its single level is part of the mean.")
    assert "groups ignored" not in warnings(made)


def test_rows_of_a_level_that_are_taken_as_independent_are_said_to_be():
    declared, data = study("y", ["g"], "x"), rows(np.repeat(each_its_own(8), 3))
    failed = {"failure": "The matrix is not positive definite.", "fits": {"ML": None, "REML": None}}
    ladder = fitted(declared, data)
    ladder["rungs"] = [one | failed if one["id"] == "g.intercept" else one for one in ladder["rungs"]]
    made = decide(declared, ladder, data, audit(declared, data))
    assert made["final"]["rung"] == "fixed"
    assert [one["decision"] for one in made["table"]] == ["reference", "final", "failed"]
    assert warnings(made)["groups ignored"] == (
        "The ladder stops at g, which is left out: The matrix is not positive definite; the rows of one level of g are "
        "then taken as independent, so that where they are alike standard errors are too small and p-values too "
        "favourable."
    )


def test_nothing_left_of_optional_factors_is_said():
    declared = study("y", ["g"], "x", ladder={"optional": ["g"]})
    residuals = np.tile([-1.0, 1.0, -0.5, 0.5], 8)
    made = decision(declared, rows(np.repeat(each_its_own(8), 4)).assign(y=residuals))
    assert made["final"]["rung"] == "fixed"
    assert "no proof that there is none" in warnings(made)["optional left out"]


@pytest.mark.parametrize(("singles", "warned"), [(30, True), (0, False)])
def test_a_variance_that_rests_on_a_few_pairs_is_warned_of(singles, warned):
    pairs = np.repeat([f"p{k}" for k in range(3 if singles else 20)], 2)
    made = decision(study("y", ["g"], "x"), rows([*each_its_own(singles), *pairs]))
    assert ("few repeats" in warnings(made)) == warned
    if warned:
        assert warnings(made)["few repeats"].startswith("g has 33 levels in 36 rows: only 3 rows beyond the first")


def test_the_note_on_few_levels_is_of_the_factors_in_the_model():
    made = decision(study("y", ["g"], "x"), rows(["only"] * 20))
    notes = [note for one in made["steps"] if one["estimator"] == "ML" for note in one["notes"]]
    assert not [note for note in notes if "level" in note], listing(notes)
