"""Which models make the ladder, and which one wins, with its reason."""

from __future__ import annotations

from typing import Any

__all__ = ["decide"]


def __getattr__(name: str) -> Any:
    # The Snakefile lists the rungs each time it is parsed and must not pay for the decision's imports.
    if name == "decide":
        from lmm.select.decision import decide

        return decide
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
