"""The ladder in the report: modes, stops, back-off, candidates on demand, attempts, and selected fixed effects."""

import re

import numpy as np
import pandas
import pytest

from lmm.report import tables
from lmm.report.answer import answer
from lmm.report.cautions import AMBER, GREEN, cautions
from lmm.report.methods import citations, methods
from lmm.report.plan import decided_on_data, fixed_in_advance
from lmm.report.references import REFERENCES, in_order
from lmm.report.results import results
from lmm.report.selection import selected
from tests.report import builders
from tests.report.test_pages import Page
from tests.report.test_prose import changed, plain, read


@pytest.fixture(scope="module")
def after_selection():
    return builders.selected()


@pytest.fixture(scope="module")
def confirmatory():
    return builders.confirmatory()


@pytest.fixture(scope="module")
def maximal():
    """Lines that differ in level and in nothing else, and a slope that is asked for all the same."""
    random = np.random.default_rng(11)
    g, x = np.repeat(np.arange(12), 8), np.tile(np.arange(8.0), 12)
    y = x + random.normal(0, 2, 12)[g] + np.tile(random.permutation(np.linspace(-1, 1, 8)), 12)
    table = pandas.DataFrame({"y": y + random.normal(0, 0.05, 96), "x": x, "g": [f"g{k}" for k in g]})
    return builders.finish_undrawn(table, outcome="y", fixed="x", groups=["g"], ladder={"mode": "maximal"})


def test_the_plan_names_the_mode(confirmatory, maximal):
    parsimonious = plain(fixed_in_advance(builders.sleepstudy().case))
    assert "Mode parsimonious: each slope is tested" in parsimonious
    assert "kept when its corrected p < .20" in parsimonious
    told = plain(fixed_in_advance(confirmatory.case))
    assert "The hypotheses, on x, were named in advance" in told
    assert "Mode confirmatory: the slopes of the hypotheses enter untested" in told
    assert "Intercepts of h are in the model only if the data support them." in told
    assert "Mode maximal: every slope" in plain(fixed_in_advance(maximal.case))


def test_the_methods_tell_the_mode_and_cite_it(confirmatory, maximal):
    assert "from the start" in read(confirmatory.case)["methods"]
    assert "any other slope was kept when its likelihood ratio test gave p < .20" in read(confirmatory.case)["methods"]
    assert "The random part was the maximal one that the study allows" in read(maximal.case)["methods"]
    assert "matuschek" in citations(confirmatory.case) and "barr" in citations(confirmatory.case)
    assert "matuschek" not in citations(maximal.case)


def test_hypotheses_are_told_from_what_was_explored(confirmatory):
    told = read(confirmatory.case)
    assert "The hypotheses were fixed in advance and concern x" in told["methods"]
    assert "All other effects are exploratory." in told["methods"]
    assert "hypotheses" not in read(builders.sleepstudy().case)["methods"]


def test_an_untested_slope_is_not_sold_as_tested(confirmatory):
    told = read(confirmatory.case)["results"]
    assert "The slope of x entered by g untested (likelihood ratio" in told
    assert "The effect of x varied" not in told
    assert "The effect of z did not clearly vary between levels of g (likelihood ratio" in told


def test_a_factor_at_which_the_ladder_stops_is_told_once(confirmatory):
    told = read(confirmatory.case)
    assert "The ladder stops at once, which is left out" in told["results"]
    page = Page(confirmatory.page())
    assert {"class": "tag"} in page.of("span")
    failed = [one for one in cautions(confirmatory.case) if one.subject == "failed candidate"]
    assert len(failed) == 1 and failed[0].weight == GREEN
    assert "Intercepts of g belong to the design" in told["methods"]


def test_candidates_that_fail_alike_share_a_sentence():
    finished = builders.sleepstudy()
    rungs = [{**rung, "failure": "it is too large."} for rung in finished.ladder["rungs"]]
    (caution,) = [one for one in cautions(changed(finished, ladder__rungs=rungs)) if one.subject == "failed candidate"]
    assert caution.weight == AMBER
    assert "The candidates “Null model”, “Fixed effects only”, “Intercept by Subject” and 2 more" in caution.sentence


def test_candidates_on_demand_are_told_apart(confirmatory):
    rows = tables.ladder_rows(confirmatory.case)
    late = [row for row in rows if not row.planned]
    text = Page(confirmatory.page()).text
    assert late and f"{len(rows) - len(late)} candidate models were known before the run; {len(late)} more" in text
    assert text.count("fitted on demand") == len(late)
    assert "fitted on demand" not in Page(builders.sleepstudy().page()).text


