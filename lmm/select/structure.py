"""How the outcome may vary by one grouping factor: an intercept, and a slope with or without its correlation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmm.formula.deparse import name_text

if TYPE_CHECKING:
    from lmm.study import Study

INTERCEPT, UNCORRELATED, SLOPE = "intercept", "uncorrelated", "slope"


@dataclass(frozen=True)
class Structure:
    """The random part of one grouping factor.

    `kind` is "intercept" for (1 | g), "uncorrelated" for (x || g), "slope" for (x | g) with its correlations;
    `slopes` is the text x of the study's block, None where the study has none for this factor.
    """

    group: str
    kind: str
    slopes: str | None = None

    @property
    def id(self) -> str:
        """Short name, safe in file names: "Subject.slope", "batch-cask.intercept"."""
        return re.sub(r"\W+", "-", self.group) + f".{self.kind}"

    @property
    def term(self) -> str:
        """The random term in a formula."""
        group = ":".join(name_text(column) for column in self.group.split(":"))
        inside = {INTERCEPT: "1 |", UNCORRELATED: f"{self.slopes} ||", SLOPE: f"{self.slopes} |"}[self.kind]
        return f"({inside} {group})"

    @property
    def words(self) -> str:
        """The structure in words: "intercept by Subject", "intercept and uncorrelated slope of Days by Subject"."""
        slope = {UNCORRELATED: f" and uncorrelated slope of {self.slopes}", SLOPE: f" and slope of {self.slopes}"}
        return f"intercept{slope.get(self.kind, '')} by {self.group}"

    def with_kind(self, kind: str) -> Structure:
        """The same grouping factor with another structure."""
        return Structure(self.group, kind, self.slopes)


RandomPart = tuple[Structure, ...]
"""The random part of a candidate: a structure for each grouping factor entered so far, in the study's order."""


def structures(study: Study, group: str) -> RandomPart:
    """The structures a grouping factor may end with, simplest first."""
    slopes = study.slopes.get(group)
    kinds = [INTERCEPT]
    if slopes is not None:
        kinds += [UNCORRELATED] if study.ladder.correlations == "drop" else [UNCORRELATED, SLOPE]
    return tuple(Structure(group, kind, slopes) for kind in kinds)


def replaced(random: RandomPart, place: int, structure: Structure) -> RandomPart:
    """A random part with another structure at one place."""
    return (*random[:place], structure, *random[place + 1 :])


def random_part_id(random: RandomPart) -> str:
    """Name of a random part: "childid.slope+schoolid.intercept"."""
    return "+".join(structure.id for structure in random)
