"""Backward elimination: from the full mean on, the term missed least goes, until each that is left is needed."""

from __future__ import annotations

from lmm.select.preference import Preference
from lmm.select.procedure import Procedure, one_term_at_a_time
from lmm.select.scope import Scope


def backward(scope: Scope, preference: Preference) -> Procedure:
    """Delete terms one at a time, of those that no other contains.

    By a likelihood ratio test the term with the largest p-value goes, if that is not below α; by a criterion the one
    without which it is lowest, if that is no higher than with it.
    """
    return one_term_at_a_time(scope.full, scope.without_one, preference)
