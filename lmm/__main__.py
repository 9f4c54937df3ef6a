"""The command line: `python -m lmm` fit, check, run, init, schema and docs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from lmm.errors import InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0, or 2 where the user can mend something."""
    chosen = _parser().parse_args(arguments)
    try:
        print(chosen.command(chosen))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lmm", description="Linear mixed models.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fit = commands.add_parser("fit", help="fit one model to a CSV table and print its summary")
    fit.add_argument("formula", help="as in lme4, for example 'Reaction ~ Days + (Days | Subject)'")
    fit.add_argument("table", type=Path, help="a CSV file, compressed or not")
    fit.add_argument("--ml", action="store_true", help="maximum likelihood instead of REML")
    fit.add_argument("--weights", metavar="COLUMN", help="column of prior weights")
    fit.set_defaults(command=_fit)
    check = commands.add_parser("check", help="say whether a config and its tables will run, and what would be done")
    check.add_argument("config", type=Path, help="a config file")
    check.add_argument("--directory", type=Path, default=Path(), help="folder that the config's paths start from")
    check.set_defaults(command=_check)
    run = commands.add_parser("run", help="run a study in this process, without Snakemake: all stages, or one alone")
    run.add_argument("config", type=Path, help="a config file; results/ and reports/ are written to this folder")
    run.add_argument("study", help="name of the study")
    run.add_argument("--stage", help="this stage alone, on what the earlier ones have left")
    run.set_defaults(command=_run)
    init = commands.add_parser("init", help="look at a table and print a first config for it, commented")
    init.add_argument("table", type=Path, help="a table of any format that a study can have")
    init.set_defaults(command=_init)
    schema = commands.add_parser("schema", help="print the JSON schema of config.yaml")
    schema.set_defaults(command=_schema)
    docs = commands.add_parser("docs", help="print the page that documents every key, docs/config.md")
    docs.set_defaults(command=_docs)
    return parser


def _fit(chosen: argparse.Namespace) -> str:
    from lmm.clean.header import position, read_header
    from lmm.clean.read import read_file
    from lmm.formula import parse
    from lmm.model import fit
    from lmm.study.source import Table

    where = str(chosen.table)
    needed = [*parse(chosen.formula).variables, *filter(None, [chosen.weights])]
    header = read_header(chosen.table, where)
    for column in needed:
        position(header, column, "variable", where)
    table, _ = read_file(chosen.table, Table(file=where), where, list(dict.fromkeys(needed)))
    return fit(chosen.formula, table, reml=not chosen.ml, weights=chosen.weights).summary()


def _check(chosen: argparse.Namespace) -> str:
    from lmm.check import check

    return check(chosen.config, chosen.directory)


def _run(chosen: argparse.Namespace) -> str:
    from lmm.run import run

    return run(chosen.config, chosen.study, chosen.stage)


def _init(chosen: argparse.Namespace) -> str:
    from lmm.init import init

    return init(chosen.table)


def _schema(chosen: argparse.Namespace) -> str:
    from lmm.study import schema

    return json.dumps(schema(), indent=1, ensure_ascii=False)


def _docs(chosen: argparse.Namespace) -> str:
    from lmm.study.reference import page

    return page().rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
