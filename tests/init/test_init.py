"""The config guessed for a table: accepted as it is, with the right structure, its evidence told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from lmm import InputError, study
from lmm.__main__ import main
from lmm.check import check
from lmm.clean import clean
from lmm.init import init
from lmm.select.rungs import fit_rung, ladder

TABLES = sorted((Path(__file__).parents[1] / "reference/data").glob("*.csv*"))
FOLDER = TABLES[0].parent


def block(path):
    """Return the one study of the config that is written for a table."""
    (found,) = yaml.safe_load(init(path))["studies"]
    return found


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_check_accepts_the_config_of_every_reference_table(path, tmp_path):
    (tmp_path / "config.yaml").write_text(init(path), encoding="utf-8")
    assert f"study {path.name.split('.')[0]}\n" in check(tmp_path / "config.yaml", Path())


@pytest.mark.parametrize(
    ("name", "groups", "structure"),
    [
        ("sleepstudy.csv", ["Subject"], {}),
        # Bates et al. (2015): strength ~ 1 + (1 | batch/cask); the column sample names the cask of a batch
        ("pastes.csv", ["sample", "batch"], {"sample": {"nested_in": "batch"}}),
        ("penicillin.csv", ["plate", "sample"], {"plate": {"crossed_with": "sample"}}),
        ("egsingle.csv.gz", ["childid", "schoolid"], {"childid": {"nested_in": "schoolid"}}),
        # Pinheiro & Bates (2000), pages 21 to 52: Worker/Machine, Block/Variety, Dog/Side
        ("machines.csv", ["Worker/Machine"], {}),
        ("oats.csv", ["Block/Variety"], {}),
        ("pixel_odd.csv", ["Dog/Side"], {}),
        ("insteval.csv.gz", ["s", "d", "dept"], {"s": {"crossed_with": "d"}}),
        ("chem97.csv.gz", ["school", "lea"], {"school": {"nested_in": "lea"}}),
    ],
)
def test_the_grouping_structure_is_that_of_the_literature(name, groups, structure):
    found = block(FOLDER / name)
    assert found["groups"] == groups
    assert structure.items() <= found.get("structure", {}).items()


@pytest.mark.parametrize(
    ("name", "outcome", "time"),
    [
        ("sleepstudy.csv", "Reaction", "Days"),
        ("egsingle.csv.gz", "math", "year"),
        ("orthodont.csv", "distance", "age"),
        ("pixel_odd.csv", "pixel", "day"),
        ("oats.csv", "yield", None),
        ("hsb82.csv.gz", "mAch", None),
        ("insteval.csv.gz", "y", None),
        ("pastes.csv", "strength", None),
    ],
)
def test_outcome_and_time(name, outcome, time):
    found = block(FOLDER / name)
    assert (found["outcome"], found.get("time")) == (outcome, time)


@pytest.mark.parametrize("name", ["sleepstudy.csv", "pastes.csv", "machines.csv", "petrol.csv"])
def test_every_candidate_of_the_config_can_be_fitted(name):
    (declared,) = study.load(yaml.safe_load(init(FOLDER / name)))
    table = clean(declared, Path()).table
    for rung in ladder(declared):
        assert fit_rung(rung, table)["failure"] is None, rung.formula


def test_the_evidence_stands_above_each_guess():
    text = init(FOLDER / "sleepstudy.csv")
    assert "    # Subject: 18 levels of 10 to 10 rows, and a name for units.\n    groups: [Subject]\n" in text
    assert "    # Not used: w; it may be a weight or an offset; for weights, write weights: w.\n" in text + "\n"
    assert max(map(len, text.splitlines())) <= 120


def written(folder, **columns):
    path = folder / "my table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_running_labels_in_each_class_are_written_as_nested(tmp_path):
    rows = [(c, p, t) for c, size in enumerate((9, 12, 10, 11, 9, 12, 8, 10)) for p in range(size) for t in range(3)]
    klass, pupil, wave = map(np.array, zip(*rows, strict=True))
    score = np.random.default_rng(1).normal(size=len(rows))
    found = block(written(tmp_path, score=score, school=klass + 100, pupil=pupil + 1, wave=wave))
    assert found["groups"] == ["school/pupil"]
    assert (found["time"], found["slopes"]) == ("wave", {"school": "wave"})


def test_columns_named_beyond_the_plain_are_quoted(tmp_path):
    subject = np.repeat(np.arange(8), 5)
    score = np.random.default_rng(2).normal(size=40)
    path = written(tmp_path, **{"my score": score, "no": subject, "day: one": np.tile(np.arange(5), 8), "on": score**2})
    text = init(path)
    (tmp_path / "c.yaml").write_text(text)
    found = yaml.safe_load(text)["studies"][0]
    assert (found["name"], found["outcome"], found["groups"]) == ("my_table", "my score", ["no"])
    assert found["time"] == "day: one"
    assert "ladder: 5 models" in check(tmp_path / "c.yaml", Path())


def patients(**changes):
    """Return columns of 20 patients seen on 5 days, the reaction time falling from day to day."""
    patient, day = np.repeat(np.arange(20), 5), np.tile(np.arange(5), 20)
    rng = np.random.default_rng(8)
    reaction = (250 - 10 * day + rng.normal(0, 20, 20)[patient] + rng.normal(0, 5, 100)).round(1)
    names = np.array([f"P{number:02d}" for number in patient])
    return {"patient": names, "day": day, "reaction": reaction, "arm": np.where(patient % 2, "a", "b")} | changes


def config_that_runs(folder, path):
    """Return the one study of the config that is written for a table, once check has accepted it."""
    (folder / "c.yaml").write_text(init(path), encoding="utf-8")
    check(folder / "c.yaml", folder)
    return block(path)


@pytest.mark.parametrize("code", [-99, 9999, "n/a"])
def test_codes_among_the_outcomes_are_set_missing(tmp_path, code):
    columns = patients()
    columns["reaction"] = columns["reaction"].astype(object)
    columns["reaction"][[3, 17]] = code
    found = config_that_runs(tmp_path, written(tmp_path, **columns))
    assert found["outcome"] == "reaction"
    assert found["steps"] == [{"missing": {"reaction": [code]}}]


def test_negative_numbers_among_others_are_no_codes(tmp_path):
    columns = patients()
    columns["reaction"] = columns["reaction"] - 250
    columns["reaction"][3] = -99
    assert "steps" not in config_that_runs(tmp_path, written(tmp_path, **columns))


@pytest.mark.parametrize(("form", "said"), [("%Y-%m-%d", {}), ("%d.%m.%Y", {"format": "%d.%m.%Y"})])
def test_dates_become_a_time(tmp_path, form, said):
    columns = patients()
    days = pd.to_datetime("2026-03-10") + pd.to_timedelta(columns.pop("day"), unit="D")
    found = config_that_runs(tmp_path, written(tmp_path, **columns, visit=days.strftime(form)))
    assert found["steps"] == [{"elapsed": {"date": "visit", "by": "patient", "name": "visit_days"} | said}]
    assert (found["time"], found["slopes"]) == ("visit_days", {"patient": "visit_days"})


def test_dates_with_day_and_month_in_doubt_are_left_out(tmp_path):
    columns = patients()
    days = pd.to_datetime("2026-03-01") + pd.to_timedelta(columns.pop("day"), unit="D")
    path = written(tmp_path, **columns, visit=days.strftime("%d/%m/%Y"))
    assert "steps" not in config_that_runs(tmp_path, path)
    assert "# Not used: visit; it holds dates with day and month in doubt" in init(path)


@pytest.mark.parametrize(
    ("names", "step", "time"),
    [
        (["rt_d{}"], {"columns": "rt_d{occasion}", "value": "rt"}, "occasion"),
        (["Week {}"], {"columns": "Week {week}", "value": "value"}, "week"),
        (["rt day{}", "mood day{}"], {"columns": ["rt day{day}", "mood day{day}"], "value": ["rt", "mood"]}, "day"),
    ],
)
def test_a_wide_table_is_made_long(tmp_path, names, step, time):
    columns = pd.DataFrame(patients())
    wide = columns.pivot(index=["patient", "arm"], columns="day", values="reaction")
    parts = [wide.set_axis([name.format(day) for day in wide], axis=1) + i for i, name in enumerate(names)]
    path = tmp_path / "wide.csv"
    pd.concat(parts, axis=1).reset_index().to_csv(path, index=False, sep=";", decimal=",")
    found = config_that_runs(tmp_path, path)
    assert found["steps"] == [{"wide": step}]
    assert (found["groups"], found["time"], found["slopes"]) == (["patient"], time, {"patient": time})


def test_units_that_hold_others_are_the_outer_ones(tmp_path):
    columns = patients(patient=np.repeat(np.arange(20) % 5 + 1, 5), clinic=np.repeat(np.arange(20) // 5 + 1, 5))
    assert config_that_runs(tmp_path, written(tmp_path, **columns))["groups"] == ["clinic/patient"]


def test_repeated_times_are_no_time(tmp_path):
    subject = np.repeat(np.arange(8), 6)
    score = np.random.default_rng(3).normal(size=48)
    found = block(written(tmp_path, score=score, subject=subject, day=np.tile([0, 0, 1, 1, 2, 2], 8)))
    assert "time" not in found
    assert found["fixed"] == "day"


def test_columns_that_can_play_no_role_are_told(tmp_path):
    rng = np.random.default_rng(4)
    found = init(
        written(
            tmp_path,
            row=np.arange(1, 41),
            score=rng.normal(size=40),
            subject=np.repeat(np.arange(8), 5),
            rate=np.where(np.arange(40) == 3, np.inf, rng.normal(size=40)),
            country="Norway",
            income=np.where(np.arange(40) % 2, rng.normal(size=40), np.nan),
        )
    )
    assert "# Not used: row; it numbers the rows." in found
    assert "# Not used: rate; it is infinite in some rows" in found
    assert "# Not used: country; it has the same value in every row." in found
    assert "# Not used: income; it is missing in 20 of 40 rows" in found
    assert yaml.safe_load(found)["studies"][0]["fixed"] == "1"


def test_numbers_that_are_labels_are_read_as_categories(tmp_path):
    score, subject = np.random.default_rng(6).normal(size=40), np.repeat(np.arange(8), 5)
    room = np.array(["1", "2", "3b"])[np.arange(40) % 3]
    path = written(tmp_path, score=score, subject=subject, diet=1 + subject % 3, room=room)
    assert block(path)["categorical"] == ["room", "diet"]
    (tmp_path / "c.yaml").write_text(init(path))
    assert "score ~ room + diet + (1 | subject)" in check(tmp_path / "c.yaml", Path())


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"a": list("xxyyzz"), "b": list("uvuvuv")}, "has no numeric column that could be the outcome"),
        ({"y": [1.5, 2.5, 3.1, 4.7], "x": [0.1, 0.2, 0.3, 0.4]}, "has no column that looks like a grouping factor"),
        ({"y": [1.0, 1.0]}, "has no numeric column that could be the outcome"),
    ],
)
def test_a_table_without_outcome_or_groups_gives_a_sentence(tmp_path, columns, sentence):
    with pytest.raises(InputError, match=sentence):
        init(written(tmp_path, **columns))


def test_the_command_writes_to_standard_output(capsys):
    assert main(["init", str(FOLDER / "rail.csv")]) == 0
    assert "groups: [Rail]" in capsys.readouterr().out
    assert main(["init", str(FOLDER / "rial.csv")]) == 2
    assert "does not exist; did you mean 'rail.csv'?" in capsys.readouterr().err


def test_a_growth_curve_is_offered_where_there_is_a_time():
    offered = " ".join(init(FOLDER / "orthodont.csv").replace("# ", "").split())
    assert "take age out of fixed and slopes and write growth: {time: age, shape: polynomial}; see docs" in offered
    taken = block(FOLDER / "orthodont.csv") | {"fixed": "Sex", "growth": {"time": "age", "shape": "polynomial"}}
    (curved,) = study.load({"studies": [{key: value for key, value in taken.items() if key != "slopes"}]})
    assert curved.fixed == "Sex + age + I(age^2)"
    assert "growth:" not in init(FOLDER / "penicillin.csv")
