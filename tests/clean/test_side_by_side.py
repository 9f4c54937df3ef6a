"""Threads change neither results nor errors."""

import pytest

from lmm.clean.side_by_side import MANY_ROWS, each, side_by_side


def fails(name):
    raise ValueError(name)


@pytest.mark.parametrize("rows", [0, MANY_ROWS])
def test_results_come_in_the_order_of_the_tasks(rows):
    assert each(rows, lambda number: number**2, range(20)) == [number**2 for number in range(20)]
    assert each(rows, str, []) == []


@pytest.mark.parametrize("rows", [0, MANY_ROWS])
def test_the_first_error_is_raised(rows):
    with pytest.raises(ValueError, match="one"):
        side_by_side(rows, lambda: 1, lambda: fails("one"), lambda: fails("two"))
