"""The plan of a run without fitting, and every mistake of config and data in one list."""

from pathlib import Path

import pytest
import yaml

from lmm.__main__ import main

ROOT = Path(__file__).parents[1]
BLOCK = {"name": "mine", "data": "t.csv", "outcome": "y", "fixed": "x", "groups": ["g"]}
TABLE = "y,x,g\n" + "\n".join(f"{i * 7 % 5},{i % 3},{'abcd'[i // 3]}" for i in range(12)) + "\n5,,a\n"


def checked(folder, capsys, *blocks, table=TABLE, **top):
    """Return exit status, output and errors of `python -m lmm check` in a folder."""
    (folder / "t.csv").write_text(table, encoding="utf-8")
    (folder / "mine.yaml").write_text(yaml.safe_dump(top | {"studies": list(blocks)}), encoding="utf-8")
    status = main(["check", str(folder / "mine.yaml"), "--directory", str(folder)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_plan_tells_rows_levels_models_and_jobs(tmp_path, capsys):
    status, out, err = checked(tmp_path, capsys, BLOCK | {"slopes": {"g": "x"}, "time": "x"})
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "study mine",
        "  rows: 13 read, 12 analysed",
        "    13 rows were read from t.csv.",
        "    1 row without a value of x was left out.",
        "  g: 4 levels of 3 to 3 rows, median 3",
        "  x takes 3 values from 0 to 2, equally spaced by 1; every one of the 4 levels of g is seen at each of them "
        "(balanced).",
        "  x varies within g",
        "  ladder: 5 models",
        "    null: y ~ 1",
        "    fixed: y ~ x",
        "    g.intercept: y ~ x + (1 | g)",
        "    g.uncorrelated: y ~ x + (x || g)",
        "    g.slope: y ~ x + (x | g)",
        "  cross-validation: 5 models in 4 folds of new groups (g) and 10 folds of known groups (g): 14 × 5 = 70 fits, "
        "and the ladder climbed 14 times",
        "  9 jobs: clean, fit, select, cross_validate 1-of-1, gather_cross_validation, sensitivity, infer, diagnose, "
        "report",
        "",
        "10 jobs in all, the index of the reports among them.",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "t.csv"]


def test_what_cleaning_warns_of_is_told(tmp_path, capsys):
    step = {"recode": {"g": {"a": "A ", "bb": "b"}}}
    join = {"data": "u.csv", "on": ["g"]}
    (tmp_path / "u.csv").write_text("g,u\na,1\nb,2\n")
    status, out, _ = checked(tmp_path, capsys, BLOCK | {"steps": [step, {"recode": {"g": {"b": "a"}}}], "join": [join]})
    assert status == 0
    assert "u.csv was joined on g: 6 rows had no match (g c, g d)." in out
    assert "4 values of g (none is 'bb') were recoded." in out
    assert (
        "labels that differ only by case or by spaces at their ends, and they count as different levels: 'A ' and 'a'"
        in out
    )


def test_a_selection_of_fixed_effects_is_announced_with_its_jobs(tmp_path, capsys):
    asked = {"fixed_selection": {"procedure": "allsubsets", "jobs": 3}}
    _, out, _ = checked(tmp_path, capsys, BLOCK | {"fixed": "x + I(x^2)", "ladder": asked, "hypotheses": ["x"]})
    sentence = (
        "Selection among all subsets by AICc at the chosen random part, of 1 term that may move: 2 means; x stays."
    )
    assert f"  fixed effects: {sentence}\n" in out
    assert "gather_cross_validation, inclusion_part (3 parts), sensitivity" in out


def test_a_selection_that_cannot_be_made_is_refused_with_the_other_mistakes(tmp_path, capsys):
    many = {"fixed": "x + I(x^2)", "ladder": {"fixed_selection": {"procedure": "allsubsets", "most": 2}}}
    status, out, err = checked(
        tmp_path, capsys, BLOCK | {"name": "a", "hypotheses": ["z"]}, BLOCK | {"name": "b"} | many
    )
    assert (status, out) == (2, "")
    first, second = err.splitlines()
    assert first == "study a, key hypotheses: The fixed part 'x' has no term z that could stay: name x."
    assert second.startswith("study b, key ladder.fixed_selection.most: All subsets of the 2 terms that may move in ")


def test_a_job_for_each_rung_is_counted(tmp_path, capsys):
    _, out, _ = checked(tmp_path, capsys, BLOCK | {"slopes": {"g": "x"}, "split": "rung"})
    chosen = "select, cross_validate, gather_cross_validation, sensitivity"
    assert f"  14 jobs: clean, fit (5 models), gather_rungs, {chosen}, infer, diagnose, report\n" in out


def test_the_jobs_of_the_bootstrap_are_counted(tmp_path, capsys):
    few, many = (
        {"inference": {"bootstrap": {"draws": 500, "jobs": jobs}}, "cross_validation": {"targets": []}}
        for jobs in (2, 20)
    )
    _, out, _ = checked(tmp_path, capsys, BLOCK | few)
    jobs = "clean, fit, select, gather_cross_validation, sensitivity, bootstrap_part (2 parts), infer, diagnose, report"
    assert f"  10 jobs: {jobs}\n" in out
    _, out, _ = checked(tmp_path, capsys, BLOCK | many)
    assert f"  28 jobs: {jobs.replace('(2 parts)', '(20 parts)')}\n" in out


def test_the_jobs_of_the_cross_validation_are_counted(tmp_path, capsys):
    _, out, _ = checked(tmp_path, capsys, BLOCK | {"cross_validation": {"jobs": 12, "climb": False}})
    assert "14 × 3 = 42 fits\n" in out
    assert "select, cross_validate (12 parts), gather_cross_validation," in out


def test_the_jobs_of_the_selection_of_fixed_effects_are_counted(tmp_path, capsys):
    selection = {"ladder": {"fixed_selection": {"procedure": "backward", "jobs": 3}}}
    _, out, _ = checked(tmp_path, capsys, BLOCK | selection)
    assert "gather_cross_validation, inclusion_part (3 parts), sensitivity," in out


def test_nesting_and_crossing_are_told(capsys):
    status = main(["check", str(ROOT / "config.yaml"), "--directory", str(ROOT)])
    out = capsys.readouterr().out
    assert status == 0
    assert "childid is nested in schoolid: each of the 1,721 levels of childid occurs in only one of the 60" in out
    assert "plate and sample are crossed: each of the 24 levels of plate occurs with each of the 6" in out


def test_mistakes_of_all_studies_come_in_one_list(tmp_path, capsys):
    status, out, err = checked(
        tmp_path,
        capsys,
        BLOCK | {"name": "a", "outcome": "Y1"},
        BLOCK | {"name": "b", "groups": ["x"], "fixed": "z"},
        BLOCK | {"name": "c", "groups": ["g", "x"], "structure": {"g": {"nested_in": "x"}}},
        BLOCK | {"name": "d"},
    )
    assert (status, out) == (2, "")
    lines = err.splitlines()
    assert [line.split(":")[0].split(",")[0] for line in lines] == ["study a", "study b", "study c"]
    assert "g is declared nested in x" in lines[2]


def test_mistakes_of_the_config_itself(tmp_path, capsys):
    status, _, err = checked(tmp_path, capsys, BLOCK | {"fxed": "x"}, BLOCK | {"name": "b", "groups": []})
    assert status == 2
    assert err.splitlines()[0] == "study mine: unknown key 'fxed'; did you mean 'fixed'?"
    assert err.splitlines()[1].startswith("study b, key groups: is empty")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"studies: [", "is not YAML in line 1, column 11"),
        (b"", "holds no keys"),
        (b"- a\n", "holds no keys"),
        (b"\xff\xfe\xfa", "is not UTF-8 text"),
        (None, "does not exist"),
    ],
)
def test_a_file_that_is_no_config_gives_a_sentence(tmp_path, capsys, content, sentence):
    if content is not None:
        (tmp_path / "c.yaml").write_bytes(content)
    assert main(["check", str(tmp_path / "c.yaml")]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert "Traceback" not in err


def test_what_cannot_be_climbed_is_warned_of_beside_the_ladder(tmp_path, capsys):
    rows = [f"{row % 7},{row % 3},{row // 2},i{row},s{row // 2},one" for row in range(12)]
    (tmp_path / "few.csv").write_text("\n".join(["y,x,z,each,pair,one", *rows]))
    few = BLOCK | {"data": "few.csv"}
    slopes = few | {"fixed": "x + z", "groups": ["pair", "each"], "slopes": {"pair": "x + z"}}
    status, out, _ = checked(tmp_path, capsys, slopes, few | {"name": "alone", "groups": ["one"]})
    assert status == 0
    first, second = out.split("study alone")
    assert "    pair.slope+each.intercept: y ~ x + z + (x + z | pair) + (1 | each)\n" in first
    assert [line.strip() for line in first.splitlines() if "warning" in line] == [
        "warning: the slope of z by pair will not be tried: z does not vary within levels of pair, so the data cannot "
        "show a slope that differs between them.",
        "warning: the slopes of x by pair cannot all vary with its intercept, as that would be 12 random coefficients "
        "or more for 12 rows.",
        "warning: the ladder will stop at each, which the model will lack: Each of the 12 levels of each has one row, "
        "so that their variance cannot be told from the residual one.",
    ]
    assert [line.strip() for line in second.splitlines() if "warning" in line] == [
        "warning: the ladder will stop at one, which the model will lack: one has a single level, so that no variance "
        "between levels can be estimated.",
        "warning: no grouping factor is left, so that the study will end with a model without random effects.",
    ]


BROKEN = [
    BLOCK | {"name": "first", "outcome": "Y1", "fixed": "x *", "slopes": {"g": "x +"}, "weights": "w"},
    BLOCK | {"name": "second", "data": ["none.csv", "t.csv", "nor this.csv"], "fixed": "x + (1 | g)"},
    BLOCK | {"name": "third", "fxed": "x", "groups": []},
    BLOCK | {"name": "sound"},
]
SAID = [
    "study third, key groups: is empty",
    "study third: unknown key 'fxed'",
    "study first, key fixed: ",
    "study first, key slopes.g: ",
    "study first: t.csv has no column 'Y1' (outcome)",
    "study first: t.csv has no column 'w' (weights)",
    "study second, key fixed: ",
    "study second: none.csv does not exist",
    "study second: nor this.csv does not exist",
]


def test_config_files_columns_and_formulas_are_told_in_one_list(tmp_path, capsys):
    status, out, err = checked(tmp_path, capsys, *BROKEN)
    assert (status, out) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("study ")]  # a formula is shown with its place below
    assert [line[: len(said)] for line, said in zip(lines, SAID, strict=True)] == SAID
