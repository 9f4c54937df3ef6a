"""The pages: what each section shows, put into the templates."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

import lmm
from lmm import numbers
from lmm.diagnose.section import DATA
from lmm.diagnose.steps_taken import steps_taken
from lmm.report import intervals, shares, tables
from lmm.report.answer import answer, key_estimate
from lmm.report.case import Case
from lmm.report.cautions import GREEN, cautions
from lmm.report.coefficients import coefficients
from lmm.report.effects import effect_sections
from lmm.report.equation import distributions, equation, lme4_call
from lmm.report.markup import listing, name, say, told
from lmm.report.methods import citations, degrees_said, methods
from lmm.report.references import REFERENCES
from lmm.report.results import results

if TYPE_CHECKING:
    from lmm.model import Fit
    from lmm.study import Study

SECTIONS = (
    ("answer", "Answer"),
    ("plan", "Question and plan"),
    ("data", "Data"),
    ("ladder", "The ladder of models"),
    ("model", "The final model"),
    ("effects", "Means and slopes"),
    ("figures", "Figures"),
    ("limits", "Warnings and limits"),
    ("prose", "Methods, results, reproduction"),
)
"""Anchor and heading of each section; the template of a section is section_<anchor>.html."""

# What no XML or HTML text may hold; a stray control character in a label must not break the page.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def study_page(
    study: Study,
    audit: dict,
    ladder: dict,
    decision: dict,
    inference: dict,
    fit: Fit,
    findings: dict,
    figures: dict[str, str],
) -> str:
    """The report of one study: one HTML file that needs nothing else.

    `figures` holds the SVG of each figure in `findings["figures"]` by its name. Labels, levels and titles are shown
    as text whatever they hold; the SVG drawings, which this package wrote, are put in as they are.
    """
    case = Case(study, audit, ladder, decision, inference, fit, findings)
    found = cautions(case)
    effects = effect_sections(case)
    return _render(
        "study.html",
        sections=[one for one in SECTIONS if one[0] != "effects" or effects],
        title=case.title,
        study=study,
        audit=audit,
        decision=decision,
        findings=findings,
        fit=fit,
        provenance=decision["provenance"],
        answer=answer(case, found),
        facts=_facts(case),
        roles=_roles(case),
        fixed_in_advance=_fixed_in_advance(case),
        decided_on_data=_decided_on_data(case),
        flow=tables.flow_rows(case),
        flow_said=_flow_said(case),
        flagged=tables.flagged_rows(case),
        flagged_beside=tables.flagged_beside(case),
        outlier_steps=[step.entry["sentence"] for step in steps_taken(study, audit) if step.kind == "outliers"],
        variables=tables.variable_rows(case),
        prepared="after the steps" if study.steps or study.join else "in the file",
        missing=tables.cost_rows(case),
        missing_said=_missing_said(case),
        missing_grid=tables.missing_grid(case),
        dropout=tables.dropout_rows(case),
        dropout_subject=audit["missing_by_time"]["dropout"]["subject"] if audit["missing_by_time"] else "",
        groups=tables.group_rows(case),
        within=_within(case),
        rows_analysed=numbers.count(audit["rows"]["analysed"]),
        ladder=tables.ladder_rows(case),
        ladder_note=_ladder_note(case),
        steps=decision["steps"],
        disagreements=case.disagreements + case.disagreements_on_fixed_effects,
        estimator="REML" if fit.random else "ordinary least squares",
        equation=equation(case),
        distributions=distributions(case),
        coefficients=coefficients(case),
        inference=inference,
        level=case.level,
        statistic=inference["coefficients"]["statistic"],
        degrees_said=degrees_said(case),
        by_bootstrap=_by_bootstrap(case),
        anova=tables.anova_rows(case),
        tests=tables.fixed_effect_tests(case),
        random=tables.random_rows(case),
        intervals_said=intervals.how(case),
        interval_notes=intervals.notes(case),
        shares=shares.share_rows(case),
        share_notes=shares.share_notes(case),
        criteria=shares.criteria_rows(case),
        effects=effects,
        drawings=_drawings(findings, figures),
        cautions=found,
        methods=methods(case),
        results=results(case, found),
        references=[REFERENCES[key] for key in citations(case)],
        lme4_call=lme4_call(case),
        reproduction=_reproduction(case),
    )


def _by_bootstrap(case: Case) -> list[str]:
    """The bootstrap's intervals of the fixed effects in the order of their table; none without a bootstrap."""
    found = case.inference["bootstrap"]
    limits = {one["name"]: one for one in found["parameters"]} if found else {}
    rows = [row for row in case.inference["coefficients"]["rows"] if row["estimate"] is not None]
    return [
        numbers.interval(limits[row["name"]]["lower"], limits[row["name"]]["upper"], numbers.places_for(row["se"]))
        for row in rows
        if limits
    ]


