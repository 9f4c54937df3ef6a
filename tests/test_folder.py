"""The working folder of a run: dates later than now, and what killed runs were writing."""

import os
import time

import pytest

from lmm import InputError, files, folder


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_only_results_later_than_now_are_dated_anew():
    files.write_text("results/s/ahead", "")
    files.write_text("results/s/before", "")
    os.utime("results/s/ahead", (4e9, 4e9))
    os.utime("results/s/before", (1e9, 1e9))
    folder.bring_to_now()
    assert folder.Path("results/s/before").stat().st_mtime == 1e9
    assert abs(folder.Path("results/s/ahead").stat().st_mtime - time.time()) < 60


def test_tables_later_than_now_are_refused_once_each():
    for name in ("now.csv", "ahead.csv", "further.csv"):
        files.write_text(name, "")
    os.utime("ahead.csv", (4e9, 4e9))
    os.utime("further.csv", (5e9, 5e9))
    folder.assert_none_later_than_now(["now.csv", "to be made.csv"])
    with pytest.raises(InputError) as refused:
        folder.assert_none_later_than_now(["now.csv", "ahead.csv", "ahead.csv", "further.csv"])
    first, second = str(refused.value).splitlines()
    assert first.startswith("ahead.csv is dated 2096-10-0") and first.endswith("or `touch ahead.csv`.")
    assert second.startswith("further.csv is dated 2128-06-1")


def test_a_table_whose_clock_is_seconds_ahead_is_waited_for(capsys):
    files.write_text("t.csv", "")
    ahead = time.time() + 1.5
    os.utime("t.csv", (ahead, ahead))
    folder.assert_none_later_than_now(["t.csv"])
    assert time.time() >= ahead
    assert capsys.readouterr().err.startswith("t.csv is dated ")


def test_what_a_killed_job_was_writing_is_forgotten():
    with pytest.raises(RuntimeError):
        files.write_whole("results/s/a.json", lambda temporary: killed(temporary))
    assert not list(folder.Path("results").rglob(".*"))
    left = folder.Path(f"results/s/.a.json.k3j{files.UNFINISHED}")
    left.write_text("{")
    folder.forget_unfinished()
    assert not left.exists()


def killed(temporary):
    assert temporary.name.startswith(".a.json.") and temporary.name.endswith(files.UNFINISHED)
    raise RuntimeError


def test_a_disk_with_room_that_may_be_written_to_is_accepted(monkeypatch):
    folder.assert_room()
    folder.assert_writable()
    monkeypatch.setattr(folder, "_LEAST", 1e30)
    with pytest.raises(InputError, match="is full; free some space and run again"):
        folder.assert_room()
