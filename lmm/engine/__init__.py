"""Arrays in, optimum out: the fitting of linear mixed models.

Model and notation (used in every file of this package)::

    y = X β + Σₖ Zₖ bₖ + e,   bₖ ~ N(0, σ² I_{Jₖ} ⊗ TₖTₖ'),   e ~ N(0, σ² W⁻¹)

Factor 0 is the grouping factor with most random columns and is eliminated level by level; `r` is every other
random column, in the order factor, column, level. p is the number of fixed effects, m = m_r + p + 1 the order of
the block that remains, with the outcome as its last column. ν = n − p under REML and n under ML.
"""

from lmm.engine.factor import Factor
from lmm.engine.optimum import Optimum, optimise
from lmm.engine.problem import Problem

__all__ = ["Factor", "Optimum", "Problem", "optimise"]
