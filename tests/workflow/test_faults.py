"""What happens around a run that is nobody's mistake in a config: each gives a sentence, and earlier results stay."""

import html
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pandas
import psutil
import pytest

from tests.workflow.project import (
    SNAKEMAKE,
    copy_of,
    environment,
    messages,
    new_project,
    outputs,
    planned,
    run,
    snakemake,
)

NOTICE = "The last run of this study failed; this page is of a run before it."
PAGES = {"reports/index.html", "reports/trial/index.html"}
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project with the reports of a study in stages; tests work on copies of it."""
    study = {"name": "trial", "data": "t.csv", "outcome": "y", "fixed": "day", "groups": ["subject"]}
    study |= {"cross_validation": {"targets": []}}
    project = new_project(tmp_path_factory.mktemp("faults") / "project", {"seed": 1, "studies": [study]})
    draw = np.random.default_rng(3)
    subject, day = np.repeat(np.arange(10), 4), np.tile(np.arange(4.0), 10)
    y = 20 + draw.normal(0, 3, 10)[subject] + 2 * day + draw.normal(0, 2, 40)
    pandas.DataFrame({"y": y, "day": day, "subject": subject}).to_csv(project / "t.csv", index=False)
    run(project)
    return project


@pytest.fixture
def project(finished, tmp_path):
    return copy_of(finished, tmp_path / "project")


def mount(*arguments):
    """Mount something; where this root may not, as in some containers, the test is skipped, but in CI."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0 and os.environ.get("CI") != "true":
        pytest.skip(f"this machine does not let root mount: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


@contextmanager
def on_a_disk_of_its_own(folder, options):
    """Give a folder a small disk, with the content it has."""
    aside = folder.rename(folder.with_name(f"{folder.name}-aside"))
    folder.mkdir()
    mount("-t", "tmpfs", "-o", options, "tmpfs", str(folder))
    try:
        copy = subprocess.run(["cp", "-a", f"{aside}/.", folder], check=False)
        assert copy.returncode == 0
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def changed(project, earlier):
    """The names of files that a run changed, took away or added."""
    left = outputs(project)
    return {name for name in {*left, *earlier} if left.get(name) != earlier.get(name)}


def forced(project, rule):
    """Run again from one rule on, as if its code had changed."""
    return snakemake(project, "--cores", "1", "--forcerun", rule)


@AS_ROOT
def test_a_disk_that_is_full_or_fills_is_told_and_costs_no_result(project, finished):
    earlier = outputs(finished)
    with on_a_disk_of_its_own(project / "results", "size=5m"):
        filler = project / "results/filler"
        with filler.open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
            while True:
                full.write(bytes(2**12))
        refused = forced(project, "infer")
        assert refused.returncode == 1
        assert (
            refused.stderr.splitlines()[-1] == f"The disk of {project}/results is full; free some space and run again."
        )

        os.truncate(filler, filler.stat().st_size - 300_000)  # enough for the first figures
        failed = forced(project, "diagnose")
        filler.unlink()
        assert failed.returncode == 1
        assert "Traceback" not in failed.stderr
        assert "cannot be written (No space left on device); free some space and run again." in failed.stderr
        assert changed(project, earlier) == PAGES
    assert NOTICE in html.unescape((project / "reports/trial/index.html").read_text(encoding="utf-8"))


@AS_ROOT
def test_a_folder_that_may_not_be_written_to_is_told_before_the_first_job(project, finished):
    results = str(project / "results")
    resume = [sys.executable, "workflow/resume.py", "--cores", "1", "--forcerun", "infer"]
    mount("--bind", results, results)
    try:
        mount("-o", "remount,ro,bind", results)
        refused = subprocess.run(
            resume, cwd=project, env=environment(), capture_output=True, text=True, check=False, timeout=300
        )
        without_help = forced(project, "infer")
    finally:
        subprocess.run(["umount", results], check=True)
    assert refused.returncode == without_help.returncode == 1
    assert refused.stderr == (
        f"The folder {results} cannot be written to; make it writable, or run in another folder (--directory).\n"
    )
    assert "Write-protected output files for rule" in without_help.stderr  # it names the first it finds
    assert messages(without_help.stderr) == set()
    assert changed(project, outputs(finished)) == set()


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        ("results/trial/fit/ladder.json", "select"),
        ("results/trial/clean/table.parquet", "infer"),
        ("results/trial/diagnose/figures/residuals-fitted.svg", "report"),
    ],
)
def test_a_file_that_was_cut_off_is_named_and_makes_no_report(project, finished, path, reader):
    whole = (project / path).read_bytes()
    (project / path).write_bytes(whole[: len(whole) // 2])
    failed = forced(project, reader)
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert re.search(rf"{path} is (missing, )?cut off or damaged; delete .* and run again\.", failed.stderr)
    assert changed(project, outputs(finished)) == {*PAGES, path}
    assert NOTICE in html.unescape((project / "reports/trial/index.html").read_text(encoding="utf-8"))


def test_a_second_run_in_a_folder_is_refused_and_the_first_ends_as_if_alone(project, finished):
    command = [*SNAKEMAKE, "--cores", "1", "--forcerun", "report"]
    first = subprocess.Popen(command, cwd=project, env=environment(), stderr=subprocess.PIPE, text=True)
    while not any(project.glob(".snakemake/locks/*")) and first.poll() is None:
        time.sleep(0.01)
    second = forced(project, "report")
    assert first.poll() is None
    _, said = first.communicate(timeout=300)
    assert second.returncode == 1
    # or that a file went away while it planned, before it came to the lock
    assert re.search("Directory cannot be locked|a concurrent process has deleted it", second.stderr)
    assert first.returncode == 0, said
    assert outputs(project) == outputs(finished)


def job_of(project, script):
    """The process of a job of a project, once it is there."""
    while True:
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if f"{project}/.snakemake/scripts/" in words and words.endswith(f"{script}.py"):
                return process
        time.sleep(0.01)


def test_a_job_killed_for_memory_names_its_rule_and_costs_no_result(project, finished):
    earlier = outputs(finished)
    entry = project / "results/trial/report/entry.json"
    before = entry.stat().st_mtime_ns
    command = [*SNAKEMAKE, "--cores", "1", "--forcerun", "report"]
    started = subprocess.Popen(command, cwd=project, env=environment(), stderr=subprocess.PIPE, text=True)
    job = job_of(project, "report")
    while job.is_running() and (not entry.exists() or entry.stat().st_mtime_ns == before):
        time.sleep(0.001)  # until it has begun to write
    job.send_signal(signal.SIGKILL)
    _, said = started.communicate(timeout=300)
    sentence = "study trial: the job of rule report ended without a word, as when it is killed because memory ran out"
    assert started.returncode == 1
    assert sentence in said
    assert changed(project, earlier) == PAGES
    assert sentence in html.unescape((project / "reports/trial/index.html").read_text(encoding="utf-8"))

    run(project)
    assert outputs(project) == earlier


def test_results_of_a_clock_that_was_ahead_are_made_into_reports_once(project, finished):
    ahead = time.time() + 86400
    os.utime(project / "results/trial/diagnose/findings.json", (ahead, ahead))
    run(project)
    assert outputs(project) == outputs(finished)
    assert planned(project) == set()


def test_a_table_dated_later_than_now_is_told_before_the_first_job(project, finished):
    table = project / "t.csv"
    table.write_text(table.read_text() + "\n")
    os.utime(table, (4e9, 4e9))
    refused = snakemake(project, "--cores", "1")
    assert refused.returncode == 1
    assert "t.csv is dated 2096-10-0" in refused.stderr
    assert "Set the clock right, or `touch t.csv`." in refused.stderr
    assert messages(refused.stderr) == set()
    assert outputs(project) == outputs(finished)
