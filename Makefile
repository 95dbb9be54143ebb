# The one front door: people and CI type the same commands.
PYTHON ?= python3
SHELL := /bin/sh
BIN := .venv/bin
LOCK_FLAGS ?=

# Every shell exports USER, so only `make login USER=...` counts.
ifeq ($(origin USER),command line)
LOGIN_USER := $(USER)
else
LOGIN_USER := user@example.com
endif

BENCH_OPTIONS = $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ROWS),--rows $(ROWS)) \
  $(if $(LOAD_SECONDS),--load-seconds $(LOAD_SECONDS)) $(if $(DOC),--doc $(DOC))

.DEFAULT_GOAL := help
.PHONY: help run login users signing-keys rotate-signing-key revoke-signing-key package deploy verify test-alarm destroy clean-state test test-stack test-contract check bench lint lock clean setup

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## Start the whole service on this machine; Ctrl-C stops it
	@exec $(BIN)/python -m infra.local.stack

login: .venv/.ready ## Print a JWT of the running provider: make -s login USER=user@example.com
	@exec $(BIN)/python -m infra.local.login '$(LOGIN_USER)'

users: .venv/.ready ## List the users here, or run another command: make users ARGS="show USER_ID", or ARGS=--help
	@exec $(BIN)/python -m infra.local.users $(or $(ARGS),list)

signing-keys: .venv/.ready ## List the keys that sign tokens; here and below ARGS="--use access-token" for the others
	@exec $(BIN)/python -m infra.local.signing_keys list $(ARGS)

rotate-signing-key: .venv/.ready ## Publish a new signing key and let it sign 15 s later
	@exec $(BIN)/python -m infra.local.signing_keys rotate --lead-seconds 15 $(ARGS)

revoke-signing-key: .venv/.ready ## Refuse every token that a key signed: make revoke-signing-key KID=...
	@exec $(BIN)/python -m infra.local.signing_keys revoke --yes $(ARGS) '$(KID)'

package: .venv/.ready ## Build what a stage is deployed from: make package STAGE=dev
	@exec $(BIN)/python -m infra.aws.package.build --stage '$(STAGE)'

deploy: .venv/.ready ## Deploy to AWS: make deploy STAGE=dev [PARAMETERS="Name=value"] [BUCKET=...] [STACK=...] [STACK_ROLE=arn] [STACK_TAGS="Name=value"] [YES=1]
	@exec $(BIN)/python -m infra.aws.deploy.stage --stage '$(STAGE)' --stack-name '$(STACK)' --bucket '$(BUCKET)' \
	  --parameters '$(PARAMETERS)' --role '$(STACK_ROLE)' --tags '$(STACK_TAGS)' $(if $(YES),--yes)

# A secret in a command is in the shell's history, and in the list of processes.
$(foreach name,JWT VERIFY_JWT VERIFY_SECOND_JWT VERIFY_CLIENT,$(if $(filter command,$(origin $(name))), \
  $(error Give $(name) never in the command: use the environment, or JWT_FILE= for the JWT)))

verify: .venv/.ready ## Hold a deployed stage to its promises: make verify STAGE=dev [JWT_FILE=...] [URL=...] [DOORS="https://..."] [STACK=...] [YES=1]
	@exec $(BIN)/python -m infra.aws.operate.verify --stage '$(STAGE)' --stack-name '$(STACK)' --jwt-file '$(JWT_FILE)' \
	  --url '$(URL)' --doors '$(DOORS)' $(if $(YES),--yes)

test-alarm: .venv/.ready ## Fire one of a stage's alarms and see whether it arrives: make test-alarm STAGE=dev [STACK=...] [YES=1]
	@exec $(BIN)/python -m infra.aws.operate.alarm_trial --stage '$(STAGE)' --stack-name '$(STACK)' $(if $(YES),--yes)

destroy: .venv/.ready ## Remove a stage from AWS; tokens and keys stay: make destroy STAGE=dev [STACK=...] [YES=1]
	@exec $(BIN)/python -m infra.aws.deploy.destroy --stage '$(STAGE)' --stack-name '$(STACK)' $(if $(YES),--yes)

clean-state: .venv/.ready ## Remove what the local stack remembers
	@exec $(BIN)/python -m infra.local.clean_state

test: setup ## Run every test; ARGS="-k name" is passed on
	@$(BIN)/python -m pytest -n auto $(ARGS)

test-stack: setup ## Deploy the package to the emulator and test it through API Gateway (part of test)
	@$(BIN)/python -m pytest -n 0 tests/stack $(ARGS)

test-contract: .venv/.ready ## Hold a DynamoDB to the stores' contract: make test-contract ENDPOINT=http://127.0.0.1:8000 (default: in process)
	@CONTRACT_ENDPOINT='$(ENDPOINT)' $(BIN)/python -m pytest -n 0 tests/contract -m "not emulator" $(ARGS)

check: lint setup ## Lint, check types and imports, run the fast tests
	@$(BIN)/python -m pytest -n auto -m "not slow" $(ARGS)

bench: setup ## Measure everything, print one table: ROUNDS=7 ROWS=100000 LOAD_SECONDS=60 QUICK=1 DOC=docs/performance.md
	@$(BIN)/python -m tests.benchmarks $(BENCH_OPTIONS)

lint: .venv/.ready ## The part of check that runs no test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict
	@$(BIN)/lint-imports
	@sh infra/lint-web

lock: .venv-lock/.ready ## Pin the requirements again; LOCK_FLAGS=--upgrade for newer ones
	@for name in requirements requirements-dev requirements-local; do \
	  .venv-lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $(LOCK_FLAGS) -o $$name.txt $$name.in || exit 1; \
	done

clean: ## Remove environments and caches; the local stack's state stays
	@rm -rf .venv .venv-local .venv-lock .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Side by side: most of the time goes into waiting for downloads.
setup:
	@$(MAKE) --no-print-directory -s -j2 .venv/.ready .venv-local/.ready

.venv/.ready: requirements.txt requirements-dev.txt
	@sh infra/make-venv "$(PYTHON)" .venv -r requirements.txt -r requirements-dev.txt

.venv-local/.ready: requirements-local.txt
	@sh infra/make-venv "$(PYTHON)" .venv-local -r requirements-local.txt

.venv-lock/.ready:
	@sh infra/make-venv "$(PYTHON)" .venv-lock uv
