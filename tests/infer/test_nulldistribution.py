"""Mixtures of χ² distributions against algebra, printed tables and published p-values."""

import math

import pytest

from lmm.infer.nulldistribution import NullDistribution, chi_squared, chi_squared_tail, half_and_half


def normal_tail(z):
    return 0.5 * math.erfc(z / math.sqrt(2))


@pytest.mark.parametrize("z", [0.1, 1.0, 2.5, 8.0, 20.0])
def test_half_chi_squared_with_one_df_is_the_one_sided_normal_tail(z):
    assert half_and_half(0).tail(z * z) == pytest.approx(normal_tail(z), rel=1e-12)


@pytest.mark.parametrize("x", [0.3, 4.0, 50.0, 900.0])
def test_two_and_four_df_have_closed_forms(x):
    assert chi_squared_tail(x, 2) == pytest.approx(math.exp(-x / 2), rel=1e-12)
    assert chi_squared_tail(x, 4) == pytest.approx(math.exp(-x / 2) * (1 + x / 2), rel=1e-12)


@pytest.mark.parametrize(("x", "df"), [(3.841459, 1), (5.991465, 2), (7.814728, 3), (11.070498, 5), (18.307038, 10)])
def test_upper_five_percent_points_of_the_printed_tables(x, df):
    assert chi_squared_tail(x, df) == pytest.approx(0.05, abs=1e-7)


@pytest.mark.parametrize(
    ("x", "kept", "critical_alpha"),
    [(2.7055, 0, 0.05), (5.1389, 1, 0.05), (7.0450, 2, 0.05), (8.7615, 3, 0.05)],
)
def test_critical_values_of_the_equal_mixtures(x, kept, critical_alpha):
    # Fitzmaurice, Laird & Ware (2011), Applied Longitudinal Analysis, appendix C: 2.71, 5.14, 7.05, 8.76
    assert half_and_half(kept).tail(x) == pytest.approx(critical_alpha, abs=2e-5)


@pytest.mark.parametrize(
    ("name", "statistic", "kept", "p"),
    [
        ("sleepstudy slope", 42.837, 1, 2.8e-10),
        ("Orthodont slope", 1.176, 1, 0.417),
        ("Early slope", 5.354, 1, 0.045),
        ("Hsb82 slope", 9.762, 1, 0.0047),
        ("Dyestuff batch", 6.369, 0, 0.0058),
    ],
)
def test_published_verdicts(name, statistic, kept, p):
    assert float(f"{half_and_half(kept).tail(statistic):.1e}") == pytest.approx(p, rel=0.01) or half_and_half(
        kept
    ).tail(statistic) == pytest.approx(p, abs=5e-4)


def test_statistic_of_zero_is_no_evidence_and_the_point_mass_lies_at_zero():
    assert half_and_half(0).tail(0.0) == 1.0
    assert chi_squared(0).tail(0.0) == 1.0
    assert chi_squared(0).tail(1e-12) == 0.0
    assert half_and_half(0).tail(1e-14) == pytest.approx(0.5, abs=1e-6)


def test_sums_of_independent_variances_have_binomial_weights():
    one = half_and_half(0)
    four = one + one + one + one
    assert four.df == (0, 1, 2, 3, 4)
    assert four.weights == tuple(math.comb(4, j) / 16 for j in range(5))


def test_sum_of_two_plain_distributions_is_plain():
    assert chi_squared(2) + chi_squared(3) == chi_squared(5)


@pytest.mark.parametrize(
    ("null", "text"),
    [
        (half_and_half(0), "½χ²₀ + ½χ²₁"),
        (half_and_half(1), "½χ²₁ + ½χ²₂"),
        (chi_squared(1), "χ²₁"),
        (half_and_half(0) + half_and_half(0), "¼χ²₀ + ½χ²₁ + ¼χ²₂"),
        (half_and_half(0) + half_and_half(0) + half_and_half(0), "⅛χ²₀ + ⅜χ²₁ + ⅜χ²₂ + ⅛χ²₃"),
        (half_and_half(10), "½χ²₁₀ + ½χ²₁₁"),
        (NullDistribution((5 / 16, 11 / 16), (2, 3)), "5/16·χ²₂ + 11/16·χ²₃"),
    ],
)
def test_printed_form(null, text):
    assert str(null) == text