def test_the_chain_of_back_off_is_shown(maximal):
    text = Page(maximal.page()).text
    chain = [step for step in maximal.decision["steps"] if step["kind"] == "back-off"]
    assert chain and text.count("back-off") >= len(chain)
    assert maximal.case.fit.formula == "y ~ x + (1 | g)"
    assert "was singular (" in read(maximal.case)["results"]
    assert "gave way to “" in read(maximal.case)["results"]


def test_attempts_are_shown_only_where_there_was_more_than_one(maximal):
    rows = tables.attempt_rows(maximal.case)
    assert rows and all(len(row["attempts"]) > 1 for row in rows)
    assert rows[0]["attempts"][0].startswith("first fit: ")
    assert f"{len(rows)} fits were tried more than once" in Page(maximal.page()).text
    assert tables.attempt_rows(builders.sleepstudy().case) == []
    assert "tried more than once" not in Page(builders.sleepstudy().page()).text


def test_every_p_value_of_selected_effects_is_called_so(after_selection):
    told = read(after_selection.case)
    fixed = told["results"][told["results"].index("Fixed effects were as follows") : told["results"].index("Between")]
    assert len(re.findall(r"p [=<>] [\d.]+", fixed)) == len(re.findall(r"p [=<>] [\d.]+ after selection", fixed)) > 3
    assert "p < .001 after selection)" in told["answer"]
    text = Page(after_selection.page()).text
    assert text.count("p after selection") >= 2
    assert "(Freedman, 1983)" in told["methods"]
    assert "No term is removed" not in text and "every term stays" not in text


def test_without_selection_nothing_is_called_after_it():
    text = Page(builders.sleepstudy().page()).text
    assert "p after selection" not in text and "< .001 after selection" not in text
    assert "No term is removed." in text


def test_the_selection_is_shown_step_by_step(after_selection):
    shown = selected(after_selection.case)
    first, second = shown.steps
    assert first.question == "Which term may dose + x<b>1</b> + noise + age do without?"
    (chosen,) = [one for one in first.candidates if one.is_chosen]
    assert chosen.name == "without noise"
    now = first.candidates[0]
    # R² falls as a term goes; adjusted for the number of coefficients it may rise.
    assert float(chosen.r2_marginal) <= float(now.r2_marginal)
    assert float(now.r2_adjusted) < float(now.r2_marginal)
    assert [said.striptags() for said in shown.held] == ["dose stays: varies over g.", "age stays: protected."]
    page = Page(after_selection.page())
    assert "Which term may dose + x<b>1</b> + noise do without?" not in page.text
    assert "without x<b>1</b>" in page.text and "b" not in page.tags
    assert second.candidates[-1].is_chosen


def test_the_selection_is_in_plan_methods_and_results(after_selection):
    case = after_selection.case
    assert "Fixed effects are selected by backward elimination by AICc" in plain(fixed_in_advance(case))
    assert "Which fixed effects stay? By backward elimination by AICc." in plain(decided_on_data(case))
    assert "dose and age could not be removed" in plain(methods(case))
    assert "40 samples in which levels of g were drawn with replacement" in plain(methods(case))
    told = plain(results(case, cautions(case)))
    assert "Backward elimination by AICc kept none of 2 terms that may move. noise is dropped" in told
    assert "At the selected mean the random part was decided once more" in told
    assert "the estimates of those selected, on average, too large" in told
    assert answer(case, cautions(case)).light == AMBER


def test_references_are_in_the_order_of_authors():
    assert in_order(REFERENCES) == sorted(REFERENCES.values(), key=lambda text: text.replace("& ", "").casefold())
    listed = in_order(["kneib", "greven", "kenward", "johnson"])
    assert [text[:28] for text in listed][:2] == ["Greven, S., Crainiceanu, C. ", "Greven, S., & Kneib, T. (201"]
    assert set(citations(builders.selected().case)) <= set(REFERENCES)


def test_every_reference_is_cited_in_the_words_of_the_page(after_selection, confirmatory):
    for finished in (after_selection, confirmatory, builders.sleepstudy(), builders.messy()):
        case = finished.case
        text = Page(finished.page()).text
        before = text[: text.index("References")]
        for key in citations(case):
            surname = REFERENCES[key].split(",")[0]
            assert surname in before, key


def test_every_work_cited_in_the_words_of_the_page_is_a_reference(after_selection, confirmatory, maximal):
    for finished in (after_selection, confirmatory, maximal, builders.sleepstudy()):
        text = Page(finished.page()).text
        before, listed = text.split("References", 1)
        cited = set(re.findall(r"([A-Z]\w+)(?: (?:&|and) [A-Z]\w+| et al\.)?,? \(?((?:19|20)\d\d)\b", before))
        assert cited
        for surname, year in cited:
            assert re.search(rf"{surname}\b.*\({year}\)", listed), (surname, year)
