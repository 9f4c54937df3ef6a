"""How the outcome may vary by one grouping factor: an intercept, and slopes with or without their correlations."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from lmm.formula.deparse import name_text
from lmm.numbers import listing
from lmm.select.slopeterms import SlopeTerm, closed_subsets, has_intercept, slope_terms

if TYPE_CHECKING:
    from lmm.study import Study

INTERCEPT, UNCORRELATED, SLOPE = "intercept", "uncorrelated", "slope"
CENTRED, SYMMETRIC = "centred", "symmetric"
ZERO_CORRELATIONS = (UNCORRELATED, CENTRED)
# A file is named after the structures of all grouping factors, in 255 bytes on most file systems.
_LONGEST_PART = 80


@dataclass(frozen=True)
class Structure:
    """The random part of one grouping factor.

    Attributes:
        group: the factor, "Subject" or "batch:cask".
        kind: INTERCEPT for (1 | g), SLOPE for (x | g) with its correlations, UNCORRELATED for (x || g), CENTRED for the
            same with covariates less their means, SYMMETRIC for (1 | g) + (1 | g:x), compound symmetry of a factor x.
        terms: labels of the terms whose effects vary. inside: how they stand before the bar.
        part: which of the declared terms these are, for its name; empty for all of them.
    """

    group: str
    kind: str
    terms: tuple[str, ...] = ()
    inside: str = "1"
    part: str = ""

    @property
    def slopes(self) -> str | None:
        """The terms as a formula lists them; None without any."""
        return " + ".join(self.terms) or None

    @property
    def id(self) -> str:
        """Short name, safe in file names: "Subject.slope", "batch-cask.intercept", "Subject.slope.age_sex"."""
        return f"{_slug(self.group)}.{self.kind}{self.part}"

    @property
    def groups(self) -> tuple[str, ...]:
        """The grouping factors of its random terms: two for compound symmetry."""
        return (self.group, f"{self.group}:{self.inside}") if self.kind == SYMMETRIC else (self.group,)

    @property
    def term(self) -> str:
        """The random term in a formula."""
        group = ":".join(name_text(column) for column in self.group.split(":"))
        if self.kind == SYMMETRIC:
            return f"(1 | {group}) + (1 | {group}:{self.inside})"
        return f"({self.inside} {'||' if self.kind in ZERO_CORRELATIONS else '|'} {group})"

    @property
    def words(self) -> str:
        """The structure in words: "intercept by Subject", "intercept and uncorrelated slope of Days by Subject"."""
        if self.kind == INTERCEPT:
            return f"intercept by {self.group}"
        if self.kind == SYMMETRIC:
            return f"intercept by {self.group} and by {self.slopes} within it (compound symmetry)"
        several = "s" if len(self.terms) > 1 else ""
        uncorrelated = "uncorrelated " if self.kind in ZERO_CORRELATIONS else ""
        centred = " (centred)" if self.kind == CENTRED else ""
        intercept = "" if self.inside.startswith("0 + ") else "intercept and "
        return f"{intercept}{uncorrelated}slope{several} of {listing(self.terms)}{centred} by {self.group}"


RandomPart = tuple[Structure, ...]
"""The random part of a candidate: a structure for each grouping factor that is in it, in the study's order."""


def structure(
    study: Study, group: str, kind: str, labels: Collection[str] = (), categorical: Collection[str] = ()
) -> Structure:
    """The structure of a grouping factor with the slopes of some of its terms.

    Args:
        labels: of the terms, in whatever order; none with kind INTERCEPT.
        categorical: columns that are factors, which centring leaves as they are.
    """
    terms = slope_terms(study, group)
    chosen = [term for term in terms if term.label in labels]
    if kind == INTERCEPT or not chosen:
        return Structure(group, INTERCEPT)
    spanned = frozenset().union(*(term.absorbs for term in chosen))
    shown = [term for term in chosen if term.label not in spanned]
    texts = [_centred(term) if kind == CENTRED and _can_be_centred(term, categorical) else term.label for term in shown]
    if kind == SYMMETRIC:
        inside = shown[0].label
    else:
        inside = " + ".join(texts if has_intercept(study, group) else ["0", *texts])
    return Structure(group, kind, tuple(term.label for term in chosen), inside, _part(terms, chosen))


def structures(study: Study, group: str) -> list[Structure]:
    """The structures that a grouping factor is first compared in, simplest first: an intercept, then every set of
    slopes; a slope that is the only one without its correlation too, so that this is seen to be tested.

    Of more sets than are fitted before the climb, one more than these.
    """
    terms = slope_terms(study, group)
    slopes = islice(closed_subsets(terms), 1, study.ladder.most + 2)
    if study.ladder.correlations == "drop":
        kinds = [UNCORRELATED]
    else:
        kinds = [UNCORRELATED, SLOPE] if len(terms) == 1 and has_intercept(study, group) else [SLOPE]
    return [Structure(group, INTERCEPT), *(structure(study, group, kind, one) for one in slopes for kind in kinds)]


def replaced(random: RandomPart, place: int, structure: Structure) -> RandomPart:
    """A random part with another structure at one place."""
    return (*random[:place], structure, *random[place + 1 :])


def random_part_id(random: RandomPart) -> str:
    """Name of a random part: "childid.slope+schoolid.intercept"."""
    return "+".join(structure.id for structure in random)


def can_be_centred(study: Study, structure: Structure, categorical: Collection[str]) -> bool:
    """Whether centring changes the columns of any of its slopes."""
    chosen = [term for term in slope_terms(study, structure.group) if term.label in structure.terms]
    return has_intercept(study, structure.group) and any(_can_be_centred(term, categorical) for term in chosen)


def is_one_column(study: Study, structure: Structure, categorical: Collection[str]) -> bool:
    """Whether a structure is a single slope and no intercept, which has nothing to correlate with."""
    chosen = [term for term in slope_terms(study, structure.group) if term.label in structure.terms]
    alone = len(chosen) == 1 and not has_intercept(study, structure.group)
    return alone and _can_be_centred(chosen[0], categorical)


def _can_be_centred(term: SlopeTerm, categorical: Collection[str]) -> bool:
    return term.plain is not None and term.plain not in categorical


def _centred(term: SlopeTerm) -> str:
    return f"scale({term.label}, scale = FALSE)"


def _part(terms: tuple[SlopeTerm, ...], chosen: list[SlopeTerm]) -> str:
    if len(chosen) == len(terms):
        return ""
    names = {term.label: re.sub(r"[\W_]+", "-", term.label).strip("-") for term in terms}
    taken = {*names.values(), "", "selected"}  # a mean's name follows in the same place
    if len(taken) < len(names) + 2 or len("_".join(names.values()).encode()) > _LONGEST_PART:
        names = {term.label: str(place) for place, term in enumerate(terms, start=1)}
    return "." + "_".join(names[term.label] for term in chosen)


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text)
