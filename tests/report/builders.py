"""Finished studies for the tests: a table goes through the real rooms, nothing in them replaced but some drawings."""

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas
import pytest

from lmm import provenance
from lmm.clean import clean
from lmm.diagnose import diagnose, figure
from lmm.diagnose.drawing import Drawing
from lmm.infer.bootstrapparts import bootstrap_part, draws_of_parts
from lmm.infer.inference import inference
from lmm.report import index_entry, study_report
from lmm.report.case import Case
from lmm.select import decide
from lmm.select.crossvalidation.gathered import cross_validation
from lmm.select.crossvalidation.parts import cross_validation_part
from lmm.select.inclusionparts import inclusion_of_parts, inclusion_part, parts
from lmm.select.rungs import fit_rung, ladder
from lmm.select.sensitivity import sensitivity
from lmm.study import Study, load
from lmm.study.inference import parts as bootstrap_parts

DATA = Path(__file__).parents[1] / "reference" / "data"


@dataclass(frozen=True)
class Finished:
    """A study with everything its report is made of."""

    study: Study
    table: pandas.DataFrame
    audit: dict
    ladder: dict
    decision: dict
    inference: dict
    diagnosis: object
    crossvalidation: dict
    sensitivity: dict

    @property
    def case(self):
        names = ("study", "audit", "ladder", "decision", "inference", "crossvalidation", "sensitivity")
        results = {name: getattr(self, name) for name in names}
        return Case(fit=self.diagnosis.fit, findings=self.diagnosis.findings, **results)

    @cached_property
    def report(self):
        return self.written()

    def written(self):
        named = ("decision", "inference", "crossvalidation", "sensitivity")
        results = {f"{name}.json": json.dumps(getattr(self, name), ensure_ascii=False) for name in named}
        return report_of(self.case, self.diagnosis, {**results, "fit.json": self.diagnosis.fit.to_json()})

    def page(self):
        return self.report.page

    def entry(self):
        return index_entry(self.case)


def report_of(case, diagnosis, results=None):
    return study_report(case, diagnosis.figures, diagnosis.printed, results or {})


def page_of(case, diagnosis):
    """The page of a case that is told otherwise than it was found."""
    return report_of(case, diagnosis).page


def finish(raw, others=(), **block):
    """Take a raw table through the rooms up to the report; `others` are further tables by the name of their file."""
    with tempfile.TemporaryDirectory() as folder:
        for file, table in {"table.csv": raw, **dict(others)}.items():
            table.to_csv(Path(folder) / file, index=False)
        declared = load({"seed": 7, "studies": [{"name": "trial", "data": "table.csv"} | block]})[0]
        cleaned = clean(declared, Path(folder))
    head = provenance.stamp(declared, cleaned.audit["row_hash"])
    fitted = {**head, "rungs": [fit_rung(rung, cleaned.table, declared, cleaned.audit) for rung in ladder(declared)]}
    decision = decide(declared, fitted, cleaned.table, cleaned.audit)
    said = inference(declared, decision, cleaned.table, drawn_from(declared, decision, cleaned.table))
    diagnosis = diagnose(declared, decision, cleaned.table, cleaned.audit, said)
    validated = cross_validated(declared, decision, cleaned.audit, cleaned.table)
    drawn = frequencies(declared, decision, cleaned.table)
    checked = sensitivity(declared, decision, cleaned.table, validated, drawn)
    return Finished(declared, cleaned.table, cleaned.audit, fitted, decision, said, diagnosis, validated, checked)


@contextmanager
def undrawn():
    """Leave drawings blank, which take most of a study's time; figures keep their words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure, "render", lambda *_: Drawing('<svg viewBox="0 0 460 200"/>', b""))
        yield


def finish_undrawn(raw, others=(), **block):
    """As `finish`, with blank drawings: for tests of words."""
    with undrawn():
        return finish(raw, others, **block)


def drawn_from(study, decision, table):
    """The bootstrap's draws in one part; None where the study asks for none."""
    return draws_of_parts([bootstrap_part(study, decision, table, one) for one in bootstrap_parts(study)])


def cross_validated(study, decision, audit, table):
    """The cross-validation in one part."""
    return cross_validation(study, decision, audit, [cross_validation_part(study, decision, audit, table, "1-of-1")])


def frequencies(study, decision, table):
    """The inclusion frequencies in one part; None where nothing is selected."""
    return inclusion_of_parts(study, decision, [inclusion_part(study, decision, table, one) for one in parts(study)])


