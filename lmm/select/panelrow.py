"""What one criterion would choose by itself, set beside the final model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What one criterion would choose.

    Attributes:
        criterion: its name. sentence: all that follows in words.
        chosen: name of a candidate; None where the criterion cannot tell or leads to a model that was not fitted.
        value: of the criterion for that candidate; the p-value of the deciding test.
        margin: by how much it beats the final model; None where there is no such number.
        agrees: whether it would choose the final model, or cannot tell it from the others.
        estimator: by which the models it compares were fitted; None for cross-validation, which has its own key.
        within_noise: whether the margin is within twice its standard error; None where it has none.
        over_intercepts: of AIC and BIC, the final model's value less that of the model with its mean and intercepts
            alone; negative where the slopes are worth their parameters. None where there is no such difference.
    """

    criterion: str
    sentence: str
    chosen: str | None = None
    value: float | None = None
    margin: float | None = None
    agrees: bool = False
    estimator: str | None = None
    within_noise: bool | None = None
    over_intercepts: float | None = None
