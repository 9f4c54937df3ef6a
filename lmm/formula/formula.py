"""A parsed formula: what stands left of ``~``, the fixed part and the random terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lmm.errors import InputError
from lmm.formula.deparse import deparse
from lmm.formula.design import Design, make_design
from lmm.formula.evaluate import check_expression, names_used, parts
from lmm.formula.random_part import RandomPart, read_bar, split_bars
from lmm.formula.syntax import Binary, Node, Parentheses, mistake, parse_expression
from lmm.formula.terms import Terms, expand

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Formula:
    """A mixed-model formula as lme4 reads it.

    text: as given; outcome: the left side; fixed_text: the right side without the random terms; random_texts: the
    random terms with their parentheses; variables: the columns of the data it names, in order of first appearance.
    """

    text: str
    outcome: str
    fixed_text: str
    random_texts: tuple[str, ...]
    variables: tuple[str, ...]
    outcome_expression: Node
    fixed: Terms
    random: tuple[RandomPart, ...]

    def __str__(self) -> str:
        return f"{self.outcome} ~ " + " + ".join([self.fixed_text, *self.random_texts])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def design(
        self,
        data: pd.DataFrame,
        weights: str | np.ndarray | None = None,
        offset: str | np.ndarray | None = None,
    ) -> Design:
        """Return the numbers this formula makes of a table.

        data: one row per observation. Numbers are covariates; text, categories and True/False are factors (text in the
        order of its code points, categories in theirs, an ordered one with polynomial contrasts).
        weights, offset: the name of a column, or an array over all rows of `data`; weights are inverse variances up to
        a factor, an offset is added to the linear predictor. A pandas Series must have the index of `data`: one with
        other labels, or the same in another order, is refused, since it could be meant by label or by position.

        Rows where any variable is missing (NaN, None, NaT; also the logarithm of a negative number) are left out.
        Functions of a whole column, such as poly() and scale(), look at all rows where it has a value, as in R.
        Infinite values, and columns beyond 1e75 or below 1e-75 in size, are refused.
        Raises InputError for what the data or the formula must be mended for.
        """
        return make_design(self, data, weights, offset)


@lru_cache(maxsize=1024)
def _parse(text: str) -> Formula:
    tree = parse_expression(text)
    if not (isinstance(tree, Binary) and tree.operator == "~"):
        raise mistake(text, len(text.rstrip()), "The formula has no '~' between the outcome and its predictors.")
    outcome, right = tree.left, tree.right
    while isinstance(outcome, Parentheses):
        outcome = outcome.inner
    fixed_node, bars = split_bars(right, text)
    fixed = expand(fixed_node, text)
    random = tuple(part for bar in bars for part in read_bar(bar, text))
    expressions = [outcome, *fixed.variables, *fixed.offsets]
    for part in random:
        expressions += [*part.terms.variables, *part.group]
    names: dict[str, None] = {}
    for node in expressions:
        check_expression(node, text)
        names.update(dict.fromkeys(names_used(node)))
    _refuse_outcome_on_the_right(outcome, expressions[1:], text)
    return Formula(
        text=text,
        outcome=deparse(outcome),
        fixed_text="1" if fixed_node is None else deparse(fixed_node),
        random_texts=tuple(f"({deparse(bar)})" for bar in bars),
        variables=tuple(names),
        outcome_expression=outcome,
        fixed=fixed,
        random=random,
    )


def _refuse_outcome_on_the_right(outcome: Node, right: list[Node], text: str) -> None:
    # R leaves the outcome out there, with a warning, and fits what is left of the model.
    for node in right:
        for part in parts(node):
            if part == outcome:
                raise mistake(
                    text, part.position, f"The outcome '{deparse(outcome)}' stands on both sides of the formula."
                )


def parse(text: str) -> Formula:
    """Return the formula in `text`, such as "Reaction ~ Days + (Days | Subject)"; the same object for the same text.

    Raises InputError, with the place marked by a caret, where the text is no formula or calls an unknown function.
    """
    if not isinstance(text, str):
        raise InputError(f"A formula is text such as 'y ~ x + (1 | g)', not {type(text).__name__}.")
    try:
        return _parse(text)
    except RecursionError:
        raise InputError("The formula is nested too deeply to be read: write it with fewer parentheses.") from None
