# The one runner for people and for CI. 'make help' lists the targets.
# pip takes its index from the machine's own configuration: no address is written here.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Some machines forbid Python to keep what it has compiled: then every command compiles all of our modules again.
export PYTHONDONTWRITEBYTECODE :=

VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= demo
DEMO_CASES ?= 20000
DEMO_PORT ?= 8765
DEMO_STUDIO_PORT ?= 8800
DEMO_SERVE ?= 1
PYTEST_ARGS ?=
# Each core runs files of tests of its own, so that what a file shares is made once; 'AT_ONCE=' runs them in one process.
# Files stay in the order that tests/conftest.py gives them, the long ones first. Browsers, servers and killed processes are
# waited for now and then: two cores are kept busy by three.
WORKERS := $(shell test "$$(nproc 2>/dev/null || echo 4)" -le 2 && echo 3 || echo auto)
AT_ONCE ?= -n $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0
BENCH_ARGS ?=
GROWTH_ARGS ?=
AUDIT_ARGS ?=
FUZZ_SECONDS ?= 60
FUZZ_ARGS ?=

# The first Python on the machine that is new enough; override with 'make demo PYTHON=/path/to/python'.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Packages of the system are installed only where we may do so without a question.
AS_ROOT := $(shell if [ "$$(id -u)" = 0 ]; then echo env; elif sudo -n true 2>/dev/null; then echo sudo; fi)
APT := $(if $(AS_ROOT),$(if $(shell command -v apt-get),$(AS_ROOT) apt-get -qq))

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

# ---- environments -------------------------------------------------------------------------------------------------

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed and was not found." >&2; exit 1; fi
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
		if [ -n "$(APT)" ]; then $(APT) update && $(APT) install -y python3-venv >/dev/null; fi; \
		rm -rf $(VENV); $(PYTHON) -m venv $(VENV); }

# What is installed is what the lock names, byte for byte; the stamp's date tells whether that has been done.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the project runs on (requirements.lock); this takes a minute or two"
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# With the studio: what the demonstration shows.
$(VENV)/.studio: requirements-studio.lock pyproject.toml $(VENV)/.runtime
	@echo "Installing what the studio runs on (requirements-studio.lock)"
	@$(PIP) --require-hashes -r requirements-studio.lock
	@touch $@

$(VENV)/.development: requirements-dev.lock pyproject.toml $(VENV)/.runtime
	@echo "Installing what the project is tested with (requirements-dev.lock)"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: setup
setup: $(VENV)/.development ## Make .venv with everything that development needs

.PHONY: browser
browser:
	@if command -v chromium chromium-browser google-chrome >/dev/null; then exit 0; fi; \
	if [ -n "$(APT)" ]; then \
		echo "Installing chromium, for the browser tests"; \
		$(APT) update && $(APT) install -y --no-install-recommends chromium >/dev/null; \
	else \
		echo "Chromium is not installed and we may not install it: the browser tests will be skipped." >&2; \
	fi

.PHONY: nginx
nginx:
	@if PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v nginx >/dev/null; then exit 0; fi; \
	if [ -n "$(APT)" ]; then \
		echo "Installing nginx, for the test of deploy/nginx.conf"; \
		$(APT) update && $(APT) install -y --no-install-recommends nginx >/dev/null \
			|| echo "nginx could not be installed: the tests of its configuration will be skipped." >&2; \
	else \
		echo "nginx is not installed and we may not install it: the tests of its configuration will be skipped." >&2; \
	fi

.PHONY: java
java:
	@if command -v java >/dev/null; then exit 0; fi; \
	if [ -n "$(APT)" ]; then \
		echo "Installing Java, for the tests on Spark"; \
		$(APT) update && $(APT) install -y --no-install-recommends default-jre-headless >/dev/null \
			|| echo "Java could not be installed: the tests on Spark will be skipped." >&2; \
	else \
		echo "Java is not installed and we may not install it: the tests on Spark will be skipped." >&2; \
	fi

.PHONY: postgresql
postgresql:
	@if command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then exit 0; fi; \
	if [ -n "$(APT)" ]; then \
		echo "Installing PostgreSQL, for the studio's tests"; \
		$(APT) update && $(APT) install -y --no-install-recommends postgresql >/dev/null \
			|| echo "PostgreSQL could not be installed: the studio's tests will run on SQLite alone." >&2; \
	else \
		echo "PostgreSQL is not installed and we may not install it: the studio's tests will run on SQLite alone." >&2; \
	fi

# Lighthouse, for a test of the pages and for 'make lighthouse'; npm takes its registry from the machine's configuration.
.PHONY: lighthouse-setup
lighthouse-setup:
	@if ! command -v npm >/dev/null; then \
		echo "node is not installed: the test with Lighthouse will be skipped." >&2; \
	elif ! cmp -s tests/browser/package-lock.json tests/browser/node_modules/.locked; then \
		echo "Installing Lighthouse, for the browser tests"; \
		if npm ci --prefix tests/browser --ignore-scripts --no-audit --no-fund --silent; then \
			cp tests/browser/package-lock.json tests/browser/node_modules/.locked; \
		else \
			echo "Lighthouse could not be installed: the test with it will be skipped." >&2; \
		fi; \
	fi

