"""What a study declares of its design, to be held against the data."""

from __future__ import annotations

from pydantic import Field, model_validator

from lmm.study.block import Block


class Declared(Block):
    """How a grouping factor lies to another; the data must agree."""

    nested_in: str | None = Field(
        None,
        min_length=1,
        description="The outer factor: each level of this factor must occur in one of its levels only.",
        examples=["batch"],
    )
    crossed_with: str | None = Field(
        None,
        min_length=1,
        description="The other factor: levels of each must occur with several levels of the other.",
        examples=["sample"],
    )

    @model_validator(mode="after")
    def _one_relation(self) -> Declared:
        if (self.nested_in is None) == (self.crossed_with is None):
            raise ValueError("needs one of nested_in and crossed_with; give one")
        return self
