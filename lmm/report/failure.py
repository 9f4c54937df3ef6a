"""What a run leaves of a study that failed: a page saying where and why, or a notice on that of an earlier run.

The index knows of both. What says so is made older than anything else, so that the next run that succeeds writes it
anew, without a trace of the failure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import lmm
from lmm.files import read_json, write_text
from lmm.job import FAILURE
from lmm.kept import outdate
from lmm.numbers import listing
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
    "whole": "making the study, from its table to its report, in one job",
    "whole_but_report": "making the study, from its table to its report, in one job",
}
_NOTICE = re.compile("<!-- the last run -->.*?<!-- end of the last run -->", re.DOTALL)
"""Where a page says that a later run of its study failed."""
_SENTENCE = re.compile('<p class="failed" dir="auto">(.*?)</p>', re.DOTALL)


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


def marked(page: str, failures: Iterable[Failure]) -> str:
    """The page of an earlier run, with a notice that the last run of its study failed, where and why."""
    notice = render("notice.html", failures=list(failures)).strip()
    return _NOTICE.sub(lambda _: f"<!-- the last run -->{notice}<!-- end of the last run -->", page, count=1)


def failure_said(page: str) -> str:
    """The sentences that a page gives for the failure of the last run; empty where it tells of none."""
    return html.unescape(" ".join(_SENTENCE.findall(page)))


def write_failures(studies: Iterable[Study], logs: Path, results: Path, reports: Path) -> list[Path]:
    """Say of every study that failed that it did, on its page and in the index; return the files that say so.

    A study with a report of an earlier run keeps it, with a notice. Nothing is written where no job left a sentence: a
    run that was stopped has no failed study. What is returned is outdated, and to be made anew by the next run.
    """
    studies = list(studies)
    failed = failures_of(studies, logs)
    if not failed:
        return []
    entries, written = {}, []
    failed = _waiting(studies, failed, results) | failed
    for study in studies:
        entry, page = results / study.name / "report/entry.json", reports / study.name / "index.html"
        if entry.exists() and page.exists():
            entries[study.name] = read_json(entry)
        if study.name in failed:
            mine = failed[study.name]
            earlier = study.name in entries
            text = marked(page.read_text(encoding="utf-8"), mine) if earlier else failure_page(study, mine)
            write_text(page, text)
            written.append(page)
    families = [read_json(path) for path in sorted(results.glob("families/*.json"))]
    # A study that failed in an earlier run and was not reached in this one still says so on its page.
    pages = {study.name: reports / study.name / "index.html" for study in studies}
    said = {name: failure_said(page.read_text(encoding="utf-8")) for name, page in pages.items() if page.exists()}
    index = reports / "index.html"
    write_text(index, index_page(studies, entries, families, {name: why for name, why in said.items() if why}))
    written.append(index)
    for path in written:
        outdate(path)
    return written


def waiting_lines(studies: Iterable[Study], logs: Path, results: Path) -> list[str]:
    """A sentence for each study without a report that waits for another of its family, which failed."""
    studies = list(studies)
    waiting = _waiting(studies, failures_of(studies, logs), results)
    return [failure.sentence for failures in waiting.values() for failure in failures]


def _waiting(studies: list[Study], failed: dict[str, list[Failure]], results: Path) -> dict[str, list[Failure]]:
    """The studies without a report that did not fail themselves, but belong to the family of one that did."""
    found = {}
    for study in studies:
        lost = [one for one in studies if one.family is not None and one.family == study.family and one.name in failed]
        if lost and study.name not in failed and not (results / study.name / "report/entry.json").exists():
            names = listing([one.name for one in lost])
            sentence = (
                f"study {study.name}: its report waits for {names} of family {study.family}, as p-values are adjusted "
                f"across all studies of a family. Mend {names}, or take the key family out of the block of {names}."
            )
            stage = f"waiting for other studies of family {study.family}"
            found[study.name] = [Failure(stage, failed[lost[0].name][0].log, sentence)]
    return found


def _sentence(log: Path) -> str | None:
    text = log.read_text(encoding="utf-8")
    return text.removeprefix(FAILURE).strip() if text.startswith(FAILURE) else None
