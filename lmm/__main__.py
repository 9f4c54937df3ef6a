"""The command line: `python -m lmm fit FORMULA TABLE` and `python -m lmm schema`."""

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
    schema = commands.add_parser("schema", help="print the JSON schema of config.yaml")
    schema.set_defaults(command=_schema)
    return parser


def _fit(chosen: argparse.Namespace) -> str:
    import pandas as pd

    from lmm.clean.header import ENCODING, position, read_header
    from lmm.formula import parse
    from lmm.model import fit

    header = read_header(chosen.table, str(chosen.table))
    for column in [*parse(chosen.formula).variables, *filter(None, [chosen.weights])]:
        position(header, column, "variable", str(chosen.table))
    table = pd.read_csv(chosen.table, sep=header.delimiter, encoding=ENCODING)
    return fit(chosen.formula, table, reml=not chosen.ml, weights=chosen.weights).summary()


def _schema(chosen: argparse.Namespace) -> str:
    from lmm.study import schema

    return json.dumps(schema(), indent=1, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