def sleep_table():
    return pandas.read_csv(DATA / "sleepstudy.csv")


@cache
def sleepstudy():
    """Longitudinal: 18 subjects, a slope that varies, three rows far out."""
    block = {"outcome": "Reaction", "unit": "ms", "fixed": "Days", "groups": ["Subject"], "time": "Days"}
    return finish(sleep_table(), **block, slopes={"Subject": "Days"}, title="Sleep", question="How much?")


@cache
def penicillin():
    """Crossed: 24 plates and 6 samples, no fixed effect, nothing to choose."""
    table = pandas.read_csv(DATA / "penicillin.csv")
    return finish(table, outcome="diameter", unit="mm", groups=["plate", "sample"])


@cache
def nested(seed=3):
    """Nested: 12 wards of 5 patients each with 4 rows and labels that start anew, a treatment without effect."""
    random = np.random.default_rng(seed)
    ward, patient = np.repeat(np.arange(12), 20), np.tile(np.repeat(np.arange(5), 4), 12)
    arm = np.where(ward % 2, "drug", "placebo")
    y = 10 + random.normal(0, 2, 12)[ward] + random.normal(0, 1, (12, 5))[ward, patient] + random.normal(0, 1, 240)
    table = pandas.DataFrame({"score": y, "arm": arm, "ward": ward, "patient": patient})
    table["ward"] = "w" + table["ward"].astype(str)
    table["patient"] = "p" + table["patient"].astype(str)
    return finish(table, outcome="score", fixed="arm", groups=["ward/patient"], levels={"arm": ["placebo", "drug"]})


@cache
def without_variance():
    """Singular by design: the levels differ less than their errors allow for, so that their variance is 0."""
    y = np.tile([0.0, 3.0, 1.0, 2.0], 8) + np.linspace(0, 0.1, 32)
    table = pandas.DataFrame({"y": y, "g": np.repeat([f"g{k}" for k in range(8)], 4)})
    return finish(table, outcome="y", groups=["g"])


@cache
def messy():
    """A trial as it comes: wide, two centres, wards to join, codes, double entries, minors, outliers, dropout."""
    random = np.random.default_rng(5)
    weeks, patients = (0, 2, 4, 8, 12), 90
    arm = random.choice(["1", "2"], patients)
    level, slope = random.normal(0, 8, patients), random.normal(0, 0.6, patients)
    table = pandas.DataFrame({"Patient": [f"p{k:03d}" for k in range(patients)], "Arm": arm})
    table["Ward"], table["age"] = random.integers(1, 9, patients), random.integers(12, 80, patients)
    stays = np.ones(patients, dtype=bool)
    for week in weeks:
        pressure = 140 + level + (slope - 0.8 * (arm == "2")) * week + random.normal(0, 5, patients)
        stays &= random.uniform(size=patients) > (week > 0) * np.where(arm == "1", 0.13, 0.04)
        seen = stays & (random.uniform(size=patients) > 0.04)
        table[f"sbp_w{week}"] = np.where(seen, pressure.round(1), -99)
    table.loc[7, "sbp_w4"], table.loc[33, "sbp_w8"], table.loc[[12, 50], "age"] = 260, 61, -99
    table = pandas.concat([table, table.iloc[[4, 60]]])
    wards = pandas.DataFrame({"Ward": range(1, 8), "kind": ["surgical", "medical", "Medical", *["surgical"] * 4]})
    others = {"a.csv": table[:50], "b.csv": table[50:], "wards.csv": wards}
    block = {"data": ["a.csv", "b.csv"], "join": [{"data": "wards.csv", "on": ["Ward"]}], "outcome": "sbp"}
    block |= {"unit": "mmHg", "fixed": "week * arm + kind", "groups": ["ward", "patient"], "time": "week"}
    steps = [
        {"rename": {"Patient": "patient", "Ward": "ward", "Arm": "arm"}},
        {"deduplicate": {"by": "patient", "keep": "first"}},
        {"recode": {"arm": {"1": "placebo", "2": "drug"}}},
        {"missing": {"age": [-99]}},
        {"filter": {"keep": "age >= 18", "because": "minors were not eligible"}},
        {"wide": {"columns": "sbp_w{week}", "value": "sbp"}},
        {"missing": {"sbp": ["-99"]}},
        {"outliers": {"column": "sbp", "by": "week"}},
        {"check": {"sbp": {"minimum": 40, "maximum": 250, "otherwise": "missing"}}},
    ]
    levels = {"arm": ["placebo", "drug"]}
    return finish(table, others, **block, steps=steps, levels=levels, ladder={"draws": 99})


