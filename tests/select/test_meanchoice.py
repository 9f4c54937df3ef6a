"""What a study asks of the selection of its fixed effects: what is refused before the run, announced, and chosen."""

import subprocess
import sys

import numpy as np
import pytest

import lmm
from lmm.errors import InputError
from lmm.select.meanchoice import announced, choose_mean, refuse_bad_selection
from lmm.select.selection import select_fixed_effects
from tests.select.selections import STUDIES, noise
from tests.select.studies import study, table


def asking(fixed, procedure="backward", *, hypotheses=(), slopes=None, outcome="y", groups=("g",), alpha=0.05, **more):
    """A study that asks for a selection."""
    selection = {"procedure": procedure, **more}
    ladder = {"fixed_selection": selection, "alpha_fixed": alpha}
    return study(outcome, list(groups), fixed, slopes, hypotheses=list(hypotheses), ladder=ladder)


FIXED = "sex * Treatment + Lsize + I(Lsize^2) + sex:Lsize"
AT_LITTER = f"weight ~ {FIXED} + (1 | Litter)"


def test_nothing_is_selected_unless_the_study_asks():
    silent = study("weight", ["Litter"], "sex * Treatment")
    assert choose_mean(silent, AT_LITTER, table("ratpup")) is None
    assert announced(silent) is None


def test_backward_by_tests_ends_where_drop1_of_lme4_does():
    asked = asking(FIXED, outcome="weight", groups=["Litter"], criterion="LRT")
    found = choose_mean(asked, AT_LITTER, table("ratpup"))
    gone = [step["term"] for step in STUDIES["ratpup"]["backward_LRT"] if step["p"] >= 0.05]
    assert set(found.removed) == set(gone) and gone
    assert found.to_dict()["formula"] == found.formula == "weight ~ sex + Treatment + Lsize + (1 | Litter)"


@pytest.mark.parametrize("alpha", [0.05, 0.5, 0.6])
def test_the_level_is_that_of_the_study(alpha):
    fixed, groups = "recipe * temp + I(temp^2)", ["replicate", "recipe:replicate"]
    asked = asking(fixed, outcome="angle", groups=groups, criterion="LRT", alpha=alpha)
    formula = f"angle ~ {fixed} + (1 | replicate) + (1 | recipe:replicate)"
    found = choose_mean(asked, formula, table("cake-rankdef"))
    # drop1 of lme4: recipe:temp with p = .959, then I(temp^2) with .569, recipe with .201 and temp with 5e-19
    path = [(step["term"], step["p"]) for step in STUDIES["cake"]["backward_LRT"]]
    assert set(found.removed) == {term for term, p in path if p >= alpha}


def test_hypotheses_and_protected_terms_stay_with_what_they_contain():
    asked = asking(
        FIXED,
        outcome="weight",
        groups=["Litter"],
        hypotheses=["Treatment:sex"],
        protected=["I(Lsize**2)"],
    )
    found = choose_mean(asked, AT_LITTER, table("ratpup"))
    assert list(found.to_dict()["held"]) == ["sex", "Treatment", "Lsize", "I(Lsize^2)", "sex:Treatment"]
    assert set(found.to_dict()["held"]) <= set(found.terms)
    refuse_bad_selection(asked)


def test_a_slope_of_the_chosen_random_part_holds_its_term():
    data = noise(3, 3)
    asked = asking("x0 + x1 + x2", criterion="BIC", slopes={"g": "x1"})
    found = choose_mean(asked, "y ~ x0 + x1 + x2 + (x1 | g)", data)
    assert found.scope.labels(found.scope.smallest) == ("x1",)
    assert found.formula.endswith("+ (x1 | g)") and "x1" in found.terms


def test_weights_of_the_study_count():
    data = noise(4, 3).assign(w=np.linspace(0.2, 5.0, 120))
    asked = study("y", ["g"], "x0 + x1 + x2", weights="w", ladder={"fixed_selection": {"procedure": "allsubsets"}})
    formula = "y ~ x0 + x1 + x2 + (1 | g)"
    expected = select_fixed_effects(lmm.fit(formula, data, reml=False, weights="w"), "allsubsets", "AICc")
    assert choose_mean(asked, formula, data).to_dict() == expected.to_dict()


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ({"hypotheses": ["z"]}, "study trial, key hypotheses: The fixed part 'x + a' has no term z that could stay: "),
        ({"protected": ["x:a"]}, "study trial, key ladder.fixed_selection.protected: The fixed part 'x + a' has no "),
        ({"protected": ["x", "log("]}, "study trial, key ladder.fixed_selection.protected: "),
        (
            {"procedure": "allsubsets", "most": 3},
            "study trial, key ladder.fixed_selection.most: All subsets of the 2 terms that may move in 'y ~ x + a' are "
            "4 means, and at most 3 are allowed: ",
        ),
    ],
)
def test_mistakes_are_refused_before_anything_is_fitted(mistake, sentence):
    with pytest.raises(InputError) as caught:
        refuse_bad_selection(asking("x + a", **mistake))
    assert str(caught.value).startswith(sentence)


def test_hypotheses_are_terms_of_fixed_though_nothing_is_selected():
    with pytest.raises(InputError, match=r"key hypotheses: .* no term z"):
        refuse_bad_selection(study("y", ["g"], "x", hypotheses=["z"]))
    refuse_bad_selection(study("y", ["g"], "x", hypotheses=["x"]))


def test_protected_terms_make_all_subsets_few_enough():
    many = " + ".join(f"x{i}" for i in range(12))
    with pytest.raises(InputError, match=r"12 terms .* are 4,096 means, and at most 1,024 are allowed"):
        refuse_bad_selection(asking(many, "allsubsets"))
    refuse_bad_selection(asking(many, "allsubsets", most=4096))
    refuse_bad_selection(asking(many, "allsubsets", protected=["x0"], hypotheses=["x1"]))
    refuse_bad_selection(asking(many, "forward"))
    with pytest.raises(InputError, match="are more than 34,359,738,368 means"):
        refuse_bad_selection(asking("a * b * c * d * e * f * h", "allsubsets"))


def test_what_will_be_done_is_announced():
    assert announced(asking(FIXED, outcome="weight", groups=["Litter"])) == (
        "Backward elimination by AICc at the chosen random part, of 6 terms that may move: 21 means."
    )
    assert announced(asking("x * z", "allsubsets", criterion="BIC", hypotheses=["x"], slopes={"g": "z"})) == (
        "Selection among all subsets by BIC at the chosen random part, of 2 terms that may move: 3 means, fewer where "
        "terms get a random slope and stay, too; x stays."
    )
    assert announced(asking("x + z", "forward", criterion="LRT", alpha=0.1, protected=["x", "z"])) == (
        "Forward selection by likelihood ratio tests at α = .10 has no term that may move, so that nothing will be "
        "selected."
    )
    assert announced(asking("a * b * c * d * e * f * h", "forward", protected=["a", "b"])) == (
        "Forward selection by AICc at the chosen random part, of 125 terms that may move: more than 34,359,738,368 "
        "means; a and b stay."
    )


def test_asking_is_light():
    done = subprocess.run(
        [sys.executable, "-c", "import sys, lmm.select.meanchoice, lmm.select.inclusionparts; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"lmm.model", "lmm.engine", "lmm.select.selection"} & set(done.stdout.split())
