# Everything is installed below this folder; nothing outside it is touched.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# The first Python from 3.10 to 3.13; `make PYTHON=/path/to/python …` takes another.
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c '$(SUPPORTED)' 2>/dev/null && echo $$python && break; done)

TOOLS := $(CURDIR)/.tools
UV := $(TOOLS)/bin/uv
export UV_CACHE_DIR ?= $(TOOLS)/uv-cache
# Programs start twice as fast, also where Python is told to write no bytecode, as in many images.
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export UV
# Meltano makes the plugins' environments with this Python and this uv.
export PATH := $(CURDIR)/.venv/bin:$(TOOLS)/bin:$(PATH)
export MELTANO_SEND_ANONYMOUS_USAGE_STATS := false
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

WAREHOUSE ?= duckdb
DEV := $(CURDIR)/.venv-dev/bin
STAMPS := $(TOOLS)/stamps

.PHONY: help
help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: install ## Two example Airflow environments into output/demo.duckdb, with marts
	@.venv/bin/python -m demo.run

.PHONY: install
install: $(STAMPS)/plugins-$(WAREHOUSE) ## Install Meltano and its plugins; WAREHOUSE=… for one that is not duckdb

.PHONY: query
query: $(STAMPS)/run ## Run SQL="…" on the demo's warehouse, or on DATABASE=file.duckdb
	@.venv/bin/python -m demo.query $(if $(DATABASE),--database "$(DATABASE)") "$${SQL:-}"

.PHONY: airflow-schedules
airflow-schedules: $(STAMPS)/run ## Compile Meltano's schedules into orchestrate/dags, for Airflow
	@PYTHONPATH=orchestrate/airflow-provider-airflow-audit .venv/bin/python \
		-m airflow_audit.compiled_schedules orchestrate/dags/meltano_schedules.json

