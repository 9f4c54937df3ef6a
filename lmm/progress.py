"""How far long work is, for whoever watches: at most a line in ten seconds, and none for work that is shorter."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 10.0
_LOG = logging.getLogger("lmm.progress")
_LOG.setLevel(logging.INFO)
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False


class Progress:
    """Counts what is done of some work, and says so from time to time.

    Example:
        >>> progress = Progress(1000, "bootstrap draws")
        >>> progress.add(50)
    """

    def __init__(self, number: int, what: str):
        self.number, self.what, self.done = number, what, 0
        self._said = time.monotonic()

    def add(self, done: int = 1) -> None:
        """Count so many as done."""
        self.done += done
        now = time.monotonic()
        if now - self._said >= SECONDS:
            self._said = now
            _LOG.info("%d of %d %s", self.done, self.number, self.what)


@contextmanager
def shown(name: str) -> Iterator[None]:
    """Show progress on standard error, after the name of the work, where that is a terminal; logs stay quiet."""
    if not sys.stderr.isatty():
        yield
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{name.replace('%', '%%')}: %(message)s"))
    _LOG.addHandler(handler)
    try:
        yield
    finally:
        _LOG.removeHandler(handler)
