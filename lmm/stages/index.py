"""The entries of all studies → the index of their pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lmm.files import read_json, write_text
from lmm.report import index_page

if TYPE_CHECKING:
    from lmm.stages.files import Files
    from lmm.study import Study


def index(studies: Iterable[Study], inputs: Files, outputs: Files) -> None:
    """Write the index; reads entries and families, writes page."""
    entries = {entry["study"]: entry for entry in map(read_json, inputs["entries"])}
    write_text(outputs["page"], index_page(list(studies), entries, list(map(read_json, inputs["families"]))))
