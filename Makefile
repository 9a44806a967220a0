# Netiquette. `make help` explains every target.
#
#   PORT=8080        another port for `make run`
#   PYTHON=…         another Python, from 3.11 to 3.14
#   TORCH_INDEX=…    another index for torch alone; empty: that of pip. Unless this is given,
#                    torch comes without CUDA, if it can: see deploy/torch_index.py

TORCH = torch==2.13.0
TORCH_CPU_INDEX = https://download.pytorch.org/whl/cpu
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check
ifeq ($(origin TORCH_INDEX),undefined)
TORCH_FROM = $$($(BIN)/python deploy/torch_index.py $(TORCH) $(TORCH_CPU_INDEX))
else
TORCH_FROM = $(TORCH_INDEX:%=--index-url %)
endif
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" --no-emit-package torch \
	--excludes requirements/torch.excluded pyproject.toml requirements/build.in

LOCKS = requirements/service.lock requirements/worker.lock requirements/dev.lock requirements/client.lock

.DELETE_ON_ERROR:
.PHONY: install help run test faults faults-short webhook-proof fuzz deploy-test pin-images check fix audit bench bench-engine bench-hostile bench-scale eval model lock

install: $(VENV)/installed ## Install what running takes into .venv (plain `make` does this)

help: ## Explain the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Simple enough for make to run it without a shell in between: `netiquette up`
# ends when its parent dies, and that must be make.
run: install ## Start everything on http://127.0.0.1:8000 (PORT=… for another), until Ctrl-C
	@$(BIN)/netiquette up

test: $(VENV)/installed-dev ## Run all tests
	$(BIN)/pytest -n 2

faults: $(VENV)/installed-dev ## Let everything fail that can, and prove that nothing is lost (50 minutes; SEED=… FAULTS=…)
	$(BIN)/python -m tests.faults

faults-short: ## A part of it (5 minutes)
	@$(MAKE) --no-print-directory faults FAULTS=14

webhook-proof: $(VENV)/installed-dev ## Deliver 10,000 events while receivers are dead and workers are killed (18 minutes)
	$(BIN)/python -m benchmarks.webhooks outage

fuzz: $(VENV)/installed-dev ## Call every operation with all that its schema allows and more (SEED=… EXAMPLES=…)
	$(BIN)/python -m tests.contracts.fuzz

deploy-test: $(VENV)/installed-dev ## Replay the Dockerfile without Docker, and start every service
	$(BIN)/python -m tests.deploy.replay

pin-images: ## Look up the digests of the images that compose.yaml and the Dockerfile name (needs Docker)
	@sh deploy/pin-images

check: $(VENV)/installed-dev ## Check style, types, layers and dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

fix: $(VENV)/installed-dev ## Repair what style check and formatter can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Strict: what the index knows nothing of would otherwise pass as harmless. torch is in no lock,
# and is not looked up.
audit: $(VENV)/installed-dev ## Look up known vulnerabilities of all locked packages (needs the network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes $(LOCKS:%=--requirement %)

bench-engine: $(VENV)/installed-dev ## Compare the ways of running a model, alone and end to end (10 minutes)
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.end_to_end

bench: $(VENV)/installed-dev ## Measure accepting, deciding, analyzing and delivering, also with Redis away (8 minutes)
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.redis_down
	$(BIN)/python -m benchmarks.webhooks throughput

bench-hostile: $(VENV)/installed-dev ## Measure how long hostile requests stop the API, and what memory they take (2 to 4 minutes)
	$(BIN)/python -m benchmarks.hostile

bench-scale: $(VENV)/installed-dev ## Measure how reading grows from 10,000 to 1,000,000 comments (15 to 25 minutes)
	$(BIN)/python -m benchmarks.scale

eval: $(VENV)/installed-dev ## Measure the model on the public test sets (NETIQUETTE_DATA=…), into its card
	$(BIN)/python -m benchmarks.compare --card docs/models/netiquette-de-en.md

model: $(VENV)/installed-dev ## Train the bundled model anew (one to two hours on two cores; resumes)
	$(BIN)/python -m workers.models.training

lock: $(VENV)/installed-dev ## Pin what pyproject.toml asks for (LOCK=--upgrade: the newest of everything)
	$(COMPILE) $(LOCK) --extra tracing --output-file requirements/service.lock
	$(COMPILE) $(LOCK) --extra tracing --extra worker --output-file requirements/worker.lock
	$(COMPILE) $(LOCK) --extra tracing --extra worker --extra testing --group dev --output-file requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" $(LOCK) requirements/client.in --output-file requirements/client.lock

$(VENV)/made:
	@python=$$(sh deploy/find-python $(if $(PYTHON),"$(PYTHON)")) && \
		echo "Making $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@touch $@

# The locks hold all but torch, which comes in several builds. Its line comes
# second, so that it finds what it needs in the locked versions.
$(VENV)/installed: requirements/worker.lock pyproject.toml | $(VENV)/made
	@echo "Installing the packages of $<"
	@$(PIP) install --quiet --require-hashes --no-deps --requirement $<
	@echo "Installing $(TORCH)"
	@$(PIP) install --quiet $(TORCH) $(TORCH_FROM)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements/dev.lock $(VENV)/installed
	@echo "Installing the packages of $<"
	@$(PIP) install --quiet --require-hashes --no-deps --requirement $<
	@touch $@
