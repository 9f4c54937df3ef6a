"""From "y ~ x + (x | g)" and a table to numbers, as R and lme4 read formulas."""

from lmm.formula.design import Design, RandomTerm
from lmm.formula.formula import Formula, parse
from lmm.formula.recipe import DesignRecipe

__all__ = ["Design", "DesignRecipe", "Formula", "RandomTerm", "parse"]
