"""The intervals of the final model's parameters as a page shows them, and how they were made."""

from __future__ import annotations

from markupsafe import Markup

from lmm import numbers
from lmm.infer.intervalmethods import BOOTSTRAP, PROFILE
from lmm.infer.leastsquares import METHOD as LEAST_SQUARES
from lmm.report.case import Case
from lmm.report.markup import name, say

# Said once for all intervals of a profile, and in the words of the report.
_BY_ML = "The deviance of maximum likelihood is profiled, although the fit is by REML."


def of_parameters(case: Case) -> dict[str, dict]:
    """The intervals by the names of the parameters; empty where none could be had."""
    section = case.inference["intervals"]
    return {one["name"]: one for one in section["parameters"]} if section else {}


def limits(interval: dict | None, digits: int = 3) -> str:
    """An interval in brackets, a limit that there is none of as a dash; a dash alone where there is neither."""
    if interval is None or (interval["lower"] is None and interval["upper"] is None):
        return numbers.MISSING
    return numbers.in_brackets(*(numbers.significant(interval[side], digits) for side in ("lower", "upper")))


def correlation_limits(interval: dict | None) -> str:
    """The interval of a correlation in brackets; empty where there is none."""
    if interval is None or (interval["lower"] is None and interval["upper"] is None):
        return ""
    return numbers.in_brackets(*(numbers.bounded(interval[side]) for side in ("lower", "upper")))


def how(case: Case) -> Markup:
    """How the intervals of standard deviations and correlations were made, as a caption says it."""
    section = case.inference["intervals"]
    if section is None:
        return say("There are no intervals: {}", case.inference["reasons"]["intervals"])
    if section["method"] == LEAST_SQUARES:
        return say("The interval of the residual is exact, by χ².")
    if section["method"] == PROFILE:
        return say("Intervals are by profile likelihood: that of ML, whose variances are a little below those of REML.")
    if section["method"] == BOOTSTRAP:
        return say("Intervals are by {}.", bootstrap_words(case))
    wald = "Intervals are by Wald, on the scale of the logarithm and of Fisher’s <i>z</i>."
    return say("{} {}", Markup(wald), section["reason"] or "")


def bootstrap_words(case: Case) -> Markup:
    """The bootstrap in words: "parametric bootstrap, percentiles of 1,000 draws"."""
    found = case.inference["bootstrap"]
    kind = "parametric bootstrap" if found["kind"] == "parametric" else "case bootstrap of {}"
    kind = say(kind, name(found["kind"].removeprefix("cases by ")))
    method = {"percentile": "percentiles", "basic": "basic limits", "BCa": "BCa limits"}
    return say("{}, {} of {} draws", kind, method[found["method"].split()[-1]], numbers.count(found["used"]))


def notes(case: Case) -> list[str]:
    """What has to be said of single intervals of the random part, each once, with the parameters it is said of."""
    words = parameter_words(case)
    found: dict[str, list[str]] = {}
    for interval in of_parameters(case).values():
        if interval["name"] in words and interval["note"]:
            text = interval["note"].replace(_BY_ML, "").strip()
            if text:
                found.setdefault(text, []).append(words[interval["name"]])
    return [f"{_capital(numbers.listing(parameters))}: {text}" for text, parameters in found.items()]


def parameter_words(case: Case) -> dict[str, str]:
    """The variance parameters in words by their names: "SD of Days by Subject"."""
    from lmm.diagnose.profile_zeta import parameter_labels

    return {key: " ".join(label).strip() for key, label in parameter_labels(case.fit).items()}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
