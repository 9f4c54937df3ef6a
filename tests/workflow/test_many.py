"""Many outcomes of one trial through Snakemake: their family, what a change of it reruns, and snakemake --report."""

import html
import json
import re
import shutil
from html import escape
from types import SimpleNamespace

import jinja2
import numpy as np
import pytest
from docutils.core import publish_parts

from lmm.infer.multiplicity import adjust
from tests.report import many
from tests.workflow.project import INDEX, ROOT, copy_of, new_project, planned, run, snakemake, write_config


def config(number):
    """So many outcomes of a family, and the last of no family."""
    blocks = many.studies(number, unit="points", cross_validation={"targets": []})
    blocks[-1].pop("family")
    return {"seed": 1, "studies": blocks}


def project_of(folder, number):
    project = new_project(folder, config(number))
    many.trial(number).to_csv(project / "trial.csv", index=False)
    return project


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    project = project_of(tmp_path_factory.mktemp("many") / "project", 3)
    run(project)
    return project


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def reports(*names):
    return {f"{name}: writing the report" for name in names}


FAMILY = "family trial: adjusting p-values across {}"


def family_job(*names):
    return FAMILY.format(" ".join(f"results/{name}/infer/inference.json" for name in names))


def test_a_family_holds_the_p_values_of_its_studies_adjusted(finished):
    found = read(finished / "results/families/trial.json")
    rows = [read(finished / f"results/{name}/infer/inference.json")["coefficients"]["rows"] for name in ("y00", "y01")]
    naive = [row["p"] for table in rows for row in table if row["name"] == "armdrug"]
    assert [test["p"] for test in found["tests"]] == naive
    assert [test["adjusted"] for test in found["tests"]] == adjust(np.array(naive), "holm").tolist()


def test_the_pages_of_a_family_say_so_and_others_do_not(finished):
    pages = {name: (finished / f"reports/{name}/index.html").read_text(encoding="utf-8") for name in ("y00", "y02")}
    assert pages["y00"].count("adjusted across the 2 outcomes of family trial by Holm’s method (Holm, 1979)") >= 2
    assert "Holm, S. (1979)" in pages["y00"]
    assert "family trial" not in pages["y02"]


def test_another_adjustment_reruns_the_family_and_the_pages_that_show_it_alone(finished, tmp_path):
    project = copy_of(finished, tmp_path / "project")
    changed = config(3) | {"families": {"trial": {"adjustment": "bonferroni"}}}
    expected = {family_job("y00", "y01"), *reports("y00", "y01"), INDEX}
    assert planned(write_config(project, changed)) == expected


def test_joining_a_family_fits_nothing_again(finished, tmp_path):
    project = copy_of(finished, tmp_path / "project")
    changed = config(3)
    changed["studies"][2]["family"] = "trial"
    expected = {family_job("y00", "y01", "y02"), *reports("y00", "y01", "y02"), INDEX}
    assert planned(write_config(project, changed)) == expected


def test_a_study_outside_the_family_leaves_its_pages_alone(finished, tmp_path):
    project = copy_of(finished, tmp_path / "project")
    changed = config(3)
    changed["studies"][2]["title"] = "Another title"
    assert planned(write_config(project, changed)) == {"y02: checking the chosen model", *reports("y02"), INDEX}


def test_reports_of_a_family_wait_for_the_member_that_failed(finished, tmp_path):
    """The one without a report of an earlier run says for whom; the other keeps the one it has."""
    project = copy_of(finished, tmp_path / "project")
    shutil.rmtree(project / "reports/y01")
    shutil.rmtree(project / "results/y01/report")
    before = (project / "reports/y00/index.html").read_bytes()
    nothing_left = [{"filter": {"keep": "y00 > 1e9", "because": "to fail"}}]
    changed = config(3)
    changed["studies"].append(changed["studies"][0] | {"name": "lost", "steps": nothing_left})
    done = snakemake(write_config(project, changed), "--cores", "2", "--keep-going")
    assert done.returncode != 0
    assert "study lost: the steps leave no row of trial.csv" in done.stderr
    assert "study y01: its report waits for lost of family trial" in done.stderr
    assert (project / "reports/y00/index.html").read_bytes() == before
    page = html.unescape((project / "reports/y01/index.html").read_text(encoding="utf-8"))
    assert "its report waits for lost of family trial, as p-values are adjusted across all studies of a family" in page
    assert "the steps leave no row of trial.csv" in html.unescape((project / "reports/lost/index.html").read_text())


OFFLINE = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}


def test_snakemake_report_has_pages_figures_and_decisions_by_study_and_stage(finished):
    done = snakemake(finished, "--report", "report.html", **OFFLINE)
    assert done.returncode == 0, done.stderr
    text = (finished / "report.html").read_text(encoding="utf-8")
    categories = json.loads(re.search(r"var categories = (\{.*?\});\n", text)[1])
    assert set(categories) == {"All studies", "y00", "y01", "y02"}
    assert set(categories["y00"]) == {"report", "select", "diagnose"}
    assert categories["y00"]["report"] == ["reports/y00/index.html"]
    assert categories["y00"]["select"] == ["results/y00/select/decision.json"]
    figures = {path.name for path in (finished / "results/y00/diagnose/figures").glob("*.svg")}
    assert {path.rsplit("/", 1)[-1] for path in categories["y00"]["diagnose"]} == figures
    results = json.loads(re.search(r"var results = (\{.*?\});\n", text)[1])
    assert results["reports/y00/index.html"]["labels"] == {"what": "report"}
    assert all(result["caption"].startswith("<p>") and result["labels"] for result in results.values())
    assert "Outcome 0" in re.search(r"var workflow_desc = (.*?);\n", text)[1]


@pytest.mark.slow
def test_fifty_outcomes(tmp_path):
    project = project_of(tmp_path / "project", 50)
    write_config(project, config(50) | {"defaults": {"split": "none"}})
    run(project, "--quiet", "all", timeout=3600)
    text = (project / "reports/index.html").read_text(encoding="utf-8")
    assert "50 studies: " in text
    assert len(re.findall(r'<tr class="\w+"><th scope="row" dir="auto"><a ', text)) == 50
    assert "Of the 49 outcomes of family trial" in text
    tests = read(project / "results/families/trial.json")["tests"]
    assert all(test["p"] <= test["adjusted"] for test in tests)
    # 44 outcomes without an effect: some p below .05 by chance, none of them once adjusted
    assert {test["study"] for test in tests if test["adjusted"] < 0.05} <= {f"y{k:02d}" for k in range(5)}
    assert len(text.encode()) < 500_000


@pytest.mark.parametrize(
    "title", ["*bold `code` |x| y_ __init__ \\", "a\n\n.. raw:: html\n\n   <script>", "{{ 7*7 }} <b>שלום"]
)
def test_a_hostile_title_is_text_in_snakemakes_report(title):
    text = (ROOT / "workflow/report/workflow.rst").read_text(encoding="utf-8")
    holder = SimpleNamespace(config={"studies": [{"name": "a", "title": title}, {"name": "b"}]})
    rendered = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(text).render(snakemake=holder)
    html = publish_parts(rendered, writer="html", settings_overrides={"halt_level": 2})["html_body"]
    assert escape(" ".join(title.split()), quote=False) in html
