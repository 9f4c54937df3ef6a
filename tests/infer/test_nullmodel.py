"""The null model's intraclass correlation and Kish's design effect, held to lme4 and to the definition."""

from types import SimpleNamespace

import pandas
import pytest

import lmm
from lmm.infer.nullmodel import null_model_section
from tests.report.builders import DATA

STUDY = SimpleNamespace(weights=None, inference=SimpleNamespace(level=0.95))


def test_sleepstudy_as_in_lme4():
    table = pandas.read_csv(DATA / "sleepstudy.csv").astype({"Subject": str})
    found = null_model_section(STUDY, lmm.fit("Reaction ~ Days + (Days | Subject)", table), table)
    (one,) = found["factors"]
    assert found["formula"] == "Reaction ~ 1 + (1 | Subject)"
    # VarCorr(lmer(Reaction ~ 1 + (1 | Subject))): 35.754 and 44.259.
    icc = 35.754**2 / (35.754**2 + 44.259**2)
    assert one["correlation"]["estimate"] == pytest.approx(icc, abs=2e-5)
    assert one["design_effect"] == pytest.approx(1 + 9 * icc, abs=2e-4)
    assert one["correlation"]["lower"] < icc < one["correlation"]["upper"]


def test_without_random_effects_there_is_none():
    table = pandas.read_csv(DATA / "sleepstudy.csv")
    assert null_model_section(STUDY, lmm.fit("Reaction ~ Days", table), table) is None
