"""The null distribution that follows from what a larger random part adds (method, rule 3)."""

import numpy
import pytest

from lmm.errors import InputError
from lmm.infer.randomstructure import INTERCEPT, Block, compare_random_parts, several_at_once


def block(group, *names):
    return Block(group, frozenset(names))


intercept = block("g", INTERCEPT)


@pytest.mark.parametrize(
    ("smaller", "larger", "null", "parameters"),
    [
        ((), (intercept,), "½χ²₀ + ½χ²₁", 1),
        ((intercept,), (intercept, block("h", INTERCEPT)), "½χ²₀ + ½χ²₁", 1),
        ((intercept,), (block("g", INTERCEPT, "x"),), "½χ²₁ + ½χ²₂", 2),
        ((block("g", INTERCEPT, "x"),), (block("g", INTERCEPT, "x", "z"),), "½χ²₂ + ½χ²₃", 3),
        ((intercept,), (intercept, block("g", "x")), "½χ²₀ + ½χ²₁", 1),
        ((intercept,), (intercept, block("g", "b"), block("g", "c")), "¼χ²₀ + ½χ²₁ + ¼χ²₂", 2),
        ((), (intercept, block("h", INTERCEPT), block("i", INTERCEPT)), "⅛χ²₀ + ⅜χ²₁ + ⅜χ²₂ + ⅛χ²₃", 3),
        ((intercept, block("g", "x")), (block("g", INTERCEPT, "x"),), "χ²₁", 1),
        ((intercept, block("g", "x"), block("g", "z")), (block("g", INTERCEPT, "x", "z"),), "χ²₃", 3),
        # a correlation freed and a slope added in one step: kept q = 2, one interior correlation
        ((intercept, block("g", "x")), (block("g", INTERCEPT, "x", "z"),), "½χ²₃ + ½χ²₄", 4),
        # slopes at two crossed factors at once
        ((intercept, block("h", INTERCEPT)), (block("g", INTERCEPT, "x"), block("h", INTERCEPT, "x")),
         "¼χ²₂ + ½χ²₃ + ¼χ²₄", 4),
        ((intercept,), (block("g", INTERCEPT, "b", "c"),), "½χ²₄ + ½χ²₅", 5),
        ((), (block("g", INTERCEPT, "x"),), "½χ²₂ + ½χ²₃", 3),
        ((intercept,), (intercept,), "χ²₀", 0),
    ],
)  # fmt: skip
def test_null_distribution_of_each_kind_of_comparison(smaller, larger, null, parameters):
    comparison = compare_random_parts(smaller, larger)
    assert str(comparison.null) == null
    assert comparison.parameters == parameters


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ((intercept,), (block("h", INTERCEPT),)),
        ((intercept,), (block("g", "x"),)),
        ((block("g", INTERCEPT, "x"),), (intercept, block("g", "x"))),
        ((block("g", INTERCEPT, "x"),), (intercept, block("h", INTERCEPT))),
    ],
)
def test_random_parts_that_are_not_nested_have_no_null_distribution(smaller, larger):
    assert compare_random_parts(smaller, larger).null is None


def curve(call, columns):
    return block("g", INTERCEPT, *(f"{call}{number}" for number in range(1, columns + 1)))


