"""Which rows are held out: every row once, groups whole or never whole, and the same whatever the order of the rows."""

import numpy as np
import pandas as pd
import pytest

from lmm.errors import InputError
from lmm.select.crossvalidation.folds import NEVER, known_group_folds, last_occasion_fold, new_group_folds
from tests.select.crossvalidated import table_of


def unbalanced(seed=3) -> pd.DataFrame:
    """30 pupils in 5 schools with 1 to 7 rows each, lines as in a file."""
    random = np.random.default_rng(seed)
    pupil = np.repeat(np.arange(30), random.integers(1, 8, 30))
    labels = [f"p{one}" for one in pupil]
    table = pd.DataFrame({"school": pupil % 5, "pupil": labels, "time": np.arange(len(pupil)) % 4.0})
    return table.set_axis(pd.RangeIndex(2, len(table) + 2, name="line"))


def by_line(folds, table) -> dict:
    return dict(zip(table.index.tolist(), folds.fold.tolist(), strict=True))


def test_new_groups_are_held_out_whole_and_evenly():
    table = unbalanced()
    folds = new_group_folds(table, "pupil", "s", 1, 7)
    fold_of_pupil = table.assign(fold=folds.fold).groupby("pupil").fold.unique()
    assert (fold_of_pupil.map(len) == 1).all()
    assert sorted(fold_of_pupil.str[0].value_counts()) == [4, 4, 4, 4, 4, 5, 5]
    each = new_group_folds(table, "school:pupil", "s", 1)
    assert each.number == 30 and len(np.unique(each.fold)) == 30 and each.seed is None


@pytest.mark.parametrize("number", [3, 5, 10])
def test_known_groups_keep_other_rows_of_every_level(number):
    table = unbalanced()
    folds = known_group_folds(table, ["school", "pupil"], "school", "s", 1, number)
    alone = table.groupby("pupil").pupil.transform("size") == 1
    assert ((folds.fold == NEVER) == alone).all() and str(int(alone.sum())) in folds.note
    for fold in range(folds.number):
        assert set(table.pupil.iloc[folds.held_out(fold)]) <= set(table.pupil.iloc[folds.training(fold)])
    sizes = np.bincount(folds.fold[folds.fold != NEVER])
    assert folds.number == number and sizes.max() - sizes.min() <= 1 + alone.sum()
    of_pupil = table.assign(fold=folds.fold)[~alone].groupby(["pupil", "fold"]).size()
    most = -(-table.groupby("pupil").size().max() // number)
    assert of_pupil.max() <= most


def test_crossed_levels_keep_other_rows_too():
    table = pd.DataFrame({"plate": list("aabbccdd"), "sample": list("xyxyxyzx")})
    folds = known_group_folds(table, ["plate", "sample"], "plate", "s", 4, None)
    assert folds.fold[6] == NEVER and sorted(folds.fold) == [NEVER, *range(7)]


def test_the_last_occasion_of_each_level():
    table = pd.DataFrame({"id": list("aaabbc"), "year": [1, 3, 2, 5, 5, 9]})
    folds = last_occasion_fold(table, ["id"], "id", "s", "year")
    assert folds.fold.tolist() == [NEVER, 0, NEVER, NEVER, NEVER, NEVER]


@pytest.mark.parametrize(
    "make",
    [
        lambda table: new_group_folds(table, "pupil", "s", 8, 6),
        lambda table: new_group_folds(table, "school", "s", 8),
        lambda table: known_group_folds(table, ["school", "pupil"], "pupil", "s", 8, 6),
        lambda table: last_occasion_fold(table, ["school", "pupil"], "pupil", "s", "time"),
    ],
)
def test_folds_do_not_depend_on_the_order_of_the_rows(make):
    table = unbalanced()
    shuffled = table.sample(frac=1, random_state=5)
    assert by_line(make(table), table) == by_line(make(shuffled), shuffled)


def test_folds_depend_on_seed_study_and_target():
    table = unbalanced()
    folds = [
        new_group_folds(table, "pupil", study, seed, 6).fold.tolist() for study, seed in [("s", 1), ("s", 2), ("t", 1)]
    ]
    assert folds[0] != folds[1] and folds[0] != folds[2]
    assert folds[0] == new_group_folds(table, "pupil", "s", 1, 6).fold.tolist()


def test_each_group_in_turn_does_not_depend_on_the_labels():
    table = table_of("sleepstudy-corr")
    renamed = table.assign(Subject=table.Subject.map(lambda label: f"x{int(label) * 7919 % 1000}"))
    first, second = new_group_folds(table, "Subject", "s", 1), new_group_folds(renamed, "Subject", "s", 1)
    pairs = set(zip(first.fold.tolist(), second.fold.tolist(), strict=True))
    assert len(pairs) == first.number == second.number == 18


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda table: new_group_folds(table, "school", "s", 1, 6), "2 or more, and at most one for each level of"),
        (lambda table: new_group_folds(table, "school", "s", 1, 1), "in 1 fold is not possible"),
        (lambda table: known_group_folds(table, ["line"], "school", "s", 1), "no row can be held out .* of line keep"),
        (lambda table: new_group_folds(table, "class", "s", 1), "column 'class', which the data do not have"),
    ],
)
def test_impossible_folds_say_what_to_do(make, message):
    with pytest.raises(InputError, match=message):
        make(unbalanced().reset_index())
