"""What may be said about a fit: tests, degrees of freedom, intervals, effects, criteria, R² and ICC.

The functions named here load with their first use; the modules hold the rest.

Example:
    >>> from lmm import infer
    >>> infer.coefficient_table(fit)
    >>> infer.anova(fit, "III")
    >>> infer.linear_hypothesis(fit, "Days + Days:SexMale = 0")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.infer.anovatable import anova
    from lmm.infer.coefficients import coefficient_table
    from lmm.infer.drop1 import single_term_deletions, single_term_f_tests
    from lmm.infer.likelihoodratio import likelihood_ratio_test
    from lmm.infer.linearhypothesis import linear_hypothesis
    from lmm.infer.margins import marginal_means
    from lmm.infer.sequence import anova_sequence
    from lmm.infer.simpleslopes import simple_slopes
    from lmm.infer.smallsample import small_sample

# A name that is a module's too would mean one or the other, by what was imported before.
_MODULES = {
    "anova": "anovatable",
    "anova_sequence": "sequence",
    "coefficient_table": "coefficients",
    "likelihood_ratio_test": "likelihoodratio",
    "linear_hypothesis": "linearhypothesis",
    "marginal_means": "margins",
    "simple_slopes": "simpleslopes",
    "single_term_deletions": "drop1",
    "single_term_f_tests": "drop1",
    "small_sample": "smallsample",
}
__all__ = [
    "anova",
    "anova_sequence",
    "coefficient_table",
    "likelihood_ratio_test",
    "linear_hypothesis",
    "marginal_means",
    "simple_slopes",
    "single_term_deletions",
    "single_term_f_tests",
    "small_sample",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"lmm.infer.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'lmm.infer' has no attribute '{name}'")
