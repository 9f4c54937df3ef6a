"""The pages: what each section shows, put into the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePosixPath

from markupsafe import Markup

from lmm import numbers
from lmm.diagnose.labels import bare
from lmm.diagnose.section import DATA, MODEL
from lmm.diagnose.steps_taken import steps_taken
from lmm.report import coefficient_forest, criteria_dots, crossvalidation, intervals, shares, tables
from lmm.report.answer import answer, key_estimate
from lmm.report.calibration import calibration_figure
from lmm.report.case import AT_THE_SELECTED_MEAN, Case
from lmm.report.cautions import cautions
from lmm.report.checklist import checklist
from lmm.report.cite import how_to_cite
from lmm.report.coefficient_forest import coefficient_figure
from lmm.report.coefficients import coefficients
from lmm.report.criteria_dots import criteria_figure
from lmm.report.crossvalidation import Target, inside, not_done, targets
from lmm.report.descriptives import described
from lmm.report.download import FIGURES, TABLES, Download
from lmm.report.downloads import downloads
from lmm.report.effects import effect_sections
from lmm.report.equation import distributions, equation, lme4_call
from lmm.report.family import family_caption, family_rows
from lmm.report.markup import listing, name, say, told
from lmm.report.methods import LIBRARIES, citations, degrees_said, methods
from lmm.report.plan import decided_on_data, fixed_in_advance, roles
from lmm.report.references import in_order
from lmm.report.rendering import render, script
from lmm.report.results import results
from lmm.report.selection import beside_p, selected
from lmm.report.sensitivity import Sensitivity, drawings_of, sensitivity
from lmm.select.step import BACK_OFF, STOP

SECTIONS = (
    ("answer", "Answer"),
    ("plan", "Question and plan"),
    ("data", "Data"),
    ("descriptives", "Descriptives"),
    ("ladder", "The ladder of models"),
    ("model", "The final model"),
    ("effects", "Means and slopes"),
    ("figures", "Figures"),
    ("crossvalidation", "Cross-validation"),
    ("sensitivity", "Sensitivity"),
    ("limits", "Warnings and limits"),
    ("checklist", "Reporting checklist"),
    ("prose", "Methods, results, reproduction"),
    ("downloads", "Downloads"),
)
"""Anchor and heading of each section; the template of a section is section_<anchor>.html."""

_DOWNLOADS = "<!-- downloads -->\n"
"""Where the page lists the files beside it, which are known once the rest of it is there to be read."""


@dataclass(frozen=True)
class Report:
    """The page of a study, which needs nothing else, and the files that lie beside it."""

    page: str
    files: list[Download]


def study_report(
    case: Case, figures: Mapping[str, str], printed: Mapping[str, bytes], results: Mapping[str, str]
) -> Report:
    """The report of one study: its page, and its tables, figures and results as files.

    `figures` holds the SVG of each figure in the findings of the case by its name, `printed` its PDF, and `results`
    the text of the results that are offered beside the page, by the names in `lmm.report.downloads.RESULTS`. Labels,
    levels and titles are shown as text whatever they hold; the SVG drawings, which this package wrote, are put in as
    they are.
    """
    validated, checked = targets(case), sensitivity(case)
    beside = [criteria_figure(case), coefficient_figure(case)]
    beside += [*(target.figure for target in validated), calibration_figure(case)]
    own = [figure for figure in beside if figure] + drawings_of(checked)
    drawings = _drawings(
        case.findings["figures"] + [figure.words() for figure in own],
        {**figures, **{figure.name: figure.drawing for figure in own}},
    )
    page = _page(case, drawings, validated, checked)
    files = downloads(case, page, drawings, {**printed, **{figure.name: figure.printed for figure in own}}, results)
    return Report(page.replace(_DOWNLOADS, render("downloads.html", listed=_listed(files)), 1), files)


def _listed(files: list[Download]) -> list[tuple[str, list[list[Download]]]]:
    """The files under a heading each for tables, figures and results; those of one thing stand together."""
    together = [list(group) for _, group in groupby(files, key=lambda file: PurePosixPath(file.path).with_suffix(""))]
    headings = {TABLES: "Tables", FIGURES: "Figures", "": "Results and provenance"}
    folders = [PurePosixPath(group[0].path).parent.name for group in together]
    listed = [
        (heading, [group for group, folder in zip(together, folders, strict=True) if folder == one])
        for one, heading in headings.items()
    ]
    return [(heading, groups) for heading, groups in listed if groups]


def _page(case: Case, drawings: list[dict], validated: list[Target], checked: Sensitivity) -> str:
    study, audit, decision, inference, fit = case.study, case.audit, case.decision, case.inference, case.fit
    found = cautions(case)
    effects = effect_sections(case)
    return render(
        "study.html",
        sections=[one for one in SECTIONS if one[0] != "effects" or effects],
        title=case.title,
        study=study,
        audit=audit,
        decision=decision,
        findings=case.findings,
        fit=fit,
        provenance=decision["provenance"],
        answer=answer(case, found),
        facts=_facts(case),
        roles=roles(case),
        fixed_in_advance=fixed_in_advance(case),
        decided_on_data=decided_on_data(case),
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
        candidates_said=_candidates_said(case),
        decided_once_more=any(step["step"].endswith(AT_THE_SELECTED_MEAN) for step in decision["steps"]),
        steps=_steps(case),
        attempts=tables.attempt_rows(case),
        selection=selected(case),
        disagreements=case.disagreements + case.disagreements_on_fixed_effects,
        unit=case.unit,
        estimator="REML" if fit.random else "ordinary least squares",
        equation=equation(case),
        distributions=distributions(case),
        coefficients=coefficients(case),
        inference=inference,
        level=case.level,
        statistic=inference["coefficients"]["statistic"],
        after_selection=beside_p(case),
        tests_said=_tests_said(case),
        degrees_said=degrees_said(case),
        by_bootstrap=_by_bootstrap(case),
        anova=tables.anova_rows(case),
        tests=tables.fixed_effect_tests(case),
        family=family_rows(case),
        family_caption=family_caption(case),
        random=tables.random_rows(case),
        intervals_said=intervals.how(case),
        interval_notes=intervals.notes(case),
        shares=shares.share_rows(case),
        share_notes=shares.share_notes(case),
        criteria=shares.criteria_rows(case),
        effects=effects,
        drawings=drawings,
        drawn={figure["name"]: figure for figure in drawings},
        crossvalidation=validated,
        crossvalidation_inside=inside(case),
        crossvalidation_not_done=not_done(case),
        sensitivity=checked,
        cautions=found,
        methods=methods(case),
        results=results(case, found),
        references=in_order(citations(case)),
        checklist=checklist(case, found),
        descriptives=described(case),
        how_to_cite=how_to_cite(case),
        lme4_call=lme4_call(case),
        reproduction=_reproduction(case),
        scripts=[script("sort.js"), script("copy.js"), script("fold.js"), script("contents.js")],
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


def _drawings(words: list[dict], figures: Mapping[str, str]) -> list[dict]:
    """The figures in the order of the page, numbered."""
    places = (DATA, criteria_dots.SECTION, coefficient_forest.SECTION, MODEL, crossvalidation.SECTION)
    ordered = sorted(words, key=lambda one: places.index(one["section"]) if one["section"] in places else len(places))
    return [
        {**one, "number": number, "drawing": Markup(figures[one["name"]])}
        for number, one in enumerate(ordered, start=1)
    ]


_LADDER_NOTE = (
    "The models on the way to the decision, by REML. Par. counts all parameters; AIC and BIC are marginal. LR test: "
    "likelihood ratio against the smaller model that it was first tested against. The naive p takes a plain χ² "
    "distribution, the corrected one the null distribution named, which holds on the boundary. R² m / c: marginal and "
    "conditional."
)


def _ladder_note(case: Case) -> str:
    """What the table's numbers are; by maximum likelihood those of models with other fixed effects than the rest."""
    table = case.decision["table"]
    final = next(entry for entry in table if entry["id"] == case.decision["final"]["rung"])
    known = [entry for entry in table if entry["id"] == "null" and not tables.is_comparable(case, entry)]
    said = "The null model has other fixed effects, so that its REML values cannot be compared"
    if final["mean"] == tables.SELECTED:
        known = [entry for entry in table if entry["id"] in ("null", "fixed")]
        said = "Models with the selected mean have REML values that can be compared with one another only"
    told = [f"that of “{entry['label']}” is {numbers.decimal(entry['aic'], 1)}" for entry in [*known, final]]
    if not known or any(entry["aic"] is None for entry in [*known, final]):
        return _LADDER_NOTE
    return f"{_LADDER_NOTE} {said}; of the AIC by maximum likelihood, {numbers.listing(told)}."


