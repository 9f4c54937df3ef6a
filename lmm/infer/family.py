"""The hypotheses of a family of studies tested together: p-values adjusted for their number across the studies.

Example:
    >>> family("memory", "holm", studies, {"recall": inference, …})["tests"]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm import provenance
from lmm.formula import parse
from lmm.infer.multiplicity import adjust

if TYPE_CHECKING:
    from lmm.formula.terms import Terms
    from lmm.study import Study

_INTERCEPT = "(Intercept)"


def family(
    name: str, adjustment: str, studies: Sequence[Study], inferences: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Adjust the p-values of a family of studies.

    Args:
        name: of the family. adjustment: as `lmm.infer.multiplicity.adjust` has it.
        studies: its studies. inferences: what `lmm.infer.inference.inference` returned for each, by name.

    Returns:
        Plain data for JSON: "members" (each study with the provenance and rows its tests come from), "outcomes" (how
        many different ones), and "tests", a row for each tested term of each study: its F test of type III for a
        hypothesis, that of the first coefficient where the study names no hypothesis. A test that could not be made
        has a "reason" instead of its p, and counts among those that are adjusted for.
    """
    tests = [test for study in studies for test in _tests(study, inferences[study.name])]
    single = np.array([np.nan if test["p"] is None else test["p"] for test in tests])
    for test, adjusted in zip(tests, adjust(single, adjustment).tolist(), strict=True):
        test["adjusted"] = None if test["p"] is None else adjusted
    heads = [{key: inferences[study.name][key] for key in provenance.HEAD} for study in studies]
    return {
        "family": name,
        "adjustment": adjustment,
        "outcomes": len({study.outcome for study in studies}),
        "members": heads,
        "tests": tests,
    }


def _tests(study: Study, inference: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if study.hypotheses:
        yield from _of_hypotheses(study, inference)
    else:
        yield _of_first_coefficient(study, inference)


def _of_hypotheses(study: Study, inference: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The terms of the hypotheses in the order of the model, whatever the order of their variables."""
    table = inference["anova"] or {"rows": []}
    rows = {_key(row["term"]): row for row in table["rows"]}
    for term in dict.fromkeys(key for text in study.hypotheses for key in _keys(text)):
        row = rows.get(term)
        if row is not None and row["test"] is not None:
            yield _test(study, row["term"], row["test"]["p"])
        else:
            reason = row["reason"] if row else inference["reasons"].get("anova", "The final model has no such term.")
            yield _test(study, row["term"] if row else ":".join(sorted(term)), None, reason)


def _of_first_coefficient(study: Study, inference: Mapping[str, Any]) -> dict[str, Any]:
    """That of the key estimate: the first fixed effect that is not the constant."""
    table = inference["coefficients"] or {"rows": []}
    for row in table["rows"]:
        if row["name"] != _INTERCEPT and row["estimate"] is not None:
            return _test(study, row["name"], row["p"], None if row["p"] is not None else "It has no standard error.")
    return _test(study, _INTERCEPT, None, "The final model has no fixed effect beside the intercept.")


def _test(study: Study, term: str, p: float | None, reason: str | None = None) -> dict[str, Any]:
    return {"study": study.name, "term": term, "p": p, "reason": reason}


def _key(label: str) -> frozenset[str]:
    (key,) = _keys(label)
    return key


def _keys(text: str) -> list[frozenset[str]]:
    terms: Terms = parse(f"outcome ~ 0 + {text}").fixed
    return [frozenset(terms.labels[variable] for variable in term) for term in terms.terms]
