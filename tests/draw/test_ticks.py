"""Where axes have ticks: round numbers that follow from the limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmm.draw.ticks import labels, ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 10, 5, "0 2 4 6 8 10"),
        (-4.3, 6.1, 9, "−4 −2 0 2 4 6"),
        (0, 1, 4, "0.00 0.25 0.50 0.75 1.00"),
        (-0.5, 0.5, 4, "−0.50 −0.25 0.00 0.25 0.50"),
        (0.013, 0.0212, 3, "0.015 0.020"),
        (199, 470, 9, "200 250 300 350 400 450"),
        (0, 2_500_000, 5, "0 500000 1000000 1500000 2000000 2500000"),
        (0, 4.2e9, 5, "0 1·10⁹ 2·10⁹ 3·10⁹ 4·10⁹"),
        (-2e-7, 2e-7, 4, "−2·10⁻⁷ −1·10⁻⁷ 0 1·10⁻⁷ 2·10⁻⁷"),
    ],
)
def test_ticks_are_round_and_told_apart(low, high, most, expected):
    assert " ".join(labels(ticks(low, high, most))) == expected


@given(
    low=st.floats(-1e6, 1e6), width=st.floats(1e-3, 1e6), most=st.integers(1, 9), shift=st.integers(-3, 3)
)  # fmt: skip
def test_ticks_lie_within_the_limits_evenly_and_differ(low, width, most, shift):
    low, width = low * 10.0**shift, width * 10.0**shift
    found = ticks(low, low + width, most)
    slack = 1e-6 * width
    assert len(found) >= 2
    assert found.min() >= low - slack and found.max() <= low + width + slack
    assert np.diff(found) == pytest.approx(np.diff(found)[0], abs=slack)
    assert len(set(labels(found))) == len(found)


def test_labels_that_do_not_fit_leave_fewer_ticks():
    def short(texts):
        return len(texts) <= 3

    assert len(ticks(0, 10, 9)) > 3
    assert labels(ticks(0, 10, 9, short)) == ["0", "5", "10"]
