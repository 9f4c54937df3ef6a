"""What the prose must say, and must not, in each situation; and what holds of all prose whatever the study."""

import re

import pytest

from lmm.diagnose.labels import bare
from lmm.report.answer import answer
from lmm.report.cautions import cautions
from lmm.report.checklist import checklist
from lmm.report.cite import how_to_cite
from lmm.report.methods import citations, methods
from lmm.report.references import REFERENCES
from lmm.report.results import results
from tests.report import builders, situations


def prose(finished):
    """The answer, the methods, the results and the checklist of a study as a reader sees them."""
    case = finished.case
    found = cautions(case)
    told = answer(case, found)
    return {
        "answer": _plain([told.paragraph, *told.reasons]),
        "methods": _plain(methods(case)),
        "results": _plain(results(case, found)),
        "checklist": "\n".join(f"{one.topic}: {one.answer.striptags()}" for one in checklist(case, found)),
        "cite": how_to_cite(case).striptags(),
    }


def _plain(paragraphs):
    return "\n".join(paragraph.striptags() for paragraph in paragraphs)


SITUATIONS = {
    "singular": situations.singular,
    "back-off": situations.back_off,
    "maximal": situations.maximal,
    "criteria disagree": situations.criteria_disagree,
    "4 groups": lambda: situations.few_groups(4),
    "7 groups": lambda: situations.few_groups(7),
    "15 groups": lambda: situations.few_groups(15),
    "nothing found": situations.nothing_significant,
    "one not found": situations.one_significant,
    "dropout": situations.dropout,
    "one row lost": situations.one_row_lost,
    "weighted": situations.weighted,
    "logged": situations.logged,
    "optional": situations.optional_dropped,
    "one row per group": situations.one_row_per_group,
    "polynomial": lambda: situations.curve("polynomial"),
    "spline": lambda: situations.curve("spline"),
    "piecewise": lambda: situations.curve("piecewise"),
    "line": lambda: situations.curve("linear"),
    "factor": situations.factor_of_four,
    "interactions": situations.factors_interact,
    "not validated": situations.unvalidated,
    "bootstrap": situations.bootstrapped,
    "nested": builders.nested,
    "crossed": builders.penicillin,
    "selected": builders.selected,
    "confirmatory": builders.confirmatory,
}

