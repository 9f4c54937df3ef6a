"""The bootstrap of the final model in parts, one for each job, and the parts put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmm import provenance
from lmm.engine.repeats import repeats_at_once
from lmm.errors import InputError
from lmm.infer.bootstrap import block_size, parametric_draws
from lmm.infer.casebootstrap import case_draws, resampled_factor
from lmm.infer.draws import Draws, gather
from lmm.infer.finalmodel import final_fit
from lmm.infer.live import optimum_of

if TYPE_CHECKING:
    import pandas

    from lmm.model import Fit
    from lmm.study import Study

CASES, BCA = "cases", "bca"


def bootstrap_part(study: Study, decision: Mapping[str, Any], table: pandas.DataFrame, part: str) -> dict[str, Any]:
    """One part of the draws, the final model fitted once more in its job; for `draws_of_parts`.

    A draw depends on the study's seed and its own number, so that the whole is the same however it is parted. A final
    model without random effects is not drawn from, as its intervals are exact: "draws" is None.

    Raises InputError where cases are to be drawn, or left out for BCa, and the study does not say of which of several
    crossed factors.
    """
    asked = study.inference.bootstrap
    fit = final_fit(study, decision, table)
    head = {**provenance.stamp(study, decision["row_hash"]), "part": part}
    if not fit.random:
        return {**head, "draws": None}
    group = cases_of(study, fit) if asked.kind == CASES or asked.method == BCA else None
    number, of = (int(word) for word in part.split("-of-"))
    block = _block(fit, asked.kind)
    start, stop = bounds(asked.draws, number, of, block)
    if asked.kind == CASES:
        draws = case_draws(fit, start, stop, study.seed, group)
    else:
        draws = parametric_draws(fit, start, stop, study.seed)
    return {**head, "draws": draws.to_dict()}


def draws_of_parts(found: Sequence[Mapping[str, Any]]) -> Draws | None:
    """The draws of all parts as one sequence; None where there are no parts, or nothing was drawn."""
    drawn = [Draws.from_dict(part["draws"]) for part in found if part["draws"] is not None]
    return gather(drawn) if drawn else None


def bounds(draws: int, number: int, of: int, block: int) -> tuple[int, int]:
    """First draw of part `number`, counted from 1, and the one after its last.

    Where there are blocks enough for all parts the cuts lie between blocks, as draws are computed a block at a time.
    """
    blocks = -(-draws // block)
    size, units = (block, blocks) if blocks >= of else (1, draws)
    return tuple(min(units * end // of * size, draws) for end in (number - 1, number))


def cases_of(study: Study, fit: Fit) -> str:
    """The grouping factor whose levels are the cases.

    Raises InputError, naming the key, where the factors are crossed and the study does not say which.
    """
    try:
        return resampled_factor(fit, study.inference.bootstrap.group)
    except InputError as error:
        raise InputError(f"study {study.name}, key inference.bootstrap.group: {error}") from error


def _block(fit: Fit, kind: str) -> int:
    if kind == CASES:
        return repeats_at_once(optimum_of(fit).problem) or 1
    return block_size(fit)
