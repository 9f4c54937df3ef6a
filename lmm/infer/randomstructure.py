"""What a larger random part adds to a smaller one, and the null distribution that follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from lmm.errors import InputError
from lmm.formula.deparse import deparse
from lmm.formula.functions import plain_name
from lmm.formula.marginality import degrees_of
from lmm.formula.syntax import Call, Name, parse_expression
from lmm.infer.nulldistribution import NullDistribution, chi_squared, half_and_half

INTERCEPT = "(Intercept)"
# Curves in x whose columns span x itself beside an intercept; cyclic splines do not.
SPANNING_LINES = ("poly", "bs", "ns", "cr", "cs")


@dataclass(frozen=True)
class Block:
    """Random coefficients of one grouping factor that vary together, with a full covariance matrix."""

    group: str
    names: frozenset[str]

    @staticmethod
    def of(group: str, names: Sequence[str]) -> Block:
        """The block with these coefficients.

        Raises InputError where one of them occurs twice.
        """
        refuse_twice(group, names)
        return Block(group, frozenset(names))


@dataclass(frozen=True)
class Addition:
    """What one block of the larger model adds: variances, and correlations between those already there."""

    group: str
    kept: frozenset[str]
    added: frozenset[str]
    new_correlations: int

    @property
    def parameters(self) -> int:
        """Covariance parameters added: variances, their covariances, and the correlations freed."""
        return comb(len(self.kept | self.added) + 1, 2) - comb(len(self.kept) + 1, 2) + self.new_correlations


@dataclass(frozen=True)
class RandomComparison:
    """The null distribution for a comparison of two random parts, and the parameters it tests.

    `null` is None when the smaller random part is not contained in the larger one. `approximation` is a
    sentence where the mixture is a bound or a large-sample form of something better, else None.
    """

    null: NullDistribution | None
    parameters: int
    approximation: str | None = None


def compare_random_parts(smaller: tuple[Block, ...], larger: tuple[Block, ...]) -> RandomComparison:
    """The null distribution for testing `smaller` within `larger`, by what the larger adds.

    Each block of the larger model contributes, with q coefficients kept and k added (Stram & Lee 1994):

    - k = 0: only correlations are freed, inside their range, so χ² without halving;
    - k = 1: ½χ²(q) + ½χ²(q+1), which is ½χ²₀ + ½χ²₁ for a variance of its own;
    - k > 1: weights that depend on the design; see `several_at_once`.

    Contributions of several blocks are convolved, which gives Σ C(k,j) 2⁻ᵏ χ²(j) for k independent variances.

    Raises InputError where a random part has the same coefficient in two blocks of a grouping factor.
    """
    for random in (smaller, larger):
        for group in {block.group for block in random}:
            refuse_twice(group, [name for block in random if block.group == group for name in sorted(block.names)])
    smaller = named_as_in(larger, smaller)
    if is_compound_symmetry_within(smaller, larger):
        return unstructured_against_compound_symmetry(smaller, larger)
    if not all(any(is_within(inner, outer) for outer in larger) for inner in smaller):
        return RandomComparison(None, 0)
    additions = [addition for block in larger if (addition := what_is_added(smaller, block)).parameters]
    null = sum((null_of(addition) for addition in additions), start=chi_squared(0))
    return RandomComparison(null, sum(a.parameters for a in additions), approximation_of(smaller, additions))


def refuse_twice(group: str, names: Sequence[str]) -> None:
    """Raise InputError where a random coefficient of a grouping factor occurs twice."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise InputError(
            f"{twice[0]} varies over {group} in two random terms, and their variances cannot be told apart: leave one "
            "out before models are compared."
        )


def is_within(inner: Block, outer: Block) -> bool:
    """Whether one block's coefficients are among another's, at the same grouping factor (a:b is b:a)."""
    return set(inner.group.split(":")) == set(outer.group.split(":")) and inner.names <= outer.names


def what_is_added(smaller: tuple[Block, ...], block: Block) -> Addition:
    """Compare one block of the larger model with the smaller model's blocks of the same grouping factor."""
    inner = [b.names for b in smaller if is_within(b, block)]
    kept = frozenset().union(*inner)
    pairs_before = sum(comb(len(names), 2) for names in inner)
    return Addition(block.group, kept, block.names - kept, comb(len(kept), 2) - pairs_before)


def null_of(addition: Addition) -> NullDistribution:
    """Null distribution for one block: free correlations shift it, added variances mix it."""
    free = chi_squared(addition.new_correlations)
    if not addition.added:
        return free
    if len(addition.added) == 1:
        return half_and_half(len(addition.kept)) + free
    return several_at_once(len(addition.kept), len(addition.added)) + free


