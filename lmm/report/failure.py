"""What a run leaves of a study that failed: a page saying where and why, and an index that knows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lmm
from lmm.files import read_json, write_text
from lmm.job import FAILURE
from lmm.report.index import index_page
from lmm.report.rendering import render

if TYPE_CHECKING:
    from lmm.study import Study

_STAGES = {
    "clean": "cleaning the table",
    "fit": "fitting the models",
    "gather_rungs": "fitting the models",
    "select": "choosing the model",
    "crossvalidation": "cross-validation",
    "inclusion": "selecting fixed effects from samples of groups",
    "sensitivity": "the sensitivity analysis",
    "infer": "inference",
    "diagnose": "checking the model",
    "report": "writing the report",
}


@dataclass(frozen=True)
class Failure:
    """A job of a study that failed: the stage in words, its log, and the sentence that says why."""

    stage: str
    log: str
    sentence: str


def failures_of(studies: Iterable[Study], logs: Path) -> dict[str, list[Failure]]:
    """The jobs of each study that failed with a sentence, by the study's name, in the order of their logs."""
    found = {}
    for study in studies:
        folder = logs / study.name
        mine = [
            Failure(_STAGES.get(log.relative_to(folder).parts[0].removesuffix(".log"), log.stem), log.as_posix(), said)
            for log in sorted(folder.rglob("*.log"))
            if (said := _sentence(log)) is not None
        ]
        if mine:
            found[study.name] = mine
    return found


def failure_page(study: Study, failures: Iterable[Failure]) -> str:
    """The page of a study without a report: at which stage it stopped, why, and what to do."""
    return render(
        "failure.html",
        title=study.title or study.name,
        study=study,
        failures=list(failures),
        version=lmm.__version__,
    )


def write_failures(studies: Iterable[Study], logs: Path, results: Path, reports: Path) -> None:
    """Write a page for every failed study that has no report from an earlier run, and the index of all studies.

    A study with an earlier report keeps it, and its card. Nothing is written where no job left a sentence: a run that
    was stopped has no failed study.
    """
    studies = list(studies)
    entries = {
        study.name: read_json(path)
        for study in studies
        if (path := results / study.name / "report/entry.json").exists()
    }
    failed = failures_of([study for study in studies if study.name not in entries], logs)
    if not failed:
        return
    for study in studies:
        if study.name in failed:
            write_text(reports / study.name / "index.html", failure_page(study, failed[study.name]))
    families = [read_json(path) for path in sorted(results.glob("families/*.json"))]
    sentences = {name: " ".join(failure.sentence for failure in mine) for name, mine in failed.items()}
    write_text(reports / "index.html", index_page(studies, entries, families, sentences))


def _sentence(log: Path) -> str | None:
    text = log.read_text(encoding="utf-8")
    return text.removeprefix(FAILURE).strip() if text.startswith(FAILURE) else None
