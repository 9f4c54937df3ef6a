"""What a study tells the index of itself."""

from __future__ import annotations

from lmm import numbers
from lmm.report.answer import answer, key_coefficient, key_estimate
from lmm.report.case import Case
from lmm.report.cautions import GREEN, cautions


def index_entry(case: Case) -> dict:
    """What the index needs to know of a study, ready for JSON: light, key estimate, formula, sample, cautions."""
    found = cautions(case)
    found_answer = answer(case, found)
    estimate, label = key_estimate(case)
    return {
        "study": case.study.name,
        "light": found_answer.light,
        "word": found_answer.word,
        "estimate": estimate.striptags(),
        "effect": label.striptags(),
        "estimate_label": f"{label.striptags()}, {case.level} CI",
        "key": _key(case),
        "alpha": case.study.ladder.alpha_fixed,
        "formula": case.fit.formula,
        "rows": case.fit.n,
        "sample": sample(case),
        "cautions": list(dict.fromkeys(caution.subject for caution in found if caution.weight != GREEN)),
    }


def sample(case: Case) -> str:
    """Rows and levels in words."""
    levels = [f"{numbers.counted(count, 'level')} of {group}" for group, count in case.fit.groups.items()]
    return ", ".join([numbers.counted(case.fit.n, "row"), *levels])


def _key(case: Case) -> dict | None:
    """The key estimate in numbers; the term is that of the family's test of it."""
    chosen = key_coefficient(case)
    if chosen is None:
        return None
    standardised = next(
        (one for one in case.inference["standardised"] or [] if one["name"] == chosen["name"]),
        None,
    )
    return {
        **{name: chosen[name] for name in ("name", "term", "estimate", "se", "p", "lower", "upper")},
        "unit": case.unit,
        "level": case.level,
        "standardised": standardised and {name: standardised[name] for name in ("estimate", "lower", "upper")},
    }
