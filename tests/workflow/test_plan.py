"""What Snakemake plans, and what it says where it cannot plan."""

import pytest
import yaml

from lmm import InputError
from lmm.check import check
from tests.workflow.project import (
    EGSINGLE,
    INDEX,
    PENICILLIN,
    ROOT,
    SLEEPSTUDY,
    demonstration,
    messages,
    new_project,
    planned,
    run,
    snakemake,
    write_config,
)

ALL = ("sleepstudy", "egsingle", "penicillin")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("plan"), demonstration(*ALL))


def test_a_bare_dry_run_plans_every_job_of_the_demonstration(project):
    assert planned(project) == {*SLEEPSTUDY, *EGSINGLE, *PENICILLIN, INDEX}
    assert not (project / "results").exists()


def test_a_user_runs_from_a_folder_of_their_own(tmp_path):
    block = {"name": "mine", "data": "t.csv", "outcome": "y", "groups": ["g"]}
    (tmp_path / "t.csv").write_text("y,g\n")
    (tmp_path / "mine.yaml").write_text(f"studies: [{block}]")
    done = snakemake(tmp_path, "-n", "--snakefile", str(ROOT / "Snakefile"), "--configfile", "mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "mine: writing the report" in done.stdout + done.stderr


def test_one_job_for_each_rung_where_the_study_says_so(tmp_path, project):
    config = demonstration("sleepstudy", "penicillin")
    config["studies"][0]["split"] = "rung"
    clean, _, *after = SLEEPSTUDY
    rungs = ["null", "fixed", "Subject.intercept", "Subject.uncorrelated", "Subject.slope"]
    fits = [f"sleepstudy: fitting {rung}" for rung in rungs]
    assert planned(new_project(tmp_path / "p", config)) == {
        clean,
        *fits,
        "sleepstudy: gathering the ladder",
        *after,
        *PENICILLIN,
        INDEX,
    }


def test_every_mistake_of_config_data_and_formula_shows_before_any_job(tmp_path):
    config = demonstration(*ALL)
    mistakes = ({"outcome": "Reacton"}, {"data": "data/egsingle-scores.csv"}, {"fixed": "plate *"})
    for study, changes in zip(config["studies"], mistakes, strict=True):
        study.update(changes)
    done = snakemake(new_project(tmp_path / "p", config), "--cores", "1")
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("study ")]
    assert lines[:2] == [
        "study sleepstudy: data/sleepstudy.csv, after the steps, has no column 'Reacton' (outcome); did you mean "
        "'Reaction'?",
        "study egsingle: data/egsingle-scores.csv does not exist; did you mean 'egsingle-scores.csv.gz'?",
    ]
    assert lines[2].startswith("study penicillin, key fixed: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p/results").exists()


def test_mistaken_blocks_and_the_tables_of_others_are_told_in_one_list_that_check_tells_too(tmp_path):
    config = demonstration(*ALL)
    sleepstudy, egsingle, penicillin = config["studies"]
    sleepstudy["fxed"] = sleepstudy.pop("fixed")
    penicillin["name"] = "sleepstudy"
    egsingle |= {"outcome": "maths", "weights": "w", "slopes": {"childid": "year *"}}
    folder = new_project(tmp_path / "p", config)
    done = snakemake(folder, "-n")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    starts = [
        "study sleepstudy: unknown key 'fxed'; did you mean 'fixed'?",
        "study sleepstudy, key name: studies number 1 and 3 have the same name; rename one of them.",
        "study egsingle, key slopes.childid: ",
        "study egsingle: data/egsingle-scores.csv.gz, after the steps, has no column 'maths'",
        "study egsingle: data/egsingle-scores.csv.gz, after the steps, has no column 'w'",
    ]
    said = [line for line in done.stderr.splitlines() if line.startswith("study ")]
    assert [line[: len(start)] for line, start in zip(said, starts, strict=True)] == starts
    with pytest.raises(InputError) as refused:
        check(folder / "config.yaml", folder)
    assert str(refused.value) in done.stderr


def test_words_from_the_command_line_are_not_taken_for_truth(project, tmp_path):
    config = demonstration("penicillin")
    config["studies"][0]["ladder"] = {"allow_singular": "false"}
    done = snakemake(write_config(new_project(tmp_path / "p", config), config), "-n")
    assert "key ladder.allow_singular: must be true or false, without quotes" in done.stderr


def test_lint_finds_nothing(project):
    done = snakemake(project, "--lint")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_config_beside_a_folder_of_data_needs_nothing_of_the_repository(tmp_path):
    """Run from anywhere: the config by --configfile, its paths and all output in --directory."""
    folder = tmp_path / "my" / "folder"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables/sleepstudy.csv").write_bytes((ROOT / "tests/reference/data/sleepstudy.csv").read_bytes())
    block = {"name": "mine", "fixed": "Days", "groups": ["Subject"], "outcome": "Reaction"}
    config = {"defaults": {"data": "tables/sleepstudy.csv", "split": "none"}, "studies": [block]}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    before = sorted(path.name for path in ROOT.iterdir())
    run(
        tmp_path,
        *("--snakefile", str(ROOT / "Snakefile"), "--configfile", "mine.yaml", "--directory", "my/folder"),
    )
    assert (folder / "reports/mine/index.html").is_file()
    assert (folder / "reports/index.html").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.yaml", "my"]
    assert sorted(path.name for path in ROOT.iterdir()) == before


def test_a_config_of_ones_own_takes_nothing_from_the_config_in_the_working_folder(tmp_path):
    config = demonstration("sleepstudy") | {"seed": 1, "defaults": {"fixed": "Days +", "unit": "ms"}}
    folder = new_project(tmp_path / "p", config)
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(demonstration("penicillin")))
    done = snakemake(folder, "-n", "--configfile", str(tmp_path / "mine.yaml"))
    assert done.returncode == 0, done.stderr
    assert messages(done.stdout + done.stderr) == {*PENICILLIN, INDEX}
