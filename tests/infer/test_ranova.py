"""Random terms reduced one by one: lmerTest's `ranova` in 34 cases, and the mixture beside its p."""

import json

import pytest

import lmm
from lmm.errors import InputError
from lmm.infer.ranova import ranova
from tests.reference.tables import fitting_arguments, read_table, reference_cases

CASES = [name for name, case in reference_cases().items() if case["r"].get("ranova", {}).get("reliable")]


def r_name(dropped):
    """A dropped term with its grouping factors in one order: R writes cask:batch for batch/cask."""
    left, _, group = dropped.rstrip(")").rpartition("| ")
    return left, tuple(sorted(group.split(":")))


def test_every_case_of_r_is_reliable():
    assert len(CASES) == 34


@pytest.mark.parametrize("case", CASES)
def test_reductions_are_those_of_lmertest(case):
    published = reference_cases()[case]
    r = published["r"]["ranova"]
    fit = lmm.fit(**fitting_arguments(published, read_table(published)))
    found = {r_name(one.dropped): one for one in ranova(fit).reductions}
    assert set(found) == {r_name(term) for term in r["term"][1:]}
    for i, term in enumerate(r["term"][1:], 1):
        one = found[r_name(term)]
        assert (one.fit.npar, one.test.naive_df) == (r["npar"][i], r["df"][i])
        assert one.fit.loglik == pytest.approx(r["logLik"][i], abs=1e-4)
        assert one.test.statistic == pytest.approx(r["LRT"][i], abs=2e-4)
        assert one.test.naive_p == pytest.approx(r["p"][i], rel=1e-3)


@pytest.mark.parametrize(
    ("case", "dropped", "null", "p"),
    [
        # half of R's p for one variance; sleepstudy, Orthodont, Machines, Early: method, verdicts to reproduce
        ("dyestuff", "(1 | Batch)", "½χ²₀ + ½χ²₁", 0.0116133944354532 / 2),
        ("penicillin", "(1 | plate)", "½χ²₀ + ½χ²₁", 1.18656152253138e-24 / 2),
        ("sleepstudy-corr", "Days in (Days | Subject)", "½χ²₁ + ½χ²₂", 2.79252981506993e-10),
        ("orthodont-corr", "age in (age | Subject)", "½χ²₁ + ½χ²₂", 0.417),
        ("early", "tos in (tos | id)", "½χ²₁ + ½χ²₂", 0.0447),
        ("loblolly", "age in (age + I(age^2) | Seed)", "½χ²₂ + ½χ²₃", None),
        ("machines-fslope", "Machine in (0 + Machine | Worker)", "½χ²₄ + ½χ²₅", None),
        ("carrots-na", "sens2 in (0 + sens2 | Consumer)", "½χ²₀ + ½χ²₁", 0.00631116789925792 / 2),
    ],
)
def test_each_reduction_has_the_mixture_of_its_kind(case, dropped, null, p):
    published = reference_cases()[case]
    fit = lmm.fit(**fitting_arguments(published, read_table(published)))
    (test,) = (one.test for one in ranova(fit).reductions if one.dropped == dropped)
    assert str(test.null) == null
    assert p is None or test.p == pytest.approx(p, rel=2e-3)
    assert test.p < test.naive_p


def test_a_variance_of_zero_is_no_evidence():
    published = reference_cases()["dyestuff2"]
    (one,) = ranova(lmm.fit(**fitting_arguments(published, read_table(published)))).reductions
    assert (one.test.statistic, one.test.p, one.test.naive_p) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize("case", ["sleepstudy-weights", "bodyweight-offset", "carrots-na", "machines-fslope"])
def test_reduced_fits_are_those_of_their_own_formula(case):
    published = reference_cases()[case]
    arguments = fitting_arguments(published, read_table(published))
    fit = lmm.fit(**arguments)
    for one in ranova(fit).reductions:
        arguments["data"] = read_table(published).iloc[fit.rows]
        for name in ("weights", "offset"):
            if arguments[name] is not None:
                arguments[name] = arguments[name][fit.rows]
        anew = lmm.fit(**{**arguments, "formula": one.fit.formula})
        assert anew.loglik == pytest.approx(one.fit.loglik, abs=1e-6)
        assert [term.names for term in anew.random] == [term.names for term in one.fit.random]
        if arguments["offset"] is None:
            rows = arguments["data"].head(4)
            assert one.fit.predict(rows) == pytest.approx(anew.predict(rows), rel=1e-5)


@pytest.fixture(scope="module")
def machines():
    return read_table(reference_cases()["machines-fslope"]).assign(x=lambda table: table["score"].rank() % 5)


@pytest.mark.parametrize(
    ("random", "dropped", "left"),
    [
        ("(x * Machine | Worker)", ["x:Machine in (x + Machine + x:Machine | Worker)"], ["(1 + x + Machine | Worker)"]),
        ("(0 + x | Worker)", ["x in (0 + x | Worker)"], [None]),
        ("(0 + Machine + x | Worker)", ["Machine in (0 + Machine + x | Worker)", "x in (0 + Machine + x | Worker)"],
         ["(1 + x | Worker)", "(0 + Machine | Worker)"]),
        ("(1 | Worker) + (0 + x | Worker)", ["(1 | Worker)", "x in (0 + x | Worker)"],
         ["(0 + x | Worker)", "(1 | Worker)"]),
        ("(Machine || Worker)", ["(1 | Worker)", "Machine in (0 + Machine | Worker)"],
         ["(0 + Machine || Worker)", "(1 || Worker)"]),
    ],
)  # fmt: skip
def test_what_may_be_dropped_and_what_is_left(machines, random, dropped, left):
    found = ranova(lmm.fit(f"score ~ Machine + {random}", machines)).reductions
    assert [one.dropped for one in found] == dropped
    expected = ["score ~ Machine" + (f" + {one}" if one else "") for one in left]
    assert [one.fit.formula for one in found] == expected


def test_a_table_as_json_has_it(machines):
    table = ranova(lmm.fit("score ~ Machine + (1 | Worker/Machine)", machines)).to_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert [row["dropped"] for row in table["reductions"]] == ["(1 | Worker)", "(1 | Worker:Machine)"]


def test_without_random_terms_or_data_it_is_refused(machines):
    with pytest.raises(InputError, match="no random effects to test"):
        ranova(lmm.fit("score ~ Machine", machines))
    with pytest.raises(InputError, match="read from a file"):
        ranova(lmm.Fit.from_json(lmm.fit("score ~ Machine + (1 | Worker)", machines).to_json()))
