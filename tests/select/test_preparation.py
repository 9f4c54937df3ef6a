"""What centring and scaling learnt is learnt from the training rows: as if the step had seen no others."""

import numpy as np
import pandas as pd
import pytest

from lmm.clean.steps import run
from lmm.errors import InputError
from lmm.select.crossvalidation.folds import new_group_folds
from lmm.select.crossvalidation.preparation import preparation
from tests.select.crossvalidated import scored
from tests.select.studies import study

RAW = pd.DataFrame(
    {
        "y": [1.0, 4, 2, 8, 5, 7, 3, 9, 6],
        "x": [3.0, 1, 4, 1, 5, 9, 2, 6, 5],
        "z": [2.0, 7, 1, 8, 2, 8, 1, 8, 2],
        "g": list("aaabbbccc"),
    }
)
TRAINING, KNOWN, NEW = [0, 1, 3, 4, 5], [2], [6, 7, 8]


def with_steps(*steps, fixed="x"):
    return study("y", ["g"], fixed, steps=list(steps))


def prepared(declared, raw=RAW) -> pd.DataFrame:
    return run(declared, raw).table


def learnt_inside(declared, held):
    table = prepared(declared)
    return preparation(declared, table.columns).learnt_inside(table.iloc[TRAINING], table.iloc[held])


@pytest.mark.parametrize(
    "steps",
    [
        [{"centre": {"x": {"at": "mean"}}}],
        [{"centre": {"x": {"at": "mean", "scale": "sd"}, "z": {"scale": "sd"}}}],
        [{"centre": {"x": {"at": 4, "scale": "sd"}}}, {"rename": {"x": "u"}}],
        [{"centre": {"x": {"scale": "sd"}}}, {"centre": {"x": {"at": "mean"}}}],
        [{"centre": {"x": {"at": "mean", "scale": 10}}}],
    ],
)
def test_training_rows_are_what_the_step_alone_would_make_of_them(steps):
    declared = with_steps(*steps)
    training, held = learnt_inside(declared, NEW)
    alone = prepared(declared, RAW.iloc[TRAINING])
    pd.testing.assert_frame_equal(training, alone)
    # What became of the training rows became of the held-out ones: the same line through both.
    for old, new in (("x", "u" if "u" in training else "x"), ("z", "z")):
        slope, shift = np.polyfit(RAW[old].iloc[TRAINING], alone[new], 1)
        np.testing.assert_allclose(held[new], shift + slope * RAW[old].iloc[NEW], atol=1e-12)


def test_means_of_groups_are_those_of_training_rows_and_of_new_groups_their_own():
    declared = with_steps({"centre": {"x": {"within": "g"}}}, {"centre": {"x_between": {"at": "mean"}}})
    for held in (KNOWN, NEW):
        training, held_out = learnt_inside(declared, held)
        pd.testing.assert_frame_equal(training, prepared(declared, RAW.iloc[TRAINING]))
        # a keeps rows 3 and 1, mean 2; b has 1, 5 and 9, mean 5; the mean of means over the five rows is 3.8.
        mean = {2: 2.0, 6: 13 / 3, 7: 13 / 3, 8: 13 / 3}
        expected = pd.Series([mean[row] for row in held], index=held)
        np.testing.assert_allclose(held_out.x_within, RAW.x[held] - expected)
        np.testing.assert_allclose(held_out.x_between, expected - 3.8)


def test_what_a_later_step_used_stays_and_is_told():
    declared = with_steps(
        {"centre": {"x": {"at": "mean"}, "z": {"scale": "sd"}}},
        {"derive": {"x2": "x^2", "w": "z - mean(z)"}},
        {"outliers": {"column": "z", "otherwise": "drop"}},
    )
    found = preparation(declared, prepared(declared).columns)
    assert not found.learns
    assert found.kept == (
        "The mean of x is that of all rows, as a later step uses it.",
        "The standard deviation of z is that of all rows, as a later step uses it.",
        "w = z - mean(z) was derived from all rows; write it in the formula, or centre it in a step, to have it learnt "
        "inside the fold.",
        "Which values of z are outliers was judged from all rows.",
    )


def test_the_outcome_keeps_its_unit_and_fixed_numbers_are_not_learnt():
    declared = with_steps({"centre": {"y": {"scale": "sd"}, "x": {"at": 3, "scale": 2}}})
    assert preparation(declared, ["y", "x", "g"]) == preparation(with_steps(), ["y", "x", "g"])


def test_between_alone_cannot_be_learnt_again():
    declared = with_steps({"centre": {"x": {"within": "g"}}})
    found = preparation(declared, ["y", "g", "x_between"])
    assert not found.learns and "x_between is that of all rows" in found.kept[0]
    scaled = with_steps({"centre": {"x": {"within": "g"}}}, {"centre": {"x_within": {"scale": "sd"}}})
    found = preparation(scaled, ["y", "g", "x_between", "x_within"])
    assert [one.column for one in found.learnt] == ["x_within", "x_within"] and len(found.kept) == 1


def test_a_column_that_does_not_vary_among_training_rows_is_refused():
    declared = with_steps({"centre": {"x": {"scale": "sd"}}})
    table = prepared(declared)
    with pytest.raises(InputError, match="x does not vary among the training rows"):
        preparation(declared, table.columns).learnt_inside(table.iloc[[1, 3]], table.iloc[[0]])


def test_scores_with_steps_are_those_of_tables_prepared_fold_by_fold():
    random = np.random.default_rng(5)
    raw = pd.DataFrame({"g": np.repeat(list("abcdefgh"), 6), "x": random.gamma(2.0, 3.0, 48)})
    effects = dict(zip("abcdefgh", random.normal(0, 2, 8), strict=True))
    raw["y"] = 2 + 0.7 * raw.x + raw.g.map(effects) * (1 + raw.x / 4) + random.normal(0, 1, 48)
    declared = with_steps({"centre": {"x": {"at": "mean", "scale": "sd"}}})
    table = prepared(declared, raw)
    formula = "y ~ x + (x || g)"
    folds = new_group_folds(table, "g", "s", 1, 4)
    inside = scored(formula, table, folds, preparation=preparation(declared, table.columns))
    by_hand = []
    for fold in range(4):
        training = raw.iloc[folds.training(fold)].x
        own = raw.assign(x=(raw.x - training.mean()) / training.std())
        by_hand.append(scored(formula, own, folds).log_density[inside_of(folds, fold)])
    np.testing.assert_allclose(inside.log_density, np.concatenate(by_hand), rtol=1e-6)
    # Left to all rows, as (x || g) is not invariant to the zero of x, scores differ.
    assert np.abs(scored(formula, table, folds).log_density - inside.log_density).max() > 1e-3


def inside_of(folds, fold) -> slice:
    """Where the groups of a fold stand among the cases of all folds."""
    sizes = [len(np.unique(folds.unit[folds.held_out(one)])) for one in range(folds.number)]
    return slice(sum(sizes[:fold]), sum(sizes[: fold + 1]))
