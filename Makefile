# The menu. CI runs "make test".

GO      ?= go
export CGO_ENABLED = 0
GOLANGCI = $(GO) tool -modfile=tools/go.mod golangci-lint
CRDS     = $(GO) tool -modfile=tools/controllergen/go.mod controller-gen crd paths=./internal/api
GORELEASER = $(GO) tool -modfile=tools/goreleaser/go.mod goreleaser
TARGETS  = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# Kratix's own CRDs, where somebody has put them beside the checkout: a test
# compares the generated ones with them.
export KRATIX_CRDS ?= $(abspath $(wildcard ../*/conformance/crds))
SOURCES  = $(shell find cmd internal -name '*.go' -not -name '*_test.go') go.mod go.sum

.PHONY: help build demo test test-short race fuzz bench lint fmt cross generate generated golden docs kube-apiserver check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: bin/kratix ## build bin/kratix

bin/kratix: $(SOURCES)
	$(GO) build -trimpath -ldflags='-s -w' -o $@ ./cmd/kratix

demo: build ## test the workflows of examples/postgres: no Docker, no cluster
	cd examples/postgres && ../../bin/kratix test workflow --placements

test: lint generated cross race ## everything: linters, six platforms, all tests with the race detector
	$(MAKE) demo

test-short: ## the quick loop
	$(GO) test -short ./...

race: ## all tests with the race detector
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...
	@for mod in $$(find examples -name go.mod); do (cd $$(dirname $$mod) && $(GO) test ./...) || exit 1; done

fuzz: ## each fuzz target for 20 seconds
	@for pkg in $$($(GO) list ./internal/...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 20s $$pkg || exit 1; \
	  done; \
	done

bench: build ## start-up, containers against docker, scheduling and a large platform against kubectl
	$(GO) run ./internal/bench -kratix bin/kratix
	$(GO) test -run '^$$' -bench 'Each' -benchmem ./internal/placement

lint: ## go vet and golangci-lint
	$(GO) vet ./...
	$(GOLANGCI) run ./...

fmt: ## format all Go files
	$(GOLANGCI) fmt ./...

cross: ## build for all supported systems
	@for t in $(TARGETS); do \
	  echo "build $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./cmd/kratix || exit 1; \
	done

docs: ## write what is recorded and generated in docs and README.md anew
	$(GO) test ./cmd/kratix -run 'TestPages' -count=1 -update

kube-apiserver: ## build kube-apiserver, etcd and kubectl for the tests, once
	@GO=$(GO) tools/kubeapiserver/build

# The generator takes a Pipeline for a kind; it exists only inside a Promise.
generate: ## make the CRDs of internal/api anew
	$(CRDS) output:dir=internal/api/crds
	rm internal/api/crds/*_pipelines.yaml

generated: ## are the CRDs of internal/api those of its types?
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && $(CRDS) output:dir=$$new && rm $$new/*_pipelines.yaml && \
	  diff -r internal/api/crds $$new || { echo "run: make generate"; exit 1; }

golden: ## rewrite golden files, then show what changed
	$(GO) test ./... -update
	git diff --stat

check: fmt lint ## formatted, linted, tidy
	$(GO) mod tidy -diff
	git diff --exit-code

clean: ## remove what was built
	rm -rf bin dist
