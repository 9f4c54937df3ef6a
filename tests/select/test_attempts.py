"""Attempts at a fit: how many it takes, what is kept, and that it is the lowest optimum R knows of."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lmm
from lmm.engine.optimum import descend
from lmm.model import fit_of_optimum
from lmm.select.attempts import Attempt, agree, fit_with_attempts
from tests.reference.tables import read_table, reference_cases

DATA = Path(__file__).parents[1] / "data"
OPTIMA = json.loads((DATA / "optima_fixtures.json").read_text(encoding="utf-8"))
IN_DOUBT = ("dyestuff2", "exam-multi", "early", "orange-raw", "loblolly", "co2-log")
CLEAN = {
    "sleepstudy": "Reaction ~ Days + (Days | Subject)",
    "orthodont": "distance ~ age * Sex + (age | Subject)",
    "machines": "score ~ Machine + (1 | Worker/Machine)",
}


def attempted(case: str):
    """Return one of the reference cases fitted with attempts."""
    reference = reference_cases()[case]
    return fit_with_attempts(
        reference["formula"], read_table(reference), reml=reference["REML"], weights=reference["weights"]
    )


def whats(attempts):
    return [attempt.what for attempt in attempts]


def table_of(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / name)


def not_identified() -> pd.DataFrame:
    """Return rows whose grouping factor is among the fixed effects too."""
    rng = np.random.default_rng(6)
    return pd.DataFrame({"y": rng.normal(size=24), "g": list("abcdef") * 4})


@pytest.mark.parametrize("case", CLEAN)
@pytest.mark.parametrize("reml", [True, False], ids=["REML", "ML"])
def test_an_interior_fit_that_converged_takes_one_attempt(case, reml):
    table = read_table(next(one for name, one in reference_cases().items() if name.split("-")[0] == case))
    fit, attempts = fit_with_attempts(CLEAN[case], table, reml=reml, weights=None)
    assert fit == lmm.fit(CLEAN[case], table, reml=reml)
    assert attempts == (
        Attempt(
            "first fit",
            fit.deviance,
            "converged",
            False,
            None,
            "It converged in the interior and met a single optimum.",
        ),
    )


def test_least_squares_takes_one_attempt():
    table = read_table(reference_cases()["early"])
    fit, attempts = fit_with_attempts("cog ~ tos", table, reml=True, weights=None)
    assert fit == lmm.fit("cog ~ tos", table)
    assert whats(attempts) == ["first fit"]


@pytest.mark.parametrize("case", IN_DOUBT)
def test_a_singular_fit_is_the_lowest_optimum_of_r_and_confirmed(case):
    fit, attempts = attempted(case)
    optima = reference_cases()[case]["r"]["optimum"]["distinct_local_optima_criterion"]
    assert fit.deviance == pytest.approx(min(optima), abs=1e-4)
    assert fit.converged and fit.singular
    assert whats(attempts) == ["first fit", "rescaled", "second start"]
    assert [attempt.agrees for attempt in attempts] == [None, True, True]
    assert fit.convergence.message.endswith("The boundary is a maximum: a second start ends there too.")


def test_confirmation_leaves_the_estimates_alone():
    fit, _ = attempted("early")
    reference = reference_cases()["early"]
    first = lmm.fit(reference["formula"], read_table(reference), reml=reference["REML"])
    np.testing.assert_array_equal(fit.beta, first.beta)
    np.testing.assert_array_equal(fit.theta, first.theta)


@pytest.mark.parametrize("case", OPTIMA, ids=lambda case: f"{case['data']}-{'REML' if case['REML'] else 'ML'}")
def test_of_several_optima_the_lowest_that_r_meets_from_sixty_starts(case):
    fit, attempts = fit_with_attempts(case["formula"], table_of(case["data"]), reml=case["REML"], weights=None)
    assert fit.converged
    assert fit.deviance == pytest.approx(case["lowest"], abs=1e-4)
    assert sum(attempt.agrees is None for attempt in attempts) == 1
    for attempt in attempts:
        assert attempt.agrees is None or attempt.agrees == (attempt.deviance < fit.deviance + 1e-3)


@pytest.mark.parametrize("case", OPTIMA, ids=lambda case: f"{case['data']}-{'REML' if case['REML'] else 'ML'}")
def test_one_fit_alone_meets_the_lowest_optimum_too(case):
    fit = lmm.fit(case["formula"], table_of(case["data"]), reml=case["REML"])
    assert fit.deviance == pytest.approx(case["lowest"], abs=1e-4)


def test_a_second_optimiser_confirms_the_optimum_that_a_second_start_does_not():
    fit, attempts = fit_with_attempts(
        "y ~ x + (x | g) + (x | h)", table_of("optima_crossed.csv"), reml=False, weights=None
    )
    assert whats(attempts) == ["first fit", "rescaled", "second start", "second optimiser"]
    assert [attempt.agrees for attempt in attempts] == [None, True, False, True]
    assert fit.convergence.optima == pytest.approx((115.6770, 116.8405), abs=1e-3)
    assert fit.convergence.message.endswith("The boundary is a maximum: a second optimiser ends there too.")


def test_an_optimum_that_the_first_fit_missed_is_said_to_be_found_by_another(monkeypatch):
    formula, table = "y ~ x + z + (x + z | g)", table_of("optima_three_effects.csv")

    def worse(formula, data, *, reml, weights):
        sound = lmm.fit(formula, data, reml=reml, weights=weights)
        start = [0.1 * np.eye(3)]
        return fit_of_optimum(formula, sound.design, descend(sound.optimum.problem, reml, start), len(data))

    monkeypatch.setattr("lmm.select.attempts.fit", worse)
    fit, attempts = fit_with_attempts(formula, table, reml=False, weights=None)
    assert attempts[0].deviance == pytest.approx(254.3832, abs=1e-3)  # one that lme4's nloptwrap meets
    assert fit.deviance == pytest.approx(243.9477, abs=1e-3)
    assert "The first fit missed it, which the attempt" in fit.convergence.message


def test_variances_that_are_not_identified_stay_so_after_all_attempts():
    fit, attempts = fit_with_attempts("y ~ g + (1 | g)", not_identified(), reml=True, weights=None)
    assert fit.convergence.status == "not identified"
    assert whats(attempts) == ["first fit", "rescaled", "second start", "second optimiser"]
    assert {attempt.status for attempt in attempts} == {"not identified"}
    assert "None of four attempts mended this" in fit.convergence.message
    plain = lmm.fit("y ~ g", not_identified())
    np.testing.assert_allclose(fit.fitted_fixed, plain.fitted, atol=1e-6)


@pytest.mark.parametrize("seed", [2, 4, 5, 7])
def test_an_end_on_a_ridge_has_not_converged_however_it_looks_from_there(seed):
    # one row per cell: of each τₖ² + σ² only the sum is known
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame({"g": np.repeat(list("abcdef"), 4), "k": list("pqrs") * 6, "y": 4 * rng.normal(size=24)})
    fitted, attempts = fit_with_attempts("y ~ k + (0 + k || g)", cells, reml=True, weights=None)
    assert "converged" in [attempt.status for attempt in attempts]
    assert fitted.convergence.status == "not identified"


def test_a_model_that_explains_the_outcome_all_but_exactly_is_no_fit_and_costs_no_traceback():
    saturated = pd.DataFrame(
        {
            "y": [0.4, -1.1, 0.45, -0.78, -0.56, -0.29, 0.02, 0.51, -0.48, -1.11, 1.02, -1.21],
            "x": [-0.91, 0.99, 0.1, 0.48, 1.21, -2.57, -0.43, 0.64, -2.23, 0.74, 2.82, 8.38],
            "g": list("332330100123"),
            "h": list("213122000333"),
        }
    )
    fit, attempts = fit_with_attempts("y ~ x + (x | g) + (x | h)", saturated, reml=False, weights=None)
    assert not fit.converged
    assert len(attempts) == 4
    assert "None of four attempts mended this" in fit.convergence.message
    json.dumps([attempt.to_dict() for attempt in attempts], allow_nan=False)


@pytest.mark.parametrize("case", OPTIMA, ids=lambda case: f"{case['data']}-{'REML' if case['REML'] else 'ML'}")
@pytest.mark.parametrize(("unit", "origin"), [(1e4, 0.0), (1e-5, 0.0), (1.0, 3e4), (0.02, -70.0)])
def test_units_and_origins_change_no_attempt(case, unit, origin):
    table = table_of(case["data"])
    moved = table.assign(x=origin + unit * table["x"], y=5.0 - 200.0 * table["y"])
    fit, attempts = fit_with_attempts(case["formula"], table, reml=case["REML"], weights=None)
    same, again = fit_with_attempts(case["formula"], moved, reml=case["REML"], weights=None)
    # n − p degrees of freedom scale with y, one column of X with x.
    degrees = fit.n - (len(fit.beta) if case["REML"] else 0)
    jacobian = 2 * degrees * np.log(200.0) + (2 * np.log(unit) if case["REML"] else 0.0)
    assert same.deviance == pytest.approx(fit.deviance + jacobian, abs=1e-5)
    assert [(one.what, one.status, one.singular, one.agrees) for one in again] == [
        (one.what, one.status, one.singular, one.agrees) for one in attempts
    ]
    assert -unit * same.beta[1] / 200.0 == pytest.approx(fit.beta[1], rel=1e-3)


def test_fits_agree_in_deviance_and_in_fixed_effects():
    fit, _ = attempted("early")
    for shift, agreed in ((0.009, True), (0.011, False)):
        moved = replace(fit, beta=fit.beta + shift * fit.se * [0, 1, 0, 0])
        assert agree(moved, fit) == agreed
    for shift, agreed in ((0.9e-3, True), (1.1e-3, False), (np.nan, False)):
        assert agree(replace(fit, loglik=fit.loglik - shift / 2), fit) == agreed


def test_weights_are_those_of_the_column():
    table = read_table(reference_cases()["early"])
    table["w"] = np.resize([1.0, 2.0, 0.5], len(table))
    fit, attempts = fit_with_attempts("cog ~ tos * trt + (tos | id)", table, reml=True, weights="w")
    assert len(attempts) > 1
    assert fit.deviance == pytest.approx(lmm.fit(fit.formula, table, weights="w").deviance, abs=1e-6)
    assert all(attempt.agrees in (None, True) for attempt in attempts)


def test_attempts_go_to_json():
    _, attempts = attempted("dyestuff2")
    stored = json.loads(json.dumps([attempt.to_dict() for attempt in attempts], allow_nan=False))
    assert [Attempt(**one) for one in stored] == list(attempts)
    nowhere = Attempt("second start", float("inf"), "not converged", False, False, "It has no likelihood.")
    assert nowhere.to_dict()["deviance"] is None


PROGRAM = """
import json, sys
import pandas
from lmm.select.attempts import fit_with_attempts
table = pandas.read_csv(sys.argv[1])
fit_with_attempts("y ~ x", table, reml=True, weights=None)
fit_with_attempts("y ~ x + (1 | g)", table, reml=False, weights=None)
before = "scipy.optimize" in sys.modules
fit, attempts = fit_with_attempts("y ~ x + (x | g) + (x | h)", table, reml=False, weights=None)
after = "scipy.optimize" in sys.modules
print(json.dumps([before, after, fit.to_dict(), [attempt.to_dict() for attempt in attempts]]))
"""


def test_every_process_makes_the_same_attempts_and_loads_the_second_optimiser_only_when_asked():
    outputs = []
    for threads, seed in (("1", "1"), ("2", "2")):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(DATA / "optima_crossed.csv")],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        )
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    before, after, *_ = json.loads(outputs[0])
    assert (before, after) == (False, True)