@pytest.mark.parametrize(
    ("line", "spline", "null"),
    [
        (block("g", INTERCEPT, "x"), curve("ns(x, df = 3)", 3), "½χ²₆ + ½χ²₇"),
        (block("g", INTERCEPT, "x"), curve("ns(x, df = 2)", 2), "½χ²₂ + ½χ²₃"),
        (block("g", INTERCEPT, "I(x - 11)"), curve("poly(x, 2)", 2), "½χ²₂ + ½χ²₃"),
        (block("g", INTERCEPT, "log(x)"), curve("splines::ns(log(x), df = 2)", 2), "½χ²₂ + ½χ²₃"),
        (block("g", INTERCEPT, "I(x - 11)"), block("g", INTERCEPT, "x", "z"), "½χ²₂ + ½χ²₃"),
    ],
)
def test_a_line_is_within_a_curve_of_its_covariate(line, spline, null):
    assert str(compare_random_parts((line,), (spline,)).null) == null
    assert compare_random_parts((line,), (spline,)).parameters == len(spline.names) * (len(spline.names) + 1) // 2 - 3


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (block("g", INTERCEPT, "z"), curve("ns(x, df = 3)", 3)),
        (block("g", INTERCEPT, "x"), curve("cc(x, df = 3)", 3)),
        (block("g", INTERCEPT, "I(x^2)"), curve("ns(x, df = 3)", 3)),
        (block("g", INTERCEPT, "x"), curve("factor(x)", 3)),
        # levels "-1" and "-2" of a factor named dose are no arithmetic
        (block("g", INTERCEPT, "dose-1"), block("g", INTERCEPT, "dose-2", "dose-3")),
    ],
)
def test_other_coefficients_are_not_within_it(line, other):
    assert compare_random_parts((line,), (other,)).null is None


def test_a_line_beside_an_independent_intercept_is_not_within_an_independent_curve():
    uncorrelated = (intercept, *(block("g", f"ns(x, df = 3){number}") for number in (1, 2, 3)))
    assert compare_random_parts((intercept, block("g", "x")), uncorrelated).null is None


def test_a_coefficient_that_occurs_twice_is_refused():
    for twice in ((intercept, intercept), (intercept, block("g", INTERCEPT, "x"))):
        for pair in ((twice, (block("g", INTERCEPT, "x"),)), ((intercept,), twice)):
            with pytest.raises(InputError, match=r"\(Intercept\) varies over g in two random terms"):
                compare_random_parts(*pair)
    with pytest.raises(InputError, match="x varies over g in two random terms"):
        Block.of("g", ["x", INTERCEPT, "x"])
    assert Block.of("g", [INTERCEPT, "x"]) == block("g", "x", INTERCEPT)


def test_compound_symmetry_inside_one_coefficient_per_level_is_an_interior_hypothesis():
    compound = (block("Worker", INTERCEPT), block("Worker:Machine", INTERCEPT))
    for names in [("MachineA", "MachineB", "MachineC"), (INTERCEPT, "MachineB", "MachineC")]:
        comparison = compare_random_parts(compound, (block("Worker", *names),))
        assert str(comparison.null) == "χ²₄"
    numeric_slope = (block("Worker", INTERCEPT, "dose"),)
    assert compare_random_parts(compound, numeric_slope).null is None


def test_bound_for_two_coefficients_at_once_exceeds_the_weights_of_a_balanced_design():
    # Balanced designs: the cone is that of the 2 × 2 non-negative definite matrices under tr(AB), a circular
    # cone of half-angle 45°, with weights (2 − √2)/4, √2/4, √2/4, (2 − √2)/4 (Kuriki & Takemura 2000).
    weights = numpy.array([2 - 2**0.5, 2**0.5, 2**0.5, 2 - 2**0.5]) / 4
    draws = numpy.random.default_rng(1).standard_normal((20_000, 3))
    matrices = numpy.empty((20_000, 2, 2))
    matrices[:, 0, 0], matrices[:, 1, 1] = draws[:, 0], draws[:, 1]
    matrices[:, 0, 1] = matrices[:, 1, 0] = draws[:, 2] / 2**0.5
    statistics = (numpy.linalg.eigvalsh(matrices).clip(min=0) ** 2).sum(axis=1)
    from lmm.infer.nulldistribution import NullDistribution

    balanced = NullDistribution(tuple(weights), (0, 1, 2, 3))
    bound = several_at_once(kept=0, added=2)
    for x in (0.5, 2.0, 5.0):
        assert (statistics >= x).mean() == pytest.approx(balanced.tail(x), abs=0.012)
        assert bound.tail(x) >= balanced.tail(x)


def test_bound_and_large_sample_forms_are_said():
    assert "upper bound" in compare_random_parts((intercept,), (block("g", INTERCEPT, "b", "c"),)).approximation
    assert "simulation" in compare_random_parts((), (intercept,)).approximation
    assert compare_random_parts((intercept,), (block("g", INTERCEPT, "x"),)).approximation is None
