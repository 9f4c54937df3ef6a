"""The command line: the summary of a fit, and one sentence with status 2 where the user can mend something."""

import json
from pathlib import Path

import pytest

from lmm.__main__ import main

DATA = Path(__file__).parent / "reference" / "data"
FORMULA = "Reaction ~ Days + (Days | Subject)"


def test_fit_prints_the_estimates_that_lme4_gives(capsys):
    """Bates et al. (2015), section 5.2: REML criterion 1743.6, 251.405 (6.825), 10.467 (1.546)."""
    assert main(["fit", FORMULA, str(DATA / "sleepstudy.csv")]) == 0
    summary = capsys.readouterr().out
    assert "REML" in summary
    for number in ("1743.628", "251.405", "6.825", "10.467", "1.546", "24.74", "5.92", "25.59"):
        assert number in summary


def test_ml_is_a_switch(capsys):
    assert main(["fit", FORMULA, str(DATA / "sleepstudy.csv"), "--ml"]) == 0
    assert "1751.939" in capsys.readouterr().out


def test_weights_name_a_column(tmp_path, capsys):
    rows = "\n".join(f"{y},{g},{w}" for y, g, w in [(1, "a", 1), (3, "a", 2), (2, "b", 1), (6, "b", 3), (4, "b", 1)])
    (tmp_path / "t.csv").write_text(f"y,g,w\n{rows}\n")
    assert main(["fit", "y ~ 1 + (1 | g)", str(tmp_path / "t.csv"), "--weights", "w"]) == 0
    assert "Rows: 5" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("formula", "table", "sentence"),
    [
        ("Reaction ~ Day + (1 | Subject)", "sleepstudy.csv", "has no column 'Day' (variable); did you mean 'Days'?"),
        (FORMULA, "sleepstudi.csv", "does not exist; did you mean 'sleepstudy.csv'?"),
        ("Reaction ~ Days + (Days | Subject", "sleepstudy.csv", "closing parenthesis"),
        ("Subject ~ Days +", "sleepstudy.csv", "The formula ends"),
    ],
)
def test_mistakes_give_a_sentence_and_status_two(formula, table, sentence, capsys):
    assert main(["fit", formula, str(DATA / table)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err
    assert "Traceback" not in captured.err


def test_schema_prints_the_schema(capsys):
    assert main(["schema"]) == 0
    assert "studies" in json.loads(capsys.readouterr().out)["properties"]
