"""How models are cross-validated, for two targets that are never mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from lmm.study.block import Block

if TYPE_CHECKING:
    from lmm.study import Study

Folds = Annotated[int, Field(ge=2)] | Literal["each"]


class NewGroups(Block):
    """Whole groups are held out, as if persons, schools or plates came that the study has not seen."""

    group: str | None = Field(
        None,
        min_length=1,
        description="The grouping factor whose levels are held out; the one that all others are nested in when left "
        "out. Of crossed factors each is held out in turn.",
        examples=["Subject"],
    )
    folds: Folds | None = Field(
        None,
        description="Number of folds, or each for one level at a time; when left out, each up to 30 levels, else 10.",
        examples=["each"],
    )


class KnownGroups(Block):
    """Rows are held out of groups whose other rows stay, as if the same persons came again."""

    rows: Literal["some", "each", "last occasion"] = Field(
        "some",
        description="Some rows at a time, in as many folds as folds says; each row in turn; or those at the last time "
        "of each group.",
        examples=["last occasion"],
    )
    folds: int = Field(10, ge=2, description="Number of folds where some rows are held out at a time.", examples=[5])


class CrossValidation(Block):
    """How well models predict rows they have not seen."""

    targets: list[Literal["new groups", "known groups"]] = Field(
        default_factory=lambda: ["new groups", "known groups"],
        description="What is predicted: new groups, new rows of known groups, or both; an empty list for neither.",
        examples=[["new groups"]],
    )
    new_groups: NewGroups = Field(
        default_factory=NewGroups,
        description="Whole groups are held out, as if persons, schools or plates came that the study has not seen.",
        examples=[{"folds": "each"}],
    )
    known_groups: KnownGroups = Field(
        default_factory=KnownGroups,
        description="Rows are held out of groups whose other rows stay, as if the same persons came again.",
        examples=[{"rows": "last occasion"}],
    )
    estimator: Literal["REML", "ML"] = Field(
        "REML", description="By which the models are fitted to the rows of a fold.", examples=["ML"]
    )
    climb: bool = Field(
        True,
        description="Whether the whole ladder is climbed anew in each fold too, so that the choice of a model is part "
        "of what is validated; its tests are by the large-sample distribution there.",
        examples=[False],
    )
    jobs: int = Field(
        1, ge=1, description="Jobs that share the folds; the scores are the same however many.", examples=[4]
    )


def parts(study: Study) -> list[str]:
    """Names of the parts that share a study's folds, "1-of-3"; none where no target is asked for."""
    number = study.cross_validation.jobs if study.cross_validation.targets else 0
    return [f"{part}-of-{number}" for part in range(1, number + 1)]
