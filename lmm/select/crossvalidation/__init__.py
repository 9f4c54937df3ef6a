"""Cross-validation: how well a model predicts new groups, and new occasions of known groups.

`new_group_folds`, `known_group_folds` and `last_occasion_fold` say which rows each fold holds out; `score_folds` fits a
model to the other rows and predicts them, a few folds per job; `gather` puts the jobs together, `compare` the models.
What a study asks for is read in `targets`, and done, job by job, in `parts`.
"""

from lmm.select.crossvalidation.comparison import Comparison, Difference, Validated, compare
from lmm.select.crossvalidation.folds import Folds, known_group_folds, last_occasion_fold, new_group_folds
from lmm.select.crossvalidation.model import Model, choice_model, formula_model, procedure_model
from lmm.select.crossvalidation.preparation import Preparation, preparation
from lmm.select.crossvalidation.score import Range, score_fold, score_folds, score_models
from lmm.select.crossvalidation.scores import Scores, gather

__all__ = [
    "Comparison",
    "Difference",
    "Folds",
    "Model",
    "Preparation",
    "Range",
    "Scores",
    "Validated",
    "choice_model",
    "compare",
    "formula_model",
    "gather",
    "known_group_folds",
    "last_occasion_fold",
    "new_group_folds",
    "preparation",
    "procedure_model",
    "score_fold",
    "score_folds",
    "score_models",
]
