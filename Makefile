# Every target works on a machine with nothing but Python >= 3.11: the virtual environment and the pinned packages are
# installed when they are absent or when the pins changed.

ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test quick lint audit format docs messages bench fuzz screenshots lock release clean

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(VENV)/.dev ## Install everything: the application, tests, checks, documentation

run: $(VENV)/.runtime .env staticfiles/staticfiles.json ## Prepare the demo and serve it on http://127.0.0.1:8000 (HOST=, PORT=)
	@$(PYTHON) manage.py init_technova --demo
	@exec $(BIN)/gunicorn --config python:technova.gunicorn technova.wsgi

test: $(VENV)/.dev ## Run the tests (ARGS= goes to pytest)
	@$(PYTHON) -m pytest $(ARGS)

quick: $(VENV)/.dev ## Run the tests that need no database, browser, other process or training
	@$(PYTHON) -m pytest --quick $(ARGS)

# The checks read the settings a production server would run with; the key only has to pass for a real one.
lint: export DEBUG := False
lint: export SECRET_KEY := checked-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ
lint: export ALLOWED_HOSTS := technova.example
lint: export HTTPS := True
lint: $(VENV)/.dev ## Check style, layers, types, templates, migrations, settings, API description, Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/djlint --quiet --lint --check templates
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py check --deploy --fail-level WARNING
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/hadolint Dockerfile

# Strict: a package that the advisories' source does not know counts as a failure, so that no answer is no pass.
audit: $(VENV)/.dev ## Compare the pinned packages with the published vulnerabilities (asks pypi.org)
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.txt || { \
		echo "Not passed: a package above has a known vulnerability, or pypi.org gave no answer about it." >&2; exit 1; }

format: $(VENV)/.dev ## Format the code and the templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint --quiet --reformat templates

docs: $(VENV)/.dev ## Build the documentation site into site/
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --strict --quiet

bench: export DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
bench: $(VENV)/.dev ## Measure pages and API on a PostgreSQL server (DATABASE_URL=); needs wrk
	@$(PYTHON) benchmarks/pages.py
	@$(PYTHON) benchmarks/scoring.py
	@$(PYTHON) benchmarks/api.py $(ARGS)

messages: $(VENV)/.dev ## Collect the texts to translate into locale/fr, and compile what is translated (needs gettext)
	@$(PYTHON) manage.py makemessages --locale fr --no-obsolete --no-wrap --add-location file \
		$(foreach path,.venv */tests/* benchmarks docs site staticfiles conftest.py,--ignore='$(path)')
	@cd locale && ../$(PYTHON) ../manage.py compilemessages --locale fr

screenshots: $(VENV)/.dev ## Take a picture of every page, phone and desktop, light and dark, into screenshots/ (needs Chromium)
	@$(PYTHON) -m pytest --quiet -n 0 predictions/tests/browser/screenshots.py $(ARGS)

fuzz: export DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
fuzz: $(VENV)/.dev ## Fuzz the API for long on a PostgreSQL server (DATABASE_URL=); ARGS= goes to schemathesis
	@.ci/fuzz --max-examples 1000 $(ARGS)

lock: $(VENV)/.dev ## Compile requirements*.in into the pinned, hashed requirements*.txt
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-strip-extras \
	--no-header --no-emit-index-url

release: $(VENV)/.dev ## Set the version, date the changelog, commit and tag (VERSION=1.2.3)
	@.ci/release $(VERSION)

clean: ## Remove what the other targets made, the demo database included
	rm -rf $(VENV) .env db.sqlite3* site staticfiles screenshots .coverage* htmlcov test-results .pytest_cache .ruff_cache .import_linter_cache .mypy_cache .schemathesis .hypothesis

# Random secrets, made once; they stay on this machine.
.env: | $(VENV)/bin/pip
	@umask 077; $(PYTHON) -c "import re, secrets; print(re.sub('(?m)^(SECRET_KEY|POSTGRES_PASSWORD|NOTES_KEYS)=$$', \
		lambda line: line[0] + secrets.token_urlsafe(50), open('.env.example').read()), end='')" > $@

staticfiles/staticfiles.json: $(shell find */static -type f 2>/dev/null) $(VENV)/.runtime | .env
	@$(PYTHON) manage.py collectstatic --noinput --verbosity 0
	@touch $@

$(VENV)/bin/pip:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making $(VENV) with $$($$python --version)"; \
			$$python -m venv $(VENV) && exit 0; \
			rm -rf $(VENV); echo "$$python cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 1; \
		fi; \
	done; echo "TechNova needs Python 3.11 or newer on the PATH" >&2; exit 1

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/pip
	@echo "Installing the application's packages (about a minute, once)"
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements.txt | $(VENV)/bin/pip
	@echo "Installing the application's and the development packages (about a minute, once)"
	@$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@ $(VENV)/.runtime
