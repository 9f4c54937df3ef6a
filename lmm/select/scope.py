"""Which means selection may reach: the terms of the full mean that may move, and those that hold others in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lmm.errors import InputError
from lmm.formula import Formula, parse
from lmm.formula.marginality import margins, right_hand_side, term_degrees
from lmm.formula.terms import Terms
from lmm.numbers import count, counted, listing

# Six crossed factors are counted from 17,098 sets of places, in a second; seven would need millions.
_MOST_SETS = 20_000

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
        all that these contain. Where the mean has no term x, a slope of x holds the terms that have one for it:
        poly(x, 2), or a:x.

        Args:
            formula: of the full model, random terms included.
            protected: labels of terms that never move.

        Raises:
            InputError: the formula cannot be read, or has no such term.
        """
        parsed = parse(formula)
        terms = parsed.fixed
        inside = margins(terms)
        held: dict[int, str] = {}
        for label in protected:
            held |= dict.fromkeys(_places(parsed, label), "protected")
        for part in parsed.random:
            for place in _with_slopes(terms, part.terms):
                held.setdefault(place, f"varies over {part.group_label}")
        for place in list(held):
            for contained in sorted(inside[place]):
                held.setdefault(contained, f"contained in {terms.term_labels[place]}")
        return Scope(parsed, inside, dict(sorted(held.items())))

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

    def number_of_means(self) -> int | None:
        """How many means there are, counted without listing them; None where that would take too long.

        It is one less than Dedekind's number for the terms of k crossed factors: 7,828,353 for six.
        """
        margins = {place: self.margins[place] - self.held.keys() for place in self.movable}
        try:
            return _number_of_sets(frozenset(margins), margins, {})
        except _Uncounted:
            return None

    @property
    def number_in_words(self) -> str:
        """The number of means with its noun: "8 means", "more than 1,024 means" where they were not counted."""
        number = self.number_of_means()
        return f"more than {count(self.least_number_of_means())} means" if number is None else counted(number, "mean")

    def least_number_of_means(self) -> int:
        """A number that `number_of_means` is not below: the sets of terms of one degree, of which none contains others.

        A set of such terms, with what they contain, is a mean; another set is another.
        """
        degrees = [sum(degree.values()) for degree in term_degrees(self.formula.fixed)]
        return 2 ** max(Counter(degrees[place] for place in self.movable).values(), default=0)


def _places(formula: Formula, label: str) -> list[int]:
    """Places of the terms of a fixed part that a label names, more than one where it is a product such as a * b."""
    terms = formula.fixed
    places = {variables: place for place, variables in enumerate(_variables(terms))}
    named = _variables(parse(f"{formula.outcome} ~ {label}").fixed)
    if not named or not places.keys() >= set(named):
        raise InputError(
            f"The fixed part '{formula.fixed_text}' has no term {label} that could stay: name "
            f"{listing(terms.term_labels, 'or') or 'none'}."
        )
    return [places[variables] for variables in named]


def _with_slopes(terms: Terms, random: Terms) -> set[int]:
    """Places of the terms of the mean about which random slopes vary."""
    exact, curves = term_degrees(terms), term_degrees(terms, curves=True)
    found: set[int] = set()
    for slope, curve in zip(term_degrees(random), term_degrees(random, curves=True), strict=True):
        same = [place for place, own in enumerate(exact) if own == slope]
        having = [place for place, own in enumerate(curves) if curve <= own]
        least = [place for place in having if not any(curves[o] < curves[place] for o in having)]
        found.update(same or least)
    return found


def _variables(terms: Terms) -> list[frozenset[str]]:
    """The variables of every term, in whatever order they are written."""
    return [frozenset(terms.labels[variable] for variable in term) for term in terms.terms]


class _Uncounted(Exception):
    """Counting takes too long."""


def _number_of_sets(
    places: frozenset[int], margins: Mapping[int, frozenset[int]], known: dict[frozenset[int], int]
) -> int:
    """How many subsets of `places` have with each place the margins of it that are among `places`.

    Either a place is in, and all it contains, or it is out, and all that contain it.
    """
    if not places:
        return 1
    if places not in known:
        if len(known) > _MOST_SETS:
            raise _Uncounted
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
