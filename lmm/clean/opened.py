"""Files opened for reading bytes, whatever compresses them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

_COMPRESSED = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def is_plain(path: Path) -> bool:
    """Say whether a file is not compressed."""
    return path.suffix.lower() not in (*_COMPRESSED, ".zip", ".zst")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading bytes, decompressed by its ending."""
    ending = path.suffix.lower()
    if ending == ".zip":
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.endswith("/")]
            if len(members) != 1:
                raise zipfile.BadZipFile(f"it holds {len(members)} files, and must hold one")
            with archive.open(members[0]) as stream:
                yield stream
    elif ending == ".zst":
        with pa.input_stream(str(path), compression="zstd") as stream:
            yield io.BufferedReader(stream)  # what pyarrow opens has no lines
    else:
        with _COMPRESSED.get(ending, open)(path, "rb") as stream:
            yield stream
