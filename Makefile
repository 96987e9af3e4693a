# The commands of daily work; `make` alone lists them. What they do is in scripts/, readable from top to bottom.
.DEFAULT_GOAL := help
.PHONY: run test bench peers dist setup help

run: ## Build everything, start Gauntlet on http://127.0.0.1:4600 and stream a demo training into it
	@scripts/run.sh

test: ## Run all tests: Rust's, and the stories in a real browser
	@scripts/test.sh

bench: ## Measure ingest, latency, film, scene, sizes and memory; writes bench.json
	@scripts/bench.sh

peers: ## Measure Gauntlet beside Phoenix, MLflow and Trackio; writes the table of docs/peers.md
	@scripts/peers.sh

dist: ## Make what is handed out, into dist/: a Python wheel with the server, an archive, the npm package, an SBOM
	@scripts/dist.sh

setup: ## Install what is missing, and say what was found (run and test do this first)
	@scripts/setup.sh --tests

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
