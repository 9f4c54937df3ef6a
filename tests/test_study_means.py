"""Which means a study asks for: read as a formula is, and refused before any table is read."""

import pytest

from lmm import InputError
from lmm.study import load
from lmm.study.means import MeansOf, means_asked


def study(fixed, means):
    block = {"name": "oats", "data": "oats.csv", "outcome": "yield", "fixed": fixed, "groups": ["Block"]}
    return load({"studies": [block | {"inference": {"means": means}}]})[0]


def test_a_factor_alone_and_within_others():
    asked = means_asked(study("Variety * factor(nitro) + `my side`", ["nitro", "Variety | nitro + `my side`"]))
    assert asked == (MeansOf("nitro"), MeansOf("Variety", ("nitro", "my side")))
    assert [str(one) for one in asked] == ["nitro", "Variety | nitro + my side"]


def test_nothing_named_leaves_the_choice_to_the_model():
    assert means_asked(study("Variety", None)) is None
    assert means_asked(study("Variety", [])) == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Varietie", "names 'Varietie', which is not among the columns of fixed; did you mean 'Variety'?"),
        ("Variety | Block", "names 'Block', which is not among the columns of fixed; fixed has Variety and nitro."),
        ("Variety | Variety", "names 'Variety' twice"),
        ("Variety * nitro", "cannot be read; write a column, or one within others: a | b + c."),
        ("Variety |", "cannot be read"),
    ],
)
def test_mistakes_name_the_study_and_the_key(text, sentence):
    with pytest.raises(InputError) as caught:
        means_asked(study("Variety * factor(nitro)", [text]))
    assert str(caught.value).startswith(f"study oats, key inference.means: {text!r} ")
    assert sentence in str(caught.value)
