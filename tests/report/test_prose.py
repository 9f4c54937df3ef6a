"""What the prose says and does not say in each situation; the page's text is what a reader would paste."""

import copy
import re
from dataclasses import replace

import numpy as np
import pandas
import pytest

from lmm.report.answer import answer
from lmm.report.cautions import AMBER, GREEN, RED, cautions, light
from lmm.report.methods import methods
from lmm.report.results import results
from tests.report import builders


def plain(paragraphs):
    return " ".join(paragraph.striptags() for paragraph in paragraphs)


def read(case):
    found = cautions(case)
    told = answer(case, found)
    return {
        "light": told.light,
        "answer": told.paragraph.striptags(),
        "reasons": plain(told.reasons),
        "methods": plain(methods(case)),
        "results": plain(results(case, found)),
        "cautions": plain(caution.sentence for caution in found),
    }


def changed(finished, **parts):
    """The case of a finished study with parts of its decision, audit or findings changed."""
    case = finished.case
    changes = {name: copy.deepcopy(getattr(case, name)) for name in ("decision", "audit", "findings", "ladder")}
    for path, value in parts.items():
        *keys, last = path.split("__")
        inside = changes
        for key in keys:
            inside = inside[key]
        inside[last] = value
    return replace(case, **changes)


def test_longitudinal_with_a_slope_that_varies():
    told = read(builders.sleepstudy().case)
    assert "Reaction rises by 10.47 ms per unit of Days (b = 10.47, 95% CI [7.21, 13.73], p < .001)." in told["answer"]
    assert "72% lies between levels of Subject" in told["answer"]
    assert "The effect of Days differs between levels of Subject (SD 5.92)." in told["answer"]
    assert "We analysed Reaction (ms) in 180 rows from 18 levels of Subject." in told["methods"]
    assert "No row was left out" in told["methods"]
    assert "seed 7" in told["methods"]
    varied = (
        "The effect of Days varied between levels of Subject (likelihood ratio 42.84, p < .001 under ½χ²₁ + ½χ²₂; ΔAIC"
    )
    assert varied in told["results"]
    entered = "Intercepts of Subject entered by design (likelihood ratio 107.20, p < .001 by the exact null"
    assert entered in told["results"]
    assert "It converged and was not singular." in told["results"]
    assert "Days: b = 10.47, SE = 1.55, 95% CI [7.21, 13.73], t(17) = 6.77, p < .001" in told["results"]
    # Limits of Bates et al. 2015, section 5.1.
    varied = "SD = 24.7, 95% CI [14.4, 37.7] (intercept); SD = 5.92, 95% CI [3.80, 8.75] (Days); r = .07, 95% CI"
    assert f"{varied} [−.48, .69]." in told["results"]
    assert "are those of Kenward and Roger (1997)" in told["methods"]
    assert "Intervals of standard deviations and correlations are by profile likelihood." in told["methods"]
    assert "Marginal R² was .28 and conditional R² .80." in told["results"]
    assert "after selection" in told["results"]
    assert "singular:" not in told["results"]


def test_correlations_kept_by_default_are_not_sold_as_tested():
    told = read(builders.sleepstudy().case)
    assert "stayed correlated with the intercepts of Subject by default (likelihood ratio 0.04" in told["results"]


def test_nothing_to_choose_means_no_selection_caveat():
    told = read(builders.penicillin().case)
    assert "nothing about the final model was chosen on the data" in told["methods"]
    assert "Matuschek" not in told["methods"]
    assert "after selection" not in told["results"] + told["cautions"]
    assert "The mean of diameter is 22.97 mm, 95% CI [20.95, 25.00]." in told["answer"]
    assert "15% lies between levels of plate and 79% between levels of sample" in told["answer"]


def test_few_levels():
    told = read(builders.penicillin().case)
    assert told["light"] == AMBER
    assert "sample has only 6 levels" in told["reasons"]
    assert "plate has only" not in told["cautions"]
    assert "sample has only 6 levels" in told["results"]
    assert "has only" not in read(builders.nested().case)["cautions"]


def test_hardly_any_levels():
    table = pandas.DataFrame({"y": np.random.default_rng(1).normal(size=24), "g": list("abc") * 8})
    table["y"] += table.g.map(dict(a=0, b=2, c=5))
    told = read(builders.finish_undrawn(table, outcome="y", groups=["g"]).case)
    assert "g has only 3 levels: too few to estimate a variance from." in told["reasons"]


