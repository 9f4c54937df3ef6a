"""Reproducible mixed-model studies: linear mixed models fitted, chosen, checked and reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.errors import InputError

if TYPE_CHECKING:
    from lmm.model import Fit, fit

__version__ = "0.1.0"
__all__ = ["Fit", "InputError", "__version__", "fit"]


def __getattr__(name: str) -> object:
    # pandas and scipy load with the first fit, not with the package: a Snakefile is parsed again in every job.
    if name in ("Fit", "fit"):
        from lmm import model

        return getattr(model, name)
    raise AttributeError(f"module 'lmm' has no attribute '{name}'")
