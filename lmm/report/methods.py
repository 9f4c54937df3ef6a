"""The methods section, ready for a paper: what was done, in the past tense, and only what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose import arms
from lmm.diagnose.steps_taken import steps_taken
from lmm.infer.intervalmethods import BOOTSTRAP as BY_DRAWS
from lmm.infer.intervalmethods import PROFILE, WALD
from lmm.infer.nullchoice import APPROXIMATE, BOOTSTRAP, EXACT, MIXTURE
from lmm.report.case import Case
from lmm.report.coefficients import INTERCEPT, is_plain_slope, level_of
from lmm.report.crossvalidation import folds_said, learnt_beside
from lmm.report.effects import ADJUSTMENTS
from lmm.report.family import CITED, method_said, own_tests
from lmm.report.intervals import bootstrap_words
from lmm.report.markup import listing, name, say, sentences, told
from lmm.report.plan import CONFIRMATORY, MAXIMAL, PARSIMONIOUS, hypotheses
from lmm.report.preparation import cites_robust_rule, preparation
from lmm.report.selection import held_said, procedure_said
from lmm.report.tables import attempt_rows
from lmm.report.transformed import methods_said
from lmm.select.crossvalidation.folds import NEW_GROUPS, NOT_ASKED
from lmm.select.step import BACK_OFF, DESIGN, LRT
from lmm.select.step import INTERCEPT as INTERCEPT_STEP

if TYPE_CHECKING:
    from lmm.study.steps import Step


def methods(case: Case) -> list[Markup]:
    """Paragraphs: preparation of the rows where there was any, sample, models and selection, estimation and checks."""
    paragraphs = [preparation(case), _data(case), _models(case), _estimation(case), _validation(case)]
    return [paragraph for paragraph in paragraphs if paragraph]


def citations(case: Case) -> list[str]:
    """Keys of the references that `methods` and `results` cite."""
    cited = {"appelbaum", "meteyard", "schuetzenmeister", "von_elm"}
    if case.fit.random:
        cited |= {"johnson", "nakagawa"}
    cited |= {"kish"} if case.inference.get("null_model") else set()
    cited |= _CITED_FOR_DEGREES.get(case.inference["coefficients"]["method"], set())
    if case.inference["bootstrap"]:
        cited |= {"davison"}
    if case.inference["conditional_aic"] and case.inference["conditional_aic"]["greven_kneib"] is not None:
        cited |= {"kneib"}
    cited |= {key for key, surname in _CITED_IN_SENTENCES.items() if any(surname in one for one in _sentences(case))}
    for method in _methods(case):
        cited |= _CITED_FOR_NULLS[method]
    cited |= _cited_for_selection(case)
    if own_tests(case):
        cited |= CITED.get(case.family["adjustment"], set())
    if case.comparisons:
        cited |= {"bengio", "gneiting", "roberts", "sivula", "vehtari"}
    if len(case.sensitivity["weights"]) > 1:
        cited |= {"burnham"}
    if cites_robust_rule(case):
        cited |= {"hampel"}
    return sorted(cited)


_CITED_IN_SENTENCES = {
    "belsley": "Belsley, Kuh & Welsch",
    "christensen": "Christensen, Pearson & Johnson",
    "hoaglin": "Hoaglin & Welsch",
    "kneib": "Greven & Kneib",
    "meer": "Van der Meer, Te Grotenhuis & Pelzer",
    "silvapulle": "Silvapulle & Sen",
}


def _sentences(case: Case) -> list[str]:
    """Those of other stages that may cite."""
    notes = [note for step in case.decision["steps"] for note in step["notes"]]
    figures = [figure[part] for figure in case.findings["figures"] for part in ("good", "seen", "do")]
    return [*notes, *figures, case.sensitivity["close"]["sentence"]]


def _cited_for_selection(case: Case) -> set[str]:
    """References of the modes, the tests of slopes and the selection of fixed effects."""
    cited = {"barr"} if case.compares_slopes and case.mode != PARSIMONIOUS else set()
    if case.data_driven_steps:
        cited |= {"verbeke"}
        if case.compares_slopes and case.mode != MAXIMAL and case.study.ladder.criterion == LRT:
            cited |= {"matuschek"}
    if case.selects_fixed_effects:
        cited |= {"freedman"}
    cited |= {"barr"} if case.compares_random_parts and case.sensitivity["hypotheses"]["coefficients"] else set()
    cited |= {"heinze", "sauerbrei"} if case.inclusion else set()
    return cited


def _data(case: Case) -> Markup:
    fit, audit = case.fit, case.audit
    counts = {entry["group"]: entry["levels"] for entry in audit["groups"]} | fit.groups
    levels = [say("{} of {}", numbers.counted(count, "level"), name(group)) for group, count in counts.items()]
    within = say(" from {}", listing(levels)) if levels else ""
    unit = say(" ({})", case.unit) if case.unit else ""
    parts = [
        say("We analysed {}{} in {}{}.", name(case.outcome), unit, numbers.counted(fit.n, "row"), within),
        missing_said(case),
        *_dropout(case),
        *(_relation(pair) for pair in audit["structure"]),
    ]
    return sentences(parts)


def missing_said(case: Case) -> Markup:
    """How many rows were left out for missing values, of which variables, and what is assumed of them."""
    lost, prepared = case.rows_lost, case.rows_prepared
    if not lost:
        return say("No row was left out for missing values: the variables of the candidate models had none.")
    gaps = listing(
        [
            say("{} ({})", name(entry["variable"]), numbers.count(entry["missing"]))
            for entry in case.audit["missing"]
            if entry["missing"]
        ]
    )
    text = (
        "Of {}, {} ({}) {} left out because a variable of some candidate model was missing: {}.{} "
        "All candidate models were fitted to the same rows; we assumed that values were missing at random."
    )
    rows = numbers.counted(prepared, "row")
    lost_before = any(step.settings is not None and step.lost > 0 for step in steps_taken(case.study, case.audit))
    rows = f"the {rows} that remained" if lost_before else rows if case.study.steps else f"{rows} read"
    were, share = "was" if lost == 1 else "were", numbers.percent(lost / prepared)
    return say(text, rows, numbers.count(lost), share, were, gaps, _levels_lost(case))


def _levels_lost(case: Case) -> Markup:
    """The levels of grouping factors that had no complete row, and went."""
    losses = [step.entry for step in steps_taken(case.study, case.audit) if step.is_loss_by_missing]
    gone = [
        say("{} of {} of {}", numbers.count(before - after), numbers.counted(before, "level"), name(group))
        for group, before in losses[0]["levels_before"].items()
        if (after := losses[-1]["levels_after"][group]) < before
    ]
    return say(" With them went {}.", listing(gone)) if gone else Markup("")


def _dropout(case: Case) -> list[Markup]:
    """How many subjects were seen at every time, and who left, by arm; nothing where all were seen throughout."""
    by_time = case.audit["missing_by_time"]
    if not by_time or by_time["dropout"]["complete"] == by_time["dropout"]["subjects"]:
        return []
    found = by_time["dropout"]
    kinds = (
        ("came_late", "were first seen later"),
        ("intermittent", "missed a time in between"),
        ("dropped_out", "were last seen before {}"),
        ("never", "never had an outcome"),
    )
    end = say("{} {}", name(case.study.time), numbers.plain(found["last"][-1]["time"]))
    text = "Of {} of {}, {} ({}) had an outcome at all {} times"
    levels, share = numbers.counted(found["subjects"], "level"), numbers.percent(found["complete"] / found["subjects"])
    first = say(text, levels, name(found["subject"]), numbers.count(found["complete"]), share, str(len(found["last"])))
    rest = [say("{} {}", numbers.count(found[kind]), say(text, end)) for kind, text in kinds if found[kind]]
    told = [say("{}.", listing([first, *rest]))]
    for arm, entries in arms.by_arm(by_time["dropout_by_arm"]).items():
        text = "{} of {} for {}"
        each = [
            say(text, numbers.count(one["dropped_out"]), numbers.count(one["subjects"]), name(one["level"]))
            for one in arms.told(entries)
        ]
        range_or_all = listing(each) if len(each) == len(entries) else say("from {} to {}", *each)
        told.append(say("By {}, {} were last seen before then.", name(arm), range_or_all))
    return told if found["dropped_out"] else told[:1]


def _relation(pair: dict) -> Markup:
    first, second = name(pair["first"]), name(pair["second"])
    if pair["relation"] == "nested":
        return say("{} was nested in {}.", second, first)
    if pair["relation"] == "crossed":
        return say("{} and {} were fully crossed.", first, second)
    return say("{} and {} were partly crossed.", first, second)


_NULLS = {
    EXACT: Markup("the exact distribution for a variance that is the only one (Crainiceanu &amp; Ruppert, 2004)"),
    APPROXIMATE: Markup("that of the model with the tested variance alone for one among others (Greven et al., 2008)"),
    MIXTURE: Markup("mixtures of chi-squared distributions (Self &amp; Liang, 1987; Stram &amp; Lee, 1994)"),
    BOOTSTRAP: Markup(
        "a parametric bootstrap where <i>p</i> was between .01 and .20 with fewer than 30 groups (Davison &amp; "
        "Hinkley, 1997)"
    ),
}
_CITED_FOR_DEGREES = {"kenward-roger": {"kenward"}, "satterthwaite": {"giesbrecht"}}
_CITED_FOR_NULLS = {
    EXACT: {"crainiceanu"},
    APPROXIMATE: {"greven"},
    MIXTURE: {"self", "stram"},
    BOOTSTRAP: {"davison"},
}


def _methods(case: Case) -> list[str]:
    """The null distributions, other than plain χ², that gave a random part its p-value."""
    used = {step["method"] for step in case.decision["steps"] if step["p"] is not None}
    return [method for method in _NULLS if method in used]


def _models(case: Case) -> Markup:
    study = case.study
    began = "We fitted" if case.fit.random else "We set out to fit"
    fixed = say("{} linear mixed models with the fixed part <code>{}</code>", began, f"~ {study.fixed}")
    chosen = case.data_driven_steps or case.selects_fixed_effects
    parts = [
        say("{} and chose the final one from {}.", fixed, _candidates(case))
        if chosen
        else say("{}; nothing about the final model was chosen on the data.", fixed),
        *_hypotheses(case),
        *_design(case),
        *_slopes(case),
    ]
    if _methods(case):
        parts.append(
            say(
                "Because a variance cannot be negative, likelihood ratios of random parts were not referred to plain "
                "chi-squared distributions but to {}.",
                listing([_NULLS[method] for method in _methods(case)]),
            )
        )
    if case.compares_slopes:
        parts.append(_CORRELATIONS[study.ladder.correlations])
    if case.compares_slopes and not study.ladder.allow_singular:
        parts.append(
            say("Random slopes with a singular fit, by a variance of zero or a correlation of ±1, could not be chosen.")
        )
    parts += [told(reason) for reason in case.stopped.values()]
    if not case.fit.random:
        parts.append(say("The final model has no random effects: it is a linear regression by ordinary least squares."))
    return sentences([*parts, *doubts_said(case), *_fixed_effects(case), *coding_said(case), *methods_said(case)])


def _candidates(case: Case) -> str:
    table = case.decision["table"]
    later = sum(not entry["planned"] for entry in table)
    known = numbers.counted(len(table) - later, "candidate model")
    if not later:
        return f"{known}, known before the analysis"
    return f"{known} known before the analysis and {numbers.count(later)} to which the choice among those led"


def _hypotheses(case: Case) -> list[Markup]:
    if not case.study.hypotheses:
        return []
    text = (
        "The hypotheses were fixed in advance and concern {}; these terms could not leave the model. All other effects "
        "are exploratory."
    )
    return [say(text, hypotheses(case))]


def _design(case: Case) -> list[Markup]:
    """Which grouping factors were in the model whatever the data said, and which were not."""
    optional = case.study.ladder.optional
    entered = [step for step in case.decision["steps"] if (step["kind"], step["decision"]) == (INTERCEPT_STEP, DESIGN)]
    design = list(dict.fromkeys(step["group"] for step in entered))
    parts = []
    if design:
        text = "Intercepts of {} belong to the design and were kept whatever their variance."
        parts.append(say(text, listing([name(group) for group in design])))
    if optional:
        text = "Intercepts of {} could enter if the data supported them."
        parts.append(say(text, listing([name(group) for group in optional])))
    return parts


def _slopes(case: Case) -> list[Markup]:
    """How the random slopes were decided: the mode, the criterion, and at which mean."""
    parts = []
    if case.compares_slopes and case.mode != PARSIMONIOUS:
        parts.append(_MODES[case.mode])
    if case.data_driven_steps:
        parts.append(
            say(
                "Random parts were compared by restricted maximum likelihood (REML) with the same, full fixed part, so "
                "that misfit of the mean is not read as variance (Verbeke &amp; Molenberghs, 2000)"
            )
            + _kept_when(case)
        )
    return parts


def _kept_when(case: Case) -> Markup:
    rules = case.study.ladder
    if not case.compares_slopes or case.mode == MAXIMAL:
        return Markup(".")
    which = "a slope" if case.mode == PARSIMONIOUS else "any other slope"
    if rules.criterion != LRT:
        return say("; {} was kept when it lowered {}.", which, rules.criterion)
    text = "; {} was kept when its likelihood ratio test gave <i>p</i> &lt; {} (Matuschek et al., 2017)."
    return say(text, which, numbers.bounded(rules.alpha_random))


_MODES = {
    CONFIRMATORY: Markup(
        "Random slopes of the hypotheses’ terms were in the model from the start, for every factor within which the "
        "terms vary, and were left out only where the model could not be estimated with them (Barr et al., 2013)."
    ),
    MAXIMAL: Markup(
        "The random part was the maximal one that the study allows, reduced only where it could not be estimated (Barr "
        "et al., 2013)."
    ),
}
_CORRELATIONS = {
    "keep": Markup("Random slopes could correlate with intercepts wherever the model could be estimated so."),
    "test": Markup("Random slopes could correlate with intercepts where the data supported it."),
    "drop": Markup("Correlations of random slopes with intercepts were fixed at zero in advance."),
}


def _fixed_effects(case: Case) -> list[Markup]:
    """Whether fixed effects were selected, by which route, and what that does to their tests."""
    found = case.selection
    if found is None:
        if any(step["estimator"] == "ML" for step in case.decision["steps"]):
            at = " at the chosen random part" if case.fit.random else ""
            return [say("Fixed effects were tested by maximum likelihood{}; none was removed.", at)]
        return []
    text = "Fixed effects were selected by {}, by maximum likelihood at the chosen random part{}."
    held = held_said(found)
    parts = [say(text, procedure_said(found), say("; {} could not be removed", held) if held else "")]
    if case.selects_fixed_effects:
        parts.append(
            say(
                "<i>p</i>-values, standard errors and intervals are given as if the model had been known and are to be "
                "read as after selection (Freedman, 1983)."
            )
        )
    inclusion = case.inclusion
    if inclusion:
        text = (
            "How often each term is selected was found from {} in which levels of {} were drawn with replacement "
            "(Sauerbrei &amp; Schumacher, 1992; Heinze et al., 2018; seed {})."
        )
        samples = numbers.counted(inclusion["draws"], "sample")
        parts.append(say(text, samples, name(inclusion["group"]), str(inclusion["seed"])))
    return parts


def doubts_said(case: Case) -> list[Markup]:
    """What was done about fits that were singular or did not converge, where there were some."""
    again = len({row["label"] for row in attempt_rows(case)})
    parts = []
    if again:
        text = "Of the candidate models {} {} in doubt, singular or not converged, and {} fitted again from other "
        text += "starting values{}."
        were = ("was", "was") if again == 1 else ("were", "were")
        second = any("optimiser" in attempt for row in attempt_rows(case) for attempt in row["attempts"])
        by = " and by a second optimiser" if second else ""
        parts.append(say(text, numbers.count(again), *were, by))
    if any(step["kind"] == BACK_OFF for step in case.decision["steps"]):
        parts.append(
            say(
                "Models that stayed so were reduced in an order fixed in advance: their correlations to zero, about "
                "centred covariates; then the slope of the highest order and least variance. Intercepts stayed."
            )
        )
    return parts


def coding_said(case: Case) -> list[Markup]:
    """The reference level of each factor, and where numeric predictors have their zero."""
    contrasts = [level_of(case, label) for label in case.coefficients]
    references = {contrast[0]: contrast[2] for contrast in contrasts if contrast}
    coded = [say("{} ({})", name(column), name(level)) for column, level in references.items()]
    parts = []
    if coded:
        text = "Treatment contrasts compare each level with a reference level: {}."
        parts.append(say(text, listing(coded)))
    centred = {column for step in case.study.steps if step.kind == "centre" for column in _made_by(step)}
    plain = [one for one in case.coefficients if is_plain_slope(case, one) and one not in centred]
    if plain:
        text = "{} entered in {} own units, without centring."
        parts.append(say(text, listing([name(one) for one in plain]), "its" if len(plain) == 1 else "their"))
    if any("scale(" in one for component in case.fit.random for one in component.names):
        parts.append(
            say(
                "In the random part covariates were centred at their means, so that leaving out "
                "correlations does not depend on where a covariate is zero."
            )
        )
    return parts


def _made_by(step: Step) -> list[str]:
    """The columns that a step of centring makes or changes."""
    return [made for column in step.settings for made in (column, f"{column}_within", f"{column}_between")]


def _estimation(case: Case) -> Markup:
    versions = case.decision["provenance"]
    libraries = ", ".join(f"{label} {versions[key]}" for key, label in LIBRARIES if key in versions)
    criterion = "REML" if case.fit.random else "ordinary least squares"
    parts = [
        say("The final model was refitted by {} with lmm {} ({}).", criterion, versions["lmm"], libraries),
        degrees_said(case),
        *method_said(case),
        *_intervals(case),
        *_comparisons(case),
    ]
    if case.study.weights:
        text = "Rows were weighted by {}: the residual variance of a row is that of weight 1 divided by its weight."
        parts.append(say(text, name(case.study.weights)))
    if any(label != INTERCEPT for label in case.coefficients):
        text = "Fixed effects are called different from zero at α = {}, two-sided."
        parts.append(say(text, numbers.bounded(case.study.ladder.alpha_fixed)))
    parts.append(say("AIC and BIC are marginal and count all parameters; BIC counts rows where nothing else is said."))
    if case.fit.random:
        parts.append(
            say(
                "<i>R</i>² is given for the fixed part alone (marginal) and with the random part (conditional) after "
                "Nakagawa and Schielzeth (2013) and Johnson (2014)."
            )
        )
    parts.append(
        say(
            "{} were judged against data sets simulated from the fitted model (Schützenmeister &amp; Piepho, 2012; "
            "seed {}).",
            "Residuals and conditional modes" if case.fit.random else "Residuals",
            str(case.study.seed),
        )
    )
    return sentences(parts)


def _validation(case: Case) -> Markup:
    """Which rows were predicted by models that had not seen them, and which other models the results were held to."""
    parts = []
    if case.comparisons:
        targets = {one["folds"]["target"] for one in case.comparisons}
        never_mixed = " on two targets, never mixed" if len(targets) > 1 else ""
        parts.append(say("Models were cross-validated{} (Roberts et al., 2017).", never_mixed))
        parts += [_target(one["folds"]) for one in case.comparisons]
        parts.append(
            say(
                "All that a model estimates{} was learnt from the training rows of each fold. Models were compared by "
                "the log score (Gneiting &amp; Raftery, 2007) and the root mean squared error; standard errors of "
                "differences are paired by level (Vehtari et al., 2017) and somewhat too small, as training rows "
                "overlap (Bengio &amp; Grandvalet, 2004). Differences of less than 2 standard errors, or 4 in log "
                "score, count as noise (Sivula et al., 2020).",
                learnt_beside(case),
            )
        )
    asked = {target: why for target, why in case.crossvalidation["reasons"].items() if not why.startswith(NOT_ASKED)}
    for target, reason in asked.items():
        done = "done in part" if case.crossvalidation["targets"].get(target) else "not done"
        text = "Cross-validation for {} was {}: {}."
        parts.append(say(text, target, done, told(case.in_labels(reason)).rstrip(".")))
    if not case.comparisons and not asked:
        parts.append(say("There was no cross-validation."))
    if len({model["formula"] for model in case.sensitivity["hypotheses"]["models"]}) < 2:
        return sentences(parts)
    what = "the hypotheses" if case.sensitivity["hypotheses"]["named"] else "the fixed effects"
    text = (
        "For sensitivity, the coefficients of {} were estimated in a minimal model (intercepts alone), the final and a "
        "maximal model (all slopes that the study allows and the data can show) as well{}."
    )
    close = ", and in all models whose AIC was less than 2 above the lowest, with Akaike weights (Burnham &amp; "
    close += "Anderson, 2002)"
    parts.append(say(text, what, say(close) if len(case.sensitivity["weights"]) > 1 else ""))
    return sentences(parts)


def _target(folds: dict) -> Markup:
    what = "New groups" if folds["target"] == NEW_GROUPS else "Known groups"
    return say("{}: {}", what, folds_said(folds))


def degrees_said(case: Case) -> Markup:
    """How the fixed effects were tested, in a sentence."""
    return _DEGREES[case.inference["coefficients"]["method"]]


_DEGREES = {
    "kenward-roger": Markup(
        "Standard errors, degrees of freedom, <i>p</i>-values and intervals of the fixed effects are those of Kenward "
        "and Roger (1997)."
    ),
    "satterthwaite": Markup(
        "Degrees of freedom for tests and intervals of the fixed effects are Satterthwaite’s (Giesbrecht &amp; Burns, "
        "1985)."
    ),
    "residual": Markup(
        "Tests and intervals of the fixed effects are those of least squares, by <i>t</i> with the residual degrees of "
        "freedom."
    ),
    "normal": Markup(
        "Tests and intervals of the fixed effects are of Wald type: they use the normal distribution and take the "
        "variances as known."
    ),
}


def _intervals(case: Case) -> list[Markup]:
    """How the intervals of the random part were made."""
    section = case.inference["intervals"]
    if section is None or not case.fit.random:
        return []
    what = "Intervals of standard deviations and correlations"
    if section["method"] == PROFILE:
        said = say("{} are by profile likelihood.", what)
    elif section["method"] == WALD:
        said = say("{} are by Wald on the scale of the logarithm and of Fisher’s <i>z</i>.", what)
    else:
        said = say("{} are by {} (Davison &amp; Hinkley, 1997).", what, bootstrap_words(case))
    found = case.inference["bootstrap"]
    if found and section["method"] != BY_DRAWS:
        said += say(" Those by {} (Davison &amp; Hinkley, 1997) stand beside them.", bootstrap_words(case))
    if found and found["failed"]:
        failed, draws = sum(found["failed"].values()), numbers.counted(found["draws"], "bootstrap draw")
        said += say(" Of {}, {} could not be fitted and were left out.", draws, numbers.count(failed))
    return [said, say("Those of intraclass correlations rest on Satterthwaite’s approximation by F.")]


def _comparisons(case: Case) -> list[Markup]:
    """How differences of means and slopes were adjusted for their number."""
    sections = [*(case.inference["means"] or []), *(case.inference["slopes"] or [])]
    adjusted = [one for one in sections if one["differences"]]
    if not adjusted:
        return []
    words = ADJUSTMENTS.get(adjusted[0]["adjustment"])
    how = f"were adjusted for their number, within each family, by {words}" if words else "were not adjusted"
    text = "Marginal means average over the other factors with equal weight; <i>p</i>-values of their differences {}."
    return [say(text, how)]


LIBRARIES = (("python", "Python"), ("numpy", "NumPy"), ("scipy", "SciPy"), ("pandas", "pandas"))
"""What a run notes the versions of beside lmm: keys of the provenance and the names of the libraries."""
