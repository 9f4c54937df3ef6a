"""Intervals of a model without random effects: R's numbers."""

import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.leastsquares import least_squares_intervals
from tests.select.studies import table

# R 4.2.2: m <- lm(Reaction ~ Days, sleepstudy); sigma(m) * sqrt(178 / qchisq(c(.975, .025), 178)); confint(m)
FROM_R = {
    "sigma": (43.23104773101, 53.24421157955),
    "(Intercept)": (238.36075318712, 264.44945650985),
    "Days": (8.02385502213, 12.91071689706),
}


@pytest.mark.parametrize("reml", [True, False])
def test_intervals_of_r_by_either_estimator(reml):
    fit = lmm.fit("Reaction ~ Days", table("sleepstudy-corr"), reml=reml)
    found = least_squares_intervals(fit)
    assert [one.name for one in found] == list(FROM_R)
    assert {one.name: (one.lower, one.upper) for one in found} == {
        name: pytest.approx(limits, rel=1e-10) for name, limits in FROM_R.items()
    }
    assert found[0].estimate == pytest.approx(47.71471974378, rel=1e-10)


def test_a_narrower_level_is_within():
    fit = lmm.fit("Reaction ~ Days", table("sleepstudy-corr"))
    for wide, narrow in zip(least_squares_intervals(fit), least_squares_intervals(fit, 0.5), strict=True):
        assert wide.lower < narrow.lower < narrow.estimate < narrow.upper < wide.upper


def test_a_level_that_is_no_probability():
    with pytest.raises(InputError, match="between 0 and 1"):
        least_squares_intervals(lmm.fit("Reaction ~ Days", table("sleepstudy-corr")), 95)
