# Every command, with a line of explanation: `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3331

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}'

# uv where it is present, otherwise pip; both install the same hashes.
HAS_UV = $(shell uv --version 2>/dev/null)
PIP = $(if $(HAS_UV),uv pip install -q --python $(VENV),$(BIN)/python -m pip install -q --disable-pip-version-check)

# The stamps say which requirements an environment holds; they are installed again when they change.
$(VENV)/.runtime: requirements.txt pyproject.toml deploy/install-locked.sh
	@test -x $(BIN)/python || { $(PYTHON) deploy/supported.py && $(PYTHON) -m venv --without-pip $(VENV); }
	@$(BIN)/python deploy/supported.py
	@echo "Installing Icecube into $(VENV) …"
	@$(if $(HAS_UV),,$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null)
	@deploy/install-locked.sh requirements.txt $(PIP)
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@deploy/install-locked.sh requirements-dev.txt $(PIP)
	@touch $@

.PHONY: build
build: $(VENV)/.runtime ## Install Icecube and what it needs into .venv

.PHONY: dev
dev: $(VENV)/.dev ## Install what tests and checks need as well

.PHONY: run
run: build ## Run everything on this machine; Ctrl-C stops it
	@exec $(BIN)/icecube up --port $(PORT)

.PHONY: test
test: dev ## Run the tests (PYTEST='-k name' for some of them)
	$(BIN)/python -m pytest $(PYTEST)

.PHONY: lint
lint: dev ## Check style, types, imports between the packages, and dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

.PHONY: format
format: dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

UV_COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-annotate --no-header

.PHONY: lock
lock: dev ## Pin the requirements anew, by hash
	$(UV_COMPILE) --extra otel --extra dev pyproject.toml -o requirements-dev.txt
	$(UV_COMPILE) -c requirements-dev.txt --extra otel pyproject.toml -o requirements.txt
	$(UV_COMPILE) deploy/docker/build-requirements.in -o deploy/docker/build-requirements.txt
	$(UV_COMPILE) deploy/kubernetes/models-requirements.in -o deploy/kubernetes/models-requirements.txt

.PHONY: reference
reference: dev ## Write the documents that are generated from the code anew
	$(BIN)/python -m deploy.reference

.PHONY: bench-engine
bench-engine: dev ## Compare the image engine with the classic tool chain (PHOTOS=folder for more pictures)
	$(BIN)/python -m tests.bench.engine $(PHOTOS)

.PHONY: corpus
corpus: dev ## Try every picture of a folder, and compare with its ref/NAME.png (FOLDER=pictures)
	$(BIN)/python -m tests.corpus $(FOLDER)

.PHONY: bench
bench: dev ## Measure the whole service against limits beside it (ONLY='hundred api' for some, MINUTES=10 SEED=1)
	$(BIN)/python -m tests.bench.service $(ONLY) --seed $(or $(SEED),1) --minutes $(or $(MINUTES),4)

.PHONY: fuzz
fuzz: dev ## Feed hostile files to the header check and the engine (SECONDS=300)
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),300)

.PHONY: model
model: dev ## Search every state of the protocol's models (needs spin and gcc; minutes)
	$(BIN)/python -m tests.model

.PHONY: chaos
chaos: dev ## Kill everything in turn while jobs run, and count what is lost (SEED=1 MINUTES=10)
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --minutes $(or $(MINUTES),10)

.PHONY: docker-build
docker-build: ## Build the container image
	docker build -f deploy/docker/Dockerfile -t icecube:2.0.0 .

.PHONY: docker-up-dev
docker-up-dev: ## Run all in one container, nothing kept
	docker compose --profile dev up --build --wait

.PHONY: docker-up-prod
docker-up-prod: ## Run API, processors and Kafka in containers, with a PostgreSQL elsewhere
	docker compose --profile prod up --build --wait

.PHONY: docker-down
docker-down: ## Stop what runs in containers; volumes stay
	docker compose --profile '*' down

.PHONY: kafka
kafka: dev ## Run Apache Kafka in the foreground on port 9092, through Docker, or Maven and Java 17
	@exec $(BIN)/python -m deploy.local.kafka

.PHONY: clean
clean: ## Remove what was built; the data folder stays
	rm -rf $(VENV) .cache dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
