"""What a stage is handed: the paths of the files it reads and writes, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from lmm.files import read_json
from lmm.provenance import assert_same_origin

if TYPE_CHECKING:
    from lmm.study import Study

Note = Callable[[str], None]
"""Takes a line for the stage's log."""


class Files(Protocol):
    """Paths by name, as a mapping or as Snakemake's own input and output have them."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the path of that name, or the list of paths."""


def read_results(study: Study, inputs: Files, *names: str) -> tuple[Any, ...]:
    """Return the results under these names, in their order; a name of several files gives a list of results.

    Raises InputError where any of them comes from another run: study, provenance and rows must be the same in all.
    """
    paths: dict[str, str | list[str]] = {name: inputs[name] for name in names}
    found = {
        name: read_json(path) if isinstance(path, str) else list(map(read_json, path)) for name, path in paths.items()
    }
    origins: dict[str, Mapping[str, Any]] = {}
    for name, path in paths.items():
        origins |= {path: found[name]} if isinstance(path, str) else dict(zip(path, found[name], strict=True))
    assert_same_origin(study, origins)
    return tuple(found.values())
