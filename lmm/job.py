"""What every job of the workflow does around its one function: a log, and one sentence for what a user can mend."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lmm import files
from lmm.errors import InputError
from lmm.study import Study, load

FAILURE = "error: "
_LONG_AGO = 1
"""Seconds since 1970; Snakemake takes 0 for no time at all."""
_TIMESTAMP = ".snakemake_timestamp"
"""What Snakemake leaves in a folder that a job has filled, and reads the folder's time from."""


@contextmanager
def job(log: str | Path) -> Iterator[Callable[[str], None]]:
    """Run a job's work; yields a function that notes a line for the log.

    An InputError ends the job with status 1: its sentence goes to standard error and, marked, to the log. Any other
    exception is a bug: its traceback goes to the log and on to the caller. Warnings go to the log alone.
    """
    lines: list[str] = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield lines.append
        lines += [f"warning: {warning.message}" for warning in caught]
    except InputError as error:
        files.write_text(log, f"{FAILURE}{error}\n")
        print(error, file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
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


def keep(paths: Iterable[str]) -> None:
    """Keep a second name of each file or folder that is there, whatever becomes of the first; `bring_back` ends it."""
    for path in paths:
        _kept(path).parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # it is not there, or its file system has no links
            if Path(path).is_dir():
                shutil.copytree(path, _kept(path), copy_function=os.link)
            else:
                os.link(path, _kept(path))


def bring_back(paths: Iterable[str]) -> list[str]:
    """Give what was kept and is gone its name back, older than anything else, so that it is outdated; return the paths.

    The second names of the others are removed.
    """
    found = []
    for path in paths:
        if _kept(path).exists() and not _whole(Path(path)):
            _remove(Path(path))
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            _kept(path).replace(path)
            outdate(path)
            found.append(path)
        _remove(_kept(path))
    return found


def outdate(path: str | Path) -> None:
    """Make a file older than any other, so that Snakemake makes it anew."""
    dated = Path(path, _TIMESTAMP) if Path(path).is_dir() else path
    os.utime(dated, (_LONG_AGO, _LONG_AGO))


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


def _kept(path: str) -> Path:
    return Path(".snakemake", "kept", path)


def _whole(path: Path) -> bool:
    """Whether it is there, and, being a folder, whether the job that filled it came to its end."""
    return Path(path, _TIMESTAMP).exists() if path.is_dir() else path.exists()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _failures(logs: str | Path) -> list[Path]:
    return [log for log in sorted(Path(logs).rglob("*.log")) if log.read_text(encoding="utf-8").startswith(FAILURE)]
