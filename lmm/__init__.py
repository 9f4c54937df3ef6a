"""Reproducible mixed-model studies: linear mixed models fitted, chosen, checked and reported."""

from lmm.errors import InputError

__version__ = "0.1.0"
__all__ = ["InputError", "__version__"]
