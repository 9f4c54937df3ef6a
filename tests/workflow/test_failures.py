"""Bad input inside a job: its sentence on the screen, at the end of the run and in the log, and no half-made files."""

import html

from tests.clean.test_bad_input import CASES
from tests.workflow.project import new_project, outputs, planned, run, snakemake, write_config

PAGE, INDEX = "reports/trial/index.html", "reports/index.html"
OF_EACH_KIND = (
    "text outcome",
    "dates in two formats as labels",
    "infinite predictor",
    "equal factors",
    "unknown level",
    "no row complete",
    "header alone",
    "ragged row",
    "root of a negative number",
    "factor with one level",
)
"""Of the cases, whose sentences tests/clean asserts one and all, some that different readers and checks find."""


def test_bad_tables_give_their_sentence_and_a_page_that_says_it(tmp_path):
    """One study for each kind of bad input, in one run that keeps going."""
    cases = {name.replace(" ", "_"): CASES[name] for name in OF_EACH_KIND}
    plain = {"outcome": "y", "fixed": "x", "groups": ["g"]}
    studies = [{"name": name, "data": f"{name}.csv"} | plain | changes for name, (_, changes, _) in cases.items()]
    project = new_project(tmp_path / "project", {"studies": studies})
    for name, (text, _, _) in cases.items():
        (project / f"{name}.csv").write_text(text, encoding="utf-8")

    done = snakemake(project, "--cores", "2", "--keep-going")

    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    for name, (_, _, sentence) in cases.items():
        joined = ", " if sentence.startswith("key ") else ": "
        said = f"study {name}{joined}{sentence.replace('t.csv', f'{name}.csv')}"
        # once from the job, once more at the end of the run
        assert done.stderr.count(said) == 2, said
        assert (project / f"logs/{name}/clean.log").read_text(encoding="utf-8").startswith(f"error: {said}")
    pages = {f"reports/{name}/index.html" for name in cases}
    left = outputs(project)
    assert set(left) == {*pages, "reports/index.html"}
    for name, (_, _, sentence) in cases.items():
        page = html.unescape(left[f"reports/{name}/index.html"].decode())
        assert "While cleaning the table" in page
        assert sentence.replace("t.csv", f"{name}.csv") in page
    index = html.unescape(left["reports/index.html"].decode())
    assert all(f'href="{name}/index.html"' in index for name in cases)


def test_a_sentence_is_not_repeated_once_its_cause_is_mended(tmp_path):
    study = {"name": "trial", "data": "t.csv", "outcome": "y", "groups": ["g"]}
    project = new_project(tmp_path / "project", {"studies": [study]})
    table = project / "t.csv"
    table.write_text("y,g\n1,a\n1,a\n1,b\n1,b\n")
    assert "the outcome y is 1 in all 4 rows" in snakemake(project, "--cores", "1").stderr
    table.write_text("y,g\n")
    done = snakemake(project, "--cores", "1")
    assert "t.csv has column names but no rows" in done.stderr
    assert "the outcome y is 1" not in done.stderr


def changes(project, earlier):
    """The files that a run changed, and what a person reads in them; none may be gone or new."""
    left = outputs(project)
    assert left.keys() == earlier.keys()
    return {name: html.unescape(left[name].decode()) for name in left if left[name] != earlier[name]}


def test_a_table_that_turned_bad_leaves_the_earlier_results_and_is_told_at_every_run(tmp_path):
    """The page of the earlier run and the index say so, and are the same to the byte once the table is mended.

    Of a study in one job, whose folders are kept as wholes; test_faults has one in stages.
    """
    study = {"name": "trial", "data": "t.csv", "outcome": "y", "groups": ["g"], "split": "none"}
    project = new_project(tmp_path / "project", {"studies": [study]})
    table = project / "t.csv"
    good = "y,g\n" + "".join(f"{row * 7 % 5},{'abcd'[row // 3]}\n" for row in range(12))
    table.write_text(good)
    run(project)
    earlier = outputs(project)
    assert "results/trial/clean/table.parquet" in earlier
    table.write_text(good + "1,a,5\n")
    for _ in range(2):
        done = snakemake(project, "--cores", "1")
        said = "t.csv has 3 cells in line 14, where its header has names for 2"
        assert said in done.stderr
        pages = changes(project, earlier)
        assert set(pages) == {PAGE, INDEX}
        assert all(page.count(said) == 1 for page in pages.values())
        assert (
            "The last run of this study failed; this page is of a run before it." in pages["reports/trial/index.html"]
        )
        assert "The last run failed; this is of a run before it." in pages[INDEX]
    table.write_text(good)
    write_config(project, {"studies": [study | {"steps": [{"filter": {"keep": "y > 9", "because": "small"}}]}]})
    assert "the steps leave no row of t.csv" in snakemake(project, "--cores", "1").stderr
    pages = changes(project, earlier)
    assert set(pages) == {PAGE, INDEX}
    assert all("the steps leave no row of t.csv" in page and said not in page for page in pages.values())
    write_config(project, {"studies": [study]})
    run(project)
    assert outputs(project) == earlier
    assert planned(project) == set()
