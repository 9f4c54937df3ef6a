"""What every job of the workflow does around its one function: a log, and one sentence for what a user can mend."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lmm import files
from lmm.errors import InputError
from lmm.progress import shown
from lmm.study import Study, load

FAILURE = "error: "


@contextmanager
def job(log: str | Path) -> Iterator[Callable[[str], None]]:
    """Run a job's work; yields a function that notes a line for the log.

    An InputError ends the job with status 1: its sentence goes to standard error and, marked, to the log. Any other
    exception is a bug: its traceback goes to the log and on to the caller. Warnings go to the log alone, progress to
    standard error alone, where that is a terminal.
    """
    lines: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught, shown(_name(log)):
            yield lines.append
        lines += [f"warning: {warning.message}" for warning in caught]
    except InputError as error:
        print(error, file=sys.stderr)
        with suppress(InputError):  # the disk may be full
            files.write_text(log, f"{FAILURE}{error}\n")
        raise SystemExit(1) from None
    except (Exception, KeyboardInterrupt):
        with suppress(InputError):
            files.write_text(log, traceback.format_exc())
        raise
    files.write_text(log, "".join(f"{line}\n" for line in lines))


def study_of(config: Mapping[str, Any], name: str) -> Study:
    """Return the study of that name in a config."""
    return next(study for study in load(config) if study.name == name)


def forget_failures(logs: str | Path) -> None:
    """Remove the logs of jobs that failed in an earlier run, so that a later one does not repeat their sentences."""
    for log in _failures(logs):
        log.unlink(missing_ok=True)


def tell_of_killed(failed: Iterable[Iterable[tuple[str, str, str]]]) -> None:
    """Say in the logs of jobs that failed without a word that they were killed.

    Args:
        failed: rule, study ("" for a job of all studies) and log of each job that failed, those together that went to
            a cluster as one. Snakemake empties a log before its job starts, and a job that lives to its end writes it.
    """
    for jobs in failed:
        said = {job: _text(job[2]) for job in jobs}
        if any(text.startswith((FAILURE, "Traceback")) for text in said.values()):
            continue
        silent = sorted((job for job, text in said.items() if not text), key=lambda job: not Path(job[2]).exists())
        if not silent:
            continue
        rule, study, log = silent[0]  # those that follow it have not begun
        where = f"study {study}: " if study else ""
        sentence = (
            f"{where}the job of rule {rule} ended without a word, as when it is killed because memory ran out (on a "
            "cluster, its time too). Run again with fewer jobs at a time (--cores 1) or on a machine with more memory; "
            f"on a cluster, ask for more: --set-resources {rule}:mem_mb=16000 {rule}:runtime=600. Earlier results are "
            "kept."
        )
        with suppress(InputError):  # the disk may be full as well
            files.write_text(log, f"{FAILURE}{sentence}\n")


def failure_lines(logs: str | Path) -> str:
    """Return the sentences of the jobs that failed, a line each."""
    return "\n".join(log.read_text(encoding="utf-8").removeprefix(FAILURE).strip() for log in _failures(logs))


def closing_lines(studies: Iterable[Study]) -> str:
    """Return what stands at the end of a run: where the reports are that it has made, and their warnings."""
    lines = []
    for study in studies:
        page = Path("reports", study.name, "index.html")
        if not page.exists():  # a run may end earlier, as with --until
            continue
        lines.append(f"{study.name}: {page}")
        decision = files.read_json(f"results/{study.name}/select/decision.json")
        lines += [f"  warning: {warning['sentence']}" for warning in decision["final"]["warnings"]]
    if Path("reports/index.html").exists():
        lines.append("all reports: reports/index.html")
    return "\n".join(lines)


def _name(log: str | Path) -> str:
    """What a job is called by its log: study and stage, without the folder of the logs and the ending."""
    place = Path(log).with_suffix("")
    return place.relative_to("logs").as_posix() if place.parts[0] == "logs" else place.as_posix()


def _text(log: str) -> str:
    return Path(log).read_text(encoding="utf-8") if Path(log).exists() else ""


def _failures(logs: str | Path) -> list[Path]:
    return [log for log in sorted(Path(logs).rglob("*.log")) if log.read_text(encoding="utf-8").startswith(FAILURE)]
