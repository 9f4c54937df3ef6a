"""Figures of what came before any model: rows lost, values missing, subjects gone, levels within levels, flags."""

import re

import numpy as np
import pandas
import pytest

from lmm.diagnose import dropout, level_diagram, missing_values, row_flow, style
from lmm.diagnose.flagged import flagged_rows, flagged_values
from lmm.diagnose.section import DATA, MODEL
from lmm.diagnose.steps_taken import steps_taken
from tests.report import builders


def words(finished, name):
    return next(figure for figure in finished.diagnosis.findings["figures"] if figure["name"] == name)


@pytest.fixture(scope="module")
def messy():
    return builders.messy()


def test_figures_of_the_data_come_first_and_only_where_there_is_something_to_show(messy):
    shown = [(figure["name"], figure["section"]) for figure in messy.diagnosis.findings["figures"]]
    data = ["row-flow", "missing-values", "dropout", "level-diagram"]
    assert shown[:4] == [(name, DATA) for name in data]
    assert {section for _, section in shown[4:]} == {MODEL}
    plain = [figure["name"] for figure in builders.sleepstudy().diagnosis.findings["figures"]]
    assert [name for name in plain if name in data] == ["level-diagram"]


def test_steps_stand_beside_what_the_study_declared(messy):
    steps = steps_taken(messy.study, messy.audit)
    declared = [step.settings for step in steps if step.settings is not None]
    assert declared == [*messy.study.join, *(step.settings for step in messy.study.steps)]
    lost = {step.label: step.lost for step in steps if step.lost}
    assert lost["read b.csv"] == -42
    assert lost["repeated rows"] == 2
    adults = 90 - lost["minors were not eligible"]
    assert lost["wide to long"] == -4 * adults
    assert [step.label for step in steps if step.is_loss_by_missing] == ["no sbp", "no kind"]


def test_the_row_flow_adds_up(messy):
    seen = words(messy, "row-flow")["seen"]
    steps = steps_taken(messy.study, messy.audit)
    lost = {step.label: step.lost for step in steps}
    came_in = -lost["wide to long"]
    left_out = 92 + came_in - len(messy.table)
    assert f"92 rows were read and {len(messy.table)} are analysed." in seen
    assert f"Rows came in with “wide to long” (+{came_in})." in seen
    assert f"{left_out} rows were left out:" in seen
    # rows of before and after the reshaping cannot be added up to a share
    assert "%" not in seen
    assert f"−{lost['minors were not eligible']}<" in messy.diagnosis.figures["row-flow"]


def test_a_share_of_rows_lost_is_told_where_no_rows_came_in():
    table = builders.sleep_table()
    table.loc[[3, 50, 90], "Days"] = np.nan
    finished = builders.finish_undrawn(table, outcome="Reaction", fixed="Days", groups=["Subject"])
    seen = words(finished, "row-flow")["seen"]
    assert seen == "180 rows were read and 177 are analysed. 3 rows (2%) were left out: “no Days” (3)."


def test_many_losses_are_told_in_part():
    table = builders.sleep_table()
    columns = [f"x{k}" for k in range(20)]
    random = np.random.default_rng(1)
    table = table.assign(**{column: random.normal(size=180) for column in columns})
    for k, column in enumerate(columns):
        table.loc[[5 * k], column] = np.nan
    finished = builders.finish_undrawn(table, outcome="Reaction", fixed=" + ".join(columns), groups=["Subject"])
    seen = words(finished, "row-flow")["seen"]
    assert "20 rows (11%) were left out" in seen and "and 16 further steps." in seen
    assert seen.endswith("The 14 largest changes are drawn.")


