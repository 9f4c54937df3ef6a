"""The inferences of a family's studies → their p-values, adjusted for their number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmm.files import read_json, write_json
from lmm.infer import family as adjusted

if TYPE_CHECKING:
    from lmm.stages.files import Files, Note
    from lmm.study.family import Members


def family(members: Members, inputs: Files, outputs: Files, note: Note) -> None:
    """Adjust the p-values; reads inferences, writes family."""
    inferences = {one["study"]: one for one in map(read_json, inputs["inferences"])}
    found = adjusted.family(members.name, members.adjustment, members.studies, inferences)
    write_json(outputs["family"], found)
    note(f"{len(found['tests'])} tests of {len(found['members'])} studies")
