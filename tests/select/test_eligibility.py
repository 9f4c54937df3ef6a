"""Which slopes the data can show at all."""

import pytest

from lmm.select.eligibility import ineligible, why_ineligible
from lmm.select.structure import structure
from tests.select.studies import study


def audited(rows, **varies):
    return {
        "groups": [{"group": "g", "levels": 20, "rows_median": rows, "rows_maximum": rows}],
        "varies_within": {column: {"g": does} for column, does in varies.items()},
    }


def test_every_column_of_a_term_must_vary_within_levels():
    declared = study("y", ["g"], slopes={"g": "x * sex * arm"})
    found = ineligible(declared, "g", audited(8.0, x=True, sex=False, arm=False))
    assert set(found) == {"sex", "arm", "x:sex", "x:arm", "sex:arm", "x:sex:arm"}
    assert found["x:sex"].startswith("sex does not vary within levels of g, so")
    assert found["sex:arm"].startswith("sex and arm do not vary within levels of g, so")


@pytest.mark.parametrize(("rows", "left_out"), [(1.0, {"x", "I(x^2)"}), (2.0, {"I(x^2)"}), (3.0, set())])
def test_a_curve_needs_more_rows_than_a_line(rows, left_out):
    declared = study("y", ["g"], slopes={"g": "x + I(x^2)"})
    assert set(ineligible(declared, "g", audited(rows, x=True))) == left_out


def test_a_random_part_is_refused_for_the_first_of_its_slopes_that_cannot_be_seen():
    declared = study("y", ["g"], slopes={"g": "x + sex"})
    seen = audited(8.0, x=True, sex=False)
    assert why_ineligible(declared, (structure(declared, "g", "slope", ["x"]),), seen) is None
    assert why_ineligible(declared, (structure(declared, "g", "intercept"),), seen) is None
    assert "sex does not vary" in why_ineligible(declared, (structure(declared, "g", "slope", ["x", "sex"]),), seen)