def _drawings(findings: dict, figures: dict[str, str]) -> list[dict]:
    """The figures in the order of the page, numbered: those of the data stand in its section, before the others."""
    ordered = sorted(findings["figures"], key=lambda words: words["section"] != DATA)
    return [
        {**words, "number": number, "drawing": Markup(figures[words["name"]])}
        for number, words in enumerate(ordered, start=1)
    ]


def index_entry(
    study: Study, audit: dict, ladder: dict, decision: dict, inference: dict, fit: Fit, findings: dict
) -> dict:
    """What the index needs to know of a study, ready for JSON: light, key estimate, formula, sample, cautions."""
    case = Case(study, audit, ladder, decision, inference, fit, findings)
    found = cautions(case)
    found_answer = answer(case, found)
    estimate, label = key_estimate(case)
    subjects = list(dict.fromkeys(caution.subject for caution in found if caution.weight != GREEN))
    return {
        "study": study.name,
        "light": found_answer.light,
        "word": found_answer.word,
        "estimate": estimate.striptags(),
        "estimate_label": f"{label.striptags()}, {case.level} CI",
        "formula": fit.formula,
        "sample": _sample(case),
        "cautions": subjects,
    }


def index_page(studies: list[Study], entries: dict[str, dict]) -> str:
    """The index: a card per study, in the order of the config; a study without an entry gets a card that says so."""
    cards = [
        {
            "name": study.name,
            "title": study.title or study.name,
            "question": study.question,
            "entry": entries.get(study.name),
        }
        for study in studies
    ]
    reported = [entries[study.name]["light"] for study in studies if study.name in entries]
    lights = [f"{reported.count(light)} {light}" for light in ("green", "amber", "red") if light in reported]
    summary = f"{numbers.counted(len(studies), 'study', 'studies')}: {numbers.listing(lights)}." if lights else ""
    return _render("index.html", cards=cards, summary=summary, version=lmm.__version__)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("lmm.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        decimal=numbers.decimal,
        bounded=numbers.bounded,
        p_number=numbers.p_number,
        told=told,
    )
    return environment


def _render(template: str, **values: Any) -> str:
    page = _environment().get_template(template).render(**values)
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", page)


_LADDER_NOTE = (
    "The models on the way to the decision, by REML. Par. counts all parameters; AIC and BIC are marginal. LR test: "
    "likelihood ratio against the model below. The naive p takes a plain χ² distribution, the corrected one the null "
    "distribution named, which holds on the boundary. R² m / c: marginal and conditional."
)


def _ladder_note(case: Case) -> str:
    entries = {entry["id"]: entry for entry in case.decision["table"]}
    null, final = entries.get("null"), entries[case.decision["final"]["rung"]]
    if null is None or tables.is_comparable(case, null) or null["aic"] is None or final["aic"] is None:
        return _LADDER_NOTE
    return (
        f"{_LADDER_NOTE} The null model has other fixed effects, so that its REML values cannot be compared; by "
        f"maximum likelihood its AIC is {numbers.decimal(null['aic'], 1)}, that of the final model "
        f"{numbers.decimal(final['aic'], 1)}."
    )


def _sample(case: Case) -> str:
    levels = [f"{numbers.counted(count, 'level')} of {group}" for group, count in case.fit.groups.items()]
    return ", ".join([numbers.counted(case.fit.n, "row"), *levels])


def _facts(case: Case) -> list[tuple[Markup, Markup]]:
    """The few numbers that a reader looks for first."""
    estimate, label = key_estimate(case)
    facts = [(say("{}, {} CI", label, case.level), estimate), ("Rows analysed", numbers.count(case.fit.n))]
    facts += [(say("Levels of {}", name(group)), numbers.count(count)) for group, count in case.fit.groups.items()]
    marginal, conditional = case.findings.get("r2_marginal"), case.findings.get("r2_conditional")
    if marginal is not None and conditional is not None:
        value = f"{numbers.bounded(marginal)} / {numbers.bounded(conditional)}"
        facts.append((say("<i>R</i>² marginal / conditional"), value))
    return facts


def _roles(case: Case) -> list[tuple[str, Markup]]:
    study = case.study
    roles = [
        ("Outcome", say("{}{}", name(study.outcome), say(" ({})", study.unit) if study.unit else "")),
        ("Fixed part", say("<code>{}</code>", study.fixed)),
        ("Grouping factors", listing([name(group) for group in study.groups])),
    ]
    if study.slopes:
        text = "<code>{}</code> by {}"
        slopes = [say(text, slope, name(group)) for group, slope in study.slopes.items()]
        roles.append(("Slopes that may vary", listing(slopes)))
    roles += [("Time", name(study.time))] if study.time else []
    roles += [("Weights", name(study.weights))] if study.weights else []
    return roles


