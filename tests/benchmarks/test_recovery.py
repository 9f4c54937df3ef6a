"""The simulation study of the ladder: its data are what they claim, its verdicts and shares are right."""

import csv
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import lmm
from lmm.files import read_json
from lmm.infer.hypothesis import t_tail
from lmm.infer.smallsample import small_sample
from lmm.select import decide
from lmm.select.rungs import fit_rung, ladder
from tests.workflow.project import run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "recovery"
CONFIG = yaml.safe_load((FOLDER / "config.yaml").read_text(encoding="utf-8"))
SCENARIOS = list(CONFIG["scenarios"])
PLAIN = {"draws": 0}


@pytest.fixture(scope="module", autouse=True)
def importable():
    places = [str(FOLDER), str(FOLDER.parent)]
    sys.path[:0] = places
    yield
    for place in places:
        sys.path.remove(place)


@pytest.fixture(scope="module")
def recovery(importable):
    return importlib.import_module("recovery")


@pytest.fixture(scope="module")
def rates(importable):
    return importlib.import_module("rates")


@pytest.fixture(scope="module")
def scenario(recovery):
    return lambda name: recovery.scenario_of(name, CONFIG["scenarios"][name])


def covariance(values):
    return np.cov(values, rowvar=False)


def assert_covariance(values, expected):
    """Equal within four standard errors, which normal numbers have by Wishart's distribution."""
    expected = np.asarray(expected)
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / (len(values) - 1))
    assert (abs(covariance(values) - expected) < 4 * error).all()


def least_squares(data, by):
    """Intercept and effect of x by least squares, for each unit of balanced rows (x² = 1 and x ⊥ 1, z)."""
    return data.assign(slope=data.x * data.y).groupby(by, observed=True)[["y", "slope"]].mean()


def test_effects_of_levels_have_the_covariance_they_claim_by_algebra(recovery):
    root = recovery.Varies(2.0, 0.5, 0.3).effects(np.eye(2))
    assert root.T @ root == pytest.approx(np.array([[4.0, 0.3], [0.3, 0.25]]))
    root = recovery.Varies(2.0, 0.5).effects(np.eye(2))
    assert root.T @ root == pytest.approx(np.diag([4.0, 0.25]))


def test_subjects_differ_as_they_should(recovery, scenario):
    found = least_squares(recovery.data_set(scenario("large"), 4000, 1, 0), "subject")
    assert_covariance(found, [[1 + 1 / 8, 0.3 * 0.6], [0.3 * 0.6, 0.36 + 1 / 8]])
    assert (abs(found.mean()) < 4 * np.sqrt(found.var() / 4000)).all()


def test_pupils_and_schools_differ_as_they_should(recovery, scenario):
    pupils = least_squares(recovery.data_set(scenario("nested"), 3000, 1, 0), ["school", "pupil"])
    schools = pupils.groupby("school", observed=True)
    one_pupil = np.array([[1 + 1 / 4, 0.3 * 0.6], [0.3 * 0.6, 0.36 + 1 / 4]])
    # Differences of two pupils of a school hold nothing of the school.
    assert_covariance((schools.nth(0).to_numpy() - schools.nth(1).to_numpy()), 2 * one_pupil)
    assert_covariance(schools.mean(), one_pupil / 4 + np.diag([0.25, 0]))


def test_items_differ_as_they_should(recovery, scenario):
    # Over many subjects an item's own effects are left, with an error of 1/√48; over many seeds, their covariance.
    one = scenario("crossed")
    found = np.concatenate([least_squares(recovery.data_set(one, 48, seed, 0), "item") for seed in range(60)])
    error = np.diag([1 + 1 + 0.0625, 1 + 1 + 0.0625]) / 48
    within = found.reshape(60, 12, 2)
    within = (within - within.mean(1, keepdims=True)).reshape(-1, 2) * np.sqrt(12 / 11)
    expected = np.array([[0.25, 0.3 * 0.5 * 0.25], [0.3 * 0.5 * 0.25, 0.0625]])
    assert within.T @ within / len(within) == pytest.approx(expected + error, abs=0.04)


def test_conditions_are_balanced_within_units(recovery):
    for number in (4, 8, 12):
        condition, trend = recovery.trials(number)
        columns = np.column_stack([np.ones(number), condition, trend])
        assert columns.T @ columns == pytest.approx(number * np.eye(3), abs=1e-12)
    crossed = recovery.crossed(24)
    assert (crossed.groupby(["subject", "item"], observed=True).size() == 1).all()
    assert (abs(crossed.groupby("item", observed=True).x.sum()) == 0).all()