def _candidates_said(case: Case) -> Markup:
    """How many candidates were known before the run, and how many were fitted when the climb came to them."""
    table, rows = case.decision["table"], numbers.counted(case.audit["rows"]["analysed"], "row")
    later = sum(not entry["planned"] for entry in table)
    if not later:
        return say("All {} were known before the run and fitted to the same {}.", _candidates(len(table)), rows)
    text = (
        "{} known before the run; {} more, which hung on an earlier decision, {} fitted when the climb came to {} (“on "
        "demand”). All were fitted to the same {}."
    )
    known = f"{_candidates(len(table) - later)} {'was' if len(table) - later == 1 else 'were'}"
    verbs = ("was", "it") if later == 1 else ("were", "them")
    return say(text, known, numbers.count(later), *verbs, rows)


def _candidates(number: int) -> str:
    return numbers.counted(number, "candidate model")


def _steps(case: Case) -> list[dict]:
    """The steps of the climb as a list shows them; one that could not be climbed is marked."""
    return [
        {
            "tags": _tags(step),
            "question": bare(step["question"]),
            "reason": told(case.in_labels(step["reason"])),
            "notes": [told(case.in_labels(note)) for note in step["notes"]],
        }
        for step in case.decision["steps"]
    ]


def _tags(step: dict) -> list[str]:
    kind = {STOP: ["stopped"], BACK_OFF: ["back-off"]}.get(step["kind"], [])
    return [*kind, "once more"] if step["step"].endswith(AT_THE_SELECTED_MEAN) else kind


def _tests_said(case: Case) -> str:
    stays = (
        "Terms that could move were selected by the same data." if case.selects_fixed_effects else "No term is removed."
    )
    return f"Likelihood ratio of the final model against the one without the term, both by maximum likelihood. {stays}"


def _facts(case: Case) -> list[tuple[Markup, Markup]]:
    """The few numbers that a reader looks for first."""
    estimate, label = key_estimate(case)
    facts = [(say("{}, {} CI", label, case.level), estimate), ("Rows analysed", numbers.count(case.fit.n))]
    facts += [(say("Levels of {}", name(group)), numbers.count(count)) for group, count in case.fit.groups.items()]
    marginal, conditional = case.findings.get("r2_marginal"), case.findings.get("r2_conditional")
    if not case.fit.random:
        facts.append((say("<i>R</i>² of the fixed part"), numbers.bounded(marginal)))
    elif marginal is not None and conditional is not None:
        value = f"{numbers.bounded(marginal)} / {numbers.bounded(conditional)}"
        facts.append((say("<i>R</i>² marginal / conditional"), value))
    return facts


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
    named = (("lmm", "lmm"), *LIBRARIES)
    text = ", ".join(f"{name} {versions[key]}" for key, name in named if key in versions)
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