# pycanon, by which a test checks k-anonymity; apart from all else, because it wants other versions of its libraries.
PYCANON := build/pycanon/.done
.PHONY: pycanon
pycanon: $(PYCANON)
$(PYCANON): tests/pycanon.txt $(VENV)/.development
	@rm -rf $(@D) && mkdir -p $(@D)
	@if $(PIP) --no-deps --require-hashes --target $(@D) -r $<; then touch $@; else \
		echo "pycanon could not be installed: the test with it will be skipped." >&2; fi

# ---- for everybody ------------------------------------------------------------------------------------------------

# With the published files at hand (CTDC_REAL_DATA) a site of a release from them is shown beside, on the next port.
REAL_FILE := $(if $(CTDC_REAL_DATA),$(wildcard $(CTDC_REAL_DATA)/ctdc_global_synthetic_2021.csv.gz))

.PHONY: demo
demo: $(VENV)/.studio ## Run the whole collaborative on invented cases; show its site and studio (DEMO_PORT=8765, DEMO_SERVE=0)
	@$(BIN)/ctdc demo --cases $(DEMO_CASES) --out $(DEMO_DIR) --no-serve
ifneq ($(REAL_FILE),)
	@$(BIN)/ctdc run $(REAL_FILE) --mapping ctdc-synthetic-2021 --epsilon 4 --name published-2021 --out $(DEMO_DIR)/real
	@$(BIN)/ctdc site build $(DEMO_DIR)/real/latest --out $(DEMO_DIR)/real/site
endif
ifeq ($(DEMO_SERVE),0)
	@$(BIN)/ctdc studio demo $(DEMO_DIR) --port $(DEMO_STUDIO_PORT) --site-port $(DEMO_PORT) --no-serve
else
	@$(if $(REAL_FILE),$(BIN)/ctdc serve $(DEMO_DIR)/real/site --port $$(($(DEMO_PORT) + 1)) & \
		trap "kill $$! 2>/dev/null || true" EXIT;) \
		$(BIN)/ctdc studio demo $(DEMO_DIR) --port $(DEMO_STUDIO_PORT) --site-port $(DEMO_PORT)
endif

# ---- for developers -----------------------------------------------------------------------------------------------

.PHONY: test
test: $(VENV)/.development browser nginx postgresql java pycanon $(if $(CTDC_LIGHTHOUSE),lighthouse-setup) ## Run every test (CTDC_REAL_DATA=folder adds those on CTDC's published files)
	@$(BIN)/python -m pytest $(AT_ONCE) $(PYTEST_ARGS)
	@$(BIN)/python -m tests.on_postgresql $(AT_ONCE) tests/unit/hub/studio

.PHONY: quick
quick: $(VENV)/.development ## Run the tests that take seconds
	@$(BIN)/python -m pytest -m "not heavy and not browser" $(AT_ONCE) $(PYTEST_ARGS)

# Locks are checked offline by the tests of the documentation; known weaknesses, where their database can be reached.
AUDITOR := build/auditor/bin/pip-audit

$(AUDITOR):
	@$(PYTHON) -m venv build/auditor
	@build/auditor/bin/python -m pip install --quiet --disable-pip-version-check pip-audit

# A mirror of the index may know no weaknesses, and the auditor would then find none: ask it for one that everybody knows.
define KNOWN
import json, urllib.request as u
answer = json.load(u.urlopen("https://pypi.org/pypi/jinja2/2.4.1/json", timeout=20))
answer["vulnerabilities"][0]
endef
export KNOWN

.PHONY: advisories
advisories: ## Look whether weaknesses are known of the libraries in the locks
	@if $(PYTHON) -c "$$KNOWN" 2>/dev/null; then \
		$(MAKE) $(AUDITOR) && $(AUDITOR) --strict --disable-pip --require-hashes -r requirements-dev.lock; \
	else \
		echo "No database of known weaknesses can be reached from here: the locks are checked offline alone." >&2; \
	fi

.PHONY: check
check: $(VENV)/.development advisories ## Run ruff, mypy, import-linter, the checks of the documentation and of the libraries
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/docs -m "not slow and not heavy"

.PHONY: format
format: $(VENV)/.development ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: docs
docs: $(VENV)/.development ## Write the generated pages of the documentation anew, and build the pages that sites show
	@$(BIN)/python -m ctdc.cli.reference docs/reference/cli.md
	@$(BIN)/python -m ctdc.cli.python_reference docs/reference/python.md
	@$(BIN)/ctdc standard export --format markdown --out docs/reference/standard.md
	@$(BIN)/python docs/build.py

# What is released has the date of its commit, so that others who build it get the same bytes.
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
COMMIT_TIME = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
sbom dist: export SOURCE_DATE_EPOCH = $(COMMIT_TIME)

