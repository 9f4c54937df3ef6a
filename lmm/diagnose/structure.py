"""How the rows hang together, as far as the figures need it: pairs of factors, and what runs along an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas

from lmm.diagnose.evidence import Evidence


@dataclass(frozen=True)
class Grouping:
    """A grouping factor as the fit used it: label, level of each row (n,), and the levels' names."""

    group: str
    codes: np.ndarray
    levels: tuple[str, ...]


def groupings(evidence: Evidence) -> list[Grouping]:
    """The grouping factors of the random terms, each once, in the fit's order."""
    found = {}
    for term in evidence.terms:
        found.setdefault(term.group, Grouping(term.group, np.asarray(term.codes), tuple(map(str, term.levels))))
    return list(found.values())


def is_nested(inner: Grouping, outer: Grouping) -> bool:
    """Does every level of `inner` occur in one level of `outer` only?"""
    pairs = np.unique(np.stack([inner.codes, outer.codes]), axis=1)
    return pairs.shape[1] == len(inner.levels)


def running_variable(evidence: Evidence) -> str | None:
    """The numeric column that lines run over: the study's time, else the first numeric covariate of a slope."""
    slopes = evidence.study.slopes or {}
    wanted = [evidence.study.time] + [part.strip() for terms in slopes.values() for part in terms.split("+")]
    for column in wanted:
        if column in evidence.table and pandas.api.types.is_numeric_dtype(evidence.table[column]):
            if evidence.table[column].nunique() > 1:
                return column
    return None


def line_grouping(evidence: Evidence, x: np.ndarray) -> Grouping | None:
    """The factor whose levels make lines: the finest one along which x moves, for half of the levels at least."""
    candidates = []
    for grouping in groupings(evidence):
        places = pandas.Series(x).groupby(grouping.codes).nunique()
        if (places >= 2).mean() >= 0.5:
            candidates.append(grouping)
    return max(candidates, key=lambda grouping: len(grouping.levels), default=None)
