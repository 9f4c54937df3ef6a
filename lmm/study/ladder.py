"""How the ladder of models is climbed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from lmm.study.block import Block


class FixedSelection(Block):
    """Selection of fixed effects; none by default, as it spoils the p-values of those that are left."""

    procedure: Literal["none", "backward", "forward", "allsubsets"] = Field(
        "none",
        description="Which terms of fixed are in the final model: all of them (none), or those left by backward "
        "elimination, forward selection or the comparison of all subsets, at the chosen random part. Hypotheses, "
        "protected terms and those with a random slope always stay.",
        examples=["backward"],
    )
    criterion: Literal["LRT", "AIC", "AICc", "BIC", "BIC over groups"] = Field(
        "AICc",
        description="By what a mean is preferred; LRT is the likelihood ratio test at alpha_fixed, and is not for all "
        "subsets.",
        examples=["LRT"],
    )
    protected: list[str] = Field(
        default_factory=list,
        description="Terms of fixed, as fixed writes them, that always stay.",
        examples=[["age", "sex"]],
    )
    most: int = Field(1024, ge=1, description="How many means all subsets may be.", examples=[4096])
    draws: int = Field(
        200,
        ge=0,
        description="Samples of groups in which the selection is made anew, to see how often each term is selected.",
        examples=[1000],
    )
    jobs: int = Field(1, ge=1, description="Jobs that share the draws; they are the same however many.", examples=[4])
    group: str | None = Field(
        None,
        min_length=1,
        description="The grouping factor whose levels are drawn; the one that all others are nested in when left out.",
        examples=["school"],
    )

    @model_validator(mode="after")
    def _subsets_are_not_nested(self) -> FixedSelection:
        if self.procedure == "allsubsets" and self.criterion == "LRT":
            raise ValueError("allsubsets compares means that are not nested, so LRT is no criterion for it; take AICc")
        return self


class Ladder(Block):
    """How the ladder of models is climbed."""

    mode: Literal["confirmatory", "parsimonious", "maximal"] | None = Field(
        None,
        description="How random slopes are decided. confirmatory: those of the hypotheses enter untested, as far as "
        "they can be estimated (Barr et al. 2013), others are tested; parsimonious: each is tested, the one with the "
        "smallest p first (Matuschek et al. 2017); maximal: all enter, as far as they can be estimated. When left out, "
        "confirmatory where hypotheses are named, else parsimonious.",
        examples=["maximal"],
    )
    criterion: Literal["LRT", "AIC", "BIC", "BIC over groups"] = Field(
        "LRT",
        description="By what a random slope, or an optional grouping factor, is kept: the likelihood ratio test at "
        "alpha_random, or an information criterion by REML.",
        examples=["AIC"],
    )
    alpha_random: float = Field(
        0.20,
        gt=0,
        lt=1,
        description="A random slope is kept when its boundary-corrected p-value is below this (Matuschek et al. 2017).",
        examples=[0.1],
    )
    alpha_fixed: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Level at which the fixed effects are said to differ from nothing.",
        examples=[0.01],
    )
    optional: list[str] = Field(
        default_factory=list,
        description="Grouping factors that are in the model only if the data support them; all others belong to the "
        "design and stay whatever their p.",
        examples=[["rater"]],
    )
    allow_singular: bool = Field(
        False,
        description="Whether a model on the boundary of its parameter space may be the final one.",
        examples=[True],
    )
    correlations: Literal["keep", "test", "drop"] = Field(
        "keep",
        description="Whether random slopes may correlate with their intercept: always (keep), where the criterion "
        "supports it (test), or never (drop).",
        examples=["drop"],
    )
    null: Literal["by rule", "mixture", "bootstrap"] = Field(
        "by rule",
        description="Null distribution of a likelihood ratio on the boundary: exact, approximate, mixture or "
        "bootstrap, as the comparison calls for (by rule), always the large-sample mixture, or always the parametric "
        "bootstrap.",
        examples=["bootstrap"],
    )
    draws: int = Field(
        999,
        ge=0,
        description="Bootstrap draws for the test of a random part where the large-sample distribution is in doubt (p "
        "between .01 and .20 with fewer than 30 groups); 0 for none.",
        examples=[9999],
    )
    most: int = Field(
        60,
        ge=2,
        description="How many candidate models with random effects are fitted before the climb begins; those beyond "
        "are fitted when it comes to them.",
        examples=[200],
    )
    fixed_selection: FixedSelection = Field(
        default_factory=FixedSelection,
        description="Selection of fixed effects; none by default.",
        examples=[{"procedure": "backward", "criterion": "BIC"}],
    )

    @model_validator(mode="after")
    def _bootstrap_has_draws(self) -> Ladder:
        if self.null == "bootstrap" and not self.draws:
            raise ValueError("null: bootstrap needs draws; set draws: 999")
        return self
