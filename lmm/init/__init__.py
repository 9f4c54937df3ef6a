"""A first config for a table: roles guessed from names and cells, with the evidence in comments."""

from lmm.init.config_text import init

__all__ = ["init"]
