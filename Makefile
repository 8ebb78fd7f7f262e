# Everything starts here: `make run` on a fresh machine needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
ASSETS := src/maru/ui/dist/.built
TRANSLATIONS := $(VENV)/.translated

ASSET_SOURCES := $(shell find frontend src -type f \
	\( -path 'frontend/*' -o -name '*.jinja' -o -name '*.html' -o -path 'src/maru/assets*.py' \) \
	-not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
TRANSLATION_SOURCES := $(wildcard src/maru/locale/src/*.tsv) $(wildcard src/maru/locale/*/LC_MESSAGES/*.po) \
	src/maru/ui/translations.py

.DEFAULT_GOAL := help
.PHONY: help run test bench lint assets translations install

help:
	@echo "make run           start Maru at http://127.0.0.1:8000 (installs and builds what is missing)"
	@echo "make test          everything that must hold: lint, types, floors, unit, isolation, browser, torture"
	@echo "make bench         measure, into bench/results/latest.json"
	@echo "make lint          format, lint, types, floors"
	@echo "make assets        build styles and scripts"
	@echo "make translations  merge and compile the translations"

run: $(INSTALLED) $(ASSETS) $(TRANSLATIONS)
	@exec $(BIN)/maru run

test: $(INSTALLED) $(ASSETS) $(TRANSLATIONS)
	@scripts/test-prerequisites
	@exec scripts/test

bench: $(INSTALLED) $(ASSETS) $(TRANSLATIONS)
	@exec $(BIN)/python -m bench

lint: $(INSTALLED)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

assets: $(INSTALLED)
	@$(BIN)/python -m maru.assets build
	@mkdir -p $(dir $(ASSETS)) && touch $(ASSETS)

translations: $(INSTALLED)
	@$(BIN)/python -m maru.ui.translations
	@touch $(TRANSLATIONS)

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml scripts/install
	@scripts/install "$(PYTHON)" "$(VENV)"
	@touch $@

$(ASSETS): $(INSTALLED) $(ASSET_SOURCES)
	@$(BIN)/python -m maru.assets build
	@mkdir -p $(dir $@) && touch $@

$(TRANSLATIONS): $(INSTALLED) $(TRANSLATION_SOURCES)
	@$(BIN)/python -m maru.ui.translations
	@touch $@
