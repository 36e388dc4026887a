# Two commands: `make lab` opens the first notebook, `make test` runs everything. Both do all the set-up.
.POSIX:
.PHONY: lab test test-fast check demo bench format clean

PYTHON = .venv/bin/python

lab: .venv/lab
	@$(PYTHON) scripts/lab.py notebooks/01_first_session.ipynb

test: .venv/dev check
	@chromium=$$($(PYTHON) scripts/chromium.py) && CHROMIUM="$$chromium" $(PYTHON) -m pytest

# Everything but the browser, which is left out by name.
test-fast: .venv/dev check
	$(PYTHON) -m pytest -m "not browser"

check: .venv/dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

demo: .venv/lab
	@$(PYTHON) scripts/demo.py notebooks/01_first_session.ipynb

bench: .venv/dev
	@chromium=$$($(PYTHON) scripts/chromium.py) && CHROMIUM="$$chromium" $(PYTHON) benchmarks/run.py

format: .venv/dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

.venv/lab: pyproject.toml scripts/environment.py
	@sh scripts/python.sh scripts/environment.py .venv lab

.venv/dev: pyproject.toml scripts/environment.py
	@sh scripts/python.sh scripts/environment.py .venv dev

clean:
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