@cache
def selected():
    """Four predictors of which one matters, the fixed effects selected backward; one name is hostile."""
    random = np.random.default_rng(8)
    g = np.repeat(np.arange(24), 6)
    table = pandas.DataFrame(random.normal(size=(144, 4)), columns=["dose", "x<b>1</b>", "noise", "age"])
    table["y"] = 2 + table["dose"] + random.normal(0, 1, 24)[g] * (1 + 0 * g) + random.normal(0, 1, 144)
    table["y"] += random.normal(0, 0.6, 24)[g] * table["dose"]
    table["g"] = [f"g{k}" for k in g]
    asked = {"procedure": "backward", "criterion": "AICc", "protected": ["age"], "draws": 40}
    block = {"fixed": "dose + `x<b>1</b>` + noise + age", "groups": ["g"], "slopes": {"g": "dose"}}
    return finish(table, outcome="y", **block, ladder={"fixed_selection": asked, "draws": 0})


@cache
def confirmatory():
    """A hypothesis whose slope enters untested, a slope that is tested, a factor that is optional, one that stops.

    The slope of x differs between levels of g, that of z does not; levels of h are alike; each level of once has a row.
    """
    random = np.random.default_rng(21)
    g, h = np.repeat(np.arange(20), 12), np.tile(np.arange(12), 20)
    table = pandas.DataFrame({"x": random.normal(size=240), "z": random.normal(size=240)})
    table["y"] = table["x"] * (0.5 + random.normal(0, 0.8, 20)[g]) + random.normal(0, 1, 20)[g]
    table["y"] += random.normal(0, 1, 240)
    table["g"], table["h"], table["once"] = [[f"level {k}" for k in labels] for labels in (g, h, range(240))]
    block = {"fixed": "x + z", "hypotheses": ["x"], "groups": ["g", "h", "once"], "slopes": {"g": "x + z"}}
    return finish(table, outcome="y", **block, ladder={"optional": ["h"], "draws": 0})


HOSTILE = '<script>alert(1)</script> שלום 😀 & "q"'
HOSTILE_LEVEL = "</svg><img src=//evil.example/x onerror=alert(2)>{{ 7*7 }}"


@cache
def hostile():
    """Markup, right-to-left text, emoji, a control character and 300 letters, wherever a user can put them."""
    table = sleep_table()[["Reaction", "Days", "Subject"]]
    table["Subject"] = HOSTILE_LEVEL + table["Subject"].astype(str)
    outcome, group = "$y_1$ \\frac{{7*7}}", "g<b>" + "x" * 300
    table.columns = [outcome, HOSTILE, group]
    words = {"title": "<h1>T</title>\x07", "question": "<img src=//evil.example/q>", "unit": "<i>ms</i>"}
    slope = f"`{HOSTILE}`"
    return finish(table, outcome=outcome, fixed=slope, groups=[group], slopes={group: slope}, time=HOSTILE, **words)


@cache
def hostile_trial():
    """The same in arms, codes, reasons, recodings and names of files, with missing values, dropout and outliers."""
    table = sleep_table()[["Reaction", "Days", "Subject"]]
    table["arm"] = np.where(table["Subject"] % 2, "a", "b")
    table.loc[(table["Subject"] < 333) & (table["Days"] > 6), "Reaction"] = np.nan
    table.loc[[3, 50], "Reaction"] = [4000, -99]
    table["Subject"] = HOSTILE_LEVEL + table["Subject"].astype(str)
    table.columns = ["y<b>1</b>", HOSTILE, "g<img src=x onerror=y>", "arm<script>"]
    outcome, time, group, arm = table.columns
    others = {"w<b>.csv": pandas.DataFrame({group: ["other"], "size": [1]})}
    block = {"join": [{"data": "w<b>.csv", "on": [group]}], "outcome": outcome, "time": time, "groups": [group]}
    steps = [
        {"recode": {arm: {"a": HOSTILE_LEVEL, "b": HOSTILE}}},
        {"missing": {outcome: [-99, "<b>none</b>"]}},
        {"filter": {"keep": "1 == 1", "because": HOSTILE}},
        {"outliers": {"column": outcome, "by": arm}},
        {"check": {outcome: {"minimum": 0, "maximum": 5000}}},
    ]
    return finish(table, others, **block, fixed=f"`{time}` + `{arm}`", steps=steps)