def _fixed_in_advance(case: Case) -> list[Markup]:
    rules = case.study.ladder
    candidates = numbers.counted(len(case.decision["table"]), "candidate model")
    parts = [
        say("All {} are known before any is fitted, and all are fitted to the same rows.", candidates),
        say("The fixed part is not selected; every term stays in."),
        say("Intercepts of the grouping factors stay in, whatever their variance."),
    ]
    if case.study.slopes:
        alpha = numbers.bounded(rules.alpha_random)
        parts.append(say("A random slope is kept when its corrected <i>p</i> &lt; {}.", alpha))
        correlated = "estimated" if rules.correlations == "keep" else "fixed at zero"
        parts.append(say("Correlations of random slopes with intercepts are {}.", correlated))
        singular = "may be the final one" if rules.allow_singular else "stays in the table but cannot be the final one"
        parts.append(say("A model whose slopes are singular {}.", singular))
    parts.append(say("Fixed effects are called different from zero at α = {}.", numbers.bounded(rules.alpha_fixed)))
    return parts


def _decided_on_data(case: Case) -> list[Markup]:
    decided = dict.fromkeys(step["question"] for step in case.data_driven_steps)
    return [say("{}", question) for question in decided] or [
        say("Nothing: the study leaves no choice of model to the data.")
    ]


def _flow_said(case: Case) -> Markup:
    """What the rows lost and gained, in a sentence before the picture."""
    rows = case.audit["rows"]
    came_in = any(step["rows_after"] > step["rows_before"] for step in case.audit["steps"])
    if rows["read"] == rows["analysed"] and not came_in:
        return say("All {} that were read are analysed: none was left out.", numbers.counted(rows["read"], "row"))
    where = "<code>results/{}/clean/dropped.csv</code>"
    text = "{} {} read and {} {} analysed. Every row left out stands with its line and reason in " + where + "."
    return say(
        text,
        numbers.counted(rows["read"], "row"),
        "was" if rows["read"] == 1 else "were",
        numbers.count(rows["analysed"]),
        "is" if rows["analysed"] == 1 else "are",
        case.study.name,
    )


def _missing_said(case: Case) -> Markup:
    """How many rows are incomplete and in which variables."""
    gaps = [entry["variable"] for entry in case.audit["missing"] if entry["missing"]]
    if not gaps:
        return say("None of these variables has a missing value.")
    text = "{} of {} ({}) lack a value of {}, and were left out before any model was fitted."
    lost, prepared = case.rows_lost, case.rows_prepared
    which = listing([name(gap) for gap in gaps], "or")
    return say(text, numbers.count(lost), numbers.counted(prepared, "row"), numbers.percent(lost / prepared), which)


def _within(case: Case) -> list[Markup]:
    """Which predictors vary within the levels of which factors: what a random slope needs."""
    parts = []
    for predictor, factors in case.audit["varies_within"].items():
        within = [name(group) for group, varies in factors.items() if varies]
        between = [name(group) for group, varies in factors.items() if not varies]
        said = [say("varies within levels of {}", listing(within))] if within else []
        said += [say("is constant within levels of {}", listing(between))] if between else []
        if said:
            parts.append(say("{} {}.", name(predictor), listing(said)))
    return parts


def _reproduction(case: Case) -> list[tuple[str, Markup]]:
    versions = case.decision["provenance"]
    named = ("lmm", "python", "numpy", "scipy", "pandas")
    text = ", ".join(f"{key} {versions[key]}" for key in named if key in versions)
    return [
        ("Software", say("{}", text)),
        ("Seed", say("{}", str(case.study.seed))),
        *_files(case),
        ("Hash of the rows", _hash(case.audit["row_hash"])),
        ("Hash of the study", _hash(versions["study_fingerprint"])),
    ]


def _files(case: Case) -> list[tuple[str, Markup]]:
    files = case.audit["source"]["files"]
    if len(files) == 1:
        (only,) = files
        return [("Data file", say("<code>{}</code>", only["path"])), ("SHA-256 of the file", _hash(only["sha256"]))]
    each = [say("<code>{}</code> {}", file["path"], _hash(file["sha256"])) for file in files]
    return [("Data files and their SHA-256", Markup("<br>").join(each))]


def _hash(text: str) -> Markup:
    return say('<span class="hash">{}</span>', text)
