"""Bad input: one sentence that names study, column and row or level."""

import numpy as np
import pytest

from lmm import InputError
from lmm.clean.preflight import preflight
from tests.clean.tables import a_study, cleaned, csv, raw_table


def with_cell(column, row, value, table=None):
    """Return the table as CSV text with one cell (row from 1) replaced."""
    table = (raw_table() if table is None else table).astype(object)
    table.loc[row - 1, column] = value
    return csv(table)


NESTED = raw_table(h=[f"{label}{i % 3}" for i, label in enumerate("aaabbbcccddd")])

CASES = {
    "text outcome": (with_cell("y", 5, "fast"), {}, "the outcome y must be numeric, but line 6 of t.csv holds 'fast';"),
    "decimal comma among points": (
        "y;x;g\n1,5;1;a\n2.5;1;a\n",
        {},
        "the outcome y must be numeric, but line 2 of t.csv holds '1,5';",
    ),
    "text time": (
        csv(raw_table(t=list("mtwtfssmtwtf"))),
        {"time": "t"},
        "the time variable t must be numeric, but line 2 of t.csv",
    ),
    "text among numbers": (
        with_cell("x", 7, "n/a"),
        {},
        "the column x holds numbers, but line 8 of t.csv holds 'n/a';",
    ),
    "dates as time": (
        csv(raw_table(t=[f"2026-03-{i + 10}" for i in range(12)])),
        {"time": "t"},
        "the time variable t must be numeric, but line 2 of t.csv holds '2026-03-10'; make a time of it with a step",
    ),
    "dates as predictor": (
        csv(raw_table(x=["01/13/2026", "01/14/2026"] * 6)),
        {},
        "the column x holds dates (line 2 of t.csv holds '01/13/2026'), which are neither numbers nor categories;",
    ),
    "dates in two formats as labels": (
        csv(raw_table(g=["2026-03-01", "2026-03-02", "01/03/2026"] * 4)),
        {},
        "the column g has dates in two formats: line 2 of t.csv holds '2026-03-01' (%Y-%m-%d), line 4 of t.csv "
        "'01/03/2026' (%d/%m/%Y or %m/%d/%Y);",
    ),
    "categorical outcome": (
        csv(raw_table()),
        {"categorical": ["y"]},
        "the outcome y must be numeric, but the study lists",
    ),
    "constant outcome": (csv(raw_table(y=4.5)), {}, "the outcome y is 4.5 in all 12 rows that have it;"),
    "missing outcome": (csv(raw_table(y=np.nan)), {}, "the outcome y is missing in all 12 rows of t.csv;"),
    "outcome constant where complete": (
        csv(raw_table(y=[1, 2] + [3] * 10, x=[np.nan] * 2 + [0, 1] * 5)),
        {},
        "the outcome y is 3 in all 10 rows",
    ),
    "infinite outcome": (with_cell("y", 3, "inf"), {}, "the column y is infinite in line 4 of t.csv;"),
    "infinite predictor": (with_cell("x", 4, "-Infinity"), {}, "the column x is infinite in line 5 of t.csv;"),
    "overflow": (with_cell("x", 4, "1e999"), {}, "the column x is infinite in line 5 of t.csv;"),
    "negative weight": (
        csv(raw_table(w=[1] * 8 + [-2] + [1] * 3)),
        {"weights": "w"},
        "the weight w is -2 in line 10 of t.csv;",
    ),
    "equal factors": (
        csv(raw_table(h=[f"school {label}" for label in raw_table()["g"]])),
        {"groups": ["g", "h"]},
        "the grouping factors g and h divide the rows into the same 4 levels;",
    ),
    "unknown level": (
        csv(raw_table(x=["low", "hihg", "low"] * 4)),
        {"levels": {"x": ["low", "high"]}},
        "line 3 of t.csv holds 'hihg' in column x, which is not among the levels the study lists; did you mean 'high'?",
    ),
    "no row complete": (
        csv(raw_table(x=[np.nan, 1] * 6, z=[1, np.nan] * 6)),
        {"fixed": "x + z"},
        "no row of t.csv has a value in every variable of its candidates; x alone is missing in 6 of 12 rows",
    ),
    "header alone": ("y,x,g\n", {}, "t.csv has column names but no rows;"),
    "empty file": ("", {}, "t.csv is empty;"),
    "missing column": (
        csv(raw_table().rename(columns={"x": "xx"})),
        {},
        "t.csv has no column 'x' (fixed); did you mean 'xx'?",
    ),
    "missing outcome column": (
        csv(raw_table()),
        {"outcome": "Y"},
        "t.csv has no column 'Y' (outcome); did you mean 'y'?",
    ),
    "column twice": ("y,x,g,x\n1,1,a,1\n", {}, "t.csv has 2 columns named 'x' (fixed);"),
    "ragged row": (
        "y,x,g\n1,1,a\n2,2,b,c\n",
        {},
        "t.csv has 4 cells in line 3, where its header has names for 3;",
    ),
    "unnamed first column": (
        "y,x,g\n1,5,1,a\n2,6,1,b\n",
        {},
        "t.csv has 4 cells in line 2, where its header has names for 3; the first too many holds 'a';",
    ),
    "logarithm of zero": (csv(raw_table()), {"fixed": "log(x)"}, "key fixed: 'log(x)' is infinite in line 2"),
    "root of a negative number": (
        csv(raw_table()),
        {"fixed": "sqrt(x - 1)"},
        "key fixed: sqrt(x - 1) has no value in 4 of 12 rows, first in line 2 of t.csv;",
    ),
    "more fixed effects than rows": (
        csv(raw_table(x=[f"label {i}" for i in range(12)])),
        {},
        "key fixed: x needs 12 coefficients, but there are 12 rows;",
    ),
    "factor with one level": (csv(raw_table(x="k")), {}, "key fixed: The factor 'x' has a single level ('k')"),
    "unparsable formula": (csv(raw_table()), {"fixed": "x +"}, "key fixed: "),
    "random term under fixed": (
        csv(raw_table()),
        {"fixed": "x + (1 | g)"},
        "key fixed: 'x + (1 | g)' holds a random term",
    ),
    "outcome among predictors": (csv(raw_table()), {"fixed": "x + y"}, "key fixed: "),
}


