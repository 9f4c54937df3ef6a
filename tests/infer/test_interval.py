"""What every interval checks."""

import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.bootstrap import parametric_draws
from lmm.infer.bootstrapintervals import bootstrap_intervals
from lmm.infer.coefficients import coefficient_table
from lmm.infer.contrasts import contrasts, pairwise
from lmm.infer.intervals import intervals
from lmm.infer.intraclass import intraclass_correlations
from lmm.infer.margins import marginal_means
from lmm.infer.prediction import predict_in_known_groups, predict_in_new_groups, predict_mean
from lmm.infer.smallsample import small_sample
from lmm.infer.standardised import by_standard_deviation
from tests.infer.effects import table_of

WAYS = {
    "profile": lambda fit, table, level: intervals(fit, "profile", level),
    "wald": lambda fit, table, level: intervals(fit, "wald", level),
    "bootstrap": lambda fit, table, level: bootstrap_intervals(fit, parametric_draws(fit, 0, 2, 1), level=level),
    "coefficients": lambda fit, table, level: coefficient_table(fit, level=level),
    "contrast": lambda fit, table, level: small_sample(fit).interval([1.0, 0.0, 0.0, 0.0], level),
    "means": lambda fit, table, level: marginal_means(fit, table, "Type").estimates(small_sample(fit), level),
    "pairs": lambda fit, table, level: contrasts(
        marginal_means(fit, table, "Type"), pairwise(), small_sample(fit), level=level
    ),
    "intraclass": intraclass_correlations,
    "mean": lambda fit, table, level: predict_mean(fit, table, small_sample(fit), level),
    "new groups": predict_in_new_groups,
    "known groups": predict_in_known_groups,
    "standardised": lambda fit, table, level: by_standard_deviation(fit, table, small_sample(fit), level),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", [95, 0.0, float("nan")])
def test_a_level_that_is_no_probability_is_refused(way, level):
    table = table_of("ergostool")
    with pytest.raises(InputError, match=r"between 0 and 1, such as 0\.95"):
        WAYS[way](lmm.fit("effort ~ Type + (1 | Subject)", table), table, level)
