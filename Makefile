# make report   set up .venv, run the studies of config.yaml, leave reports/index.html
# make slurm    the same with the jobs on a cluster; ARGUMENTS are Snakemake's, such as an account
# make test     set up .venv with the test tools, run the test suite
# make lint     what .ci/run checks beside the tests
# make lock     pin the newest versions that fit together in requirements.lock

PYTHON ?= python3
CORES ?= 4
WORKERS ?= 2

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock

.PHONY: report slurm test lint lock

report: .venv/installed
	@$(BIN)/python workflow/resume.py --cores $(CORES)
	@echo "Open $(CURDIR)/reports/index.html in a browser."

slurm: .venv/installed-for-slurm
	@$(BIN)/python workflow/resume.py --profile workflow/profiles/slurm $(ARGUMENTS)
	@echo "Open $(CURDIR)/reports/index.html in a browser."

test: .venv/installed-for-tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: .venv/installed-for-tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

# --clear: what the lock no longer names goes, and so does an environment of another Python.
# compileall: pip compiles what it installs, but not what it links to; each job would do so where Python is told not to
# write, which takes longer than most jobs.
.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv, once; this takes a minute …"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q lmm
	@touch $@

.venv/installed-for-tests: .venv/installed
	@$(PIP) --no-build-isolation --editable '.[test]'
	@touch $@

.venv/installed-for-slurm: .venv/installed
	@$(PIP) --no-build-isolation --editable '.[slurm]'
	@touch $@

lock: .venv/installed-for-tests
	@$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --upgrade --quiet --extra slurm --extra test --build-deps-for editable --allow-unsafe --strip-extras \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --output-file requirements.lock pyproject.toml
