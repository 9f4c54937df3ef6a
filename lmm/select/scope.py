"""Which means selection may reach: the terms of the full mean that may move, and those that hold others in place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lmm.errors import InputError
from lmm.formula import Formula, parse
from lmm.formula.marginality import degrees_of, right_hand_side
from lmm.formula.terms import Terms
from lmm.numbers import listing

# The terms of a mean, by their places in the full formula, ascending.
Mean = tuple[int, ...]


@dataclass(frozen=True)
class Scope:
    """The means between the smallest, of the terms that are held, and the full one.

    A term is a block: all columns of a factor, polynomial, spline or interaction come and go together. Marginality is
    respected (Nelder 1977): a mean has all terms that are contained in one of its terms.

    Attributes:
        formula: of the full model.
        margins: of every term the places of the terms it contains.
        held: place and reason of the terms that never move.
    """

    formula: Formula
    margins: tuple[frozenset[int], ...]
    held: Mapping[int, str] = field(hash=False)

    @staticmethod
    def of(formula: str, protected: Collection[str] = ()) -> Scope:
        """The scope of a formula.

        Held are the protected terms, those with a random slope, without which the slopes would vary about zero, and
        all that these contain.

        Args:
            formula: of the full model, random terms included.
            protected: labels of terms that never move.

        Raises:
            InputError: the formula cannot be read, or has no such term.
        """
        parsed = parse(formula)
        terms = parsed.fixed
        degrees = [degrees_of([terms.variables[index] for index in term]) for term in terms.terms]
        margins = tuple(
            frozenset(place for place, other in enumerate(degrees) if other != own and other <= own) for own in degrees
        )
        places = {variables: place for place, variables in enumerate(_variables(terms))}
        held: dict[int, str] = {}
        for label in protected:
            for variables in _variables(parse(f"{parsed.outcome} ~ {label}").fixed):
                if variables not in places:
                    raise InputError(
                        f"The term {label} is protected, but the fixed part of '{formula}' has no such term: name "
                        f"{listing(terms.term_labels, 'or') or 'none'}."
                    )
                held[places[variables]] = "protected"
        for part in parsed.random:
            for variables in _variables(part.terms):
                if variables in places:
                    held.setdefault(places[variables], f"varies over {part.group_label}")
        for place in list(held):
            for inside in sorted(margins[place]):
                held.setdefault(inside, f"contained in {terms.term_labels[place]}")
        return Scope(parsed, margins, dict(sorted(held.items())))

    @property
    def terms(self) -> tuple[str, ...]:
        """Labels of the terms of the full mean."""
        return self.formula.fixed.term_labels

    @cached_property
    def full(self) -> Mean:
        """All terms."""
        return tuple(range(len(self.margins)))

    @cached_property
    def smallest(self) -> Mean:
        """The terms that are held."""
        return tuple(self.held)

    @cached_property
    def movable(self) -> Mean:
        """The terms that may come and go."""
        return tuple(place for place in self.full if place not in self.held)

    def without_one(self, mean: Mean) -> list[Mean]:
        """The means that lack one term more: one that may move and that no other term contains."""
        needed = frozenset().union(*(self.margins[place] for place in mean))
        return [
            tuple(other for other in mean if other != place)
            for place in mean
            if place not in needed and place not in self.held
        ]

    def with_one(self, mean: Mean) -> list[Mean]:
        """The means that have one term more: one whose margins are there."""
        return [
            tuple(sorted((*mean, place)))
            for place in self.full
            if place not in mean and self.margins[place] <= frozenset(mean)
        ]

    def labels(self, mean: Mean) -> tuple[str, ...]:
        """Labels of the terms of a mean."""
        return tuple(self.terms[place] for place in mean)

    def right_hand_side(self, mean: Mean) -> str:
        """Fixed part with these terms; intercept and offsets stay as they are."""
        return right_hand_side(self.formula.fixed, self.labels(mean))

    def formula_of(self, mean: Mean) -> str:
        """Formula with this mean and the random part of the full model."""
        mean_and_outcome = f"{self.formula.outcome} ~ {self.right_hand_side(mean)}"
        return " + ".join([mean_and_outcome, *self.formula.random_texts])

    def means(self) -> Iterator[Mean]:
        """All means of the scope, those of fewer terms first."""
        found = {self.smallest}
        while found:
            ordered = sorted(found)
            yield from ordered
            found = {larger for mean in ordered for larger in self.with_one(mean)}

    def number_of_means(self) -> int:
        """How many means there are, counted without listing them."""
        margins = {place: self.margins[place] - self.held.keys() for place in self.movable}
        return _number_of_sets(frozenset(margins), margins, {})


def _variables(terms: Terms) -> list[frozenset[str]]:
    """The variables of every term, in whatever order they are written."""
    return [frozenset(terms.labels[variable] for variable in term) for term in terms.terms]


def _number_of_sets(
    places: frozenset[int], margins: Mapping[int, frozenset[int]], known: dict[frozenset[int], int]
) -> int:
    """How many subsets of `places` have with each place the margins of it that are among `places`.

    Either a place is in, and all it contains, or it is out, and all that contain it.
    """
    if not places:
        return 1
    if places not in known:
        parts = _unconnected(places, margins)
        if len(parts) > 1:
            product = 1
            for part in parts:
                product *= _number_of_sets(part, margins, known)
            known[places] = product
        else:
            place = max(places, key=lambda one: (sum(one in margins[other] for other in places), -one))
            above = {other for other in places if place in margins[other]}
            with_it = places - {place} - margins[place]
            without_it = places - {place} - above
            known[places] = _number_of_sets(with_it, margins, known) + _number_of_sets(without_it, margins, known)
    return known[places]


def _unconnected(places: frozenset[int], margins: Mapping[int, frozenset[int]]) -> Sequence[frozenset[int]]:
    """The places in parts of which none contains anything of another."""
    parts: list[frozenset[int]] = []
    for place in sorted(places):
        linked = [p for p in parts if any(place in margins[o] or o in margins[place] for o in p)]
        parts = [p for p in parts if p not in linked] + [frozenset({place}).union(*linked)]
    return parts