def test_missing_values_by_time_and_arm_are_those_of_the_table(messy):
    seen = words(messy, "missing-values")["seen"]
    counts = pandas.DataFrame(messy.audit["missing_by_time"]["counts"]).query("variable == 'sbp'")
    overall = counts[counts.arm.isna()].set_index("time")
    share = 100 * overall.missing / overall.rows
    assert (
        f"sbp is missing in {100 * overall.missing.sum() / overall.rows.sum():.0f}% of {overall.rows.sum()} rows, from "
        f"{share.min():.0f}% at week {share.idxmin():g} to {share.max():.0f}% at {share.idxmax():g}." in seen
    )
    by_arm = counts[counts.arm == "arm"].groupby("level")[["missing", "rows"]].sum()
    placebo, drug = (100 * by_arm.missing[level] / by_arm.rows[level] for level in ("placebo", "drug"))
    assert f"By arm it is {placebo:.0f}% for placebo and {drug:.0f}% for drug." in seen
    assert placebo > drug


def test_the_darkest_cell_is_the_one_with_most_missing(messy):
    drawing = messy.diagnosis.figures["missing-values"]
    counts = pandas.DataFrame(messy.audit["missing_by_time"]["counts"])
    shown = [max(float(found) for found in re.findall(r"opacity:([\d.]+)", drawing))]
    assert shown == [pytest.approx(0.4, abs=0.01)]
    top = 100 * (counts.missing / counts.rows).max()
    assert f"darkest: {top:.0f} %" in drawing
    cells = drawing.count("opacity:")
    assert cells >= len(counts)


def test_dropout_by_arm(messy):
    found = messy.audit["missing_by_time"]
    seen = words(messy, "dropout")["seen"]
    pattern = found["dropout"]
    assert f"Of {pattern['subjects']} levels of patient, {pattern['complete']} (" in seen
    assert f"{pattern['dropped_out']} left before week 12 for good" in seen
    placebo, drug = (
        entry for level in ("placebo", "drug") for entry in found["dropout_by_arm"] if entry["level"] == level
    )
    for entry in (placebo, drug):
        share = f"{100 * entry['dropped_out'] / entry['subjects']:.0f}% of {entry['subjects']} for {entry['level']}"
        assert share in seen
    assert ">placebo (" in messy.diagnosis.figures["dropout"]


def test_the_curve_of_dropout_falls_from_all_who_were_ever_seen():
    lasts = [{"time": time, "subjects": number} for time, number in ((0.0, 1), (1.0, 2), (2.0, 5))]
    curve = dropout.still_seen({"last": lasts, "subjects": 10})
    # 2 of 10 were never seen; 8, 7 and 5 were seen then or later
    assert curve == pytest.approx([0.8, 0.7, 0.5])


def test_an_arm_of_many_levels_is_told_by_its_ends():
    lasts = [{"time": 0.0, "subjects": 5}, {"time": 1.0, "subjects": 5}]
    pattern = {
        "subject": "id",
        "subjects": 10,
        "complete": 5,
        "came_late": 0,
        "intermittent": 0,
        "never": 0,
        "last": lasts,
    }
    levels = [pattern | {"arm": "site", "level": f"s{k}", "dropped_out": k} for k in (3, 1, 5, 2, 4)]
    audit = {"missing_by_time": {"dropout": pattern | {"dropped_out": 5}, "dropout_by_arm": levels}}
    with style.applied():
        (figure,) = dropout.dropout(audit, "t")
    assert figure.seen.endswith("By site, from 10% of 10 for s1 to 50% of 10 for s5 left for good.")
    assert figure.drawing.count("(10)") == 2


def test_nothing_is_drawn_where_nothing_is_missing():
    audit = builders.sleepstudy().audit
    assert missing_values.missing_values(audit, "Days") == []
    assert dropout.dropout(audit, "Days") == []
    assert row_flow.row_flow(builders.sleepstudy().study, audit) == []


def test_times_that_are_no_occasions_have_no_picture():
    audit = {**builders.messy().audit, "missing_by_time": None}
    assert missing_values.missing_values(audit, "week") == dropout.dropout(audit, "week") == []


