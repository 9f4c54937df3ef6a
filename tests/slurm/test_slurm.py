"""Studies through a Slurm cluster of one node: the same files as a local run, and jobs that ask for more get more."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import yaml

from tests.workflow.project import ROOT, SNAKEMAKE, demonstration, environment, new_project, outputs, run, snakemake

CLUSTER = Path(__file__).with_name("cluster.sh")
CONFIG = Path("/etc/slurm/slurm.conf")
PROFILE = ["--profile", str(ROOT / "workflow/profiles/slurm"), "--slurm-init-seconds-before-status-checks", "2"]
RESUME = [sys.executable, "workflow/resume.py", *PROFILE]


def missing():
    """What the tests want that is not there; nothing that CI should lack."""
    programs = [name for name in ("slurmctld", "slurmd", "munged") if shutil.which(name) is None]
    if programs:
        return f"{', '.join(programs)} not installed (Debian: slurm-wlm, munge)"
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        return "the extra .[slurm] is not installed"
    if CONFIG.exists():
        return f"{CONFIG} is there: a cluster of this machine's own, or of another run of these tests"
    return ""


pytestmark = [
    pytest.mark.skipif(bool(missing()) and os.environ.get("CI") != "true", reason=missing()),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a cluster"),
]


@pytest.fixture(scope="module")
def cluster():
    """A running cluster, in a folder that all may enter, as munged wants it."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    subprocess.run([CLUSTER, "up", folder], check=True, timeout=120)
    daemons = [psutil.Process(int(path.read_text())) for path in (folder / "run").glob("*.pid")]
    yield
    subprocess.run([CLUSTER, "down", folder], check=True, timeout=120)
    assert len(daemons) == 3
    assert not [daemon for daemon in daemons if daemon.is_running() and daemon.status() != psutil.STATUS_ZOMBIE]
    assert not CONFIG.exists()
    shutil.rmtree(folder)


def queue(folder):
    """The jobs of a working folder that Slurm knows, ended ones too: number, state, memory, minutes, comment."""
    listed = subprocess.run(
        ["squeue", "--noheader", "--states=all", "--format=%i|%T|%m|%l|%k|%Z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    jobs = [line.rsplit("|", 1) for line in sorted(listed.splitlines(), key=lambda line: int(line.split("|")[0]))]
    return [job.split("|") for job, place in jobs if place == str(folder)]


def start(folder, command):
    """Start a run whose words go to a file."""
    with (folder / "said.txt").open("a") as said:
        return subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=said, stderr=said, start_new_session=True
        )


def end(started, folder, timeout=1500):  # seconds, for a busy machine
    """Wait for a run to end well; what it said."""
    try:
        started.wait(timeout)
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGTERM)
            started.wait(60)
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert started.returncode == 0, said
    return said


GREEDY = """
rule all:
    input: "memory.txt", "minutes.txt"

rule memory:
    output: "memory.txt"
    resources: mem_mb=lambda wildcards, attempt: 400 * attempt, runtime=5
    shell:
        "{python} -c 'import time; held = bytearray(450_000_000); time.sleep(6)'; "
        "echo {{resources.mem_mb}} > {{output}}"

rule minutes:
    output: "minutes.txt"
    resources: mem_mb=500, runtime=lambda wildcards, attempt: attempt
    shell: "[ {{resources.runtime}} = 2 ] || sleep 300; echo {{resources.runtime}} > {{output}}"
"""


@pytest.fixture(scope="module")
def greedy(cluster, tmp_path_factory):
    """A run, under way, of a job that takes more memory than it asks for, and of one that takes more time."""
    folder = tmp_path_factory.mktemp("greedy")
    (folder / "Snakefile").write_text(GREEDY.format(python=sys.executable), encoding="utf-8")
    started = start(folder, [*SNAKEMAKE, *PROFILE])
    yield folder, started
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGTERM)
        started.wait(60)


def studies():
    """A study in stages whose bootstrap is shared by two jobs, and one in a single job."""
    config = demonstration("sleepstudy", "penicillin")
    sleepstudy, penicillin = config["studies"]
    sleepstudy["inference"] = {"intervals": "bootstrap", "bootstrap": {"draws": 20, "jobs": 2}}
    penicillin["split"] = "none"
    return config


