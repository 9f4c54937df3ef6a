"""All subsets: every mean that marginality allows is fitted, and the one with the lowest criterion taken."""

from __future__ import annotations

from lmm.errors import InputError
from lmm.numbers import count, counted
from lmm.select.criteria import AIC, BIC
from lmm.select.preference import AICC, Preference, lowest
from lmm.select.procedure import Move, Procedure
from lmm.select.scope import Scope
from lmm.select.step import LRT

# Ten terms that do not contain one another: seconds for one data set, minutes for a bootstrap.
MOST_MEANS = 1024


def announcement(scope: Scope) -> str:
    """What will be fitted, to be told before it is: the number of means follows from the formula alone."""
    terms = counted(len(scope.movable), "term")
    return f"All subsets of {terms} that may move: {scope.number_in_words} will be fitted."


def refuse_too_many(scope: Scope, most: int = MOST_MEANS) -> None:
    """Raise InputError where more means than `most` would have to be fitted."""
    number = scope.number_of_means()
    if number is None or number > most:
        raise InputError(
            f"All subsets of the {counted(len(scope.movable), 'term')} that may move in '{scope.formula}' are "
            f"{scope.number_in_words}, and at most {count(most)} are allowed: protect terms, select backward or "
            "forward, or raise the limit."
        )


def all_subsets(scope: Scope, preference: Preference) -> Procedure:
    """Compare all means of the scope at once.

    Returns:
        One move; none where no mean could be fitted.

    Raises:
        InputError: the criterion is the likelihood ratio test, which compares nested models only.
    """
    if preference.criterion == LRT:
        raise InputError(
            f"All subsets are not nested in one another, so that no likelihood ratio test compares them: choose {AIC}, "
            f"{AICC} or {BIC}."
        )
    return _all_at_once(scope, preference)


def _all_at_once(scope: Scope, preference: Preference) -> Procedure:
    means = list(scope.means())
    fits = yield means
    if all(fits[mean].failure is not None for mean in means):
        return []
    return [Move(None, tuple(means), lowest(means, fits, preference.criterion))]