def test_levels_of_a_nested_study():
    figure = words(builders.nested(), "level-diagram")
    assert "ward has 12 levels with 20 rows each. ward:patient has 60 levels with 4 rows each." in figure["seen"]
    assert "Each level of ward holds 5 levels of ward:patient." in figure["seen"]
    assert "ward:patient is nested in ward." in figure["alt"]
    assert ">5 each</" in builders.nested().diagnosis.figures["level-diagram"]


def test_levels_of_a_crossed_study():
    assert "plate and sample are crossed." in words(builders.penicillin(), "level-diagram")["alt"]
    assert ">crossed</" in builders.penicillin().diagnosis.figures["level-diagram"]


def test_a_factor_lies_directly_within_the_nearest_one_only():
    pairs = [("school", "class"), ("school", "pupil"), ("class", "pupil")]
    structure = [{"first": outer, "second": inner, "relation": "nested"} for outer, inner in pairs]
    structure.append({"first": "pupil", "second": "rater", "relation": "crossed"})
    found = level_diagram.nesting(structure, ["pupil", "class", "school", "rater"])
    assert found == {"pupil": ["class"], "class": ["school"], "school": [], "rater": []}


def reused(groups):
    random = np.random.default_rng(2)
    table = pandas.DataFrame({"batch": np.repeat(list("ABCDEFGHIJ"), 6), "cask": list("aabbcc") * 10})
    return builders.finish(table.assign(y=random.normal(size=60)), outcome="y", groups=groups, ladder={"draws": 99})


def test_labels_that_may_be_reused_are_asked_about_unless_told_apart_already():
    asked = reused(["batch", "cask"])
    assert "write batch/cask under groups" in words(asked, "level-diagram")["do"]
    assert ">crossed?</" in asked.diagnosis.figures["level-diagram"]
    assert [w["subject"] for w in asked.decision["final"]["warnings"]].count("reused labels") == 1
    told = reused(["batch", "cask", "batch:cask"])
    assert "write batch/cask" not in words(told, "level-diagram")["do"]
    assert "reused labels" not in [warning["subject"] for warning in told.decision["final"]["warnings"]]


def test_flagged_values_are_found_in_the_analysis_table_by_line_and_value(messy):
    found = {value.value: value for value in flagged_values(messy.study, messy.audit)}
    assert {260.0, 61.0} <= set(found)
    # line 1 of the file has the names of the columns
    assert (found[61.0].line, found[61.0].kept, found[61.0].by) == ("a.csv:35", True, "week")
    marked = messy.table[flagged_rows(messy.study, messy.audit, messy.table)]
    # 260 was set missing by the check that follows
    assert set(marked["sbp"]) == set(found) - {260.0}
    assert marked["week"][marked["sbp"] == 61.0].tolist() == [8.0]


def test_flagged_rows_are_ringed_and_told(messy):
    number = int(flagged_rows(messy.study, messy.audit, messy.table).sum())
    for name in ("raw-lines", "residuals-fitted"):
        assert f"Rings mark {number} rows flagged before any model." in words(messy, name)["seen"]
        assert "flagged" in messy.diagnosis.figures[name]
        assert "flagged" not in builders.sleepstudy().diagnosis.figures[name]


def test_rows_of_a_reshaped_line_are_told_apart_by_their_time(messy):
    assert "at line a.csv:35, week 8;" in words(messy, "residuals-fitted")["seen"]


def test_many_strips_fall_back_to_those_over_all_rows():
    arms = [f"arm {k}" for k in range(11)]
    counts = [
        {"variable": variable, "time": float(time), "arm": arm, "level": level, "rows": 10, "missing": time}
        for variable in "abc"
        for arm, level in [(None, None), *(("arm", level) for level in arms)]
        for time in range(3)
    ]
    with style.applied():
        (figure,) = missing_values.missing_values({"missing_by_time": {"counts": counts}}, "t")
    assert "Strips by arm are too many to draw; 3 strips over all rows are drawn." in figure.seen
    assert "by arm" not in figure.title
