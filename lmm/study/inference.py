"""What is inferred from the final model, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from lmm.study.block import Block

if TYPE_CHECKING:
    from lmm.study import Study


class Bootstrap(Block):
    """Data sets drawn anew, and the final model fitted to each."""

    draws: int = Field(
        0,
        ge=0,
        description="Number of data sets drawn; 0 for no bootstrap, 1000 or more for intervals.",
        examples=[1000],
    )
    jobs: int = Field(
        1, ge=1, description="Jobs that share the draws; the draws are the same however many.", examples=[4]
    )
    kind: Literal["parametric", "cases"] = Field(
        "parametric",
        description="New random effects and residuals from the fitted model (parametric), or whole levels of a "
        "grouping factor drawn with replacement (cases).",
        examples=["cases"],
    )
    method: Literal["percentile", "basic", "bca"] = Field(
        "percentile",
        description="How an interval is made of the draws (Davison & Hinkley 1997, chapter 5).",
        examples=["bca"],
    )
    group: str | None = Field(
        None,
        min_length=1,
        description="The grouping factor whose levels are drawn by cases, and left out in turn by bca; the one that "
        "all others are nested in when left out. Crossed factors need it.",
        examples=["Subject"],
    )


class Inference(Block):
    """What is said about the final model: tests, intervals, means and contrasts."""

    degrees_of_freedom: Literal["kenward-roger", "satterthwaite", "normal"] = Field(
        "kenward-roger",
        description="Standard errors and degrees of freedom of the fixed effects (Kenward & Roger 1997; Satterthwaite "
        "1946); normal takes the variances as known.",
        examples=["satterthwaite"],
    )
    level: float = Field(0.95, gt=0, lt=1, description="Level of all intervals.", examples=[0.9])
    intervals: Literal["profile", "wald", "bootstrap"] = Field(
        "profile",
        description="Intervals of standard deviations and correlations: by the profile of the likelihood, by Wald, or "
        "from the draws of bootstrap.",
        examples=["wald"],
    )
    means: list[str] | None = Field(
        None,
        description="Marginal means and their pairwise differences: a factor of fixed, or one within the levels of "
        "others, Variety | nitro or Variety | nitro + Block. When left out, every factor of fixed, and those that "
        "interact within each other's levels; an empty list for none.",
        examples=[["Variety", "Variety | nitro"]],
    )
    adjustment: Literal["tukey", "holm", "bonferroni", "none"] = Field(
        "tukey",
        description="Adjustment of p-values and intervals for the number of differences between the means of one "
        "family.",
        examples=["holm"],
    )
    bootstrap: Bootstrap = Field(
        default_factory=Bootstrap,
        description="Data sets drawn anew, and the final model fitted to each.",
        examples=[{"draws": 1000, "jobs": 4}],
    )

    @model_validator(mode="after")
    def _intervals_have_draws(self) -> Inference:
        if self.intervals == "bootstrap" and not self.bootstrap.draws:
            raise ValueError("intervals: bootstrap needs draws; set bootstrap: {draws: 1000}")
        return self


def parts(study: Study) -> list[str]:
    """Names of the parts that share a study's draws, "1-of-3"; no more than there are draws, none without any."""
    asked = study.inference.bootstrap
    number = min(asked.jobs, asked.draws)
    return [f"{part}-of-{number}" for part in range(1, number + 1)]
