import math

import pytest

from lmm import numbers


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (10.467, 2, "10.47"),
        (-10.467, 2, "−10.47"),
        (-0.001, 2, "0.00"),
        (1234567.891, 1, "1,234,567.9"),
        (2.5, 0, "2"),
        (None, 2, "–"),
        (math.nan, 2, "–"),
        (-math.inf, 2, "−∞"),
    ],
)
def test_decimal(value, places, text):
    assert numbers.decimal(value, places) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.066, ".07"), (-0.5, "−.50"), (1.0, "1.00"), (0.0, ".00"), (-1.0, "−1.00"), (None, "–")]
)
def test_what_cannot_exceed_one_has_no_leading_zero(value, text):
    assert numbers.bounded(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0324, "p = .032"),
        (0.05, "p = .050"),
        (0.0009999, "p < .001"),
        (0.001, "p = .001"),
        (0.0, "p < .001"),
        (1.0, "p > .999"),
        (0.9994, "p > .999"),
        (0.5, "p = .500"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_p_values_after_apa(p, text):
    assert numbers.p_value(p) == text


def test_p_value_in_a_column_headed_p():
    assert [numbers.p_number(p) for p in (0.0324, 1e-9, None)] == [".032", "< .001", "–"]


@pytest.mark.parametrize(
    ("standard_error", "places"),
    [
        (6.825, 2),
        (12.3, 1),
        (123.0, 0),
        (12345.0, -2),
        (0.42, 2),
        (0.0535, 3),
        (0.00053, 5),
        (0.0, 2),
        (None, 2),
        (math.inf, 2),
    ],
)
def test_places_follow_the_standard_error(standard_error, places):
    assert numbers.places_for(standard_error) == places


def test_estimate_of_sleepstudy_reads_as_in_a_paper():
    # Bates et al. 2015, section 1.2: 251.405 (6.825), 10.467 (1.546).
    assert (numbers.estimate(251.405, 6.825), numbers.estimate(10.467, 1.546)) == ("251.41", "10.47")


@pytest.mark.parametrize(
    ("value", "text"),
    [(94.21, "94.2"), (9.996, "10.0"), (1234.4, "1,234"), (0.012345, "0.0123"), (-2.0, "−2.00"), (0.0, "0")],
)
def test_three_significant_digits(value, text):
    assert numbers.significant(value) == text


def test_very_small_and_very_large_numbers_turn_to_powers_of_ten():
    assert numbers.significant(1.2345e-9) == "1.23 × 10⁻⁹"
    assert numbers.significant(-1.2345e12) == "−1.23 × 10¹²"
    assert numbers.estimate(3.2e11, 4e9) == "3.2000 × 10¹¹"


@pytest.mark.parametrize(("value", "text"), [(9.0, "9"), (-2.5, "−2.5"), (1200.0, "1,200"), (0.3797, "0.3797")])
def test_plain_values_have_no_padding_zeros(value, text):
    assert numbers.plain(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.574, "57%"), (0.004, "< 1%"), (0.996, "> 99%"), (0.0, "0%"), (1.0, "100%"), (None, "–")]
)
def test_percent(share, text):
    assert numbers.percent(share) == text


def test_counts_and_lists():
    assert numbers.counted(1, "row") == "1 row"
    assert numbers.counted(1721, "level") == "1,721 levels"
    assert numbers.counted(2, "study", "studies") == "2 studies"
    assert [numbers.listing("abc"[:k]) for k in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_interval():
    assert numbers.interval(-1.005, 13.5, 1) == "[−1.0, 13.5]"
