"""The terms whose effects may vary, and the sets of them that marginality allows."""

from itertools import combinations

import pytest

from lmm.select.slopeterms import closed_subsets, slope_terms, untested, without_their_effect
from tests.select.studies import study


def terms(slopes, **more):
    return slope_terms(study("y", ["g"], slopes={"g": slopes}, **more), "g")


@pytest.mark.parametrize("slopes", ["x + z + w", "x * z", "a * b * c", "x + I(x^2) + z", "poly(x, 2) + x", "z + z:x"])
def test_closed_subsets_are_all_sets_with_what_their_terms_contain(slopes):
    found = list(closed_subsets(terms(slopes)))
    every = [
        tuple(term.label for term in chosen)
        for size in range(len(terms(slopes)) + 1)
        for chosen in combinations(terms(slopes), size)
        if all(term.margins <= {one.label for one in chosen} for term in chosen)
    ]
    assert found == every


def test_numbers_of_closed_subsets():
    # of x, z, x:z all sets but those with x:z that lack x or z: 8 − 3
    assert len(list(closed_subsets(terms("x * z")))) == 5
    assert len(list(closed_subsets(terms("x + z + w")))) == 2**3


def test_powers_and_curves_contain_what_they_are_made_of():
    margins = {term.label: (set(term.margins), term.order) for term in terms("x + I(x^2) + poly(z, 2) + z")}
    assert margins == {
        "x": (set(), 1),
        "z": (set(), 1),
        "I(x^2)": ({"x"}, 2),
        "poly(z, 2)": ({"z"}, 2),
    }


def test_hypotheses_bring_their_margins_and_find_products_in_any_order():
    declared = study("y", ["g"], "x * z + w", hypotheses=["z:x"])
    assert untested(declared, "g") == ("x", "z", "x:z")
    maximal = study("y", ["g"], "x * z + w", ladder={"mode": "maximal"})
    assert set(untested(maximal, "g")) == {"x", "z", "w", "x:z"}
    assert slope_terms(study("y", ["g"], "x * z"), "g") == ()


def test_a_term_that_left_the_mean_is_found_within_curves():
    assert without_their_effect(terms("x + z"), "poly(x, 2) + z", "z") == ["x"]
    assert without_their_effect(terms("x + z"), "x + z", "x + z") == []
    assert without_their_effect(terms("x + z"), "z", "z") == []  # a slope that the mean never had
