"""All stages of a study in one process: what its jobs would have done one by one, and the same files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from lmm.job import job
from lmm.select import inclusionparts
from lmm.stages.bootstrap import bootstrap_part
from lmm.stages.clean import clean
from lmm.stages.cross_validate import cross_validate
from lmm.stages.diagnose import diagnose
from lmm.stages.fit import fit
from lmm.stages.gather_cross_validation import gather_cross_validation
from lmm.stages.inclusion import inclusion_part
from lmm.stages.infer import infer
from lmm.stages.places import log_place, part_place, places
from lmm.stages.report import report
from lmm.stages.select import select
from lmm.stages.sensitivity import sensitivity
from lmm.study import crossvalidation
from lmm.study.inference import parts as bootstrap_parts

if TYPE_CHECKING:
    from lmm.stages.files import Note
    from lmm.study import Study

FOLDS, SAMPLES, DRAWS = "select/crossvalidation", "select/inclusion", "infer/bootstrap"


def whole(study: Study, config: Mapping[str, Any], announce: Callable[[str], None], until: str = "report") -> None:
    """Run the stages of a study up to `until`, in the working folder.

    Args:
        study: the study. config: the config it stands in.
        announce: takes the name of each stage before it runs.
        until: the last stage to run, by the name that `stages` has for it.

    Raises:
        SystemExit: a stage ended with a sentence, which then stands in its log and on standard error.
    """
    for name, stage in stages(study, config):
        announce(name)
        with job(log_place(study, name)) as note:
            stage(note)
        if name == until:
            return


def stages(study: Study, config: Mapping[str, Any]) -> Iterator[tuple[str, Callable[[Note], None]]]:
    """Yield the stages of a study in their order, each with its name: that of its log."""
    files = places(study)

    def in_parts(work: Callable[..., None], of: str, parts: list[str]) -> Iterator[tuple[str, Callable[[Note], None]]]:
        for part in parts:
            yield f"{of}/{part}", partial(work, study, part, files, {"part": part_place(study, of, part)})

    def gathered(of: str, parts: list[str]) -> dict[str, Any]:
        return files | {"parts": [part_place(study, of, part) for part in parts]}

    folds, samples, draws = crossvalidation.parts(study), inclusionparts.parts(study), bootstrap_parts(study)
    yield "clean", partial(clean, study, files)
    yield "fit", partial(fit, study, files, files)
    yield "select", partial(select, study, files, files)
    yield from in_parts(cross_validate, FOLDS, folds)
    yield "gather_cross_validation", partial(gather_cross_validation, study, gathered(FOLDS, folds), files)
    yield from in_parts(inclusion_part, SAMPLES, samples)
    yield "sensitivity", partial(sensitivity, study, gathered(SAMPLES, samples), files)
    yield from in_parts(bootstrap_part, DRAWS, draws)
    yield "infer", partial(infer, study, gathered(DRAWS, draws), files)
    yield "diagnose", partial(diagnose, study, files, files)
    yield "report", partial(report, study, config, files, files)
