"""The working folder of a run: may it be written to, what have killed runs left behind, is anything later than now."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from lmm.errors import InputError
from lmm.files import UNFINISHED

WRITTEN = ("results", "reports", "logs")
"""Folders that jobs write to."""
CLOCKS_APART = 30.0
"""Seconds by which the clock of a file server may well be ahead of this machine's."""
_LEAST = 10**5
"""Bytes; with less, not even the logs of a run may find room."""


def assert_room() -> None:
    """Refuse a working folder whose disks are full, each in a line; raises InputError."""
    full = {place.stat().st_dev: place.resolve() for place in _places() if shutil.disk_usage(place).free < _LEAST}
    if full:
        what = "is full; free some space and run again."
        raise InputError("\n".join(f"The disk of {place} {what}" for place in full.values()))


def assert_writable() -> None:
    """Refuse a working folder that may not be written to, each place in a line; raises InputError."""
    closed = [place.resolve() for place in _places() if not os.access(place, os.W_OK | os.X_OK)]
    if closed:
        what = "cannot be written to; make it writable, or run in another folder (--directory)."
        raise InputError("\n".join(f"The folder {place} {what}" for place in closed))


def _places() -> list[Path]:
    return [Path(), *(Path(folder) for folder in WRITTEN if Path(folder).is_dir())]


def forget_unfinished() -> None:
    """Remove what killed jobs were writing: files under temporary names that nobody will rename."""
    for folder in WRITTEN:
        for path in Path(folder).rglob(f".*{UNFINISHED}"):
            path.unlink(missing_ok=True)


def bring_to_now() -> None:
    """Date results later than now, of a clock that was ahead, to now: else what follows from them runs every time."""
    now = time.time()
    for folder in WRITTEN:
        for path in Path(folder).rglob("*"):
            if path.is_file() and path.stat().st_mtime > now:
                os.utime(path, (now, now))


def assert_none_later_than_now(paths: Iterable[str]) -> None:
    """Refuse files that are dated later than now, a line each: what is made from them would look older than they are.

    Those that are less than `CLOCKS_APART` ahead are waited for, with a word on standard error. Raises InputError;
    paths without a file are passed over.
    """
    now = time.time()
    found = {path: Path(path).stat().st_mtime for path in dict.fromkeys(paths) if Path(path).exists()}
    what = "later than now: what is made from it would look older. Set the clock right, or"
    refused = [
        f"{path} is dated {datetime.fromtimestamp(when):%Y-%m-%d %H:%M}, {what} `touch {path}`."
        for path, when in found.items()
        if when > now + CLOCKS_APART
    ]
    if refused:
        raise InputError("\n".join(refused))
    last = max(found, key=lambda path: found[path], default=None)
    if last is not None and found[last] > now:
        ahead = found[last] - now
        print(f"{last} is dated {ahead:.0f} s later than now (two clocks apart?): waiting.", file=sys.stderr)
        time.sleep(ahead)
