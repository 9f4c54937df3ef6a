"""Forward selection: from the terms that are held on, the term that adds most comes in, until none adds enough."""

from __future__ import annotations

from lmm.select.preference import Preference
from lmm.select.procedure import Procedure, one_term_at_a_time
from lmm.select.scope import Scope


def forward(scope: Scope, preference: Preference) -> Procedure:
    """Add terms one at a time, of those whose margins are there: an interaction only after all it contains.

    By a likelihood ratio test the term with the smallest p-value comes in, if that is below α; by a criterion the one
    with which it is lowest, if that is lower than without it.
    """
    return one_term_at_a_time(scope.smallest, scope.with_one, preference)
