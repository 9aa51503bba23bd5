# The commands that people want. Each sets up what is missing first.
.PHONY: run test coverage quick check format docs

T ?= tests

run:
	bash packaging/run.sh

test:
	bash packaging/test.sh

coverage:
	bash packaging/test.sh --coverage

quick:
	.venv/bin/python -m pytest -q $(T)

check:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy

format:
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

docs:
	.venv/bin/mkdocs build --strict
