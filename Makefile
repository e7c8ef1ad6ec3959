# The two commands that the README opens with, and what they stand on. Everything real is cargo's:
# `cargo ci` sets up and checks, `blackstart` drills. make turns every failure into its own exit
# code 2; `cargo run -p blackstart -- run` keeps the drill's.

SCENARIO ?= fulexo/database-corruption

# Where rustup puts cargo, for a shell that has not read its profile since.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help drill test setup rust

help:
	@echo 'make drill   install what is missing, build, and run $(SCENARIO)'
	@echo 'make test    install what is missing, then every check and test'
	@echo 'make setup   install what is missing'

# The development profile for both: one build, in which the dependencies are optimised anyway.
drill: setup
	cargo run --package blackstart -- run $(SCENARIO)

test: setup
	cargo ci test

setup: rust
	cargo ci setup

# What has to be there before cargo can build anything: cargo itself, and a linker. `cargo ci setup`
# can't see to the linker, because without one there is no `cargo ci`.
rust:
	@if ! command -v cargo >/dev/null; then \
	    echo 'cargo is missing. Install Rust with its one official command, then run make again:'; \
	    echo; \
	    echo "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"; \
	    exit 2; \
	fi
	@if ! command -v cc >/dev/null; then \
	    if command -v apt-get >/dev/null && [ "$$(id -u)" -eq 0 ]; then \
	        echo 'install  packages gcc libc6-dev: Rust needs a linker'; \
	        apt-get update && DEBIAN_FRONTEND=noninteractive \
	            apt-get install --yes --no-install-recommends gcc libc6-dev; \
	    else \
	        echo 'cc is missing, and Rust needs a linker. Install a C compiler, then run make again.'; \
	        echo 'On Debian:'; \
	        echo; \
	        echo '    sudo apt-get install --no-install-recommends gcc libc6-dev'; \
	        exit 2; \
	    fi; \
	fi
