"""The call of lme4 is that of the same model: R's REML criterion of it is the fit's own."""

from types import SimpleNamespace

import pandas
import pytest

import lmm
from lmm.report.equation import lme4_call
from tests.report.builders import DATA

LABELS = ("childid", "schoolid", "Subject", "plate", "sample", "Worker")
MACHINES = [{"name": "Machine", "type": "categorical", "levels": ["A", "B", "C"]}]


def called(file, formula, weights=None, variables=()):
    """The call for a formula fitted to a table, and the fit's REML criterion."""
    table = pandas.read_csv(DATA / file)
    table = table.astype({label: str for label in LABELS if label in table})
    fit = lmm.fit(formula, table, weights=weights)
    case = SimpleNamespace(fit=fit, study=SimpleNamespace(weights=weights), audit={"variables": list(variables)})
    return lme4_call(case), -2 * fit.loglik


@pytest.mark.parametrize(
    ("file", "formula", "of_r"),
    [
        # REMLcrit() of the call in R 4.2.2 with lme4 1.1-31, the grouping factors as factors.
        ("sleepstudy.csv", "Reaction ~ Days + (Days | Subject)", 1743.628272),
        ("egsingle.csv.gz", "math ~ year + lowinc + (year | childid) + (year | schoolid)", 16318.516593),
        ("penicillin.csv", "diameter ~ 1 + (1 | plate) + (1 | sample)", 330.860589),
        ("sleepstudy.csv", "Reaction ~ Days + (scale(Days, scale = FALSE) || Subject)", 1753.548841),
        ("machines.csv", "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)", 215.687568),
    ],
)
def test_the_call_has_the_reml_criterion_of_the_fit(file, formula, of_r):
    call, criterion = called(file, formula)
    assert call == f"lmer({formula}, data = data, REML = TRUE)"
    assert criterion == pytest.approx(of_r, abs=2e-5)


def test_a_spline_needs_its_library():
    call, criterion = called("sleepstudy.csv", "Reaction ~ ns(Days, df = 3) + (Days || Subject)")
    assert call.startswith("library(splines)\nlmer(Reaction ~ ns(Days, df = 3)")
    assert criterion == pytest.approx(1724.908530, abs=2e-5)


def test_dummies_of_a_factor_stay_uncorrelated_in_r():
    call, criterion = called("machines.csv", "score ~ Machine + (Machine || Worker)", variables=MACHINES)
    random = '(1 | Worker) + (0 + dummy(Machine, "B") | Worker) + (0 + dummy(Machine, "C") | Worker)'
    assert call == f"lmer(score ~ Machine + {random}, data = data, REML = TRUE)"
    assert criterion == pytest.approx(212.234412, abs=2e-5)
