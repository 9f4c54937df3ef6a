"""What all blocks of the config have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A block of the config: unknown keys are errors, and "false" is not false."""

    model_config = ConfigDict(extra="forbid", strict=True)


def numbers_as_text(values: Any) -> Any:
    """Let YAML's 1 stand for the label "1"; true and false stay what they are, and are refused."""
    if not isinstance(values, list):
        return values
    return [str(value) if type(value) in (int, float) else value for value in values]
