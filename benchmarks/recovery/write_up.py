"""Cells → figures and page."""

import sys
from pathlib import Path

from drawing import FIGURES, write_drawing, write_picture
from rates import Cell
from recovery import scenario_of

from lmm.files import read_json, write_text
from lmm.job import job

sys.path.append(str(Path(snakemake.scriptdir).parent))  # for the tables of the benchmarks' pages
from wording import page

with job(snakemake.log[0]):
    settings = snakemake.params.study
    scenarios = [scenario_of(name, block) for name, block in settings["scenarios"].items()]
    cells = [Cell.from_dict(found) for found in read_json(snakemake.input.cells)]
    for figure, drawing, picture in zip(FIGURES, snakemake.output.drawings, snakemake.output.pictures, strict=True):
        write_drawing(figure, scenarios, cells, drawing)
        write_picture(figure, scenarios, cells, picture)
    write_text(snakemake.output.page, page(settings, scenarios, cells))
