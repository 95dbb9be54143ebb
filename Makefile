# The commands of this project, for people and CI.
PYTHON ?= python3
SHELL := /bin/sh
BIN := .venv/bin
INFRA := $(BIN)/python -m infra
SET_UP = PYTHON='$(PYTHON)' sh infra/set-up
LOCK_FLAGS ?=

# Every shell exports USER, so only the USER of `make login USER=...` counts.
ifeq ($(origin USER),command line)
LOGIN_USER := $(USER)
else
LOGIN_USER := user@example.com
endif

BENCH_OPTIONS = $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds='$(ROUNDS)') $(if $(ROWS),--rows='$(ROWS)') \
  $(if $(LOAD_SECONDS),--load-seconds='$(LOAD_SECONDS)') $(if $(DOC),--doc='$(DOC)')

.DEFAULT_GOAL := help
.PHONY: help environment run login users signing-keys roll-over-signing-key revoke-signing-key package deploy verify test-alarm destroy cost clean-state test test-stack test-contract check bench docs lint lock clean setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the whole service on this machine; Ctrl-C stops it. LOGS=1 shows its log here
	@$(SET_UP) run
	@exec $(INFRA) local up --with-parent

login: environment ## Print a JWT of the local provider: make -s login USER=user@example.com
	@exec $(INFRA) local login '$(LOGIN_USER)'

users: environment ## List the local users, or run another command: make users ARGS="show USER_ID", ARGS=--help
	@exec $(INFRA) local users $(or $(ARGS),list)

signing-keys: environment ## List the local signing keys; ARGS="--use access-token" for those of access tokens
	@exec $(INFRA) local signing-keys list $(ARGS)

roll-over-signing-key: environment ## Publish a new local signing key, and sign with it 15 s later
	@exec $(INFRA) local signing-keys roll-over --lead-seconds 15 $(ARGS)

revoke-signing-key: environment ## Refuse every token that a local key signed: make revoke-signing-key KID=...
	@exec $(INFRA) local signing-keys revoke --yes $(ARGS) '$(KID)'

package: environment ## Build the template and the zip of a stage: make package STAGE=dev
	@exec $(INFRA) package --stage '$(STAGE)'

deploy: environment ## Deploy to AWS: make deploy STAGE=dev [PARAMETERS="Name=value"] [BUCKET=...] [STACK=...] [STACK_ROLE=arn] [STACK_TAGS="Name=value"] [YES=1]
	@exec $(INFRA) deploy --stage '$(STAGE)' --stack-name '$(STACK)' --bucket '$(BUCKET)' \
	  --parameters '$(PARAMETERS)' --role '$(STACK_ROLE)' --tags '$(STACK_TAGS)' $(if $(YES),--yes)

# A secret in a command is in the shell's history and in the list of processes.
$(foreach name,JWT VERIFY_JWT VERIFY_SECOND_JWT VERIFY_CLIENT,$(if $(filter command,$(origin $(name))), \
  $(error Do not put $(name) into the command. Set it in the environment, or name a file with JWT_FILE=.)))

verify: environment ## Check the promises of a deployed stage: make verify STAGE=dev [JWT_FILE=...] [URL=...] [DOORS="https://..."] [STACK=...] [YES=1]
	@exec $(INFRA) verify --stage '$(STAGE)' --stack-name '$(STACK)' --jwt-file '$(JWT_FILE)' \
	  --url '$(URL)' --doors '$(DOORS)' $(if $(YES),--yes)

test-alarm: environment ## Fire an alarm of a stage and check that its topic got it: make test-alarm STAGE=dev [STACK=...] [YES=1]
	@exec $(INFRA) test-alarm --stage '$(STAGE)' --stack-name '$(STACK)' $(if $(YES),--yes)

destroy: environment ## Remove a stage from AWS, but keep its table and keys: make destroy STAGE=dev [STACK=...] [YES=1]
	@exec $(INFRA) destroy --stage '$(STAGE)' --stack-name '$(STACK)' $(if $(YES),--yes)

cost: environment ## Print what a stack costs in a month: make cost [RATE=12.5] [TOKENS=100] [CACHED=90] [REGION=us-east-1] [API=rest]
	@exec $(INFRA) cost $(if $(RATE),--rate='$(RATE)') $(if $(TOKENS),--tokens='$(TOKENS)') \
	  $(if $(CACHED),--cached='$(CACHED)') $(if $(REGION),--region='$(REGION)') $(if $(API),--api='$(API)')

clean-state: environment ## Remove the state of the local stack
	@exec $(INFRA) local clean-state

test: setup ## Run every test, or some: ARGS="-k name"
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-stack: setup ## Deploy the package to the emulator and test it through API Gateway (part of make test)
	@$(BIN)/python -m pytest -n 0 tests/stack $(ARGS)

test-contract: setup ## Run the contract tests of the stores: make test-contract ENDPOINT=http://127.0.0.1:8000 (default: in process)
	@CONTRACT_ENDPOINT='$(ENDPOINT)' $(BIN)/python -m pytest -n 0 tests/contract -m "not emulator" $(ARGS)

check: lint ## Lint, check types and imports, and run the fast tests
	@$(BIN)/python -m pytest -n auto -m "not slow" $(ARGS)

bench: setup ## Measure everything and print one table: ROUNDS=7 ROWS=100000 LOAD_SECONDS=60 QUICK=1 DOC=docs/performance.md
	@$(BIN)/python -m tests.benchmarks $(BENCH_OPTIONS)

docs: ## Build the site of docs into build/docs, or serve it with SERVE=1. Broken links are errors
	@$(SET_UP) docs
	@exec $(INFRA) docs $(if $(SERVE),--serve)

lint: setup ## Lint, and check types, imports and sentences (part of make check)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports
	@sh infra/lint-web
	@$(INFRA) prose

lock: .venv-lock/.ready ## Pin the requirements; LOCK_FLAGS=--upgrade pins newer ones
	@for name in requirements requirements-run requirements-dev requirements-local requirements-docs; do \
	  .venv-lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $(LOCK_FLAGS) -o $$name.txt $$name.in || exit 1; \
	done

clean: ## Remove environments and caches, but keep the state of the local stack
	@rm -rf .venv .venv-local .venv-lock .venv-docs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: ## Install what runs the service and what tests it (part of make test)
	@$(SET_UP) test

environment:
	@$(SET_UP) commands

.venv-lock/.ready:
	@'$(PYTHON)' -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet uv && touch $@
