"""Earlier results outlive a run that fails: Snakemake removes what a job is to make before the job starts.

They keep a second name, in results/.kept and reports/.kept, until the run is over. What a failed or killed run has not
made anew gets its first name back, older than anything else, so that the next run makes it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from lmm.errors import InputError

_TOPS = ("results", "reports")
_KEPT = ".kept"
"""Below each of these and not in one place: links end at the border of a disk."""
_LONG_AGO = 1
"""Seconds since 1970; Snakemake takes 0 for no time at all."""
_TIMESTAMP = ".snakemake_timestamp"
"""What Snakemake leaves in a folder that a job has filled, and reads the folder's time from."""


def keep(paths: Iterable[str]) -> None:
    """Keep a second name of each file or folder that is whole, whatever becomes of the first; `bring_back` ends it.

    Raises InputError where a second name finds no room: the run would put the first at risk.
    """
    for path in map(Path, paths):
        if not _whole(path):
            continue
        second = _second(path)
        try:
            second.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{second} cannot be written ({error.strerror}); free some space and run again."
            ) from error
        with suppress(OSError):  # its file system has no links
            if path.is_dir():
                shutil.copytree(path, second, copy_function=os.link)
            else:
                os.link(path, second)


def bring_back() -> list[str]:
    """Give what was kept and is gone its name back, outdated, and forget the second names; return the paths."""
    found = []
    for path in [path for top in _TOPS for path in sorted(_first_names(Path(top, _KEPT)))]:
        if not _whole(path):
            if path.is_dir():
                shutil.rmtree(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            outdate(_second(path))  # before it has its name: a run killed here must not leave it looking new
            _second(path).replace(path)
            found.append(path.as_posix())
    for top in _TOPS:
        shutil.rmtree(Path(top, _KEPT), ignore_errors=True)
    return found


def outdate(path: str | Path) -> None:
    """Make a file older than any other, so that Snakemake makes it anew."""
    dated = Path(path, _TIMESTAMP) if Path(path).is_dir() else path
    os.utime(dated, (_LONG_AGO, _LONG_AGO))


def _second(path: Path) -> Path:
    top, *below = path.parts
    return Path(top, _KEPT, *below)


def _first_names(folder: Path) -> Iterator[Path]:
    """Yield the first names of what lies below a folder of second ones; of a folder that a job fills, its own alone."""
    for second in folder.iterdir() if folder.is_dir() else ():
        if second.is_dir() and not Path(second, _TIMESTAMP).exists():
            yield from _first_names(second)
        else:
            top, _, *below = second.parts
            yield Path(top, *below)


def _whole(path: Path) -> bool:
    """Whether it is there, and, being a folder, whether the job that filled it came to its end."""
    return Path(path, _TIMESTAMP).exists() if path.is_dir() else path.exists()
