# Each target does its own set-up: into .venv, and again only when requirements.lock has changed. What only one target
# needs has an environment of its own: what is measured or fuzzed beside the applications, other servers, a store.

PYTHON ?= python3

.PHONY: help compare explore picture test versions parity browser servers cluster fuzz soak lint serve serve-flask bench lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1	/' | expand -t 20

compare: .venv/complete ## send every scenario through both applications and compare the answers
	.venv/bin/python compare.py

picture: .venv/complete ## make docs/compare.svg and the ledger in README.md from a real run
	.venv/bin/python -m comparison.picture

explore: .venv/complete ## send requests of your own to both applications, on a web page
	.venv/bin/python compare.py serve

test: .venv/complete ## run the tests, but those that need a browser, start nginx or several hosts, or take long
	.venv/bin/python -m pytest --numprocesses=auto

PYTHONS ?= $(foreach version,3.12 3.13 3.14,$(shell python$(version) -c 'import sys; print(sys.executable)' 2>&-))

versions: ## test the last commit under each newer Python that is installed, or under PYTHONS="python3.12 ..."
	@echo "Newer Pythons: $(or $(strip $(PYTHONS)),none is installed.)"
	@for python in $(PYTHONS); do \
		folder=$$(mktemp -d) && chmod 755 "$$folder" && git clone --quiet . "$$folder/here" && \
		$(MAKE) -C "$$folder/here" PYTHON="$$python" test && rm -rf "$$folder" || exit 1; done

browser: .venv/complete ## look at every page in Chromium, and use it
	.venv/bin/python -m pytest --numprocesses=auto tests/browser

EXAMPLES ?= 20000

parity: .venv/complete ## send EXAMPLES=20000 generated requests through both, under each of several hash seeds
	for seed in 0 1 2; do PYTHONHASHSEED=$$seed PARITY_EXAMPLES=$(EXAMPLES) \
		.venv/bin/python -m pytest tests/parity/test_generated.py || exit 1; done

SECONDS ?= 60

fuzz: .venv-bench/complete ## look for inputs that we and the libraries read otherwise, SECONDS=60 for each target
	.venv-bench/bin/python -m tests.fuzz --seconds $(SECONDS)

soak: .venv/complete ## let hostile visitors at gunicorn while its workers are killed, SECONDS=60 for each application
	.venv/bin/python -m pytest tests/soak
	.venv/bin/python -m tests.soak --seconds $(SECONDS) --resets-are-wrong

servers: .venv-servers/complete ## serve both applications with every server and behind every middleware
	.venv-servers/bin/python -m pytest tests/servers tests/deployment

cluster: .venv-servers/complete .venv-store/complete ## two hosts, nginx and an object store, and what may fail of them
	.venv-servers/bin/python -m pytest tests/cluster
	.venv-servers/bin/python -m tests.cluster

lint: .venv/complete ## check style and types
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

serve: .venv/complete ## serve the application that is built from scratch
	.venv/bin/python -m wsgi_from_scratch

serve-flask: .venv/complete ## serve the application that is built on Flask
	.venv/bin/python -m flask_version

bench: .venv-bench/complete ## measure both applications beside other frameworks (ARGUMENTS=--quick: roughly)
	.venv-bench/bin/python -m benchmarks $(ARGUMENTS)

LOCK = .venv/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet $(UPGRADE)
COMPILE = $(LOCK) pyproject.toml --extra serve --group test

# A line of pins is kept while it still fits pyproject.toml; `make lock UPGRADE=--upgrade` looks for newer ones.
lock: .venv/complete ## write all locks anew, after a change of pyproject.toml
	.venv/bin/python -m pip install --quiet uv
	$(COMPILE) --extra s3 --group servers --output-file requirements-servers.lock
	$(COMPILE) --group lint --group browser --constraint requirements-servers.lock --output-file requirements.lock
	$(COMPILE) --group bench --group fuzz --constraint requirements.lock --output-file requirements-bench.lock
	$(LOCK) --group store --output-file requirements-store.lock

clean: ## remove what the other targets have made
	rm -rf .venv .venv-* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Modules are compiled when they are first imported: compiling all of them now would take longer than the rest.
.venv/complete: requirements.lock
.venv-bench/complete: requirements-bench.lock
.venv-servers/complete: requirements-servers.lock
.venv-store/complete: requirements-store.lock
.venv/complete .venv-bench/complete .venv-servers/complete .venv-store/complete:
	@test ! -L $(@D) || { echo "$(@D) is a link, and what it leads to would be emptied: remove it." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		--require-hashes --requirement $<
	touch $@
