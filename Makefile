# Two commands do all the set-up: `make demo` runs the loop, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := common build deploy seed_code local

# Set-up compiles nothing: Python compiles a module at its first import.
unexport PYTHONDONTWRITEBYTECODE

# The pip that comes with a Python takes twice as long as a new one.
NEW_PIP = sed -n '/^pip==/,/[^\\]$$/p' requirements.lock | \
  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r /dev/stdin

.PHONY: demo extras test test-slow test-installed test-workflows test-recipes check style imports duplicates types docs smoke bench kills audit dist lock clean

demo: $(VENV)/.demo
	@$(BIN)/local-aws demo $(ARGS)

# What only some recipes need, such as torch: see extras.txt.
extras: $(VENV)/.extras

# In the order of tests/conftest.py: xdist would put the files with the fewest tests last, which are the longest.
PYTEST = $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder

test: $(VENV)/.check
	@$(PYTEST) -m "not slow" $(ARGS)

WORKFLOWS = tests/e2e/test_workflows.py tests/e2e/test_demo.py tests/e2e/test_smoke.py tests/e2e/test_documentation.py
RECIPES = tests/e2e/test_recipes.py tests/e2e/test_created_recipes.py

# Whole loops, kills at many moments, templates under every linter.
test-slow: $(VENV)/.check
	@$(PYTEST) -m slow $(WORKFLOWS:%=--ignore=%) $(RECIPES:%=--ignore=%) $(ARGS)

# The packages as pip installs them from wheels, with the Python that `python3` is: their commands start, and pour both repositories.
test-installed:
	@rm -rf .installed && python3 -m venv .installed/venv
	@.installed/venv/bin/python -m pip install --quiet --disable-pip-version-check ./common ./build ./deploy ./seed_code
	@for program in model-build model-deploy project-template; do .installed/venv/bin/$$program --version || exit 1; done
	@for seed in build deploy; do .installed/venv/bin/project-template seed $$seed --to .installed/$$seed || exit 1; done

# Both workflows on the embedded GitHub, their demonstration, `smoke`, and the commands of the documentation. A job of its own in CI: it takes long.
test-workflows: $(VENV)/.check
	@$(BIN)/python -m pytest $(WORKFLOWS) $(ARGS)

# Every recipe from its data to a verified endpoint, on real data where ../shared/data has it, and in a project that was created
# with it. A job of its own in CI, too.
test-recipes: $(VENV)/.check extras
	@$(BIN)/python -m pytest $(RECIPES) $(ARGS)

# extras.txt is downloaded while the linters run. mypy runs beside the tests, which mostly wait.
# The 25 slowest tests of each run are printed.
check:
	@$(MAKE) --no-print-directory --jobs=3 style docs extras
	@$(MAKE) --no-print-directory --jobs=2 types test ARGS="--durations=25 $(ARGS)"
	@$(MAKE) --no-print-directory test-slow ARGS="--durations=25 $(ARGS)"

style: $(VENV)/.check
	@$(BIN)/black --check --quiet . || { $(BIN)/black --check .; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(MAKE) --no-print-directory imports duplicates

imports: $(VENV)/.check
	@PYTHONPATH=seed_code/functions $(BIN)/lint-imports

# Product code only: a recipe or a stage is complete by itself. Ten equal lines are more than jscpd's minLines, 9.
duplicates: $(VENV)/.check
	@mkdir -p .cache
	@PATH="$$PWD/$(BIN):$$PATH" tests/tools/node_modules/.bin/jscpd --no-colors --config .jscpd.json $(PACKAGES) >.cache/jscpd.log 2>&1 || { cat .cache/jscpd.log >&2; exit 1; }

types: $(VENV)/.check
	@$(BIN)/mypy

# mkdocs prints warnings only with all other output.
docs: $(VENV)/.check
	@mkdir -p .cache
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict 2>.cache/mkdocs.log || { cat .cache/mkdocs.log >&2; exit 1; }

# The whole life of a project in your account, once: make smoke ARGS="--github-org LOGIN --token-secret ARN". It asks first.
smoke: $(VENV)/.demo
	@$(BIN)/project-template smoke $(ARGS)

# The benches of Spark and of the transformer are left out, by name, where `make extras` was not run.
bench: $(VENV)/.bench
	@$(BIN)/python -m bench $(ARGS)

# Known vulnerabilities of the pinned packages, or that no advisory service can be reached.
audit: $(VENV)/.check
	@$(BIN)/python .github/audit.py requirements.lock requirements-check.lock build/requirements.lock deploy/requirements.lock

# The claims of docs/threat-model.md on killed commands and bad models, at KILLS=25 moments and in ROUNDS=20.
kills: $(VENV)/.check
	@$(BIN)/python -m bench.kills

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(NEW_PIP)

# GitHub's own parser of workflows, for the embedded GitHub.
LANGUAGE := local/local_aws/github/actions/node
NPM_CI = PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2

# Hashes are checked; the packages of this repository are installed editable and build without an index.
$(VENV)/.demo: requirements.lock $(PACKAGES:%=%/pyproject.toml) $(LANGUAGE)/package-lock.json | $(VENV)/bin/python
	@echo "Setting up $(VENV) (about 250 MB to download, once)" >&2
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@cd $(LANGUAGE) && $(NPM_CI)
	@touch $@

$(VENV)/.check: requirements-check.lock tests/tools/package-lock.json $(VENV)/.demo
	@echo "Setting up the checking tools" >&2
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes -r requirements-check.lock
	@cd tests/tools && $(NPM_CI)
	@find tests/tools/node_modules/@octokit/openapi -type f ! -name package.json ! -path '*/generated/api.github.com.json' -delete
	@touch $@

$(VENV)/.extras: extras.txt $(VENV)/.demo
	@echo "Setting up what extras.txt names" >&2
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r extras.txt
	@touch $@

$(VENV)/.bench: bench/requirements.txt $(VENV)/.check
	@$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -r bench/requirements.txt
	@touch $@

# What a release consists of: make dist TAG=v1.2.3
dist: $(VENV)/.demo
	@$(BIN)/python .github/release.py "$(TAG)" dist $(PACKAGES)

UV_COMPILE = uv pip compile --quiet --no-emit-package model-common --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock:
	$(UV_COMPILE) $(PACKAGES:%=%/pyproject.toml) --group pyproject.toml:install -o requirements.lock
	$(UV_COMPILE) $(PACKAGES:%=%/pyproject.toml) --group pyproject.toml:install --group pyproject.toml:check -c requirements.lock -o requirements-check.lock
	$(UV_COMPILE) --no-annotate build/pyproject.toml --group build/pyproject.toml:dev -c requirements-check.lock -o build/requirements.lock
	$(UV_COMPILE) --no-annotate deploy/pyproject.toml --group deploy/pyproject.toml:dev -c requirements-check.lock -o deploy/requirements.lock
	$(UV_COMPILE) --no-annotate local/pyproject.toml -c requirements-check.lock -o local/requirements.lock

clean:
	rm -rf $(VENV) .cache dist .mypy_cache .ruff_cache .pytest_cache tests/tools/node_modules $(LANGUAGE)/node_modules
