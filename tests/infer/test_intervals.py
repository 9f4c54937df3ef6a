import pytest

from lmm.errors import InputError
from lmm.infer.intervals import intervals
from tests.infer.test_profile import fitted


def test_every_method_gives_the_same_parameters_in_the_same_order():
    by_profile, by_wald = (intervals(fitted("sleepstudy-corr"), method) for method in ("profile", "wald"))
    assert [one.name for one in by_profile] == [one.name for one in by_wald]
    assert [one.estimate for one in by_profile] == [one.estimate for one in by_wald]
    assert {one.method for one in by_profile} == {"profile"} and {one.method for one in by_wald} == {"wald"}


def test_an_unknown_method_is_named_with_those_there_are():
    with pytest.raises(InputError, match="by 'bayes': choose one of profile, wald"):
        intervals(fitted("sleepstudy-corr"), "bayes")