SAYS = {
    "singular": {
        "answer": ["The final model is singular"],
        "results": ["The final model was singular (g: the correlation of (Intercept) and x is +1)."],
        "checklist": ["The final model converged and is singular."],
    },
    "back-off": {
        "methods": ["were reduced in an order fixed in advance", "fitted again from other starting values"],
        "results": [
            "“Intercept and slopes of x and z by g” was singular",
            "and gave way to “Intercept and uncorrelated slopes of x and z (centred) by g”",
            "It converged and was not singular.",
            "Taken alone, ",
            "No coefficient of a predictor differed from zero at α = .05, which is no evidence that they are zero.",
        ],
    },
    "maximal": {
        "methods": ["The random part was the maximal one that the study allows"],
        "results": ["The slope of x entered by g untested"],
        "checklist": ["mode maximal, all slopes that can be estimated"],
    },
    "criteria disagree": {
        "answer": ["BIC over observations (by 8.8) would choose “Intercept by school”"],
        "methods": ["There was no cross-validation."],
        "results": ["BIC over observations would have chosen “Intercept by school”", "where plain χ² would give p ="],
    },
    "4 groups": {"answer": ["g has only 4 levels: too few"], "results": ["g has only 4 levels: too few"]},
    "7 groups": {"results": ["g has only 7 levels: its variance is known only roughly"]},
    "nothing found": {
        "answer": ["No clear change of y with x was found", "No clear change of y with z was found"],
        "results": ["which is no evidence that they are zero"],
    },
    "one not found": {
        "results": ["The coefficient of x did not differ from zero at α = .05, which is no evidence that it is zero."]
    },
    "dropout": {
        "methods": [
            "29 (14%) were left out because a variable of some candidate model was missing: score (27) and age (5).",
            "With them went 1 of 40 levels of patient.",
            "we assumed that values were missing at random",
            "14 were last seen before week 4",
            "By arm, 7 of 20 for placebo and 7 of 20 for drug were last seen before then.",
            "Treatment contrasts compare each level with a reference level: arm (placebo).",
        ],
        "answer": ["29 of 200 rows (14%) were left out for missing values", "The slope of week is 1.23"],
        "checklist": ["score (points), as the data have it", "29 (14%) were left out"],
    },
    "one row lost": {"methods": ["1 (1%) was left out because"]},
    "weighted": {"methods": ["Rows were weighted by size:"], "checklist": ["Weights: By size."]},
    "logged": {
        "answer": ["That is 1.07 times y per unit of x, 95% CI [1.02, 1.11]."],
        "methods": [
            "The outcome log_y is the natural logarithm of y; a coefficient b multiplies y by exp(b).",
            "Jacobian",
        ],
        "checklist": ["log_y, the natural logarithm of y."],
    },
    "optional": {
        "methods": ["Intercepts of item could enter if the data supported them."],
        "results": ["The optional intercepts of item were left out (likelihood ratio"],
        "answer": ["item is left out, as the data do not support it"],
    },
    "one row per group": {
        "answer": ["without random effects", "The ladder stops at g"],
        "methods": ["it is a linear regression by ordinary least squares"],
        "results": ["The final model was the linear regression y ~ x, without random effects."],
        "checklist": [
            "Every variance and correlation: Not applicable, because",
            "Estimator: Ordinary least squares",
            "Each of the 40 levels of g has one row",
        ],
    },
    "polynomial": {
        "answer": ["height changes with age along a curve (joint test F(2, 140) =", "where age is 0 (b"],
        "results": ["Terms as a whole, type III: age and I(age^2) together: F(2, 140) ="],
    },
    "spline": {
        "answer": [
            "height changes with age along a curve (joint test F(3, 138) =",
            "between age = 0 and 6 its mean goes from 100.83 cm to 122.68 cm for sex = boy",
            "The curve of age differs with sex (joint test F(3, 138) =",
        ],
        "results": ["ns(age, df = 3): F(3, 138)", "those of the curve in the table"],
    },
    "piecewise": {"answer": ["height changes with age along a curve"], "results": ["together: F(2, 140)"]},
    "line": {
        "answer": ["height rises by 3.63 cm per unit of age where sex is boy", "No clear change of the slope of age"]
    },
    "factor": {
        "answer": ["y differs between the 4 levels of dose (F(3, 137) =", "for none", "for high"],
        "results": ["Terms as a whole, type III: dose: F(3, 137) = 21.53, p < .001. Fixed effects were as follows."],
    },
    "interactions": {
        "answer": ["y rises by 0.534 per unit of x where z is 0", "y differs between the 3 levels of dose"],
        "results": ["dose:sex: F(2, 212)", "further ones in the table"],
    },
    "not validated": {
        "methods": ["There was no cross-validation."],
        "checklist": ["Prediction of new rows: Not applicable, because"],
    },
    "bootstrap": {
        "methods": ["are by parametric bootstrap, percentiles of 100 draws (Davison & Hinkley, 1997)"],
    },
    "nested": {
        "methods": ["ward:patient was nested in ward."],
        "results": ["ward stayed by design, with ward:patient in the model", "for ward:patient (with ward)"],
        "answer": ["No clear difference in score between arm = drug and placebo was found"],
    },
    "crossed": {
        "methods": ["plate and sample were fully crossed.", "nothing about the final model was chosen on the data"],
        "checklist": ["Coding and centring of predictors: Not applicable, because the fixed part has no predictor."],
    },
    "selected": {
        "methods": ["Fixed effects were selected by backward elimination by AICc", "read as after selection"],
        "results": ["p < .001 after selection", "Backward elimination by AICc kept none of 2 terms that may move."],
        "checklist": ["p-values are too small, and called so."],
    },
    "confirmatory": {
        "methods": [
            "The hypotheses were fixed in advance and concern x; these terms could not leave the model.",
            "and were left out only where the model could not be estimated with them (Barr et al., 2013)",
        ],
        "results": [
            "The slope of x entered by g untested",
            "The effect of z did not clearly vary between levels of g",
            "z improved the fit",
        ],
        "checklist": ["Question and hypotheses: Named in advance: x."],
    },
}

DOES_NOT_SAY = {
    "singular": {"results": ["It converged and was not singular"], "methods": ["could not be chosen"]},
    "maximal": {"methods": ["Matuschek"], "results": ["was singular (", "gave way"]},
    "4 groups": {"results": ["known only roughly"]},
    "7 groups": {"results": ["too few to estimate"]},
    "15 groups": {"answer": ["has only"], "results": ["has only", "too few"]},
    "nothing found": {"answer": ["rises", "falls", "differs from zero"]},
    "one not found": {"answer": ["rises", "falls"], "results": ["No coefficient of a predictor"]},
    "dropout": {"methods": ["No row was left out"]},
    "weighted": {"methods": ["missing at random"]},
    "logged": {"answer": ["differs from zero"]},
    "one row per group": {
        "methods": ["Kenward", "conditional modes", "profile likelihood"],
        "results": ["Between levels", "conditional R²", "intraclass", "It converged"],
        "answer": ["lies between levels"],
    },
    "polynomial": {"answer": ["I(age^2)", "The coefficient of"]},
    "spline": {
        "answer": ["The coefficient of", ")1", ")2", "is 0"],
        "results": ["ns(age, df = 3)1: b", "ns(age, df = 3)2:sexgirl: b"],
    },
    "piecewise": {"answer": ["pmax", "The coefficient of"]},
    "line": {"answer": ["curve"], "results": ["age:sex together", "Terms as a whole, type III: age and"]},
    "factor": {"answer": ["dose = low than", "b ="]},
    "not validated": {"results": ["cross-validation"], "methods": ["Roberts", "not asked", "Not asked"]},
    "bootstrap": {"methods": ["profile likelihood"]},
    "nested": {"results": ["after selection", "crossed"], "methods": ["Matuschek"]},
    "crossed": {
        "methods": ["Treatment contrasts", "centring", "at α"],
        "results": ["after selection", "Terms as a whole"],
    },
    "confirmatory": {"methods": ["maximal one that the study allows"]},
}


