#!/bin/sh
# An environment for each Python peer in benchmarks/.envs, so that none decides what another runs on.
# PYTHON is the interpreter to build them with; lme4 is taken from the R on the PATH (Debian: r-cran-lme4).
set -eu
cd "$(dirname "$0")"
for tool in mixedlm mixedlm-rs lme-python gpboost; do
    "${PYTHON:-python3}" -m venv ".envs/$tool"
    ".envs/$tool/bin/python" -m pip install --quiet --disable-pip-version-check -r "requirements/$tool.txt"
done
command -v Rscript >/dev/null || { echo "Rscript is not on the PATH: lme4 will be left out." >&2; exit 0; }
Rscript -e 'library(lme4)' >/dev/null 2>&1 || echo "R has no lme4: it will be left out." >&2
