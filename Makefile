# `make` alone lists what there is. Needs Python 3.11+, make and git; all else is fetched.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STEP := .ci/step
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input
# `make integration only=tests/integration/test_testbed.py`
only ?= tests
# Files of tests on real Kafka at once, each lot with a broker of its own: most of their time is
# waiting for what is to happen.
AT_ONCE ?= 3
# The same flags for both lock files: no host's name, no comment that tells of a machine.
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	--python-version 3.11 --no-emit-index-url --no-emit-find-links $(upgrade)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.installed ## make the virtual environment with the locked dependencies

$(VENV)/.locked: requirements-dev.lock
	@$(STEP) "virtual environment in $(VENV)" .ci/make-venv $(VENV)
	@$(STEP) "locked dependencies (about 150 MB, once)" \
		$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

# Editable, with the locked build backend: nothing is fetched here.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml
	@$(STEP) "seek-signals, editable" $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: setup ## run the whole job on embedded parts, about a minute
	@$(BIN)/seek-signals demo

.PHONY: test
test: check fast-tests mutants integration ## everything: checks, tests, mutants, real Kafka

.PHONY: test-fast
test-fast: check fast-tests ## what needs no broker: checks, unit, contract, simulation

.PHONY: check
check: setup ## format, lint, types (twice), imports
	@$(STEP) "format (make format mends it)" $(BIN)/ruff format --check .
	@$(STEP) "lint" $(BIN)/ruff check .
	@$(STEP) "types, mypy" $(BIN)/mypy
	@$(STEP) "types, basedpyright" $(BIN)/basedpyright --warnings consumer
	@$(STEP) "imports point inwards" $(BIN)/lint-imports

.PHONY: format
format: setup ## format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: fast-tests
fast-tests: setup
	@$(BIN)/coverage erase
	@$(STEP) --show "tests without a broker" \
		$(BIN)/coverage run -m pytest -q -n logical --dist worksteal \
		-m "not broker and not ops" $(only)
	@$(BIN)/coverage combine --quiet
	@$(STEP) "branch coverage of the core" $(BIN)/coverage report

.PHONY: mutants
mutants: setup ## break each promise on purpose and see a named test fail
	@$(STEP) --show "mutants" $(PY) -m tests.mutants.run --all-promises --jobs 2

.PHONY: integration
integration: setup ## tests on real Apache Kafka and a real registry
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(STEP) --show "tests on real Kafka" $(PY) -m pytest -q -n $(AT_ONCE) --dist loadfile \
		-m broker $(only)

.PHONY: test-ops
test-ops: setup ## judge deploy/ by Helm, kubeconform, Prometheus and others; fetches them
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(STEP) --show "tests of deploy/" $(PY) -m pytest -q -m ops tests/ops

MINUTES ?= 10
.PHONY: observe
observe: setup ## demo traffic and a Prometheus that watches it: MINUTES=
	@$(PY) -m tests.ops.observe --minutes $(MINUTES)

.PHONY: picture
picture: setup ## draw the dashboard anew from three minutes of a real run
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(PY) -m tests.ops.picture

.PHONY: manifests
manifests: setup ## write the Kustomize base and the Grafana dashboard anew
	@$(PY) -m tests.ops.manifests

SECONDS ?= 120
# `make chaos SECONDS=1200 SEED=7 RECORD=1 chaos="--protocol classic"`
.PHONY: chaos
chaos: setup ## break everything at once on real parts: SECONDS= SEED= RECORD=1
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(PY) -m tests.faults.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED)) \
		$(if $(RECORD),--record) $(chaos)

.PHONY: bounds
bounds: setup ## a million records: memory, speed; and what one stuck partition costs the others
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(PY) -m tests.integration.bounds.small
	@$(PY) -m tests.integration.bounds.stuck

.PHONY: letters
letters: setup ## memory and time that the dlq verbs take for a million letters
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(PY) -m tests.integration.letters.million

.PHONY: scale
scale: setup ## throughput of 1, 2 and 4 members on one broker, to deploy/SCALING.md (5 min)
	@$(STEP) --show "Kafka and registry for the tests" $(PY) -m tests.testbed.fetch
	@$(PY) -m tests.ops.scale

.PHONY: package
package: setup ## wheel, sdist, SBOM and licences into dist/
	@$(PY) -m tests.ops.package

.PHONY: bench
bench: setup ## CPU a signal beside the prototype and the peers, to tests/bench/RESULTS.md (15 min)
	@$(PY) -m tests.bench full

.PHONY: bench-quick
bench-quick: setup ## service / prototype only (2 min); fails above 2.5
	@$(PY) -m tests.bench quick

.PHONY: bench-long
bench-long: setup ## growth and memory over 10 million records (25 minutes)
	@$(PY) -m tests.bench long

.PHONY: bench-stages
bench-stages: setup ## what reading a record costs, by stage
	@$(PY) -m tests.bench stages

.PHONY: lock
lock: ## write the lock files anew; upgrade=--upgrade takes newer versions
	@.ci/make-venv $(VENV)
	@[ -x $(BIN)/uv ] || $(PIP) install uv
	@$(COMPILE) pyproject.toml --output-file requirements.lock >/dev/null
	@$(COMPILE) pyproject.toml --group dev --constraint requirements.lock \
		--output-file requirements-dev.lock >/dev/null
	@$(COMPILE) tests/ops/requirements.in --output-file tests/ops/requirements.lock >/dev/null
	@echo "requirements.lock, requirements-dev.lock and tests/ops/requirements.lock written"

.PHONY: clean
clean: ## remove what builds leave; the virtual environment and Kafka's jars stay
	@rm -rf dist build .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache \
		.ruff_cache .import_linter_cache .demo
	@find consumer tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove the virtual environment and the cached jars as well
	@rm -rf $(VENV) \
		"$${SEEK_SIGNALS_TEST_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}}/seek-signal-consumer"
