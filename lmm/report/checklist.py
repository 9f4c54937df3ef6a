"""The checklist of reporting items, filled in: what a reviewer asks of a mixed model, and where the page answers.

The items are those of Meteyard and Davies (2020), of the reporting standards of the APA (Appelbaum et al., 2018, table
1) and of STROBE for observational studies (von Elm et al., 2007), as far as they are about the analysis. What only the
authors can know is said to be theirs to state.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.cautions import AMBER, Caution
from lmm.report.family import plan_said
from lmm.report.intervals import how
from lmm.report.markup import listing, name, say, sentences, told
from lmm.report.methods import LIBRARIES, coding_said, degrees_said, doubts_said, missing_said
from lmm.report.plan import MAXIMAL, hypotheses
from lmm.report.selection import procedure_said
from lmm.report.transformed import transformation

_NAMED = 3
"""So many interactions are named."""
METEYARD, JARS, STROBE = "M&D", "JARS", "STROBE"


@dataclass(frozen=True)
class Item:
    """A reporting item: what is asked, by whom, the study's own answer, and the section that has it in full."""

    topic: str
    asked_by: str
    answer: Markup
    section: str


def checklist(case: Case, cautions: list[Caution]) -> list[Item]:
    """All items in the order of a paper."""
    both, observed, all_three = (METEYARD, JARS), (JARS, STROBE), (METEYARD, JARS, STROBE)
    items = [
        ("Question and hypotheses", observed, _hypotheses(case), "plan"),
        ("Planned and unplanned analyses", both, _planned(case), "plan"),
        ("How the sample size was fixed; power", all_three, _power(case), "plan"),
        ("Flow of rows from the raw data on", observed, _flow(case), "data"),
        ("Sample size at every level", all_three, _sample(case), "data"),
        ("Missing data and exclusions", all_three, _missing(case), "data"),
        ("Loss to follow-up", observed, _lost(case), "data"),
        ("Outliers", both, _outliers(case), "data"),
        ("Outcome, its unit and its transformation", all_three, _outcome(case), "data"),
        ("Descriptive statistics", observed, say("Number, mean, <i>SD</i> and range of the outcome."), "descriptives"),
        ("Coding and centring of predictors", all_three, _coding(case), "prose"),
        ("Weights", (STROBE,), _weights(case), "plan"),
        ("Fixed effects, with interactions", all_three, _fixed(case), "plan"),
        ("Random effects, and which were left out and why", both, _random(case), "ladder"),
        ("How the model was chosen", (METEYARD,), _route(case), "ladder"),
        ("Number of models compared", (METEYARD,), _compared(case), "ladder"),
        ("Information criteria", (METEYARD,), _criteria(case), "model"),
        ("Estimator", both, _estimator(case), "model"),
        ("Convergence and singular fits", both, _convergence(case), "ladder"),
        ("Model equation", both, say("Given with its estimates, and as a formula of lme4."), "model"),
        ("Estimates, standard errors and intervals", all_three, _estimates(case), "model"),
        ("Degrees of freedom and p-values", both, degrees_said(case), "model"),
        ("Multiple comparisons", (JARS,), _multiplicity(case), "effects" if _has_means(case) else "model"),
        ("Every variance and correlation", both, _variances(case), "model"),
        ("Intraclass correlation and R²", both, _shares(case), "model"),
        ("Checks of assumptions", both, _checks(case), "figures"),
        ("Influential rows and groups", both, _influence(case), "figures"),
        ("Prediction of new rows", (), _validation(case), "crossvalidation"),
        ("Sensitivity to the choice of the model", (STROBE,), _sensitivity(case), "sensitivity"),
        ("Inference after selection", both, _after_selection(case), "limits"),
        ("Limits that the data set", observed, _limits(cautions), "limits"),
        ("Software and versions", both, _software(case), "prose"),
        ("Data and code", (METEYARD,), _data_and_code(case), "prose"),
        ("Registration, funding, conflicts of interest", observed, say("For the authors to state."), "prose"),
    ]
    return [Item(topic, ", ".join(asked) or numbers.MISSING, *said) for topic, asked, *said in items]


def _not_applicable(because: str) -> Markup:
    return say("Not applicable, because {}.", because)


def _hypotheses(case: Case) -> Markup:
    if case.study.hypotheses:
        return say("Named in advance: {}. All other effects are exploratory.", hypotheses(case))
    return say("No hypotheses were named in advance, so that all effects are exploratory.")


def _planned(case: Case) -> Markup:
    if not case.data_driven_steps and not case.selects_fixed_effects:
        return say("All that was done was fixed before the model was fitted.")
    return say("What was fixed in advance and what was decided on the data are told apart.")


