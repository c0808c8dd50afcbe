# Open Stream. `make run` serves the app, `make test` passes every test; both set up what is
# missing on a bare Debian machine with Rust, Node, npm, make, gcc and python3, and skip what is
# there already.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The page's build tools are pinned and shared by every checkout of this user.
TRUNK_VERSION := 0.21.14
# The tool must be of exactly the version of the crate.
WASM_BINDGEN_VERSION := $(shell sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' Cargo.toml)
TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/open-stream/tools
TRUNK := $(TOOLS)/bin/trunk-$(TRUNK_VERSION)
WASM_BINDGEN := $(TOOLS)/wasm-bindgen-$(WASM_BINDGEN_VERSION)/bin/wasm-bindgen
# The page is built apart from the server: Cargo would otherwise unify their features.
PAGE_TARGET := $(CURDIR)/target/page
PAGE_SOURCES = $(shell find frontend shared style -type f -not -path '*/tests/*') Trunk.toml Cargo.toml Cargo.lock

# A client of WHIP and WHEP that none of us wrote.
AIORTC := target/aiortc

CHROMIUM := /usr/bin/chromium
FIREFOX := /usr/bin/firefox-esr
COTURN := /usr/bin/turnserver

# Root needs no sudo, and a container often has none.
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help
help: ## Lists these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: run
run: build ## Builds the release and serves it on http://localhost:3000
	target/release/open-stream

.PHONY: build
build: page ## Leaves the release in target/release/open-stream
	cargo build --release --locked --package open-stream

.PHONY: dev
dev: toolchain ## Serves a debug build, and builds and restarts at every change
	PATH="$(dir $(WASM_BINDGEN)):$$PATH" python3 frontend/dev.py $(TRUNK) $(PAGE_TARGET)

.PHONY: check
check: format lint unit ## The fast checks: format, lints, unit tests

# The page comes first: the server embeds it, and would be built again after it.
.PHONY: test
test: format page check integration end-to-end ## Everything: check, integration, real browsers

.PHONY: format
format:
	cargo fmt --all --check

# The whole workspace at once, on the host with the page's feature `ssr`; then the page alone, as
# the browser gets it, in its two modules. The features exclude each other.
.PHONY: lint
lint: toolchain
	cargo clippy --locked --workspace --all-targets -- -D warnings
	for feature in hydrate csr; do \
	  CARGO_TARGET_DIR=$(PAGE_TARGET) cargo clippy --locked --package frontend --features $$feature \
	    --target wasm32-unknown-unknown -- -D warnings; \
	done

.PHONY: unit
unit: ## The tests beside the code
	cargo test --locked --workspace --lib --bins
	cargo test --locked --workspace --doc

.PHONY: integration
integration: $(AIORTC)/.installed $(COTURN) ## The protocol, simulated meetings, and the server with other stacks as its clients
	cargo test --locked --workspace --test '*'
	AIORTC_PYTHON=$(CURDIR)/$(AIORTC)/bin/python \
	  cargo test --locked --package open-stream --test whip -- --ignored

.PHONY: end-to-end
end-to-end: page browsers $(COTURN) end2end/node_modules/.installed ## The stories, in Chromium and Firefox
	cargo test --locked --workspace --no-run  # the program too, with the features it was tested with
	cd end2end && npx tsc && npx playwright test

# --- The page ---------------------------------------------------------------------------------

# Trunk finds wasm-bindgen on PATH; everything else it would fetch is switched off.
.PHONY: page
page: dist/index.html

dist/index.html: $(PAGE_SOURCES) | toolchain
	PATH="$(dir $(WASM_BINDGEN)):$$PATH" CARGO_TARGET_DIR=$(PAGE_TARGET) \
	  $(TRUNK) build --offline --config Trunk.toml --release
	node frontend/precompress.mjs dist
	@touch $@

# --- What the machine may lack ----------------------------------------------------------------

.PHONY: toolchain
toolchain: $(TRUNK) $(WASM_BINDGEN)
	@rustup target list --installed 2>/dev/null | grep -qx wasm32-unknown-unknown \
	  || rustup target add wasm32-unknown-unknown

$(TRUNK):
	cargo install trunk --version $(TRUNK_VERSION) --locked --no-default-features --debug \
	  --root $(TOOLS)/trunk-build
	mkdir -p $(dir $@) && mv $(TOOLS)/trunk-build/bin/trunk $@ && rm -r $(TOOLS)/trunk-build

# Not --locked: the lock file of this release names a crate version that was withdrawn.
$(WASM_BINDGEN):
	cargo install wasm-bindgen-cli --version $(WASM_BINDGEN_VERSION) --no-default-features --debug \
	  --bin wasm-bindgen --root $(TOOLS)/wasm-bindgen-$(WASM_BINDGEN_VERSION)

.PHONY: browsers
browsers: $(CHROMIUM) $(FIREFOX)

$(CHROMIUM) $(FIREFOX) &:
	$(SUDO) apt-get update
	$(SUDO) apt-get install -y --no-install-recommends chromium firefox-esr iproute2

$(COTURN):
	$(SUDO) apt-get update
	$(SUDO) apt-get install -y --no-install-recommends coturn

$(AIORTC)/.installed: server/tests/whip/requirements.txt
	python3 -c 'import ensurepip' 2>/dev/null \
	  || { $(SUDO) apt-get update && $(SUDO) apt-get install -y --no-install-recommends python3-venv; }
	python3 -m venv $(AIORTC)
	$(AIORTC)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

end2end/node_modules/.installed: end2end/package-lock.json
	cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund
	@touch $@
