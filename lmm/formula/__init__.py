"""From "y ~ x + (x | g)" and a table to numbers, as R and lme4 read formulas."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmm.formula.design import Design, RandomTerm
    from lmm.formula.formula import Formula, parse
    from lmm.formula.recipe import DesignRecipe

# A job that only reads results asks for the grammar alone, and must not pay for pandas.
_MODULES = {
    "Design": "design",
    "DesignRecipe": "recipe",
    "Formula": "formula",
    "RandomTerm": "design",
    "parse": "formula",
}
__all__ = ["Design", "DesignRecipe", "Formula", "RandomTerm", "parse"]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(import_module(f"lmm.formula.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'lmm.formula' has no attribute '{name}'")
