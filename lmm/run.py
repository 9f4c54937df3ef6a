"""A study run in this process, without Snakemake: all of its stages, or one of them alone."""

from __future__ import annotations

import sys
from pathlib import Path

from lmm.check import read_config
from lmm.clean.preflight import preflight
from lmm.errors import InputError
from lmm.job import job, study_of
from lmm.stages.places import log_place, places
from lmm.stages.whole import stages, whole
from lmm.study import load, nearest


def run(config: Path, name: str, stage: str | None = None) -> str:
    """Run the study of that name; its files are written below the working folder, where Snakemake would have them.

    Args:
        config: path of a config file. name: of one of its studies.
        stage: this stage alone, on what the earlier ones have left; all stages when None.

    Returns:
        What was done, a line.

    Raises:
        InputError: the config is mistaken, or has no such study; or the study has no such stage.
        SystemExit: a stage ended with a sentence, which then stands in its log and on standard error.
    """
    content = read_config(config)
    known = [study.name for study in load(content)]
    if name not in known:
        raise InputError(f"{config} has no study '{name}'; {_meant(name, known)}")
    study = study_of(content, name)
    preflight([study], Path())
    if stage is None:
        whole(study, content, lambda each: print(f"{name}: {each}", file=sys.stderr))
        return f"{name}: {places(study)['page']}"
    work = dict(stages(study, content))
    if stage not in work:
        raise InputError(f"study {name} has no stage '{stage}'; {_meant(stage, list(work))}")
    with job(log_place(study, stage)) as note:
        work[stage](note)
    return f"{name}: {stage} is done; its notes are in {log_place(study, stage)}"


def _meant(word: str, known: list[str]) -> str:
    guess = nearest(word, known)
    return f"did you mean '{guess}'?" if guess else f"there are {', '.join(known)}."
