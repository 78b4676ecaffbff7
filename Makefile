# What a person types here. Each line marked with two hashes is shown by `make help`.

.PHONY: help setup demo test bench format docs pictures

help:
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

setup: ## make .venv with .venv/bin/ahadi
	@scripts/setup run

demo: setup ## start a living demo and say how to sign in; Ctrl-C ends it
	@exec .venv/bin/ahadi demo

test: ## install what tests need, then run every check and every test
	@scripts/setup dev
	@scripts/install-system-packages tests/system-packages.txt
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	PYTHONPATH=tests/plugins .venv/bin/pytest -p no_skips -n 2 --dist loadfile

bench: ## measure against the floor and the peers; writes benchmarks/latest.json
	@scripts/setup dev
	@scripts/install-system-packages benchmarks/system-packages.txt
	@benchmarks/run

format: ## put the code into the house's form
	@scripts/setup dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

docs: ## write the pages of docs/reference that are made from the code
	@scripts/setup dev
	.venv/bin/python scripts/reference

pictures: ## take the pictures of docs/images from a demo
	@scripts/setup dev
	@scripts/install-system-packages tests/system-packages.txt
	.venv/bin/python scripts/pictures