def _flow(case: Case) -> Markup:
    rows = case.audit["rows"]
    text = "{} were read and {} are analysed; every step between has its reason."
    return say(text, numbers.counted(rows["read"], "row"), numbers.count(rows["analysed"]))


def _lost(case: Case) -> Markup:
    by_time = case.audit["missing_by_time"]
    if not by_time:
        return _not_applicable("the study has no time")
    found = by_time["dropout"]
    text = "{} of {} levels of {} left before the last time for good."
    lost, whole = numbers.count(found["dropped_out"]), numbers.count(found["subjects"])
    return say(text, lost, whole, name(found["subject"]))


def _sample(case: Case) -> Markup:
    levels = [
        say("{} of {}", numbers.counted(one["levels"], "level"), name(one["group"])) for one in case.audit["groups"]
    ]
    return say("{}.", listing([numbers.counted(case.fit.n, "row"), *levels]))


def _power(case: Case) -> Markup:
    return say("For the authors to state: neither the data nor the configuration tell how many were planned, or why.")


def _outcome(case: Case) -> Markup:
    made = transformation(case)
    unit = say(" ({})", case.unit) if case.unit else Markup("")
    how_made = say(", {}", made.words) if made else say(", as the data have it")
    return say("{}{}{}.", name(case.outcome), unit, how_made)


def _missing(case: Case) -> Markup:
    rows = case.audit["rows"]
    if rows["read"] == rows["analysed"] and not case.rows_lost:
        return say("No row was missing a value or left out.")
    return missing_said(case)


def _outliers(case: Case) -> Markup:
    if any(step.kind == "outliers" for step in case.study.steps):
        return say("Values far from the others were looked for by a rule, and are listed.")
    return say(
        "None was looked for by rule before the analysis, and none was left out; residuals show those there are."
    )


def _coding(case: Case) -> Markup:
    return sentences(coding_said(case)) or _not_applicable("the fixed part has no predictor")


def _weights(case: Case) -> Markup:
    weights = case.study.weights
    return say("By {}.", name(weights)) if weights else _not_applicable("every row counts the same")


def _fixed(case: Case) -> Markup:
    interactions = [name(one) for one in case.coefficients if ":" in one]
    text = "<code>~ {}</code>, with {}."
    many = numbers.counted(len(interactions), "coefficient of interactions", "coefficients of interactions")
    which = (
        many
        if len(interactions) > _NAMED
        else say("the interaction{} {}", "s"[: len(interactions) - 1], listing(interactions))
    )
    return say(text, case.study.fixed, which if interactions else "no interaction")


def _random(case: Case) -> Markup:
    if not case.fit.random:
        return sentences([say("None."), *(told(reason) for reason in case.stopped.values())])
    return say("As decided: {}", told(case.in_labels(case.decision["final"]["reason"])))


def _route(case: Case) -> Markup:
    criterion = case.study.ladder.criterion
    by = "all slopes that can be estimated" if case.mode == MAXIMAL else f"by {_CRITERIA.get(criterion, criterion)}"
    route = say("Random part in mode {}, {}", case.mode, by)
    fixed = say("fixed effects were not selected")
    if case.selection:
        fixed = say("fixed effects by {}", procedure_said(case.selection))
    if not case.data_driven_steps and not case.selects_fixed_effects:
        return _not_applicable("nothing about the model was chosen on the data")
    return say("{}; {}.", route, fixed)


_CRITERIA = {"LRT": "likelihood ratio tests"}


def _compared(case: Case) -> Markup:
    table = case.decision["table"]
    failed = sum(bool(entry["failure"]) for entry in table)
    could = say(" {} could not be fitted.", numbers.count(failed)) if failed else ""
    return say("{}, all listed.{}", numbers.counted(len(table), "candidate model"), could)


def _estimator(case: Case) -> Markup:
    if not case.fit.random:
        return say("Ordinary least squares, as the final model has no random effects.")
    return say("REML for the final model and for random parts; maximum likelihood where fixed effects differ.")


def _convergence(case: Case) -> Markup:
    final = "The final model converged" if case.fit.converged else "The final model did not converge"
    singular = "and is singular" if case.fit.singular else "and is not singular"
    others = [entry for entry in case.decision["table"] if entry["id"] != case.decision["final"]["rung"]]
    fitted = [entry for entry in others if not entry["failure"]]
    count = sum(bool(entry["singular"]) or not entry["converged"] for entry in fitted)
    rest = say("Of the other candidates {} {} singular or did not converge.", numbers.count(count), _were(count))
    if not count:
        those = "" if len(fitted) == len(others) else " that could be fitted"
        rest = say("So did all other candidates{}, none of which is singular.", those)
    if not count and not (case.fit.converged and fitted):
        rest = Markup("")
    return sentences([say("{} {}.", final, singular), rest, *doubts_said(case)])


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _estimates(case: Case) -> Markup:
    standardised = (
        say(", and standardised <i>b</i> of the predictors") if case.inference["standardised"] else Markup("")
    )
    return say("<i>b</i>, <i>SE</i> and {} CI of every coefficient{}.", case.level, standardised)