.PHONY: sbom
sbom: $(VENV)/.development ## List what the program is made of (dist/ctdc-VERSION.cdx.json)
	@mkdir -p dist
	@$(BIN)/python -m scripts.make_sbom dist/ctdc-$(VERSION).cdx.json

# The signing key stays with its owner: 'make dist SIGNING_KEY=/media/key/ctdc.pem'.
SIGNING_KEY ?=

.PHONY: dist
dist: docs ## Build what is released into dist/: wheel, source archive, list of parts, hashes, signature (SIGNING_KEY=file)
	@if [ -n "$$(git status --porcelain)" ]; then \
		echo "There are changes that are not committed: nobody else could build the same." >&2; exit 1; fi
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist
	@$(MAKE) sbom
	@$(BIN)/python -m scripts.seal_dist dist $(SIGNING_KEY)

# The page is written whatever happens, and the failure of a part is the failure of the whole.
.PHONY: bench
bench: $(VENV)/.development ## Measure against the peers and write the page (BENCH_ARGS, LINKED_ARGS, GROWTH_ARGS)
	@failed=0; \
	$(BIN)/python -m benchmarks $(BENCH_ARGS) || failed=1; \
	$(BIN)/python -m benchmarks --rows 20000 $(BENCH_ARGS) || failed=1; \
	$(BIN)/python -m benchmarks --adult $(BENCH_ARGS) || failed=1; \
	$(BIN)/python -m benchmarks.linked $(LINKED_ARGS) || failed=1; \
	$(BIN)/python -m benchmarks.growth $(GROWTH_ARGS) || failed=1; \
	$(BIN)/python -m benchmarks.page || failed=1; \
	exit $$failed

# Measurements at a strong and a weak claim, whole protections, and the broken engines that must be caught.
.PHONY: audit
audit: $(VENV)/.development ## Attack our own engine, at nightly length: about an hour of two cores (AUDIT_ARGS)
	@mkdir -p build/audit; failed=0; \
	$(BIN)/ctdc attack audit --epsilon 1 --runs 20000 --out build/audit/epsilon-1.html --out build/audit/epsilon-1.json \
		$(AUDIT_ARGS) || failed=1; \
	$(BIN)/ctdc attack audit --epsilon 4 --runs 6000 --whole-runs 1000 --out build/audit/epsilon-4.html \
		--out build/audit/epsilon-4.json $(AUDIT_ARGS) || failed=1; \
	$(BIN)/python -m pytest tests/mutants || failed=1; \
	exit $$failed

# What was learned stays in build/fuzz/corpus, from which the next run goes on; what a reader could not take, in crashes.
.PHONY: fuzz
fuzz: $(VENV)/.development ## Feed every reader files that nobody would write (FUZZ_SECONDS=60 each; FUZZ_ARGS='csv xlsx')
	@$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS) --out build/fuzz $(FUZZ_ARGS)

# The tests try the same examples every time, so that a change is judged by what it changes; here they are new ones.
.PHONY: explore
explore: $(VENV)/.development ## Try every generative test on a thousand new examples (EXPLORE=tests/generative for these alone)
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m "hypothesis and not browser" $(AT_ONCE) $(EXPLORE)

.PHONY: lighthouse
lighthouse: $(VENV)/.development browser lighthouse-setup ## Measure every template of the site of RELEASE='OLDER NEWER' on a quiet machine
	@$(BIN)/python -m benchmarks.site measure $(RELEASE)

.PHONY: screens
screens: $(VENV)/.development browser ## Take pictures of every template of the site of RELEASE='OLDER NEWER', for docs/screens
	@$(BIN)/python -m benchmarks.site screens $(RELEASE)

# ---- locks --------------------------------------------------------------------------------------------------------

UV := build/uv/bin/uv
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --no-annotate -q

$(UV):
	@$(PYTHON) -m venv build/uv
	@build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

# hatchling and editables are what 'pip install --no-build-isolation -e .' builds with.
.PHONY: lock
lock: $(UV) ## Choose versions anew and write the three lock files
	@mkdir -p build
	@printf 'hatchling>=1.27\neditables>=0.5\n' > build/build-tools.in
	@{ echo "# Exact versions and hashes of what the project runs on. Made by 'make lock';" \
		"install with pip --require-hashes."; $(COMPILE) pyproject.toml build/build-tools.in; } > build/runtime.lock
	@{ echo "# Exact versions and hashes of what the project is tested and checked with. Made by 'make lock';" \
		"install with pip --require-hashes."; \
		$(COMPILE) pyproject.toml build/build-tools.in --group dev --extra stats --extra spark --extra studio -c build/runtime.lock; \
		} > build/development.lock
	@{ echo "# Exact versions and hashes of what the project with its studio runs on. Made by 'make lock';" \
		"install with pip --require-hashes."; \
		$(COMPILE) pyproject.toml build/build-tools.in --extra stats --extra studio -c build/development.lock; \
		} > build/studio.lock
	@mv build/runtime.lock requirements.lock
	@mv build/studio.lock requirements-studio.lock
	@mv build/development.lock requirements-dev.lock

.PHONY: clean
clean: ## Remove what make made, except the demonstration (rm -r demo)
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
