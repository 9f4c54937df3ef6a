"""Which random effects the data can show at all."""

import pytest

from lmm.select.eligibility import group_ineligible, why_ineligible
from lmm.select.structure import Structure
from tests.select.studies import study


def audited(levels, most):
    return {"groups": [{"group": "g", "levels": levels, "rows_median": 1.0, "rows_maximum": most}], "varies_within": {}}


@pytest.mark.parametrize(
    ("levels", "most", "said"),
    [
        (1, 20, "g has a single level, so that no variance between levels can be estimated."),
        (
            1200,
            1,
            "Each of the 1,200 levels of g has one row, so that their variance is one with the residual's.",
        ),
        (1200, 2, None),
    ],
)
def test_a_factor_needs_levels_and_rows_in_them(levels, most, said):
    assert group_ineligible("g", audited(levels, most)) == said
    assert why_ineligible(study("y", ["g"], "x"), (Structure("g", "intercept"),), audited(levels, most)) == said
