"""The random part of a grouping factor as a formula, a name and words."""

import pytest

from lmm.formula import parse
from lmm.select.structure import structure
from tests.select.studies import study


def of(slopes, kind, labels, categorical=(), group="g"):
    return structure(study("y", [group], slopes={group: slopes}), group, kind, labels, categorical)


@pytest.mark.parametrize(
    ("slopes", "kind", "labels", "term", "words"),
    [
        ("x", "slope", ["x"], "(x | g)", "intercept and slope of x by g"),
        ("x + z", "slope", ["z", "x"], "(x + z | g)", "intercept and slopes of x and z by g"),
        ("x", "uncorrelated", ["x"], "(x || g)", "intercept and uncorrelated slope of x by g"),
        ("0 + x", "slope", ["x"], "(0 + x | g)", "slope of x by g"),
        ("x", "slope", [], "(1 | g)", "intercept by g"),
        ("f", "symmetric", ["f"], "(1 | g) + (1 | g:f)", "intercept by g and by f within it (compound symmetry)"),
        (
            "x + f",
            "centred",
            ["x", "f"],
            "(scale(x, scale = FALSE) + f || g)",
            "intercept and uncorrelated slopes of x and f (centred) by g",
        ),
        ("poly(x, 2) + x", "slope", ["x", "poly(x, 2)"], "(poly(x, 2) | g)", None),
    ],
)
def test_structures_as_formula_and_words(slopes, kind, labels, term, words):
    made = of(slopes, kind, labels, categorical={"f"})
    assert made.term == term
    assert words is None or made.words == words
    parse(f"y ~ 1 + {made.term}")


def test_awkward_names_are_quoted():
    made = of("`my x`", "centred", ["`my x`"], group="the g")
    assert made.term == "(scale(`my x`, scale = FALSE) || `the g`)"
    assert made.id == "the-g.centred"
