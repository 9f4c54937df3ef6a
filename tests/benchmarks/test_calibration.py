"""The tests of lmm reject a true null hypothesis as often as algebra and the project's method say they do."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def calibration():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("calibration")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.mark.slow
@pytest.mark.parametrize("study", ["boundary", "slope-left-out", "few-groups"])
def test_rejection_rates_are_those_of_algebra_and_of_the_method(calibration, study):
    replications = 1000
    for test, rate, _ in calibration.rejection_rates(study, replications):
        if test.exact is not None:
            assert abs(rate - test.exact) < 4 * (test.exact * (1 - test.exact) / replications) ** 0.5, test.name
        if test.reported is not None:
            # Reported of a simulation about as large as this one.
            assert abs(rate - test.reported) < 4 * 2**0.5 * (test.reported / replications) ** 0.5, test.name


@pytest.mark.parametrize("study", ["boundary", "slope-left-out", "few-groups"])
def test_a_replication_does_not_depend_on_how_many_there_are(calibration, study):
    more = calibration.p_values(study, 4)
    assert (more[:2] == calibration.p_values(study, 2)).all()
    assert len(set(more[:, 0])) == 4 or study == "boundary"
    assert ((more > 0) & (more <= 1)).all()


def test_the_page_holds_every_study(calibration):
    page = calibration.PAGE.read_text(encoding="utf-8")
    for study in calibration.STUDIES.values():
        assert f"## {study.title}" in page and f"{study.replications:,} replications" in page
        assert all(test.name.replace("|", "\\|") in page for test in study.tests)
