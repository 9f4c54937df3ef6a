"""What a change makes run again: that, what follows from it, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflow.project import (
    INDEX,
    PENICILLIN,
    SLEEPSTUDY,
    copy_of,
    environment,
    outputs,
    planned,
    run,
    snakemake,
    two_studies,
    write_config,
)

BOOTSTRAPPED = [job for job in SLEEPSTUDY if "part" not in job] + ["sleepstudy: bootstrap, part 1-of-1"]
"""The jobs of the study of sleep with draws and without folds."""
FAMILY = "family assays: adjusting p-values across results/penicillin/infer/inference.json"


@pytest.fixture
def project(finished, tmp_path):
    return copy_of(finished, tmp_path / "project")


def test_a_run_leaves_reports_results_and_logs(finished):
    said = (finished / "said.txt").read_text(encoding="utf-8")
    assert "sleepstudy: reports/sleepstudy/index.html" in said
    assert "all reports: reports/index.html" in said
    assert (finished / "reports/index.html").stat().st_size > 1000
    for study in ("sleepstudy", "penicillin"):
        page = (finished / "reports" / study / "index.html").read_text(encoding="utf-8")
        assert page.count("<svg") >= 3
        assert "file:///" not in page and 'src="http' not in page
        for stage in ("clean", "fit", "select", "infer", "diagnose", "report"):
            assert (finished / "logs" / study / f"{stage}.log").exists()
    assert not [name for name in outputs(finished) if "/." in name], "temporary files are left"


def test_a_second_run_does_nothing(project):
    before = {path: path.stat().st_mtime_ns for path in (project / "results").rglob("*")}
    done = run(project)
    assert "Nothing to be done" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in (project / "results").rglob("*")} == before


def test_a_change_to_one_study_reruns_that_study_and_the_index(project):
    config = two_studies()
    config["studies"][1]["ladder"] = {"alpha_fixed": 0.01}
    assert planned(write_config(project, config)) == {*PENICILLIN, FAMILY, INDEX}


def test_a_change_of_wording_fits_nothing_again(project):
    config = two_studies()
    config["studies"][0]["title"] = "Another title"
    assert planned(write_config(project, config)) == {*SLEEPSTUDY[-2:], INDEX}


def test_a_new_study_runs_alone(project):
    config = two_studies()
    third = {key: value for key, value in config["studies"][1].items() if key != "family"}
    config["studies"].append(third | {"name": "third"})
    jobs = {job.replace("penicillin:", "third:") for job in PENICILLIN}
    assert planned(write_config(project, config)) == {*jobs, INDEX}


def test_a_change_to_the_data_reruns_its_study(project):
    with (project / "data/penicillin.csv").open("a") as table:
        table.write("a;A;25,0\n")
    assert planned(project) == {*PENICILLIN, FAMILY, INDEX}


def test_a_change_to_a_template_reruns_the_reports_alone(project, frozen_package, tmp_path):
    package = copy_of(frozen_package, tmp_path / "package")
    assert planned(project, PYTHONPATH=str(package)) == set()
    template = next(path for path in (package / "lmm/report/templates").iterdir() if path.suffix == ".html")
    template.write_text(template.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert planned(project, PYTHONPATH=str(package)) == {SLEEPSTUDY[-1], PENICILLIN[-1], INDEX}


def test_a_change_to_the_engine_reruns_the_fits_and_what_follows(project, frozen_package, tmp_path):
    package = copy_of(frozen_package, tmp_path / "package")
    module = next((package / "lmm/engine").glob("[a-z]*.py"))
    module.write_text(module.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert planned(project, PYTHONPATH=str(package)) == {*BOOTSTRAPPED[1:], *PENICILLIN[1:], FAMILY, INDEX}


def test_a_summary_lists_every_output_as_up_to_date(finished):
    head, *lines = snakemake(finished, "--summary").stdout.splitlines()
    assert head.split("\t") == ["output_file", "date", "rule", "log-file(s)", "status", "plan"]
    entries = [line.split("\t") for line in lines]
    assert {(status, plan) for *_, status, plan in entries} == {("ok", "no update")}
    listed = {path for path, *_ in entries}
    assert {"reports/index.html", "results/sleepstudy/fit/ladder.json", "reports/penicillin/index.html"} <= listed
    assert all((finished / path).exists() and (finished / log).exists() for path, _, _, log, *_ in entries)


def test_unit_tests_of_rules_can_be_generated_and_pass(project):
    """Each runs its rule on what it reads and nothing else: without the raw tables, but for the rule that cleans."""
    done = snakemake(project, "--generate-unit-tests", "unit")
    assert done.returncode == 0, done.stderr
    rules = "clean fit select cross_validate gather_cross_validation sensitivity bootstrap_part infer family diagnose"
    written = {path.stem for path in (project / "unit").glob("test_*.py")}
    assert written == {f"test_{rule}" for rule in [*rules.split(), "report", "index"]}
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # they call "python"
    passed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "unit/test_fit.py"],
        cwd=project,
        env=environment(PATH=places),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert passed.returncode == 0, passed.stdout


def test_results_of_mixed_runs_make_no_report(project):
    """A table swapped behind the workflow's back is noticed, because every reader checks the row hash."""
    table = project / "results/sleepstudy/clean/table.parquet"
    table.write_bytes((project / "results/penicillin/clean/table.parquet").read_bytes())
    done = snakemake(project, "--cores", "1", "--forcerun", "fit")
    assert done.returncode != 0
    sentence = "study sleepstudy: results/sleepstudy/clean/table.parquet does not hold the rows that its audit names"
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
