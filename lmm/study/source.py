"""Where a study's rows come from: files, how each is laid out, and tables joined to them on keys."""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from lmm.study.block import Block

PATH, BLOCK, LIST = "«path»", "«block»", "«list»"
"""Pydantic names the branch of a union in its errors; these marks keep the branches apart from keys."""


class Table(Block):
    """One file, with what its content cannot tell or tells wrongly."""

    file: str = Field(
        min_length=1, description="Path of the file from the working folder; its ending names its format."
    )
    delimiter: str | None = Field(
        None, min_length=1, max_length=1, description="Character between the cells; detected when left out."
    )
    decimal: Literal[".", ","] | None = Field(None, description="Decimal mark; detected when left out.")
    thousands: Literal[",", ".", " ", "'"] | None = Field(
        None, description="Mark between groups of three digits; detected when left out."
    )
    encoding: str | None = Field(
        None, min_length=1, description="Encoding of the text, such as utf-8 or cp1252; detected when left out."
    )
    sheet: str | None = Field(None, min_length=1, description="Sheet of an Excel file; the first when left out.")
    catalogue: str | None = Field(
        None,
        min_length=1,
        description="SAS catalogue (.sas7bcat) with the value labels of a .sas7bdat file, in the same folder.",
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str | None) -> str | None:
        try:
            known = name is None or codecs.lookup(name)._is_text_encoding
        except (LookupError, ValueError):
            known = False
        if not known:
            raise ValueError(f"there is no encoding {name!r}; give utf-8, utf-16, cp1252 or another that Python knows")
        return name

    @model_validator(mode="after")
    def _layout_of_its_format(self) -> Table:
        ending = PurePosixPath(self.file).suffix.lower()
        for key, endings in (("sheet", (".xlsx", ".xlsm")), ("catalogue", (".sas7bdat",))):
            if getattr(self, key) is not None and ending not in endings:
                raise ValueError(f"gives a {key}, which only {' and '.join(endings)} files have; take it out")
        if self.catalogue is not None and PurePosixPath(self.catalogue).name != self.catalogue:
            raise ValueError(f"gives {self.catalogue!r} as its catalogue; give a name alone, of a file in its folder")
        return self


def _branch(value: Any) -> str:
    return LIST if isinstance(value, list) else BLOCK if isinstance(value, dict | Table) else PATH


_Path = Annotated[str, Field(min_length=1)]
_File = Annotated[Annotated[_Path, Tag(PATH)] | Annotated[Table, Tag(BLOCK)], Discriminator(_branch)]
Data = Annotated[
    Annotated[_Path, Tag(PATH)] | Annotated[Table, Tag(BLOCK)] | Annotated[list[_File], Field(min_length=1), Tag(LIST)],
    Discriminator(_branch),
]
"""A path, a block that says more of the file, or a list of either whose rows are appended."""


class Join(Block):
    """A table whose columns are added to the rows of the study, matched on keys."""

    data: Data = Field(description="The table to join: a path, a block of file and layout, or a list of either.")
    on: list[str] = Field(min_length=1, description="Key columns, which both tables have.")
    rows: Literal["one", "many"] = Field(
        "one", description="Rows that a key may have in the joined table: one, or many, which repeats the study's row."
    )
    columns: list[str] | None = Field(
        None, min_length=1, description="Columns to take from the joined table; all when left out."
    )

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_word(cls, block: Any) -> Any:
        """YAML 1.1, which PyYAML and Snakemake read, takes the bare word on for true."""
        if isinstance(block, dict) and True in block and "on" not in block:
            return {("on" if key is True else key): value for key, value in block.items()}
        return block


def tables(data: str | Table | list[str | Table]) -> list[Table]:
    """Return the files that are named, in order, each with its layout."""
    listed = data if isinstance(data, list) else [data]
    return [Table(file=one) if isinstance(one, str) else one for one in listed]


def files(data: str | Table | list[str | Table], joins: list[Join]) -> list[str]:
    """Return the paths of all files that are read, those joined last and catalogues after them, each once."""
    named = [*tables(data), *(table for join in joins for table in tables(join.data))]
    beside = [PurePosixPath(table.file).with_name(table.catalogue) for table in named if table.catalogue]
    return list(dict.fromkeys([*(table.file for table in named), *map(str, beside)]))
