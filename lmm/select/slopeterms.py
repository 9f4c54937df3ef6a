"""The terms whose effects may vary over a grouping factor, and which of them contain others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lmm.formula.evaluate import names_used
from lmm.formula.marginality import margins, term_degrees
from lmm.formula.syntax import Name, parse_expression
from lmm.formula.terms import Terms, expand

if TYPE_CHECKING:
    from lmm.study import Study

CONFIRMATORY, PARSIMONIOUS, MAXIMAL = "confirmatory", "parsimonious", "maximal"


@dataclass(frozen=True)
class SlopeTerm:
    """A term of the fixed part, or a declared slope, whose effect may vary over a grouping factor.

    Attributes:
        label: as R writes it, "Days" or "A:B". columns: of the table that it is made of.
        margins: labels of the terms that it contains, which enter before it (Nelder 1977).
        order: its degree: 1 for x, 2 for x:z and I(x^2).
        absorbs: labels of the terms that its columns span, as ns(x, 3) spans x.
        plain: the column, where the term is that column as it stands; None for any other.
    """

    label: str
    columns: tuple[str, ...]
    margins: frozenset[str]
    order: int
    absorbs: frozenset[str]
    plain: str | None


def slope_terms(study: Study, group: str) -> tuple[SlopeTerm, ...]:
    """The terms whose effects may vary over a grouping factor, those that others contain first.

    They are the study's slopes for it; with hypotheses also those, and with mode maximal, where no slopes are named,
    all terms of the fixed part.
    """
    declared = study.slopes.get(group)
    if declared is None and study.mode == MAXIMAL:
        declared = " + ".join(_read(study.fixed).term_labels) or None
    texts = [declared] if declared is not None else []
    if study.mode == CONFIRMATORY:
        texts += hypothesised(study.fixed, tuple(study.hypotheses))
    return _terms_of(" + ".join(texts)) if texts else ()


def untested(study: Study, group: str) -> tuple[str, ...]:
    """Labels of the terms whose slopes enter without a test, as far as they can be estimated."""
    terms = slope_terms(study, group)
    if study.mode == MAXIMAL:
        return tuple(term.label for term in terms)
    if study.mode == CONFIRMATORY:
        wanted = set(_labels_in_order(terms, hypothesised(study.fixed, tuple(study.hypotheses))))
        wanted = wanted.union(*(term.margins for term in terms if term.label in wanted))
        return tuple(term.label for term in terms if term.label in wanted)
    return ()


def has_intercept(study: Study, group: str) -> bool:
    """Whether slopes stand beside an intercept: unless the study's slopes say `0 +`."""
    declared = study.slopes.get(group)
    return declared is None or _read(declared).intercept


@lru_cache(maxsize=256)
def hypothesised(fixed: str, hypotheses: tuple[str, ...]) -> list[str]:
    """Labels of the hypotheses' terms and of the terms of the fixed part that they contain."""
    mean = _terms_of(fixed)
    wanted = {_key(label) for text in hypotheses for label in _read(text).term_labels}
    named = [term for term in mean if _key(term.label) in wanted]
    inside = frozenset().union(*(term.margins for term in named))
    return [term.label for term in mean if term in named or term.label in inside]


def without_their_effect(terms: tuple[SlopeTerm, ...], full: str, selected: str) -> list[str]:
    """Labels of the terms that the full mean has, as they stand or within a curve, and a selected mean has no more."""
    before, after = _effects(full), _effects(selected)
    return [term.label for term in terms if _effects(term.label) & before and not _effects(term.label) & after]


def _effects(text: str) -> set[frozenset[tuple[str, int]]]:
    """What the terms of a right-hand side are, by variables and powers; poly(x, 2) is also x."""
    terms = _read(text)
    found = [*term_degrees(terms), *term_degrees(terms, curves=True)]
    return {frozenset(degrees.items()) for degrees in found}


def names_in(label: str) -> list[str]:
    """The columns that a term is made of."""
    return list(dict.fromkeys(names_used(parse_expression(label))))


def closed_subsets(terms: tuple[SlopeTerm, ...]) -> Iterator[tuple[str, ...]]:
    """Every set of terms that has with each term those it contains, the smaller sets first; the empty one is one.

    `terms` has those that others contain first, so that each closed set is a smaller one with a later term.
    """
    sets: list[tuple[tuple[str, ...], int]] = [((), 0)]
    while sets:
        yield from (labels for labels, _ in sets)
        sets = [
            ((*labels, terms[place].label), place + 1)
            for labels, first in sets
            for place in range(first, len(terms))
            if terms[place].margins <= set(labels)
        ]


def _labels_in_order(terms: tuple[SlopeTerm, ...], labels: list[str]) -> list[str]:
    wanted = {_key(label) for label in labels}
    return [term.label for term in terms if _key(term.label) in wanted]


def _key(label: str) -> frozenset[str]:
    """A term whatever the order of its variables."""
    return frozenset(_read(label).labels)


@lru_cache(maxsize=256)
def _read(text: str) -> Terms:
    return expand(parse_expression(text), text)


@lru_cache(maxsize=256)
def _terms_of(text: str) -> tuple[SlopeTerm, ...]:
    terms = _read(text)
    labels = terms.term_labels
    exact, curves = term_degrees(terms), term_degrees(terms, curves=True)
    made = []
    for place, (label, inside) in enumerate(zip(labels, margins(terms), strict=True)):
        nodes = [terms.variables[index] for index in terms.terms[place]]
        is_curve = exact[place] != curves[place] and not label.startswith("cc(")  # a cycle does not span its variable
        absorbs = {other for other in range(len(labels)) if is_curve and exact[other] == curves[place]}
        made.append(
            SlopeTerm(
                label=label,
                columns=tuple(dict.fromkeys(name for node in nodes for name in names_used(node))),
                margins=frozenset(labels[other] for other in inside | absorbs),
                order=sum(exact[place].values()) + len(absorbs),
                absorbs=frozenset(labels[other] for other in absorbs),
                plain=nodes[0].text if len(nodes) == 1 and isinstance(nodes[0], Name) else None,
            )
        )
    return tuple(sorted(made, key=lambda term: term.order))
