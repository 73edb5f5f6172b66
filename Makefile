# The menu. CI runs "make test".

GO      ?= go
export CGO_ENABLED = 0
GOLANGCI = $(GO) tool -modfile=tools/go.mod golangci-lint
GOVULNCHECK = $(GO) tool -modfile=tools/go.mod govulncheck
CRDS     = $(GO) tool -modfile=tools/controllergen/go.mod controller-gen crd paths=./internal/api
GORELEASER = $(GO) tool -modfile=tools/goreleaser/go.mod goreleaser
TARGETS  = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# Kratix's own CRDs, where somebody has put them beside the checkout: a test
# compares the generated ones with them.
export KRATIX_CRDS ?= $(abspath $(wildcard ../*/conformance/crds))
SOURCES  = $(shell find cmd internal -name '*.go' -not -name '*_test.go') go.mod go.sum

.PHONY: help build demo test test-short race fuzz bench lint fmt cross size docs generate generated golden licenses release-check snapshot reproducible vulnerabilities kube-apiserver check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: bin/kratix ## build bin/kratix

bin/kratix: $(SOURCES)
	$(GO) build -trimpath -ldflags='-s -w' -o $@ ./cmd/kratix

demo: build ## test the workflows of examples/postgres: no Docker, no cluster
	cd examples/postgres && ../../bin/kratix test workflow --placements

test: lint generated cross size race release-check ## everything: linters, six platforms, all tests with the race detector
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

lint: ## go vet, golangci-lint, licence headers
	$(GO) test ./internal -run Headers
	$(GO) vet ./...
	$(GOLANGCI) run ./...

fmt: ## format all Go files, with licence headers
	$(GO) test -count=1 ./internal -run Headers -update
	$(GOLANGCI) fmt ./...

cross: ## build for all supported systems
	@for t in $(TARGETS); do \
	  echo "build $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -trimpath -o /dev/null ./cmd/kratix || exit 1; \
	done

size: build ## is the program for this system, stripped, at most 55 MB?
	@size=$$(wc -c <bin/kratix); echo "bin/kratix has $$((size / 1000000)) MB"; [ $$size -le 55000000 ]

docs: ## write what is recorded and generated in docs and README.md anew
	$(GO) test ./internal/cli ./internal/view ./internal/fixture -run 'TestReference|Schema' -count=1 -update
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

licenses: ## list the licences of what is linked in, in docs/licenses.md
	$(GO) test -count=1 -run Licenses ./internal/release -update

vulnerabilities: ## ask vuln.go.dev for known ones in what is called
	$(GOVULNCHECK) ./...

release-check: ## is .goreleaser.yaml right?
	$(GORELEASER) check

snapshot: ## make a release of this commit in dist/ that goes nowhere, and try it
	$(GORELEASER) release --snapshot --clean --skip=sign
	$(GO) run ./internal/release image dist
	$(GO) test -count=1 ./internal/release -dist "$(abspath dist)"

# The second time with an empty cache, so that nothing is taken from the first.
reproducible: ## are two builds of this commit, in two places, the same?
	@dir=$$(mktemp -d) && trap 'chmod -R u+w "$$dir"; rm -rf "$$dir"' EXIT && mkdir "$$dir/cache" && \
	cache=$$($(GO) env GOCACHE) && for at in one another/place; do \
	  git clone -q . "$$dir/src/$$at" && ( cd "$$dir/src/$$at" && export GOCACHE="$$cache" GOOS=linux GOARCH=amd64 && \
	    $(GO) build -trimpath -buildvcs=true -ldflags='-s -w' -o "$$dir/out/$$at/kratix" ./cmd/kratix && \
	    $(GO) run ./internal/release share "$$dir/out/$$at/share" ) || exit 1; \
	  cache="$$dir/cache"; \
	done; diff -r "$$dir/out/one" "$$dir/out/another/place" && echo "two builds of $$(git rev-parse --short HEAD) are the same"

check: fmt lint ## formatted, linted, tidy
	$(GO) mod tidy -diff
	git diff --exit-code

clean: ## remove what was built
	rm -rf bin dist
