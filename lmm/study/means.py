"""Which marginal means a study asks for: "Variety", or "Variety | nitro + Block" for those within levels of others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmm.errors import InputError
from lmm.formula.deparse import name_text
from lmm.formula.formula import parse
from lmm.formula.syntax import Binary, Name, Node, parse_expression
from lmm.numbers import listing

if TYPE_CHECKING:
    from lmm.study import Study


@dataclass(frozen=True)
class MeansOf:
    """The means of the levels of `over`, compared within each combination of the levels of `by`."""

    over: str
    by: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.over} | {' + '.join(self.by)}" if self.by else self.over


def means_asked(study: Study) -> tuple[MeansOf, ...] | None:
    """What the study's key inference.means names; None where it leaves the choice to the model.

    Raises InputError where an entry cannot be read or names a column that is not among the fixed effects.
    """
    if study.inference.means is None:
        return None
    named = parse(f"{name_text(study.outcome)} ~ {study.fixed}").variables
    known = tuple(column for column in named if column != study.outcome)
    return tuple(_checked(study, text, known) for text in study.inference.means)


def _checked(study: Study, text: str, known: tuple[str, ...]) -> MeansOf:
    where = f"study {study.name}, key inference.means: {text!r}"
    try:
        names = list(_names(parse_expression(text)))
    except (InputError, TypeError):
        raise InputError(f"{where} cannot be read; write a column, or one within others: a | b + c.") from None
    for name in names:
        if name not in known:
            from lmm.study import nearest

            near = nearest(name, known)
            hint = f"did you mean {near!r}?" if near else f"fixed has {listing(known) or 'no columns'}."
            raise InputError(f"{where} names {name!r}, which is not among the columns of fixed; {hint}")
        if names.count(name) > 1:
            raise InputError(f"{where} names {name!r} twice; name it once.")
    return MeansOf(names[0], tuple(names[1:]))


def _names(node: Node) -> Iterator[str]:
    """The columns of `a | b + c`, in order; TypeError for anything else."""
    if isinstance(node, Binary) and node.operator == "|":
        yield _name(node.left)
        yield from _joined(node.right)
    else:
        yield _name(node)


def _joined(node: Node) -> Iterator[str]:
    if isinstance(node, Binary) and node.operator == "+":
        yield from _joined(node.left)
        node = node.right
    yield _name(node)


def _name(node: Node) -> str:
    if not isinstance(node, Name):
        raise TypeError(node)
    return node.text