@pytest.fixture(scope="module")
def finished(cluster, greedy, tmp_path_factory):
    """A project run through Slurm, whose controller was killed on the way and started again."""
    project = new_project(tmp_path_factory.mktemp("through_slurm") / "project", studies())
    killed = start(project, RESUME)
    while not any(state == "RUNNING" for _, state, *_ in queue(project)) and killed.poll() is None:
        time.sleep(0.2)
    killed.kill()
    killed.wait()
    resumed = end(start(project, RESUME), project)
    return project, resumed


def test_the_files_are_those_of_a_local_run(finished, tmp_path):
    project, _ = finished
    local = new_project(tmp_path / "project", studies())
    run(local, timeout=1500)
    expected, found = outputs(local), outputs(project)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


@pytest.mark.slow
def test_all_numbers_of_the_demonstration_as_it_stands_are_those_of_a_local_run(cluster, tmp_path):
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    through_slurm, local = new_project(tmp_path / "through_slurm", config), new_project(tmp_path / "local", config)
    end(start(through_slurm, RESUME), through_slurm)
    run(local, timeout=1500)
    expected, found = outputs(local), outputs(through_slurm)
    assert found.keys() == expected.keys()
    assert {name.split("/")[1] for name in found} >= {"sleepstudy", "egsingle", "penicillin"}
    assert [name for name in expected if found[name] != expected[name]] == []


def test_every_job_went_through_slurm_and_chains_went_together(finished):
    project, said = finished
    submitted = re.findall(r"has been submitted with SLURM jobid (\d+)", said)
    completed = [comment for _, state, _, _, comment in queue(project) if state == "COMPLETED"]
    assert {number for number, *_ in queue(project)} == set(submitted)
    assert sorted(re.sub("_wildcards.*", "", comment) for comment in completed) == [
        "rule_bootstrap_part",
        "rule_bootstrap_part",
        "rule_check_diagnose_infer",
        "rule_cross_validate",
        "rule_prepare_clean_fit",
        "rule_select",
        "rule_tell_report_sensitivity",
        "rule_whole",
    ]
    benchmarks = {path.stem for path in (project / "logs").rglob("*.tsv")}
    assert {"clean", "fit", "select", "infer", "diagnose", "sensitivity", "report", "whole"} <= benchmarks


def test_jobs_of_the_killed_run_were_cancelled_before_theirs_were_submitted_again(finished):
    project, _ = finished
    states = [state for _, state, *_ in queue(project)]
    assert "CANCELLED" in states
    assert set(states) == {"CANCELLED", "COMPLETED"}


def test_a_job_that_ran_out_of_memory_or_time_is_submitted_again_with_more(greedy):
    folder, started = greedy
    end(started, folder)
    assert (folder / "memory.txt").read_text() == "800\n"
    assert (folder / "minutes.txt").read_text() == "2\n"
    logs = "".join(log.read_text() for log in (folder / ".snakemake/slurm_logs/rule_memory").glob("*.log"))
    assert "exceeded memory limit" in logs
    jobs = queue(folder)
    assert [(state, asked) for _, state, asked, _, comment in jobs if comment == "rule_memory"] == [
        ("FAILED", "400M"),
        ("COMPLETED", "800M"),
    ]
    assert [(state, asked) for _, state, _, asked, comment in jobs if comment == "rule_minutes"] == [
        ("TIMEOUT", "1:00"),
        ("COMPLETED", "2:00"),
    ]


def test_a_partition_that_is_not_there_is_told_before_the_first_job(cluster, tmp_path):
    project = new_project(tmp_path / "project", studies())
    done = snakemake(project, *PROFILE, "--default-resources", "slurm_partition=nowhere")
    assert done.returncode == 1
    assert "partition nowhere): Invalid partition name specified. Name what the cluster wants" in done.stderr
    assert queue(project) == []


def test_a_configuration_of_another_cluster_is_left_alone(cluster, tmp_path):
    ours = CONFIG.read_text()
    assert subprocess.run([CLUSTER, "up", tmp_path], capture_output=True, check=False).returncode == 1
    assert subprocess.run([CLUSTER, "down", tmp_path], capture_output=True, check=False).returncode == 0
    assert CONFIG.read_text() == ours
