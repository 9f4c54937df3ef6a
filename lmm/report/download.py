"""A file beside the page: what it is called, what it holds, and what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from lmm import numbers

CONFIG = "config.yaml"
TABLES, FIGURES = "tables", "figures"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tex": "application/x-tex",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".yaml": "application/yaml",
}


@dataclass(frozen=True)
class Download:
    """A file by its path in the folder of downloads; `title` says what it holds."""

    path: str
    title: str
    content: bytes

    @property
    def kind(self) -> str:
        """The ending in capitals, as a link shows it: "CSV", "TeX"."""
        ending = PurePosixPath(self.path).suffix[1:]
        return "TeX" if ending == "tex" else ending.upper()

    @property
    def media_type(self) -> str:
        """The media type after IANA; that of TeX is in use without being registered."""
        return _MEDIA_TYPES[PurePosixPath(self.path).suffix]

    @property
    def size(self) -> str:
        """The size for a reader: "413 bytes", "12 kB", "1.2 MB"."""
        size = len(self.content)
        if size < 1000:
            return numbers.counted(size, "byte")
        return f"{numbers.count(round(size / 1000))} kB" if size < 999_500 else f"{numbers.decimal(size / 1e6, 1)} MB"
