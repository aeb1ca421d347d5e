# `make demo` and `make test` do their own set-up; all the others are parts of them.
# What is downloaded or built once lies in $(CACHE), outside the checkout.
PYTHON ?= python3
UV_VERSION := 0.13.9
CACHE := $(or $(XAYNET_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/xaynet-operator)
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
BIN := .venv/bin
CLUSTER_PARTS := minio etcd apiserver kubernetes coredns local-path node-tools
export XAYNET_CACHE := $(CACHE)
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help install parts images demo demo-cluster test test-fast test-cluster cluster-up cluster-down lint \
	format gen bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(UV):
	$(PYTHON) -m venv $(dir $(UV))..
	$(dir $(UV))pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

install: $(UV) ## Make the environment of the lock file in .venv
	$(UV) sync --quiet --frozen --all-packages --python $(PYTHON)

parts: install ## Install or build what the tests run against: Redis, MinIO, VersityGW, the published peers
	$(BIN)/python tests/peers/build.py

images: install ## Build the images of the cluster, as archives in the cache
	$(BIN)/python images/build.py

demo: install ## Ten participants train a classifier together, without showing their data
	$(BIN)/python examples/digits/demo.py

demo-cluster: cluster-up ## The same on a Kubernetes cluster of this machine, by the operator
	$(BIN)/python tests/cluster/cluster.py load $$($(BIN)/python images/build.py)
	eval "$$($(BIN)/python tests/cluster/cluster.py env)" && $(BIN)/python examples/digits/demo_on_cluster.py
	@echo 'kubectl reaches it after: eval "$$($(BIN)/python tests/cluster/cluster.py env)"; make cluster-down removes it'

test: install lint parts ## Everything
	$(BIN)/pytest

test-fast: install ## The tests that need no servers
	$(BIN)/pytest -m "not processes and not servers and not peers and not apiserver and not cluster and not demo"

test-cluster: install parts ## The tests that need a Kubernetes cluster
	$(BIN)/pytest -m cluster

cluster-up: install ## A Kubernetes cluster on this machine (root on Linux), or in Docker; NODES=2 for two
	$(BIN)/python tests/peers/build.py $(CLUSTER_PARTS)
	$(BIN)/python tests/cluster/cluster.py up --nodes $(or $(NODES),1)

cluster-down: install ## Remove it
	$(BIN)/python tests/cluster/cluster.py down

lint: install ## Format, style, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: install ## Put the code into form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

gen: install ## Write again what is generated
	$(BIN)/python -m xaynet_coordinator.settings.table docs/settings.md
	$(BIN)/python -m xaynet_operator.crd crds
	$(BIN)/python -m xaynet_operator.crd.reference docs/federatedround.md

bench: install ## The hot paths as ratios to their floors, and beside the Rust original
	$(BIN)/python tests/peers/build.py redis peers
	$(BIN)/python tests/bench/bench.py

clean: ## Remove the environment; the cache stays
	rm -rf .venv
