"""Where a criterion by itself would have chosen differently: told of the round in which a slope was decided."""

from lmm.select.disagreement import disagreements
from lmm.select.structure import Structure

BY_G = (Structure("g", "slope", ("x",), "x", ".x"),)


def slope(term, smaller, larger, chosen, values, p):
    """A step of a forward round, with what each criterion would choose."""
    lowest = min(values, key=values.get)
    return {
        "step": f"g: slope of {term}",
        "kind": "slope",
        "group": "g",
        "terms": [term],
        "smaller": smaller,
        "larger": larger,
        "chosen": chosen,
        "p": p,
        "candidates": {name: {"AIC": value} for name, value in values.items()},
        "by_criterion": {"LRT": larger if p < 0.2 else smaller, "AIC": lowest},
    }


def rounds(aic_of_both, p_of_z_beside_x):
    first = {"1": 110.0, "x": 90.0, "z": 105.0}
    second = {"x": 90.0, "x_z": aic_of_both}
    return [
        slope("z", "1", "z", "1", first, 0.1),
        slope("x", "1", "x", "x", first, 0.001),
        slope("z", "x", "x_z", "x", second, p_of_z_beside_x),
    ]


def sentences(steps):
    return [one["sentence"] for one in disagreements(steps, BY_G)]


def test_what_an_earlier_round_left_for_later_is_no_disagreement():
    assert sentences(rounds(92.0, 0.5)) == []


def test_a_slope_is_told_of_in_the_round_that_decided_it():
    assert sentences(rounds(88.0, 0.5)) == ["g: slope of z: x is chosen, but AIC (by 2.0) would choose x_z."]


def test_what_several_steps_of_a_round_share_is_told_once():
    values = {"1": 100.0, "x": 98.0, "z": 101.0}
    steps = [slope("z", "1", "z", "1", values, 0.6), slope("x", "1", "x", "1", values, 0.3)]
    assert sentences(steps) == ["g: slope of z: 1 is chosen, but AIC (by 2.0) would choose x."]
