"""What is said of influence: held to fits without the group, to data in which one group carries the answer."""

import json

import numpy as np
import pandas
import pytest

import lmm
from lmm.diagnose import influence_groups, influence_rows, style
from lmm.diagnose.evidence import Evidence
from lmm.diagnose.figure import DiagnosticFigure, OmittedFigure
from lmm.diagnose.influence import concerns, findings, influence_of
from lmm.study import Study
from tests.report import builders


def looked_at(table, formula, **block):
    declared = Study(name="t", data="t.csv", outcome="y", groups=["g"], seed=1, **block)
    evidence = Evidence.of(declared, lmm.fit(formula, table), table)
    return evidence, influence_of(evidence, {"degrees_of_freedom": "kenward-roger"})


def drawn(evidence, influence):
    with style.applied():
        found = [*influence_groups.of_groups(evidence, influence), influence_rows.of_rows(evidence, influence)]
    return {figure.name: figure for figure in found}


def table_of(odd=0.0, seed=3):
    """Ten groups of eight rows without an effect of x, but for group g9, where it is `odd`."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(10), 8)
    x = rng.normal(size=80) * np.where(group == 9, 3.0 if odd else 1.0, 1.0)
    y = odd * x * (group == 9) + rng.normal(size=10)[group] + rng.normal(size=80)
    labels = [f"g{code}" for code in group]
    return pandas.DataFrame({"y": y, "x": x, "g": labels}, index=pandas.RangeIndex(2, 82, name="line"))


def test_influence_of_sleepstudy():
    # lme4: influence(fm1, "Subject"); the largest cooks.distance() is that of 309, the largest change of Days of 335.
    found = builders.sleepstudy().diagnosis.findings
    (group,) = found["influence"]["groups"]
    assert group["group"] == "Subject" and group["levels"] == group["refitted"] == 18
    assert group["largest"][0]["level"] == "309"
    assert group["largest"][0]["cooks"] == pytest.approx(0.1485, abs=1e-3)
    assert group["stable"] and "No single level of Subject, left out, changes the sign" in group["sentence"]
    figures = {figure["name"]: figure for figure in found["figures"]}
    assert "largest for Subject 309 (0.15)" in figures["influence-1"]["seen"]
    table = builders.sleep_table().astype({"Subject": str})
    without = lmm.fit("Reaction ~ Days + (Days | Subject)", table[table.Subject != "335"])
    assert f"rises from 10.47 to {without.beta[1]:.2f} (ms) without 335" in figures["influence-coefficients-1"]["seen"]
    assert figures["influence-1"]["concern"] == figures["influence-rows"]["concern"] == ""
    without = lmm.fit("Reaction ~ Days + (Days | Subject)", table[table.Subject != "332"])
    assert f"falls from 25.6 to {without.sigma:.1f}" in figures["influence-1"]["seen"]


def test_a_group_that_carries_the_answer_is_a_concern():
    table = table_of(odd=1.5)
    evidence, influence = looked_at(table, "y ~ x + (1 | g)", fixed="x")
    figure = drawn(evidence, influence)["influence-1"]
    without = lmm.fit("y ~ x + (1 | g)", table[table.g != "g9"])

    def number(fit):
        return f"{fit.beta[1]:.2f}".replace("-", "−")

    assert f"Without g g9 the coefficient of x falls from {number(evidence.fit)} to {number(without)}" in (
        figure.concern
    )
    assert "across α = .05" in figure.concern and "with and without them" in figure.do
    (group,) = findings(evidence, influence)["groups"]
    assert not group["stable"]
    assert [one["level"] for one in group["verdicts"][0]["turned_without"]] == ["g9"]


def test_data_without_an_odd_group_are_no_concern():
    found = []
    for seed in range(20, 30):
        evidence, influence = looked_at(table_of(seed=seed).assign(y=lambda t: t.y + t.x), "y ~ x + (1 | g)", fixed="x")
        found += concerns(evidence, influence.factors[0], influence.alpha)
    assert len(found) <= 1


def test_a_coefficient_that_rests_on_one_group_is_a_concern():
    table = table_of().assign(arm=lambda t: np.where(t.g == "g3", "b", "a"))
    evidence, influence = looked_at(table, "y ~ arm + (1 | g)", fixed="arm")
    figure = drawn(evidence, influence)["influence-1"]
    assert "cannot be estimated without g g3: fixed effects not all estimable" in figure.concern
    (group,) = findings(evidence, influence)["groups"]
    assert group["failures"] == {"g3": "fixed effects not all estimable"}
    json.dumps(findings(evidence, influence), allow_nan=False)


def test_a_row_far_out_with_leverage_is_named():
    table = table_of()
    table.loc[40, ["x", "y"]] = 12.0, -40.0
    evidence, influence = looked_at(table, "y ~ x + (1 | g)", fixed="x")
    figure = drawn(evidence, influence)["influence-rows"]
    assert figure.seen.startswith("Cook’s distance is largest for line 40 ")
    assert "A single row (line 40) moves a fixed effect by" in figure.concern
    assert findings(evidence, influence)["rows"]["largest"][0]["line"] == 40


def test_one_coefficient_needs_no_figure_of_its_own():
    found = builders.penicillin().diagnosis.findings
    names = [figure["name"] for figure in found["figures"]]
    assert {"influence-1", "influence-2", "influence-rows"} <= set(names)
    assert not any(name.startswith("influence-coefficients") for name in names)


def test_a_model_without_random_effects_has_rows_alone():
    evidence, influence = looked_at(table_of(), "y ~ x", fixed="x")
    assert list(drawn(evidence, influence)) == ["influence-rows"]
    assert findings(evidence, influence)["groups"] == []


def test_a_factor_that_is_too_dear_is_omitted_with_the_reason(monkeypatch):
    monkeypatch.setattr("lmm.diagnose.influence.group_influence", lambda fit, group: "It would take too long.")
    evidence, influence = looked_at(table_of(), "y ~ x + (1 | g)", fixed="x")
    figures = drawn(evidence, influence)
    assert isinstance(figures["influence-1"], OmittedFigure)
    assert isinstance(figures["influence-rows"], DiagnosticFigure)
    (group,) = findings(evidence, influence)["groups"]
    assert group["reason"] == "It would take too long."


def test_hostile_labels_stay_text():
    table = table_of(odd=1.5).assign(g=lambda t: t.g.replace("g9", "<script>alert(1)</script> & \u202e𝛼"))
    evidence, influence = looked_at(table, "y ~ x + (1 | g)", fixed="x")
    assert "<script>" not in drawn(evidence, influence)["influence-1"].drawing