def several_at_once(kept: int, added: int) -> NullDistribution:
    """Least favourable mixture for `added` correlated coefficients that join `kept` others all at once.

    The asymptotic weights belong to χ²(qk) … χ²(d), d = qk + k(k+1)/2, and depend on the design. For every
    design those on even and on odd degrees of freedom sum to ½ each (Shapiro 1988; Silvapulle & Sen 2005,
    section 3.6), so no tail exceeds that of ½χ²(d−1) + ½χ²(d): p from it is an upper bound.
    """
    return half_and_half(kept * added + comb(added + 1, 2) - 1)


def approximation_of(smaller: tuple[Block, ...], additions: list[Addition]) -> str | None:
    """Say in a sentence where the mixture is a bound, or where simulation would be exact."""
    several = [a for a in additions if len(a.added) > 1]
    if several:
        return (
            f"{len(several[0].added)} correlated coefficients enter at once, for which the weights depend on "
            "the design: the least favourable pair of χ² is used and p is an upper bound "
            "(Silvapulle & Sen 2005)."
        )
    variances = sum(len(a.added) for a in additions)
    if variances == 1 and not smaller:
        return "The mixture is the large-sample form; simulation would be exact (Crainiceanu & Ruppert 2004)."
    if variances > 1:
        return "The binomial weights hold when the estimates of the added variances are uncorrelated."
    return None


def named_as_in(larger: tuple[Block, ...], smaller: tuple[Block, ...]) -> tuple[Block, ...]:
    """The smaller random part with covariates named as the larger one names what spans them beside an intercept.

    Those are a covariate less a number or its mean, so that (scale(x, scale = FALSE) || g) is within (x | g), and
    polynomials and splines of the covariate, so that (x | g) is within (ns(x, df = 3) | g).
    """
    spanned: dict[tuple[str, str], str] = {}
    for block in larger:
        if INTERCEPT in block.names:
            for name in sorted(block.names, key=lambda name: variable_of_curve(name) is not None):
                variable = variable_of_curve(name) or variable_of_line(name)
                if variable is not None:
                    spanned.setdefault((block.group, variable), name)
    there = {(block.group, name) for block in larger for name in block.names}

    def renamed(group: str, name: str) -> str:
        variable = None if (group, name) in there else variable_of_line(name)
        return name if variable is None else spanned.get((group, variable), name)

    return tuple(Block(block.group, frozenset(renamed(block.group, name) for name in block.names)) for block in smaller)


def variable_of_line(name: str) -> str | None:
    """What a coefficient is linear in: "x" of x, I(x - 4) and scale(x, scale = FALSE); None where it is not a line."""
    try:
        node = parse_expression(name)
    except InputError:  # as of a factor's level
        return None
    if not isinstance(node, Name | Call):
        return None
    degrees = degrees_of([node])
    return next(iter(degrees)) if list(degrees.values()) == [1] else None


def variable_of_curve(name: str) -> str | None:
    """What a coefficient of a curve that spans lines is a curve of: "x" of ns(x, df = 3)2; None for any other."""
    call = name.rstrip("0123456789")
    if call == name or not call.endswith(")"):
        return None
    try:
        node = parse_expression(call)
    except InputError:
        return None
    match node:
        case Call(function, ((None, variable), *_)) if plain_name(function) in SPANNING_LINES:
            return variable_of_line(deparse(variable))
    return None


def is_compound_symmetry_within(smaller: tuple[Block, ...], larger: tuple[Block, ...]) -> bool:
    """Whether (1 | g) + (1 | g:f) is compared with a coefficient per level of f, as in (0 + f | g)."""
    before, after = set(smaller) - set(larger), set(larger) - set(smaller)
    if len(before) != 2 or len(after) != 1 or any(block.names != {INTERCEPT} for block in before):
        return False
    (unstructured,) = after
    inner = [block.group for block in before if block.group != unstructured.group]
    if len(inner) != 1:
        return False
    within = set(inner[0].split(":")) - set(unstructured.group.split(":"))
    if len(within) != 1 or not set(unstructured.group.split(":")) < set(inner[0].split(":")):
        return False
    (factor,) = within
    return all(name.startswith(factor) and name != factor for name in unstructured.names - {INTERCEPT})


def unstructured_against_compound_symmetry(smaller: tuple[Block, ...], larger: tuple[Block, ...]) -> RandomComparison:
    """Equal variances and covariances inside an unstructured matrix: an interior hypothesis, plain χ²."""
    (unstructured,) = set(larger) - set(smaller)
    parameters = comb(len(unstructured.names) + 1, 2) - 2
    return RandomComparison(chi_squared(parameters), parameters)
