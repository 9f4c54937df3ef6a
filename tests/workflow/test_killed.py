"""A run killed at any moment and taken up again ends in the same files, byte for byte."""

import importlib.util
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.workflow.project import ROOT, environment, new_project, outputs, run, snakemake, two_studies

RESUME = [sys.executable, "workflow/resume.py", "--cores", "2"]
OF_ONE_STUDY = "reports/sleepstudy/index.html"


def of_the_study(folder):
    """What a run left for the study of sleep."""
    return {name: content for name, content in outputs(folder).items() if "/sleepstudy/" in name}


def start(project):
    return subprocess.Popen(
        [*RESUME, OF_ONE_STUDY],
        cwd=project,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_resumes_to_the_same_files(how, tmp_path, finished):
    project = new_project(tmp_path / "project", two_studies())
    moments = random.Random(how)
    killed = 0
    for _ in range(3):
        started = start(project)
        try:
            started.communicate(timeout=moments.uniform(1.5, 6.0))
        except subprocess.TimeoutExpired:
            started.send_signal(how)
            killed += 1
            started.communicate(timeout=60)
    assert killed > 0, "every run was over before it could be killed"
    last = start(project)
    _, said = last.communicate(timeout=600)
    assert last.returncode == 0, said
    assert outputs(project) == of_the_study(finished)


def test_the_lock_of_a_living_run_is_left_alone(tmp_path):
    project = new_project(tmp_path / "project", two_studies())
    first = start(project)
    try:
        while not any(project.glob(".snakemake/locks/*")) and first.poll() is None:
            time.sleep(0.01)
        second = subprocess.run(RESUME, cwd=project, env=environment(), capture_output=True, text=True, check=False)
        assert first.poll() is None
        assert second.returncode == 1
        assert second.stderr == f"A run is under way in this folder (process {first.pid}): wait for it, or end it.\n"
    finally:
        first.terminate()
        first.communicate(timeout=60)


def test_the_lock_of_a_run_on_another_machine_is_left_alone(tmp_path):
    project = new_project(tmp_path / "project", two_studies())
    lock = project / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    (project / ".snakemake/host").write_text("login2", encoding="utf-8")
    refused = subprocess.run(RESUME, cwd=project, env=environment(), capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr == (
        "The last run in this folder was started on login2: go on there. "
        "If login2 is no more, delete .snakemake/host.\n"
    )
    assert lock.exists()


def test_without_help_snakemake_asks_to_be_unlocked_and_makes_the_unfinished_anew(tmp_path, finished):
    project = new_project(tmp_path / "project", two_studies())
    started = start(project)
    while not any(project.glob("results/sleepstudy/fit/*")) and started.poll() is None:
        time.sleep(0.01)
    started.kill()
    started.communicate()
    refused = snakemake(project, "--cores", "2")
    assert refused.returncode != 0
    assert "--unlock" in refused.stderr
    assert snakemake(project, "--unlock").returncode == 0
    run(project, "results/sleepstudy/select/decision.json")
    made, undisturbed = outputs(project), outputs(finished)
    assert "results/sleepstudy/fit/ladder.json" in made
    assert made == {name: undisturbed[name] for name in made}


def test_a_job_that_outlives_its_run_and_does_not_end_is_ended(tmp_path, monkeypatch, capsys):
    """As Snakemake does in a job of Slurm where it waits for itself."""
    specification = importlib.util.spec_from_file_location("resume", ROOT / "workflow/resume.py")
    resume = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(resume)
    monkeypatch.setattr(resume, "PATIENCE", 0.5)
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(600)", ".snakemake/scripts/fit.py"]
    job, other = (subprocess.Popen(command, cwd=folder) for folder in (tmp_path, elsewhere))
    try:
        assert resume.why_not_to_unlock() is None
        assert job.wait(timeout=10) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        job.kill()
        other.kill()
        other.wait()
    assert f"(process {job.pid})" in capsys.readouterr().err