.PHONY: lint
lint: $(STAMPS)/dev ## Check style and types
	$(DEV)/ruff check .
	$(DEV)/ruff format --check .
	$(DEV)/mypy
	$(DEV)/sqlfluff lint transform
	$(DEV)/hadolint Dockerfile orchestrate/images/*.Dockerfile

.PHONY: format
format: $(STAMPS)/dev ## Format Python and SQL
	$(DEV)/ruff check --fix .
	$(DEV)/ruff format .
	$(DEV)/sqlfluff fix transform

PYTEST = TMPDIR="$$(tests/temporary_folder.sh)" $(DEV)/pytest $(or $(TESTS),tests)

.PHONY: test
test: install $(STAMPS)/dev $(STAMPS)/dbt-warehouses ## Run the tests that need no Airflow and no warehouse; TESTS=path or ARGS="-k name" for some
	$(PYTEST) --numprocesses=2 $(ARGS)

STAND_INS := $(STAMPS)/stand-in-bigquery $(STAMPS)/stand-in-snowflake

.PHONY: test-airflow
test-airflow: install $(STAMPS)/dev $(STAND_INS) $(STAMPS)/plugins-snowflake $(STAMPS)/plugins-redshift $(STAMPS)/plugins-bigquery ## Run the tests that install and run real Airflows
	$(PYTEST) -m "live_airflow and not every_airflow" --numprocesses=2 $(ARGS)

.PHONY: test-warehouses
test-warehouses: install $(STAMPS)/dev $(STAMPS)/dbt-warehouses $(STAND_INS) ## Run the tests that load stand-ins of cloud warehouses
	$(PYTEST) -m stand_in --numprocesses=2 $(ARGS)

.PHONY: smoke
smoke: install $(STAMPS)/dev ## Try the whole pipeline in a real WAREHOUSE=… of yours, in schemas that are dropped
	@$(DEV)/python -m tests.warehouses.smoke $(WAREHOUSE)

ROWS ?= 1000000

.PHONY: bench
bench: install $(STAMPS)/dev ## Measure this pipeline, and others, on a million task instances; ROWS=10000000 for more
	$(DEV)/python -m bench.run --rows $(ROWS)

.PHONY: bench-marts
bench-marts: install $(STAMPS)/dev ## Measure the marts alone on made-up raw tables; ROWS=100000000 for more
	$(DEV)/python -m bench.marts --rows $(ROWS)

.PHONY: bench-live
bench-live: install $(STAMPS)/dev ## Measure what a live Airflow notices of a sync; ROWS=10000000 for more
	$(DEV)/python -m bench.live --rows $(ROWS)

.PHONY: bench-warehouses
bench-warehouses: install $(STAMPS)/dev $(STAND_INS) ## Measure the loaders on a million task instances
	$(DEV)/python -m bench.warehouses

.PHONY: bench-snapshots
bench-snapshots: $(STAMPS)/dev ## Measure snapshots against pg_dump and pg_restore on 5 GB
	$(DEV)/python -m bench.snapshots

.PHONY: schemas
schemas: $(STAMPS)/dev ## Capture schemas, audit events and noted commands of real Airflow versions; VERSIONS="3.3.2 …" for some
	$(DEV)/python -m tests.real_airflow.capture $(VERSIONS)
	$(DEV)/python -m tests.real_airflow.audit_events $(VERSIONS)
	$(DEV)/python -m tests.real_airflow.typed $(VERSIONS)

.PHONY: demo-data
demo-data: $(STAMPS)/dev ## Make the demo's snapshots again, with real Airflow migrations
	$(DEV)/python -m demo.build

.PHONY: generate
generate: $(STAMPS)/dev ## Write again what is generated from the catalogue, the warehouses' settings and the marts' descriptions
	$(DEV)/python -m tap_airflow_metadata.generate .
	$(DEV)/python docs/marts.py
	$(DEV)/python -m warehouse_targets.generate

.PHONY: lock
lock: $(UV) ## Compile requirements/*.in into pinned and hashed *.txt
	cd requirements && for file in *.in; do \
		case $$file in stand-in-bigquery.in) oldest=3.11;; *) oldest=3.10;; esac; \
		$(UV) pip compile --quiet --universal --python-version $$oldest --generate-hashes \
			--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
			$$file --output-file $${file%.in}.txt; \
	done

.PHONY: clean
clean: ## Remove everything that was installed or made
	rm -rf .airflow .meltano .tools .venv .venv-dev output plugins transform/target transform/logs \
		orchestrate/dags/meltano_schedules.json

$(UV): requirements/uv.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.10 to 3.13 found. Install one, or name it: make PYTHON=/path/to/python …" >&2; exit 1; fi
	@$(PYTHON) -m venv --clear $(TOOLS) || { \
		echo "$(PYTHON) can make no virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(TOOLS)/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

$(STAMPS)/run: $(UV) requirements/run.txt
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv
	@$(UV) pip install --quiet --python .venv --require-hashes -r requirements/run.txt
	@mkdir -p $(STAMPS) && touch $@

PLUGIN_FILES := meltano.yml $(wildcard */*.meltano.yml requirements/*.txt extract/*/pyproject.toml load/*/pyproject.toml snapshot/*/pyproject.toml report/*/pyproject.toml)

# The others are installed when they first run.
PLUGINS := tap-airflow-metadata tap-postgres airflow-snapshot

$(STAMPS)/plugins-%: $(STAMPS)/run $(PLUGIN_FILES)
	@.venv/bin/meltano --log-level=warning install $(PLUGINS) \
		target-$* $(patsubst %-duckdb,%,dbt-$* audit-report-$*)
	@touch $@

$(STAMPS)/dev: $(UV) requirements/dev.txt $(wildcard extract/*/pyproject.toml load/*/pyproject.toml snapshot/*/pyproject.toml report/*/pyproject.toml)
	@$(UV) venv --quiet --clear --python $(PYTHON) .venv-dev
	@$(UV) pip install --quiet --python .venv-dev --require-hashes -r requirements/dev.txt
	@$(UV) pip install --quiet --python .venv-dev --no-deps \
		-e extract/tap-airflow-metadata -e load/warehouse-targets -e snapshot/airflow-snapshot \
		-e report/airflow-audit-report
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/stand-in-%: $(UV) requirements/stand-in-%.txt
	@$(UV) venv --quiet --clear --python $(PYTHON) $(TOOLS)/stand-in-$*
	@$(UV) pip install --quiet --python $(TOOLS)/stand-in-$* --require-hashes -r requirements/stand-in-$*.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dbt-warehouses: $(UV) requirements/dbt-warehouses.txt
	@$(UV) venv --quiet --clear --python $(PYTHON) $(TOOLS)/dbt-warehouses
	@$(UV) pip install --quiet --python $(TOOLS)/dbt-warehouses --require-hashes -r requirements/dbt-warehouses.txt
	@mkdir -p $(STAMPS) && touch $@