def test_a_data_set_depends_on_seed_scenario_and_number_alone(recovery, scenario):
    first, again = (recovery.data_set(scenario("large"), 10, 1, 3).y for _ in range(2))
    assert (first == again).all()
    others = [("large", 10, 1, 4), ("large", 10, 2, 3), ("medium", 10, 1, 3)]
    assert all((recovery.data_set(scenario(name), *rest).y != first).all() for name, *rest in others)


@pytest.mark.parametrize("datasets, jobs", [(10, 3), (2, 5), (7, 1)])
def test_parts_hold_each_data_set_once(importable, datasets, jobs):
    parts = importlib.import_module("parts")
    names = parts.names(datasets, jobs)
    assert len(names) == min(datasets, jobs)
    assert [number for name in names for number in parts.numbers(name)] == list(range(datasets))


def test_verdicts(recovery):
    def random(*blocks):
        return recovery.parameters(blocks)

    intercept = random(("g", ["(Intercept)"]))
    uncorrelated = random(("g", ["(Intercept)"]), ("g", ["x"]))
    correlated = random(("g", ["x", "(Intercept)"]))
    assert correlated == random(("g", ["(Intercept)", "x"]))
    assert [len(one) for one in (intercept, uncorrelated, correlated)] == [1, 2, 3]
    assert recovery.verdict(correlated, correlated) == "true"
    assert recovery.verdict(intercept, uncorrelated) == "too small"
    assert recovery.verdict(uncorrelated, correlated) == "too small"
    assert recovery.verdict(correlated, uncorrelated) == "too large"
    assert recovery.verdict(random(("g", ["(Intercept)", "z"])), correlated) == "neither"
    other = random(("g", ["(Intercept)"]), ("h", ["(Intercept)", "x"]))
    assert recovery.verdict(other, random(("g", ["(Intercept)", "x"]), ("h", ["(Intercept)"]))) == "neither"
    assert recovery.slopes_of_condition(other) == {"h"} and recovery.slopes_of_condition(uncorrelated) == {"g"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_true_structure_is_that_of_the_model_that_made_the_data(recovery, scenario, name):
    one = scenario(name)
    fit = lmm.fit(recovery.true_formula(one), recovery.data_set(one, 10, 1, 0))
    assert recovery.parameters((term.group, term.names) for term in fit.random) == recovery.true_parameters(one)


@pytest.mark.parametrize("mode", ["confirmatory", "parsimonious", "maximal"])
def test_an_effect_added_to_the_outcome_is_added_to_the_estimate_and_changes_nothing_else(recovery, scenario, mode):
    one = scenario("medium")
    choose = recovery.procedure(mode, one, 10, PLAIN, 1)
    data = recovery.data_set(one, 10, 1, 1)
    without = recovery.outcome(choose, data)
    added = data.assign(y=data.y + 0.25 * data.x)
    found = recovery.outcome(choose, added)
    assert found["random"] == without["random"]
    p = small_sample(choose(added), "kenward-roger").t_test(np.array([0.0, 1.0, 0.0])).p
    assert t_tail((without["estimate"] + 0.25) / without["se"], without["df"]) == pytest.approx(p, rel=1e-5)


@pytest.mark.parametrize("mode", ["confirmatory", "parsimonious", "maximal"])
def test_a_mode_ends_where_the_decision_of_a_study_ends(recovery, scenario, mode):
    one = scenario("large")
    study, audit = recovery.study_of(one, mode, PLAIN, 1), recovery.audit_of(one.design, 10)
    for replication in range(2):
        data = recovery.data_set(one, 10, 1, replication)
        rungs = [fit_rung(rung, data, study, audit) for rung in ladder(study)]
        decision = decide(study, {"row_hash": audit["row_hash"], "rungs": rungs}, data, audit)
        fit = recovery.procedure(mode, one, 10, PLAIN, 1)(data)
        assert decision["mode"] == mode
        assert fit.formula == decision["final"]["formula"] and fit.reml


def test_a_covariate_less_its_mean_is_that_covariate(recovery, scenario):
    fit = lmm.fit("y ~ x + z + (scale(x, scale = FALSE) || subject)", recovery.data_set(scenario("large"), 10, 1, 0))
    assert recovery.blocks(fit) == [["subject", ["(Intercept)"]], ["subject", ["x"]]]


def test_a_procedure_that_fails_is_a_result_with_its_reason(recovery, scenario):
    data = recovery.data_set(scenario("large"), 10, 1, 0)
    found = recovery.outcome(lambda data: lmm.fit("y ~ x + z + (1 | nowhere)", data), data)
    assert "nowhere" in found["failure"] and "estimate" not in found


def test_intervals_of_shares_are_wilsons(rates):
    # Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20, 1/29.
    published = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for count, of, *limits in published:
        assert rates.Share(count, of).interval == pytest.approx(limits, abs=6e-5)
    lower, upper = rates.Share(20, 20).interval
    assert (lower, upper) == pytest.approx((1 - 0.1611, 1.0), abs=6e-5)


def test_without_the_slopes_the_test_rejects_as_often_as_algebra_says(recovery, rates, scenario):
    assert rates.type_one_without_slopes(10, 0.0) == pytest.approx(0.05, abs=1e-5)
    one, datasets = scenario("large"), 300
    one = recovery.Scenario(one.name, one.title, one.design, (10,), one.varies)
    found = list(recovery.outcomes(one, "intercepts-only", PLAIN, 1, range(datasets)))
    summed = rates.cell(one, 10, "intercepts-only", found, 0.25)
    assert summed.by_algebra == rates.type_one_without_slopes(10, 0.6) > 0.2
    error = (summed.by_algebra * (1 - summed.by_algebra) / datasets) ** 0.5
    assert abs(summed.type_one.value - summed.by_algebra) < 4 * error
    assert summed.structure["too small"].count == datasets
    assert rates.Cell.from_dict(summed.to_dict()) == summed


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folder of a small study in one part, and of the same in two."""
    scenarios = {"large": CONFIG["scenarios"]["large"] | {"groups": [10]}}
    folders = {}
    for jobs in (1, 2):
        folder = tmp_path_factory.mktemp(f"jobs-{jobs}")
        config = CONFIG | {"datasets": 3, "jobs": jobs, "scenarios": scenarios, "into": "page"}
        config["procedures"] = ["intercepts-only", "parsimonious"]
        (folder / "small.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        run(folder, "--snakefile", str(FOLDER / "Snakefile"), "--configfile", "small.yaml", "--scheduler", "greedy")
        folders[jobs] = folder
    return folders


def test_two_parts_are_what_one_part_is(runs):
    pages = {jobs: {path.name: path.read_bytes() for path in (runs[jobs] / "page").iterdir()} for jobs in runs}
    names = [f"recovery-{figure}" for figure in ("structure", "type-one", "power")]
    figures = [f"{name}.{suffix}" for name in names for suffix in ("svg", "png")]
    assert sorted(pages[1]) == sorted(["recovery.csv", "recovery.md", *figures])
    assert pages[1] == pages[2]
    parts = {jobs: sorted(path.name for path in (runs[jobs] / "results").rglob("*-*.json")) for jobs in runs}
    assert parts == {1: ["0-2.json"] * 2, 2: ["0-0.json"] * 2 + ["1-2.json"] * 2}


def test_the_table_counts_what_the_parts_hold(runs, recovery, scenario):
    part = read_json(runs[1] / "results/recovery/parts/large/parsimonious/0-2.json")["outcomes"]
    true = recovery.true_parameters(scenario("large"))
    verdicts = [recovery.verdict(recovery.parameters(one["random"]), true) for one in part]
    with (runs[1] / "page/recovery.csv").open(encoding="utf-8", newline="") as table:
        row = next(r for r in csv.DictReader(table) if (r["scenario"], r["procedure"]) == ("large", "parsimonious"))
    assert int(row["datasets"]) == 3 and int(row["failures"]) == 0
    for name in ("true", "too small", "too large", "neither"):
        assert float(row[name.replace(" ", "_")]) == pytest.approx(verdicts.count(name) / 3)
    rejected = [t_tail(one["estimate"] / one["se"], one["df"]) < 0.05 for one in part]
    assert float(row["type_one"]) == pytest.approx(np.mean(rejected))


def test_the_page_in_the_documentation_is_of_this_study():
    page = (ROOT / "docs/recovery.md").read_text(encoding="utf-8")
    with (ROOT / "docs/recovery.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    cells = {(row["scenario"], int(row["groups"]), row["procedure"]) for row in rows}
    assert cells == {
        (name, groups, procedure)
        for name, block in CONFIG["scenarios"].items()
        for groups in block["groups"]
        for procedure in CONFIG["procedures"]
    }
    assert all(f"### {block['title']}" in page for block in CONFIG["scenarios"].values())
    assert all(f"[{float(r['type_one_lower']):.1%}, {float(r['type_one_upper']):.1%}]" in page for r in rows)
    assert f"datasets={max(int(row['datasets']) for row in rows)} into=docs" in page
