"""Growth curves that the times of a table cannot tell."""

import numpy as np
import pandas as pd
import pytest

from lmm import InputError
from tests.clean.tables import cleaned, csv

DAYS = np.array([0.0, 1.0, 2.0, 4.0])
TABLE = pd.DataFrame(
    {
        "y": [float(3 * i % 7) for i in range(24)],
        "day": np.tile(DAYS, 6),
        "g": np.repeat(list("abcdef"), 4),
    }
)


def growing(tmp_path, growth, table=TABLE):
    return cleaned(tmp_path, csv(table), fixed="1", growth={"time": "day"} | growth)


@pytest.mark.parametrize(
    ("growth", "sentence"),
    [
        (
            {"shape": "polynomial", "degree": 4},
            "study trial, key growth: a polynomial of degree 4 needs more than 4 distinct times, but day has 4; lower "
            "the degree.",
        ),
        (
            {"shape": "spline", "df": 5},
            "study trial, key growth: a natural cubic spline of 5 coefficients needs more than 5 distinct times, but "
            "day has 4; lower df.",
        ),
        (
            {"shape": "piecewise", "knots": [0.5, 1, 2]},
            "study trial, key growth: a line in 4 segments needs more than 4 distinct times, but day has 4; "
            "take out knots.",
        ),
        (
            {"shape": "piecewise", "knots": [4]},
            "study trial, key growth.knots: 4 does not lie within the times of day, which go from 0 to 4; choose knots "
            "between them.",
        ),
        ({"shape": "spline", "knots": [-1]}, "study trial, key growth.knots: -1 does not lie within the times of day"),
        (
            {"shape": "piecewise", "knots": [2.5, 3.5]},
            "study trial, key growth: a line in 3 segments has 3 coefficients, of which the times of day can "
            "tell 2 apart; take out knots, or place knots so that there are times on both sides of each.",
        ),
    ],
)
def test_a_curve_that_the_times_cannot_tell_is_refused(tmp_path, growth, sentence):
    with pytest.raises(InputError) as caught:
        growing(tmp_path, growth)
    assert str(caught.value).startswith(sentence)


def test_one_time_makes_no_line(tmp_path):
    with pytest.raises(InputError, match="a straight line needs more than 1 distinct time, but day has 1"):
        cleaned(tmp_path, csv(TABLE.assign(day=3.0)), fixed="1", growth={"time": "day"}, duplicates="allow")


@pytest.mark.parametrize(
    "growth",
    [
        {"shape": "polynomial", "degree": 3},
        {"shape": "spline", "df": 3},
        {"shape": "piecewise", "knots": [1, 2]},
    ],
)
def test_as_many_coefficients_as_intervals_can_be_told(tmp_path, growth):
    assert growing(tmp_path, growth).audit["time"]["times"] == 4


def test_powers_of_a_year_need_an_origin(tmp_path):
    years = TABLE.assign(day=TABLE["day"] + 2020)
    cubic = {"shape": "polynomial", "degree": 3}
    with pytest.raises(InputError) as caught:
        growing(tmp_path, cubic, years)
    assert str(caught.value) == (
        "study trial, key growth: the powers of day are too much alike at times from 2020 to 2024, counted from 0; set "
        "growth.origin to a time among them, such as 2021.5."
    )
    assert growing(tmp_path, cubic | {"origin": 2021.5}, years).audit["time"]["times"] == 4
    assert growing(tmp_path, {"shape": "polynomial"}, years).audit["time"]["times"] == 4