def test_a_treatment_without_effect_is_not_called_absent():
    told = read(builders.nested().case)
    assert "No clear difference in score between arm = drug and placebo was found" in told["answer"]
    assert (
        "The coefficient of armdrug did not differ from zero at α = .05, which is no evidence that it is zero."
        in told["results"]
    )
    assert "higher" not in told["answer"] and "lower" not in told["answer"]
    assert "ward:patient was nested in ward." in told["methods"]
    assert "compare each level with a reference level: arm (placebo)." in told["methods"]


def test_singular_by_design():
    told = read(builders.without_variance().case)
    assert told["light"] == AMBER
    assert "It converged and was not singular." not in told["results"]
    assert "The final model was singular (g: the variance of (Intercept) is zero)." in told["results"]
    assert "on the boundary of what is possible" in told["reasons"]
    assert "0% lies between levels of g" in told["answer"]


def test_back_off_from_a_singular_slope():
    """Lines that differ in level and in nothing else: the slope's variance collapses and the slope is not kept."""
    random = np.random.default_rng(11)
    g, x = np.repeat(np.arange(12), 8), np.tile(np.arange(8.0), 12)
    y = x + random.normal(0, 2, 12)[g] + np.tile(random.permutation(np.linspace(-1, 1, 8)), 12)
    table = pandas.DataFrame({"y": y + random.normal(0, 0.05, 96), "x": x, "g": [f"g{k}" for k in g]})
    finished = builders.finish_undrawn(table, outcome="y", fixed="x", groups=["g"], slopes={"g": "x"})
    told = read(finished.case)
    assert finished.case.fit.formula == "y ~ x + (1 | g)"
    assert (
        "Random slopes with a singular fit, by a variance of zero or a correlation of ±1, could not be chosen."
        in told["methods"]
    )
    assert "was singular" in told["results"] or "were singular" in told["results"]
    assert "The final model was singular" not in told["results"]
    assert "The effect of x differs" not in told["answer"]


def test_missing_rows():
    table = builders.sleep_table()
    table.loc[[3, 50, 90], "Days"] = np.nan
    told = read(builders.finish_undrawn(table, outcome="Reaction", fixed="Days", groups=["Subject"]).case)
    assert "Of 180 rows read, 3 (2%) were left out" in told["methods"]
    assert "missing: Days (3)." in told["methods"]
    assert "missing at random" in told["methods"]
    assert "No row was left out" not in told["methods"]
    assert "3 of 180 rows (2%) were left out" in told["cautions"]
    assert "3 of 180 rows" not in told["reasons"]


def test_many_missing_rows_turn_the_light():
    table = builders.sleep_table()
    table.loc[table.index % 8 == 0, "Days"] = np.nan
    told = read(builders.finish_undrawn(table, outcome="Reaction", fixed="Days", groups=["Subject"]).case)
    assert "23 of 180 rows (13%) were left out" in told["reasons"]


def test_criteria_that_disagree_turn_the_light():
    sentence = "AIC would choose another model."
    told = read(changed(builders.nested(), decision__disagreements=[{"kind": "slope", "sentence": sentence}]))
    assert told["light"] == AMBER
    assert sentence in told["reasons"]
    assert sentence not in read(builders.nested().case)["reasons"]


def test_candidates_go_by_their_labels():
    told = read(builders.sleepstudy().case)
    assert "“Intercept and uncorrelated slope of Days by Subject”" in told["reasons"]
    assert "Subject.uncorrelated" not in told["reasons"] + told["results"]


def test_naive_p_is_told_where_it_differs():
    told = read(builders.penicillin().case)
    assert "p = .313 by the exact null distribution, where plain χ² would give p = .677" in told["results"]
    assert "p < .001, where plain" not in told["results"]


def test_a_slope_that_does_not_vary():
    random = np.random.default_rng(2)
    g, x = np.repeat(np.arange(15), 8), np.tile(np.arange(8.0), 15)
    y = x + random.normal(0, 1, 15)[g] + random.normal(0, 1, 120)
    table = pandas.DataFrame({"y": y, "x": x, "g": [f"g{k}" for k in g]})
    case = builders.finish_undrawn(table, outcome="y", fixed="x", groups=["g"], slopes={"g": "x"}).case
    assert case.fit.formula == "y ~ x + (1 | g)"
    assert "The effect of x did not clearly vary between levels of g (likelihood ratio" in read(case)["results"]
    assert "varied between levels" not in read(case)["results"]


def test_criteria_that_disagree_on_a_fixed_effect_decide_nothing():
    told = read(builders.nested().case)
    assert builders.nested().decision["disagreements"]
    assert "would choose" in told["cautions"]
    assert "would choose" not in told["reasons"] + told["results"]


