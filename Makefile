# make run    the whole system on the sample mailbox; on other mails: make run MAILS=folder; from a zip: PACKAGE=zip
# make test   every check
# make soak   the fault tests in full: 10,000 mails, and twenty times the examples; takes two hours
# make package          dist/invoice-agent.zip, built and verified
# make bench-coldstart  what a cold start costs, beside a bare app and a package that nobody thought about
# make bench-pdf        readers of PDF text side by side; other documents than the corpus: FOLDER=folder
# make bench-suggestions  how often a misprinted name suggests its vendor, by threshold: VENDORS=vendors.csv
# make bench-vendors    what finding a vendor costs among 1,000 and among many on the storage emulator: VENDORS=20000
# make quality          how much is read rightly of documents whose values are known, and which frauds are held: TRUTH=truth.csv, ARGS=--errors
# make setup  what all need: .venv, the storage emulator, wheels; does nothing when all is there
# make lock   requirements.txt and the dev group resolved again, with hashes

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := test
.PHONY: setup run test soak package bench-coldstart bench-pdf bench-vendors bench-suggestions quality lint types imports tests lock clean

VERSION  := $(shell cat .python-version)
PYTHON   ?= python$(VERSION)
BIN      := .venv/bin
EMULATOR := infrastructure/local/storage/package-lock.json
CHECKOV  := infrastructure/bicep/checkov-requirements-lock.txt
# The tests start a thousand interpreters: without bytecode each one compiles all that it imports. Of msgraph's 16,700
# files a few hundred are used; their bytecode is left to whoever imports them.
unexport PYTHONDONTWRITEBYTECODE

# A variable that stands on make's command line; one of the environment is somebody else's.
given     = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)))

PACKAGED  = $(if $(call given,PACKAGE),--package $(call given,PACKAGE))

setup: .venv/.ready .tools/azurite/.ready .tools/wheels/.ready .tools/checkov/.ready

.venv/.ready: requirements-lock.txt tests/requirements-lock.txt .python-version
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found; install Python $(VERSION), or name it: make PYTHON=/path/to/python$(VERSION)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; found = "%d.%d" % sys.version_info[:2]; sys.exit(found != "$(VERSION)" and "make: $(PYTHON) is Python " + found + ", but the app is deployed on $(VERSION); name the right one: make PYTHON=/path/to/python$(VERSION)")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "make: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt-get install python$(VERSION)-venv" >&2; exit 1; }
	@echo "setting up .venv (once, about a minute)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-lock.txt -r tests/requirements-lock.txt
	@$(BIN)/python -m compileall -q -j 0 -x /msgraph/ .venv/lib
	@touch $@

.tools/azurite/.ready: .venv/.ready $(EMULATOR)
	@echo "setting up the storage emulator (once, under a minute)"
	@$(BIN)/python -m infrastructure.local install
	@touch $@

.tools/wheels/.ready: .venv/.ready requirements-lock.txt infrastructure/package/policy.toml
	@echo "setting up what packages are made of (once, under a minute)"
	@$(BIN)/python -m infrastructure.package fetch
	@touch $@

# The policy checker of Bicep wants other versions than the app does, so it has an environment of its own.
.tools/checkov/.ready: .venv/.ready $(CHECKOV)
	@echo "setting up the policy checker of Bicep (once, under a minute)"
	@rm -rf .tools/checkov && $(PYTHON) -m venv .tools/checkov
	@.tools/checkov/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $(CHECKOV)
	@touch $@

run: .venv/.ready .tools/azurite/.ready
	@$(BIN)/python -m infrastructure.local run $(strip $(call given,ARGS) $(PACKAGED) $(call given,MAILS))

test: lint types imports tests

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# What watches the clock, hosts of their own and their faults, has the machine for itself.
CLOCKED = $(addprefix tests/faults/test_,crash_matrix.py chaos.py races.py costs.py) tests/local

tests: setup
	$(BIN)/python -m pytest --cov-fail-under=0 --numprocesses=auto $(CLOCKED:%=--ignore=%)
	$(BIN)/python -m pytest --cov-append $(CLOCKED)

soak: setup
	SOAK=1 $(BIN)/python -m pytest --no-cov tests/faults

package: setup
	@$(BIN)/python -m infrastructure.package build
	@$(BIN)/python -m infrastructure.package verify dist/invoice-agent.zip

bench-coldstart: package
	@$(BIN)/python -m infrastructure.bench.coldstart

bench-pdf: .venv/.ready
	@$(BIN)/python -m infrastructure.bench.pdf_text $(call given,FOLDER)

bench-suggestions: .venv/.ready
	@$(BIN)/python -m infrastructure.bench.suggestions $(call given,VENDORS)

bench-vendors: .venv/.ready .tools/azurite/.ready
	@$(BIN)/python -m infrastructure.bench.vendors $(call given,VENDORS)

quality: .venv/.ready
	@$(BIN)/python -m infrastructure.operations quality $(strip $(call given,ARGS) $(call given,TRUTH))

# How every lock is resolved, whatever machine does it.
LOCKING = --upgrade --quiet --generate-hashes --no-strip-extras --no-emit-index-url --python-version $(VERSION) \
          --python-platform x86_64-manylinux_2_31 --custom-compile-command 'make lock'

lock: setup
	@$(BIN)/uv pip compile requirements.txt $(LOCKING) --output-file requirements-lock.txt
	@$(BIN)/uv pip compile --group dev $(LOCKING) --constraint requirements-lock.txt --output-file tests/requirements-lock.txt
	@$(BIN)/uv pip compile - <<< checkov $(LOCKING) --output-file $(CHECKOV)
	@$(BIN)/uv pip compile infrastructure/workflows/requirements.txt $(LOCKING) --constraint requirements-lock.txt --constraint tests/requirements-lock.txt \
	  --output-file infrastructure/workflows/requirements-lock.txt

clean:
	rm -rf .venv .tools .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage dist
