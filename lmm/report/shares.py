"""How the variance divides, and how well the model fits: ICC, R² and criteria, row by row, ready to print."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.report.case import Case
from lmm.report.intervals import correlation_limits
from lmm.report.markup import listing, name, say


def share_rows(case: Case) -> list[dict]:
    """A row for the fixed part, for each grouping factor and for the residual: its share of the whole variance.

    None without random effects, where there is nothing to divide but what R² says.
    """
    shares = case.inference["r2"]
    if shares is None or not case.fit.random:
        return []
    correlations = _correlations(case)
    rows = [{"part": "Fixed part", "share": numbers.bounded(shares["marginal"]), "icc": "", "interval": ""}]
    for group, share in shares["of_factors"].items():
        one = correlations.get(group)
        rows.append(
            {
                "part": name(group),
                "share": numbers.bounded(share),
                "icc": numbers.bounded(one["correlation"]["estimate"]) if one else numbers.MISSING,
                "interval": correlation_limits(one["correlation"]) if one else "",
            }
        )
    residual = 1.0 - shares["conditional"]
    return [*rows, {"part": "Residual", "share": numbers.bounded(residual), "icc": "", "interval": ""}]


def share_notes(case: Case) -> list[Markup]:
    """What an intraclass correlation of a nested factor means, and the design effect."""
    found = case.inference["icc"]
    if found is None:
        return []
    notes = []
    for one in found["factors"]:
        if one["nested_in"]:
            outer = listing([name(group) for group in one["nested_in"]])
            text = "Two rows of one {} share {} too, so that their correlation is the sum of both shares."
            notes.append(say(text, name(one["group"]), outer))
    text = "Design effect {}: for the mean of all rows they tell as much as {} independent ones."
    rows = numbers.count(round(found["effective_rows"]))
    return [*notes, say(text, numbers.decimal(found["design_effect"], 1), rows)]


def icc_sentence(case: Case) -> Markup:
    """The intraclass correlations with their intervals, for the results of a paper."""
    parts = []
    for group, one in _correlations(case).items():
        within = say(" (with {})", listing([name(o) for o in one["nested_in"]])) if one["nested_in"] else ""
        interval = correlation_limits(one["correlation"])
        told = say(", {} CI {}", case.level, interval) if interval else ""
        text = "{} for {}{}{}"
        parts.append(say(text, numbers.bounded(one["correlation"]["estimate"]), name(group), within, told))
    if not parts:
        return Markup("")
    return say("The intraclass correlation, adjusted for the fixed part, was {}.", listing(parts))


def criteria_rows(case: Case) -> list[tuple[str, str, Markup]]:
    """Criteria of the final model: name, value, what was counted."""
    found, conditional = case.inference["criteria"], case.inference["conditional_aic"]
    rows = []
    if found:
        parameters = numbers.counted(found["parameters"], "parameter")
        rows.append(("AIC", found["aic"], say("marginal, {}", parameters)))
        rows.append(("AICc", found["aicc"], say("marginal, {} in {} rows", parameters, numbers.count(found["rows"]))))
        rows.append(("BIC, rows", found["bic"], say("over {} rows", numbers.count(found["rows"]))))
        if found["bic_groups"] is not None:
            groups = numbers.count(found["groups"])
            rows.append(("BIC, groups", found["bic_groups"], say("over {} groups", groups)))
    if conditional:
        if conditional["greven_kneib"] is None:
            rows.append(("Conditional AIC", None, say("{}", conditional["reason"])))
        else:
            degrees = numbers.decimal(conditional["degrees_of_freedom"], 1)
            text = "for new rows of the same groups, {} effective degrees of freedom (Greven &amp; Kneib, 2010)"
            rows.append(("Conditional AIC", conditional["greven_kneib"], say(text, degrees)))
    return [(label, numbers.decimal(value, 1), counted) for label, value, counted in rows]


def _correlations(case: Case) -> dict[str, dict]:
    found = case.inference["icc"]
    return {one["group"]: one for one in found["factors"]} if found else {}