def _has_means(case: Case) -> bool:
    return bool(case.inference["means"] or case.inference["slopes"])


def _multiplicity(case: Case) -> Markup:
    families = [one["differences"] for one in (case.inference["means"] or []) + (case.inference["slopes"] or [])]
    within = Markup("")
    if any(families):
        within = say("Differences of means and slopes are adjusted as their tables say; tests of coefficients are not.")
    if case.family:
        return sentences([*plan_said(case), within])
    if within:
        return within
    return _not_applicable("there are no pairwise differences, and the study belongs to no family")


def _variances(case: Case) -> Markup:
    if not case.fit.random:
        return _not_applicable("the final model has no random effects; the residual’s is given")
    return say("All are given, with the residual’s. {}", how(case))


def _shares(case: Case) -> Markup:
    if not case.fit.random:
        return _not_applicable("without random effects there is only the R² of least squares")
    text = "<i>R</i>² marginal {}, conditional {} (Johnson, 2014); intraclass correlations adjusted for the fixed part."
    shown = [numbers.bounded(case.findings[key]) for key in ("r2_marginal", "r2_conditional")]
    return say(text, *shown)


def _criteria(case: Case) -> Markup:
    conditional = case.inference["conditional_aic"]
    more = " and conditional AIC" if conditional and conditional["greven_kneib"] is not None else ""
    return say("Marginal AIC, AICc, BIC over rows and over groups{}; all parameters are counted.", more)


def _checks(case: Case) -> Markup:
    figures = [figure for figure in case.findings["figures"] if figure["section"] != "data"]
    concerns = sum(bool(figure["concern"]) for figure in figures)
    seen = "none of them gives cause for concern"
    if concerns:
        seen = f"{concerns} of them {'gives' if concerns == 1 else 'give'} cause for concern"
    return say("{}; {}.", numbers.counted(len(figures), "figure"), seen)


def _influence(case: Case) -> Markup:
    figures = [one for one in case.findings["figures"] if "influence" in one["name"] or "cook" in one["name"].lower()]
    if not figures:
        return _not_applicable("no level or row could be left out and the model fitted again")
    what = "single rows and without single levels" if case.fit.random else "single rows"
    how = f"Cook’s distance and changed coefficients without {what}"
    if not any(figure["concern"] for figure in figures):
        return say("{}: none changes a conclusion by itself.", how)
    return say("{}, of which some change the answer: see the figures.", how)


def _validation(case: Case) -> Markup:
    if not case.comparisons:
        return _not_applicable("no cross-validation was asked for or could be done")
    number = numbers.counted(len(case.comparisons), "comparison")
    return say("Cross-validated by log score and root mean squared error, in {}.", number)


def _sensitivity(case: Case) -> Markup:
    if len({model["formula"] for model in case.sensitivity["hypotheses"]["models"]}) < 2:
        return _not_applicable("the smallest, the final and the largest model are one and the same")
    return told(case.in_labels(case.sensitivity["hypotheses"]["sentence"]))


def _after_selection(case: Case) -> Markup:
    if case.selects_fixed_effects:
        return say("Fixed and random effects were chosen on the data: <i>p</i>-values are too small, and called so.")
    if case.data_driven_steps:
        return say("The random part was chosen on the data: intervals and <i>p</i>-values are somewhat too favourable.")
    return _not_applicable("nothing about the model was chosen on the data")


def _limits(cautions: list[Caution]) -> Markup:
    serious = sum(caution.weight == AMBER for caution in cautions)
    if not serious:
        return say("None was found that speaks against reporting the model as it stands.")
    return say("{} with what {} for the answer.", numbers.counted(serious, "caution"), _MEANS[serious > 1])


_MEANS = {False: "it means", True: "they mean"}


def _software(case: Case) -> Markup:
    versions = case.decision["provenance"]
    others = [f"{library} {versions[key]}" for key, library in LIBRARIES if key in versions]
    return say("lmm {} ({}).", versions["lmm"], ", ".join(others))


def _data_and_code(case: Case) -> Markup:
    files = numbers.counted(len(case.audit["source"]["files"]), "data file")
    text = "{} and the configuration with their hashes; the software is open. Where they are kept is for the authors "
    text += "to state."
    return say(text, files)
