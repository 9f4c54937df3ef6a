"""What a study asks of the selection of its fixed effects, before the run and at the chosen random part.

The Snakefile asks it of every study each time it is parsed, so that what fits models is imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmm.errors import InputError
from lmm.formula.deparse import name_text
from lmm.numbers import counted, listing
from lmm.select.scope import Scope

if TYPE_CHECKING:
    import pandas

    from lmm.select.selection import Selection
    from lmm.study import Study

NONE = "none"


def choose_mean(study: Study, formula: str, table: pandas.DataFrame) -> Selection | None:
    """Select the fixed effects as the study asks; None where it asks for no selection.

    Args:
        formula: of the full mean at the chosen random part, which stays as it is.
        table: the analysis table.

    Raises:
        InputError: naming study and key, where the selection cannot be made as asked.
    """
    asked = study.ladder.fixed_selection
    if asked.procedure == NONE:
        return None
    from lmm.model import fit
    from lmm.select.selection import select_fixed_effects

    full = fit(formula, table, reml=False, weights=study.weights)
    with _naming(study, "ladder.fixed_selection"):
        return select_fixed_effects(
            full,
            asked.procedure,
            asked.criterion,
            alpha=study.ladder.alpha_fixed,
            protected=terms_that_stay(study),
            most=asked.most,
        )


def terms_that_stay(study: Study) -> list[str]:
    """The terms that no selection may remove, as the study writes them: the hypotheses and the protected ones."""
    return list(dict.fromkeys([*study.hypotheses, *study.ladder.fixed_selection.protected]))


def refuse_bad_selection(study: Study) -> None:
    """Refuse, before anything is fitted, hypotheses and protected terms that are none of the mean, and too many means.

    The means are counted from the formula alone; terms with a random slope stay too, so that there may be fewer.

    Raises:
        InputError: naming study and key.
    """
    mean, asked = _full_mean(study), study.ladder.fixed_selection
    for key, labels in (("hypotheses", study.hypotheses), ("ladder.fixed_selection.protected", asked.protected)):
        for label in labels:
            with _naming(study, key):
                Scope.of(mean, [label])
    if asked.procedure == "allsubsets":
        from lmm.select.allsubsets import refuse_too_many

        with _naming(study, "ladder.fixed_selection.most"):
            refuse_too_many(scope_of_study(study), asked.most)


def announced(study: Study) -> str | None:
    """What the selection will do, in a sentence, from the config alone; None where nothing is selected."""
    asked = study.ladder.fixed_selection
    if asked.procedure == NONE:
        return None
    from lmm.select.preference import Preference
    from lmm.select.selection import NAMES
    from lmm.select.selectionreasons import criterion_words

    by = criterion_words(Preference(asked.criterion, study.ladder.alpha_fixed))
    procedure = f"{NAMES[asked.procedure]} by {by}"
    scope = scope_of_study(study)
    if not scope.movable:
        return f"{procedure[0].upper()}{procedure[1:]} has no term that may move, so that nothing will be selected."
    may_move = counted(len(scope.movable), "term that may move", "terms that may move")
    stay = f"; {listing(scope.labels(scope.smallest))} stay{'s' * (len(scope.smallest) == 1)}" if scope.held else ""
    slopes = ", fewer where terms get a random slope and stay, too" if study.slopes else ""
    return (
        f"{procedure[0].upper()}{procedure[1:]} at the chosen random part, of {may_move}: "
        f"{scope.number_in_words}{slopes}{stay}."
    )


def scope_of_study(study: Study) -> Scope:
    """The means that the study's selection may reach when no term has a random slope."""
    return Scope.of(_full_mean(study), terms_that_stay(study))


@contextmanager
def _naming(study: Study, key: str) -> Iterator[None]:
    """Say of a mistake where in the config it is to be mended."""
    try:
        yield
    except InputError as error:
        raise InputError(f"study {study.name}, key {key}: {error}") from error


def _full_mean(study: Study) -> str:
    return f"{name_text(study.outcome)} ~ {study.fixed}"
