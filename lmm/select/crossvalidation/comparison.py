"""Models side by side on the rows that all of them predicted, and whether a difference is more than noise.

Differences are paired by the independent units, the levels of one grouping factor, and so are their standard errors:
for the log score √(U Σ (d_u − d̄)² / (U − 1)) of the differences d_u of U units (Vehtari, Gelman & Gabry 2017, section
5.1, with units for points), for the root mean squared error that of its linearisation. As the training rows of
different folds overlap they are somewhat too small (Bengio & Grandvalet 2004, J. Mach. Learn. Res. 5, 1089–1105), and
of models that predict almost alike they say little, so that log scores less than 4 apart count as noise whatever their
standard error (Sivula, Magnusson, Matamoros & Vehtari 2020, arXiv:2008.10296).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lmm.errors import InputError
from lmm.numbers import counted
from lmm.select.crossvalidation.folds import NEW_GROUPS

if TYPE_CHECKING:
    from lmm.select.crossvalidation.scores import Scores

# A difference of fewer standard errors than this is not told from noise.
NOISE = 2.0
SMALL_LOG_SCORE = 4.0
# Models closer than this, relative to the root mean squared error or in log score, predict the same but for rounding.
_SAME_RMSE, _SAME_LOG_SCORE = 1e-6, 1e-3
# With fewer units than this a standard error of differences is itself mostly noise.
FEW_UNITS = 10
# A model that predicted a smaller share of the rows than this, of those that the ablest model predicted, is left out:
# the comparison of all others must not shrink to the few rows of one that hardly ever has an optimum.
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class Difference:
    """How far a model is behind the best by one measure.

    Attributes:
        value: 0 for the best and its equals, positive for every other.
        standard_error: None with a single unit, and for the best itself.
        within_noise: whether `value` is less than 2 standard errors, or 4 in log score; None where there is no
            standard error.
    """

    value: float
    standard_error: float | None
    within_noise: bool | None


@dataclass(frozen=True)
class Validated:
    """One model's scores on the rows that all compared models predicted; None for a model that is left out.

    Attributes:
        model: its name. rmse: root mean squared error of prediction. log_score: sum of log densities, the higher the
            better. behind_in_rmse, behind_in_log_score: how far it is behind the best of them.
        folds: number scored. failed: number not scored, by the reason. unscored: rows of scored folds without a
            prediction, by the reason. formulas: how many folds chose each formula.
    """

    model: str
    rmse: float | None
    log_score: float | None
    behind_in_rmse: Difference | None
    behind_in_log_score: Difference | None
    folds: int
    failed: dict[str, int]
    unscored: dict[str, int]
    formulas: dict[str, int]


@dataclass(frozen=True)
class Comparison:
    """Cross-validated models of one study for one target.

    Attributes:
        folds: what the folds are, without the labels of their groups. rows, units: how many are compared.
        models: in the order given. best_by_rmse, best_by_log_score: names, of equals the first; None where no model
            predicted anything.
        notes: what a reader has to know.
    """

    folds: dict[str, Any]
    rows: int
    units: int
    models: tuple[Validated, ...]
    best_by_rmse: str | None
    best_by_log_score: str | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def compare(scores: Sequence[Scores]) -> Comparison:
    """Compare models that were scored on the same folds.

    A model that predicted nothing, or less than half as many rows as another, is listed and left out; the others are
    compared on the rows that all predicted and, for new groups, on the groups of which all predicted the same rows.

    Raises:
        InputError: there are no scores, or they are of different folds or of outcomes on different scales.
    """
    _refuse_incomparable(scores)
    folds = scores[0].folds
    able = _able(scores)
    common = np.all([_by_row(one, one.scored) for one in able], axis=0) if able else np.zeros(folds["rows"], bool)
    if folds["target"] == NEW_GROUPS and able:
        common = _of_whole_groups(able, common)
    sums = [_UnitSums.of(one, common) if one in able and common.any() else None for one in scores]
    summed = [one for one in sums if one is not None]
    best_rmse = next((one for one in summed if one.rmse <= (1.0 + _SAME_RMSE) * min(o.rmse for o in summed)), None)
    best_log = next(
        (one for one in summed if one.log_score >= max(o.log_score for o in summed) - _SAME_LOG_SCORE), None
    )
    models = tuple(_validated(one, own, best_rmse, best_log) for one, own in zip(scores, sums, strict=True))
    units = len(summed[0].rows) if summed else 0
    return Comparison(
        folds={key: value for key, value in folds.items() if key != "levels"},
        rows=int(common.sum()),
        units=units,
        models=models,
        best_by_rmse=best_rmse and best_rmse.model,
        best_by_log_score=best_log and best_log.model,
        notes=tuple(_notes(scores, able, folds, int(common.sum()), units)),
    )


def _able(scores: Sequence[Scores]) -> list[Scores]:
    """The models that predicted enough rows to be compared."""
    most = max(int(one.scored.sum()) for one in scores)
    return [one for one in scores if one.scored.sum() >= max(_LEAST_SHARE * most, 1)]


@dataclass(frozen=True, eq=False)
class _UnitSums:
    """Per unit (U,): rows, sum of squared errors, sum of log densities."""

    model: str
    rows: np.ndarray
    squares: np.ndarray
    log_density: np.ndarray

    @staticmethod
    def of(scores: Scores, common: np.ndarray) -> _UnitSums:
        kept = common[scores.rows]
        units, unit = np.unique(scores.unit[kept], return_inverse=True)
        cases = kept[scores.case]
        of_case = np.searchsorted(units, scores.unit[scores.case[cases]])
        return _UnitSums(
            scores.model,
            np.bincount(unit, minlength=len(units)),
            np.bincount(unit, (scores.observed - scores.predicted)[kept] ** 2, len(units)),
            np.bincount(of_case, scores.log_density[cases], len(units)),
        )

    @property
    def rmse(self) -> float:
        return float(np.sqrt(self.squares.sum() / self.rows.sum()))

    @property
    def log_score(self) -> float:
        return float(self.log_density.sum())

    @property
    def rmse_influence(self) -> np.ndarray:
        """(U,) what each unit adds to the root mean squared error, linearised; it sums to zero."""
        n, mean = self.rows.sum(), self.squares.sum() / self.rows.sum()
        return (self.squares - self.rows * mean) / (2.0 * n * np.sqrt(mean)) if mean > 0 else 0.0 * self.squares


def _validated(scores: Scores, own: _UnitSums | None, best_rmse: _UnitSums, best_log: _UnitSums) -> Validated:
    formulas = [formula for formula in scores.formulas if formula is not None]
    measured: dict[str, Any] = dict.fromkeys(("rmse", "log_score", "behind_in_rmse", "behind_in_log_score"))
    if own is not None:
        in_rmse = own.rmse_influence - best_rmse.rmse_influence
        in_log = best_log.log_density - own.log_density
        measured = {
            "rmse": own.rmse,
            "log_score": own.log_score,
            "behind_in_rmse": _difference(own.rmse - best_rmse.rmse, in_rmse, 0.0, _SAME_RMSE * best_rmse.rmse),
            "behind_in_log_score": _difference(float(in_log.sum()), in_log, SMALL_LOG_SCORE, _SAME_LOG_SCORE),
        }
        for name, best in (("behind_in_rmse", best_rmse), ("behind_in_log_score", best_log)):
            if own is best:
                measured[name] = Difference(0.0, None, None)
    return Validated(
        model=scores.model,
        **measured,
        folds=sum(failure is None for failure in scores.failures),
        failed=scores.failed,
        unscored=scores.unscored,
        formulas={formula: formulas.count(formula) for formula in dict.fromkeys(formulas)},
    )


def _difference(value: float, per_unit: np.ndarray, small: float, rounding: float) -> Difference:
    """A difference that is a sum over units, with its standard error; below `small` it is noise, below `rounding` 0."""
    value = value if value > rounding else 0.0
    if len(per_unit) < 2:
        return Difference(value, None, None)
    error = float(np.sqrt(len(per_unit)) * per_unit.std(ddof=1))
    return Difference(value, error, value == 0.0 or value < max(NOISE * error, small))


def _by_row(scores: Scores, values: np.ndarray) -> np.ndarray:
    out = np.zeros(scores.folds["rows"], dtype=bool)
    out[scores.rows] = values
    return out


def _of_whole_groups(scores: Sequence[Scores], common: np.ndarray) -> np.ndarray:
    """Rows of the groups whose joint densities are of the same rows in all models."""
    first = scores[0]
    unit = np.zeros(len(common), dtype=np.intp)
    unit[first.rows] = first.unit
    n_units = len(first.folds["levels"])
    shared = np.bincount(unit, common, n_units)
    whole = np.all([np.bincount(unit, _by_row(one, one.scored), n_units) == shared for one in scores], axis=0)
    return common & whole[unit]


def _refuse_incomparable(scores: Sequence[Scores]) -> None:
    if not scores:
        raise InputError("There are no cross-validated models to compare: score one at least.")
    first = scores[0]
    for one in scores[1:]:
        if one.folds != first.folds:
            raise InputError(
                f"The models {first.model} and {one.model} were cross-validated on different folds, so that they "
                "cannot be compared: score both on the same."
            )
    for one in scores:
        if len(one) != one.folds["number"]:
            raise InputError(
                f"The model {one.model} was scored on {len(one)} of {one.folds['number']} folds: gather all of them "
                "first."
            )
    outcomes = list(dict.fromkeys(one.outcome for one in scores if one.outcome is not None))
    if len(outcomes) > 1:
        raise InputError(
            f"Models of {' and of '.join(outcomes)} predict on different scales, so that their cross-validation "
            "cannot be compared: compare models of one outcome."
        )


def _notes(scores: Sequence[Scores], able: Sequence[Scores], folds: dict[str, Any], rows: int, units: int) -> list[str]:
    notes = [folds["note"]] if folds["note"] else []
    left_out = [one for one in scores if one not in able and one.scored.any()]
    if left_out:
        told = ", ".join(f"{one.model} {counted(int(one.scored.sum()), 'row')}" for one in left_out)
        notes.append(
            f"Of {folds['rows_held_out']:,} rows held out, too few were predicted to be compared with the others: "
            f"{told}."
        )
    if rows < folds["rows_held_out"]:
        lost = {one.model: int((~one.scored).sum()) for one in able if not one.scored.all()}
        told = ", ".join(f"{model} {counted(count, 'row')}" for model, count in lost.items())
        because = f", as not every model predicted all of them; not predicted: {told}" if lost else ""
        notes.append(f"{counted(rows, 'row')} of {folds['rows_held_out']:,} held out are compared{because}.")
    if 0 < units < FEW_UNITS:
        notes.append(
            f"There {'is' if units == 1 else 'are'} only {counted(units, 'level')} of {folds['group']}: the standard "
            "errors of the differences are rough."
        )
    return notes
