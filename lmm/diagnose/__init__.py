"""Does the chosen model describe the data? Figures with their reading, refitted by REML."""

from __future__ import annotations

from typing import Any

__all__ = ["Diagnosis", "diagnose"]


def __getattr__(name: str) -> Any:
    # The report borrows a few words from this package and must not pay for matplotlib.
    if name in __all__:
        from lmm.diagnose import diagnosis

        return getattr(diagnosis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