def test_green_when_nothing_speaks_against_it():
    told = read(builders.nested().case)
    assert told["light"] == GREEN
    assert told["reasons"] == ""
    assert "Residuals and random effects showed no departure from what the model implies." in told["results"]


def test_a_concern_of_the_figures_reaches_answer_and_results():
    told = read(builders.sleepstudy().case)
    assert "The residuals are not normal." in told["reasons"]
    assert "The residuals are not normal." in told["results"]
    assert "no departure" not in told["results"]


def test_not_converged_is_red():
    case = builders.nested().case
    convergence = replace(case.fit.convergence, status="not converged", message="The deviance could still fall.")
    told = read(replace(case, fit=replace(case.fit, convergence=convergence)))
    assert told["light"] == RED
    assert "The final model did not converge: The deviance could still fall." in told["reasons"]
    assert "should not be interpreted" in told["results"]


def test_not_identified_is_red_and_said_as_such():
    case = builders.nested().case
    convergence = replace(case.fit.convergence, status="not identified", message="The deviance is flat.")
    told = read(replace(case, fit=replace(case.fit, convergence=convergence)))
    assert told["light"] == RED
    assert "The final model is not identified: The deviance is flat." in told["reasons"]
    assert "The final model is not identified, and its estimates should not be interpreted." in told["results"]


def test_a_warning_is_told_by_its_subject_however_it_begins():
    warnings = [
        {"subject": "origin", "sentence": "The final model is singular to look at, g has 5 of something."},
        {"subject": "few levels", "sentence": "Rather few of them."},
        {"subject": "reused labels", "sentence": "Are these the same labels?"},
    ]
    told = read(changed(builders.nested(), decision__final__warnings=warnings))
    assert "singular to look at" in told["reasons"]
    assert "Rather few of them." not in told["cautions"]
    assert "Are these the same labels?" in told["cautions"] and "the same labels?" not in told["reasons"]


def test_a_failed_candidate_is_named():
    ladder = copy.deepcopy(builders.nested().ladder)
    ladder["rungs"][-1] |= {"failure": "the data cannot carry it."}
    told = read(replace(builders.nested().case, ladder=ladder))
    assert "could not be fitted: the data cannot carry it." in told["reasons"]


def test_an_interaction_is_told_with_its_conditions():
    random = np.random.default_rng(4)
    g, x = np.repeat(np.arange(20), 10), random.uniform(0, 10, 200)
    arm = np.where(g % 2, "drug", "placebo")
    y = 5 + x + (arm == "drug") * (6 + 2 * x) + random.normal(0, 1, 20)[g] + random.normal(0, 0.5, 200)
    table = pandas.DataFrame({"y": y, "x": x, "arm": arm, "g": [f"g{k}" for k in g]})
    levels = {"arm": ["placebo", "drug"]}
    told = read(builders.finish_undrawn(table, outcome="y", fixed="x * arm", groups=["g"], levels=levels).case)
    assert "per unit of x where arm is placebo (" in told["answer"]
    assert "higher for arm = drug than for placebo where x is 0 (" in told["answer"]
    slope = re.search(r"The slope of x is ([\d.]+) higher for arm = drug than for placebo \(", told["answer"])
    assert float(slope[1]) == pytest.approx(2, abs=0.1)


def test_every_warning_of_the_selection_is_told_once():
    for finished in (builders.sleepstudy(), builders.penicillin(), builders.nested(), builders.without_variance()):
        sentences = [caution.sentence.striptags() for caution in cautions(finished.case)]
        assert len(sentences) == len(set(sentences))
        for start in (*(f"{group} has " for group in finished.case.fit.groups), "The final model is singular"):
            assert sum(sentence.startswith(start) for sentence in sentences) <= 1


def test_the_heaviest_caution_comes_first_and_sets_the_light():
    found = cautions(builders.sleepstudy().case)
    order = [(RED, AMBER, GREEN).index(caution.weight) for caution in found]
    assert order == sorted(order)
    assert light(found) == found[0].weight
    assert light([]) == GREEN


FINISHED = [
    builders.sleepstudy,
    builders.penicillin,
    builders.nested,
    builders.hostile,
    builders.selected,
    builders.confirmatory,
]


@pytest.mark.parametrize("finished", FINISHED)
def test_prose_is_made_of_whole_sentences(finished):
    told = read(finished().case)
    for part in ("answer", "methods", "results"):
        assert told[part].endswith(".")
        # A number may begin with its point, as p-values do.
        assert not re.search(r"\.\.| [.,](?!\d)|  |None|nan|\(\)|\[\]", told[part])