@pytest.mark.parametrize("situation", SAYS)
def test_says(situation):
    told = prose(SITUATIONS[situation]())
    for part, phrases in SAYS[situation].items():
        for phrase in phrases:
            assert phrase in told[part], f"{situation}, {part}"


@pytest.mark.parametrize("situation", DOES_NOT_SAY)
def test_does_not_say(situation):
    told = prose(SITUATIONS[situation]())
    for part, phrases in DOES_NOT_SAY[situation].items():
        for phrase in phrases:
            assert phrase not in told[part], f"{situation}, {part}"


@pytest.fixture(params=SITUATIONS)
def text(request):
    return "\n".join(prose(SITUATIONS[request.param]()).values())


def test_nothing_is_missing_from_a_sentence(text):
    assert not re.search(r"\bnan\b|\bNone\b(?!\.| was)|\binf\b|\{\}|[{}]", text)


def test_punctuation(text):
    assert not re.search(r"(?<!\.)\.\.(?!\.)|,\.|;\.|:\.|\?\.| [,;:]| \.(?!\d)|,,|\( | \)|  ", text)
    assert text.count("“") == text.count("”")
    for line in text.splitlines():
        # An interval may be open to one side; a pair of brackets may hold others.
        assert [line.count(one) for one in "(["] == [line.count(one) for one in ")]"], line
        assert re.search(r"[.?]( \(.*\))?$", line), line


def test_p_values_are_in_the_form_of_the_apa(text):
    found = re.findall(r"\bp ([=<>]) (\S+)", text)
    assert found
    for relation, value in found:
        value = re.match(r"[\d.]*\d", value)[0]
        assert re.fullmatch(r"\.\d{3}" if relation == "=" else r"\.\d{2,3}", value), (relation, value)
        assert (relation, value) != ("=", ".000")


def test_nothing_is_significant_without_its_level(text):
    for sentence in re.split(r"(?<=\.) ", text):
        assert "significan" not in sentence or "α" in sentence, sentence


_TOLD = ("sentence", "reason", "note", "message", "seen", "good", "do", "concern", "alt", "differences_reason")


def sentences_in(found):
    """Every sentence that a stage wrote for a reader, wherever it stands in what the stage found."""
    if isinstance(found, dict):
        for key, value in found.items():
            if key in _TOLD and isinstance(value, str):
                yield value
            yield from sentences_in(value)
    elif isinstance(found, list):
        for value in found:
            yield from sentences_in(value)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_numbers_have_a_true_minus_sign_and_covariates_no_call_of_r(situation):
    finished = SITUATIONS[situation]()
    case = finished.case
    stages = (case.audit, case.decision, case.inference, case.findings, case.crossvalidation, case.sensitivity)
    written = [case.in_labels(told) for stage in stages for told in sentences_in(stage)]
    for told in [*written, *map(bare, case.fit.collapsed), *prose(finished).values()]:
        assert not re.search(r"(?<![\w.–−)-])-\.?\d", told), told
        assert not re.search(r"\d\.\d{7,}|\de[-+]\d", told), told
        assert "scale = FALSE" not in told or "lme4" in told, told


def test_numbers_agree_with_their_nouns(text):
    nouns = "levels|rows|draws|folds|times|models|values|terms|coefficients|effects|figures|cautions|others"
    assert not re.search(rf"(?<![\d.,])1 (?:{nouns})\b", text)
    nouns = "level|row|draw|fold|model|value|term|coefficient|figure|caution"
    assert not re.search(rf"(?<![\d.,])(?:[2-9]|\d\d+) (?:candidate |further |other )?(?:{nouns})\b(?!-)", text)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_work_cited_is_a_reference(situation):
    finished = SITUATIONS[situation]()
    told = prose(finished)
    text = "\n".join(told[part] for part in ("methods", "results"))
    listed = [REFERENCES[key] for key in citations(finished.case)]
    cited = re.findall(r"([A-ZÜ][\w-]+)(?: (?:&|and) [A-Z][\w-]+| et al\.)?,? \(?((?:19|20)\d\d)\b", text)
    assert cited
    for surname, year in cited:
        assert any(re.search(rf"\b{surname}\b.*\({year}\)", one) for one in listed), (surname, year)


def test_the_software_is_cited_as_it_asks():
    asked = (builders.DATA.parents[2] / "CITATION.cff").read_text()
    said = how_to_cite(situations.weighted().case).striptags()
    title, version, author = (
        re.search(rf'(?m)^(?:  - )?{key}: "?([^"\n]+)', asked)[1] for key in ("title", "version", "name")
    )
    assert said.startswith(f"{author} (version {version}). {title} [Computer software].")
    case = situations.weighted().case
    assert case.audit["row_hash"][:12] in said and case.audit["source"]["files"][0]["sha256"][:12] in said
