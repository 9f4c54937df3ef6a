# make report   set up .venv, run the studies of config.yaml, leave reports/index.html
# make slurm    the same with the jobs on a cluster; ARGUMENTS are Snakemake's, such as an account
# make test     set up .venv with the test tools, run the test suite
# make lint     what .ci/run checks beside the tests
# make lock     pin the newest versions that fit together in requirements.lock and, with their extras, -test and -slurm
# make audit    list the licences of what is installed; say which pinned versions have known vulnerabilities

PYTHON ?= python3
CORES ?= 4
WORKERS ?= 2

BIN := .venv/bin
TOOLS := .venv-tools/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# what is pinned, and with the very files that were pinned, is installed and nothing else
PINNED := $(PIP) --require-hashes --requirement

.PHONY: report slurm test lint lock audit

report: .venv/installed
	@$(BIN)/python workflow/resume.py --cores $(CORES)
	@echo "Open $(CURDIR)/reports/index.html in a browser."

slurm: .venv/installed-for-slurm
	@$(BIN)/python workflow/resume.py --profile workflow/profiles/slurm $(ARGUMENTS)
	@echo "Open $(CURDIR)/reports/index.html in a browser."

test: .venv/installed-for-tests
	@$(BIN)/python -m pytest --numprocesses $(WORKERS)

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
	@$(PINNED) requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q lmm
	@touch $@

.venv/installed-for-tests: requirements-test.lock .venv/installed
	@$(PINNED) requirements-test.lock
	@touch $@

.venv/installed-for-slurm: requirements-slurm.lock .venv/installed
	@$(PINNED) requirements-slurm.lock
	@touch $@

.venv-tools/installed:
	@$(PYTHON) -m venv --clear .venv-tools
	@$(TOOLS)/python -m pip install --quiet --disable-pip-version-check pip-tools pip-audit pip-licenses
	@touch $@

COMPILE = $(TOOLS)/pip-compile --upgrade --quiet --generate-hashes --build-deps-for editable --allow-unsafe \
  --strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-emit-trusted-host pyproject.toml

lock: .venv-tools/installed
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --extra test --output-file requirements-test.lock
	$(COMPILE) --constraint requirements.lock --extra slurm --output-file requirements-slurm.lock

audit: .venv/installed .venv-tools/installed
	@$(TOOLS)/pip-licenses --python $(BIN)/python
	@$(TOOLS)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
	  --requirement requirements.lock --requirement requirements-test.lock --requirement requirements-slurm.lock || \
	  { echo "A pinned version has a known vulnerability, or whoever knows of them was not reached: see above." >&2; exit 1; }
