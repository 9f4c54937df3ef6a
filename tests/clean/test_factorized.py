"""Labels as codes, whether they stand in runs or not."""

import numpy as np
import pandas as pd
import pytest

from lmm.clean.factorized import factorized

SORTED = ["b", "b", "b", None, None, "a", "a", "a", "é", "é", "é", "é", "b", "b"]


@pytest.mark.parametrize(
    "labels",
    [SORTED, list("abcabcab"), [None, None, None], [], ["x"], ["", "", "", "y", "y", "y"]],
    ids=["runs", "no runs", "all missing", "empty", "one", "empty text"],
)
def test_codes_and_labels_are_those_of_pandas(labels):
    values = pd.Series(labels, dtype="str")
    rows, found = factorized(values)
    expected_rows, expected = pd.factorize(values)
    assert rows.tolist() == expected_rows.tolist()
    assert found.tolist() == expected.tolist()


def test_parts_of_a_column_are_one():
    values = pd.concat([pd.Series(SORTED, dtype="str")] * 3, ignore_index=True)
    rows, found = factorized(values)
    assert np.array_equal(rows, np.tile(pd.factorize(pd.Series(SORTED))[0], 3))
    assert found.tolist() == ["b", "a", "é"]


def test_categories_keep_their_order_beside_the_codes():
    values = pd.Series(pd.Categorical(["b", "a", "b"], categories=["z", "b", "a"]))
    rows, found = factorized(values)
    assert rows.tolist() == [0, 1, 0]
    assert list(found.categories) == ["z", "b", "a"]
