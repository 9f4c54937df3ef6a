"""Nesting and crossing, read off the incidence of levels."""

import numpy as np
import pandas as pd
import pytest

from lmm import InputError
from lmm.clean.groups import group_codes, rows_per_level
from lmm.clean.structure import check_declared, incidence, structure, varies_within
from tests.clean.tables import a_study

BATCH = np.repeat(list("ABCD"), 6)
CASK = np.tile(np.repeat(list("abc"), 2), 4)


def relation(groups, **columns):
    (found,) = structure(pd.DataFrame(columns), groups)
    return found


def test_casks_with_labels_of_their_own_are_nested_in_batches():
    found = relation(["cask", "batch"], batch=BATCH, cask=np.char.add(BATCH, CASK))
    assert (found["first"], found["second"], found["relation"]) == ("batch", "cask", "nested")
    assert "each of the 12 levels of cask occurs in only one of the 4 levels of batch" in found["sentence"]


def test_casks_a_b_c_in_every_batch_look_crossed_and_the_doubt_is_told():
    found = relation(["batch", "cask"], batch=BATCH, cask=CASK)
    assert found["relation"] == "crossed"
    assert "nested in batch in truth; then write batch/cask under groups" in found["sentence"]
    assert found["implicit"] == "batch/cask"


def test_where_every_pair_has_one_row_nothing_is_asked():
    found = relation(["plate", "sample"], plate=np.repeat(list("abc"), 4), sample=np.tile(list("WXYZ"), 3))
    assert found["relation"] == "crossed"
    assert found["sentence"].endswith("each of the 3 levels of plate occurs with each of the 4 levels of sample.")


def test_running_numbers_in_schools_of_unequal_size_are_noticed():
    school = np.repeat(list("ABC"), [4, 6, 8])
    pupil = np.concatenate([np.repeat(range(size), 2) for size in (2, 3, 4)])
    found = relation(["school", "pupil"], school=school, pupil=pupil)
    assert found["relation"] == "partly crossed"
    assert "write school/pupil under groups" in found["sentence"]


def test_raters_who_see_some_of_the_videos_are_partly_crossed_without_suspicion():
    found = relation(["video", "rater"], video=list("aabbccdd"), rater=list("xyyzzwwx"))
    assert found["relation"] == "partly crossed"
    assert found["sentence"] == "video and rater are partly crossed: 8 of the 16 pairs of their levels occur."


def test_a_declared_nesting_says_what_it_keeps_apart():
    found = relation(["batch", "batch:cask"], batch=BATCH, cask=CASK)
    assert found["relation"] == "nested"
    assert "The labels of cask repeat across the levels of batch; batch:cask keeps them apart." in found["sentence"]
    own = relation(["batch", "batch:cask"], batch=BATCH, cask=np.char.add(BATCH, CASK))
    assert "repeat" not in own["sentence"]


def test_every_pair_of_three_factors_is_told():
    table = pd.DataFrame({"batch": BATCH, "cask": np.char.add(BATCH, CASK), "day": np.arange(24) % 2})
    pairs = {(each["first"], each["second"]): each["relation"] for each in structure(table, ["batch", "cask", "day"])}
    assert pairs == {("batch", "cask"): "nested", ("batch", "day"): "crossed", ("cask", "day"): "crossed"}


def test_relabelling_and_row_order_change_nothing():
    table = pd.DataFrame({"batch": BATCH, "cask": np.char.add(BATCH, CASK)})
    shuffled = table.sample(frac=1, random_state=3).assign(
        batch=lambda t: t["batch"].map(dict(zip("ABCD", "ZYXW", strict=True)))
    )
    assert structure(table, ["batch", "cask"]) == structure(shuffled, ["batch", "cask"])


def test_what_varies_within_what():
    table = pd.DataFrame(
        {"pupil": list("aabbcc"), "school": list("SSSSTT"), "age": [1, 2] * 3, "size": [9] * 4 + [5] * 2}
    )
    assert varies_within(table, ["age", "size"], ["pupil", "school"]) == {
        "age": {"pupil": True, "school": True},
        "size": {"pupil": False, "school": False},
    }


def test_interactions_count_the_pairs_that_occur():
    table = pd.DataFrame({"a": list("xxyy"), "b": list("1112")})
    assert group_codes(table, "a:b").tolist() == [0, 0, 1, 2]
    assert rows_per_level(table, "a:b").tolist() == [2, 1, 1]


@pytest.mark.parametrize("column", ["a", "b"])
def test_a_missing_part_makes_the_interaction_missing(column):
    table = pd.DataFrame({"a": list("xxyy"), "b": list("1212")})
    table.loc[1, column] = None
    assert group_codes(table, "a:b").tolist() == [0, -1, 1, 2]


def declared(table, **structure):
    check_declared(a_study(groups=["batch", "cask"], structure=structure), table.rename_axis("line"))


def test_a_declaration_that_the_table_bears_out_passes():
    own = pd.DataFrame({"batch": BATCH, "cask": np.char.add(BATCH, CASK)})
    declared(own, cask={"nested_in": "batch"})
    declared(pd.DataFrame({"batch": BATCH, "cask": CASK}), cask={"crossed_with": "batch"})


def test_a_declared_nesting_that_the_table_contradicts_shows_two_rows():
    table = pd.DataFrame({"batch": BATCH, "cask": np.char.add(BATCH, CASK)})
    table.loc[20, "cask"] = "Bb"
    with pytest.raises(InputError) as caught:
        declared(table, cask={"nested_in": "batch"})
    assert str(caught.value).startswith(
        "study trial, key structure: cask is declared nested in batch, but cask 'Bb' is in batch 'B' in line 8 of "
        "t.csv and in 'D' in line 20; mend those rows"
    )


def test_a_nesting_written_out_under_groups_holds_whatever_the_labels():
    table = pd.DataFrame({"batch": BATCH, "cask": CASK})
    check_declared(a_study(groups=["batch/cask"], structure={"cask": {"nested_in": "batch"}}), table)


def test_a_declared_crossing_that_the_table_contradicts_shows_a_row():
    table = pd.DataFrame({"batch": BATCH, "cask": np.char.add(BATCH, CASK)})
    with pytest.raises(InputError) as caught:
        declared(table, batch={"crossed_with": "cask"})
    assert (
        "declared crossed with cask, but each level of cask occurs in one level of batch only: line 0 of t.csv and all"
        in str(caught.value)
    )


@pytest.mark.parametrize("levels", [(3, 4), (400, 500)], ids=["few levels", "many levels"])
@pytest.mark.parametrize("nested", [False, True], ids=["crossed", "nested"])
def test_incidence_is_the_set_of_pairs(levels, nested):
    random = np.random.default_rng(7)
    second = random.integers(0, levels[1], 600)
    first = second * levels[0] // levels[1] if nested else random.integers(0, levels[0], 600)
    found = incidence(first.astype(np.int16), second.astype(np.int16))
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == sorted(
        set(zip(first.tolist(), second.tolist(), strict=True))
    )
    assert found.levels == (first.max() + 1, second.max() + 1)
