"""The methods section, ready for a paper: what was done, in the past tense, and only what was done."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.coefficients import level_of
from lmm.report.markup import listing, name, say, sentences


def methods(case: Case) -> list[Markup]:
    """Paragraphs: data, models and selection, estimation and checks."""
    return [_data(case), _models(case), _estimation(case)]


def citations(case: Case) -> list[str]:
    """Keys of the references that `methods` and `results` cite."""
    cited = {"schuetzenmeister"}
    if case.fit.random:
        cited |= {"johnson", "nakagawa"}
    if _tested(case):
        cited |= {"self", "stram"}
    if case.data_driven_steps:
        cited |= {"matuschek", "verbeke"}
    return sorted(cited)


def _data(case: Case) -> Markup:
    fit, audit = case.fit, case.audit
    levels = [say("{} of {}", numbers.counted(count, "level"), name(group)) for group, count in fit.groups.items()]
    within = say(" from {}", listing(levels)) if levels else ""
    unit = say(" ({})", case.unit) if case.unit else ""
    parts = [
        say("We analysed {}{} in {}{}.", name(case.outcome), unit, numbers.counted(fit.n, "row"), within),
        _missing(case),
        *(say("{}", relation["sentence"]) for relation in audit["structure"]),
    ]
    return sentences(parts)


def _missing(case: Case) -> Markup:
    lost, read = case.rows_lost, case.rows_prepared
    if not lost:
        return say("No row was left out: the variables of the candidate models had no missing values.")
    gaps = listing(
        [
            say("{} ({})", name(entry["variable"]), numbers.count(entry["missing"]))
            for entry in case.audit["missing"]
            if entry["missing"]
        ]
    )
    return say(
        "Of {} read, {} ({}) were left out because a variable of some candidate model was missing: {}. "
        "All candidate models were fitted to the same rows; we assumed that values were missing at random.",
        numbers.counted(read, "row"), numbers.count(lost), numbers.percent(lost / read), gaps,
    )  # fmt: skip


def _tested(case: Case) -> bool:
    return any(step.get("p") is not None for step in case.decision["steps"])


def _models(case: Case) -> Markup:
    study = case.study
    design = [step for step in case.decision["steps"] if step["decision"] == "design"]
    candidates = numbers.counted(len(case.decision["table"]), "candidate model")
    fixed = say("We fitted linear mixed models with the fixed part <code>{}</code>", f"~ {study.fixed}")
    parts = [
        say("{} and chose the random part from {}, known before the analysis.", fixed, candidates)
        if case.data_driven_steps
        else say("{}; nothing about the final model was chosen on the data.", fixed)
    ]
    if design:
        parts.append(
            say(
                "Intercepts of {} belong to the design and were kept whatever their variance.",
                listing([name(group) for group in study.groups]),
            )
        )
    if case.data_driven_steps:
        parts.append(
            say(
                "Random parts were compared by restricted maximum likelihood (REML) with the same, full fixed part, so "
                "that misfit of the mean is not read as variance (Verbeke &amp; Molenberghs, 2000); a slope was kept "
                "when its likelihood ratio test gave <i>p</i> &lt; {} (Matuschek et al., 2017).",
                numbers.bounded(study.ladder.alpha_random),
            )
        )
    if _tested(case):
        parts.append(
            say(
                "Because a variance cannot be negative, likelihood ratios were referred to mixtures of chi-squared "
                "distributions (Self &amp; Liang, 1987; Stram &amp; Lee, 1994)."
            )
        )
    if study.slopes and study.ladder.correlations == "drop":
        parts.append(say("Correlations of random slopes with intercepts were fixed at zero in advance."))
    elif study.slopes:
        parts.append(say("Random slopes could correlate with intercepts wherever the model could be estimated so."))
    if study.slopes and not study.ladder.allow_singular:
        parts.append(say("Singular fits, with a variance of zero or a correlation of ±1, could not be chosen."))
    if any(step["estimator"] == "ML" for step in case.decision["steps"]):
        parts.append(
            say("Fixed effects were tested by maximum likelihood at the chosen random part; none was removed.")
        )
    return sentences([*parts, *_coding(case)])


def _coding(case: Case) -> list[Markup]:
    """The reference level of each categorical predictor."""
    contrasts = [level_of(case, label) for label in case.coefficients]
    references = {contrast[0]: contrast[2] for contrast in contrasts if contrast}
    return [say("{} was coded with {} as reference level.", name(c), name(level)) for c, level in references.items()]


def _estimation(case: Case) -> Markup:
    versions = case.decision["provenance"]
    libraries = ", ".join(f"{label} {versions[key]}" for key, label in _LIBRARIES if key in versions)
    criterion = "REML" if case.fit.random else "ordinary least squares"
    parts = [
        say("The final model was refitted by {} with lmm {} ({}).", criterion, versions["lmm"], libraries),
        say("Intervals and <i>p</i>-values of the fixed effects are of Wald type and use the normal distribution."),
    ]
    if case.study.weights:
        parts.append(say("Rows were weighted by {}.", name(case.study.weights)))
    if case.fit.random:
        parts.append(
            say(
                "<i>R</i>² is given for the fixed part alone (marginal) and with the random part (conditional) after "
                "Nakagawa and Schielzeth (2013) and Johnson (2014)."
            )
        )
    parts.append(
        say(
            "Residuals and conditional modes were judged against data sets simulated from the fitted model "
            "(Schützenmeister &amp; Piepho, 2012; seed {}).",
            str(case.study.seed),
        )
    )
    return sentences(parts)


_LIBRARIES = (("python", "Python"), ("numpy", "NumPy"), ("scipy", "SciPy"), ("pandas", "pandas"))