@pytest.mark.parametrize("case", CASES)
def test_one_sentence_names_the_study_and_the_place(tmp_path, case):
    text, changes, sentence = CASES[case]
    with pytest.raises(InputError) as caught:
        cleaned(tmp_path, text, **changes)
    message = str(caught.value)
    assert message.startswith(("study trial: ", "study trial, "))
    assert message.split("study trial", 1)[1].lstrip(":, ").startswith(sentence), message
    first = message.splitlines()[0]
    assert first.endswith((".", "?")), message


def test_an_unparsable_formula_is_shown_with_its_place(tmp_path):
    with pytest.raises(InputError) as caught:
        cleaned(tmp_path, csv(raw_table()), fixed="x + log(")
    line, formula, caret = str(caught.value).splitlines()
    assert line.startswith("study trial, key fixed:")
    assert formula.strip() == "y ~ x + log("
    assert caret.strip() == "^"


def test_a_missing_file_is_named_with_the_nearest(tmp_path):
    (tmp_path / "trials.csv").write_text("y\n")
    with pytest.raises(InputError, match=r"study trial: t_rials.csv does not exist; did you mean 'trials.csv'\?"):
        preflight([a_study(data="t_rials.csv")], tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        preflight([a_study(data="nowhere/t.csv")], tmp_path)


def test_bytes_that_are_no_text_and_truncated_archives_are_named(tmp_path):
    (tmp_path / "t.csv").write_bytes("y,x,g\n1,2,größe\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"study trial: t\.csv is not utf-8 text"):
        preflight([a_study(data={"file": "t.csv", "encoding": "utf-8"})], tmp_path)
    (tmp_path / "t.csv.gz").write_bytes(b"\x1f\x8b\x08\x00 not really")
    with pytest.raises(InputError, match=r"study trial: t.csv.gz cannot be read"):
        preflight([a_study(data="t.csv.gz")], tmp_path)


def test_preflight_tells_every_mistake_of_every_study_at_once(tmp_path):
    (tmp_path / "t.csv").write_text(csv(raw_table()))
    studies = [
        a_study(),
        a_study(name="second", outcome="yy", time="z", categorical=["zz"]),
        a_study(name="third", fixed="x *"),
        a_study(name="fourth", data="none.csv"),
    ]
    with pytest.raises(InputError) as caught:
        preflight(studies, tmp_path)
    starts = [line.split(":")[0] for line in str(caught.value).splitlines() if line.startswith("study")]
    assert starts == ["study second"] * 3 + ["study third, key fixed", "study fourth"]


def test_a_sound_study_passes(tmp_path):
    (tmp_path / "t.csv").write_text(csv(NESTED))
    preflight([a_study(groups=["g/h"], slopes={"g": "x"}, categorical=["h"])], tmp_path)
