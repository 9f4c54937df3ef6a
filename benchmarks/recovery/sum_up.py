"""All parts → a cell for each scenario, number of groups and procedure, as JSON and as a table."""

import pandas as pd
from rates import cells_of, row
from recovery import scenario_of

from lmm.files import read_json, write_json, write_whole
from lmm.job import job

with job(snakemake.log[0]) as note:
    scenarios = [scenario_of(name, block) for name, block in snakemake.params.scenarios.items()]
    cells = cells_of(scenarios, [read_json(part) for part in snakemake.input.parts], snakemake.params.effect)
    write_json(snakemake.output.cells, [cell.to_dict() for cell in cells])
    table = pd.DataFrame([row(cell) for cell in cells])
    write_whole(snakemake.output.table, lambda path: table.to_csv(path, index=False, lineterminator="\n"))
    note(f"{len(cells)} cells, {sum(sum(cell.failures.values()) for cell in cells)} failures")
