"""Checks of the model that become cautions."""

from dataclasses import replace

from lmm.report.cautions import AMBER, GREEN, cautions
from tests.report import builders


def told(findings):
    case = builders.sleepstudy().case
    found = cautions(replace(case, findings={**case.findings, **findings}))
    return {caution.subject: (caution.weight, str(caution.sentence)) for caution in found}


def test_what_deserves_a_look_is_a_note():
    check = {"name": "spread by <b>x</b>", "verdict": "look", "p": 0.03}
    weight, sentence = told({"checks": [check]})["worth a look"]
    assert weight == GREEN
    assert "<bdi>spread by &lt;b&gt;x&lt;/b&gt;</bdi>" in sentence
    assert "worth a look" not in told({"checks": [check | {"verdict": "fine"}]})


def test_collinearity_is_a_caution_where_it_is_high_and_nothing_where_it_is_not():
    def collinear(verdict):
        return told({"collinearity": {"check": {"verdict": verdict, "sentence": "x & z."}}}).get("collinearity")

    assert collinear("wrong") == (AMBER, "x &amp; z.")
    assert collinear("look")[0] == GREEN
    assert collinear("fine") is None
