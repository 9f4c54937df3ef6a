"""Progress: shown on a terminal, from time to time, and nowhere else."""

import sys

import numpy as np
import pandas
import pytest

import lmm
from lmm import progress
from lmm.infer.bootstrap import parametric_draws
from lmm.job import job


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def on_a_terminal(monkeypatch):
    """Make standard error, as it is captured now, a terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_a_line_at_most_each_ten_seconds_after_the_name_of_the_work(clock, capsys, tmp_path, monkeypatch):
    on_a_terminal(monkeypatch)
    monkeypatch.chdir(tmp_path)
    with job("logs/trial/infer/bootstrap/1-of-2.log") as note:
        told = progress.Progress(100, "bootstrap draws")
        for seconds in (4, 9, 11, 12, 20, 22, 60):
            clock[0] = seconds
            told.add(10)
        note("100 draws")
    assert capsys.readouterr().err.splitlines() == [
        f"trial/infer/bootstrap/1-of-2: {done} of 100 bootstrap draws" for done in (30, 60, 70)
    ]
    assert (tmp_path / "logs/trial/infer/bootstrap/1-of-2.log").read_text() == "100 draws\n"
    clock[0] = 100
    told.add()
    assert capsys.readouterr().err == "", "it is shown when its job is over"


def test_short_work_and_work_without_a_terminal_are_quiet(clock, capsys, tmp_path):
    with job(tmp_path / "a.log"):
        told = progress.Progress(2, "models")
        clock[0] = 60
        told.add()
    assert capsys.readouterr().err == ""


def test_draws_are_counted_and_the_same_whether_watched_or_not(capsys, tmp_path, monkeypatch):
    on_a_terminal(monkeypatch)
    draw = np.random.default_rng(1)
    table = pandas.DataFrame({"y": draw.normal(size=40), "g": np.repeat(list("abcdefgh"), 5)})
    fit = lmm.fit("y ~ 1 + (1 | g)", table)
    quiet = parametric_draws(fit, 3, 20, 1)
    monkeypatch.setattr(progress, "SECONDS", 0.0)
    with job(tmp_path / "a.log"):
        watched = parametric_draws(fit, 3, 20, 1)
    assert capsys.readouterr().err.splitlines()[-1].endswith("a: 17 of 17 bootstrap draws")
    assert watched.to_dict() == quiet.to_dict()
