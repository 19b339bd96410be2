# The commands of this project, each written down once. "make help" lists them,
# .ci/run runs those that a change has to pass, CONTRIBUTING.md explains them.

# Go runs these tools from source, so nobody has to install them, and everybody has the same version.
GOLANGCI   := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GORELEASER := go run github.com/goreleaser/goreleaser/v2@v2.16.0

# The platforms of a release; .goreleaser.yaml has the same six.
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

# What "make race" leaves out: e2e runs a program that is built without the detector, and
# internal/cli takes three minutes with it.
NORACE  := e2e|internal/cli
# SQLite is C that was translated to Go. The race detector makes it many times slower, and it
# is not what "make race" is to test.
RACE    := -race -gcflags=modernc.org/...=-race=false

# What "make sim", "make mutants" and "make bench" are asked to do.
HOURS   := 10000
SEED    :=
MUTANT  :=
BENCH   := .
TIMES   := 20x
SHORT   :=

.DEFAULT_GOAL := help
.PHONY: help build demo test race lint tidy cross sim mutants sim-jobs mutants-jobs walk bench bench-short bench-peers checks pictures documents release-check

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

build: ## build the program, static, as ./understudy
	CGO_ENABLED=0 go build -trimpath -o understudy .

demo: ## run the demo: three processes, one is killed, one is stopped
	go run . demo

test: ## run all tests of the program
	go test ./...

race: ## run the tests with the race detector, but those of NORACE; NORACE=none runs all
	go test $(RACE) $$(go list ./... | grep -vE '/($(NORACE))$$')

lint: ## check the format, and run golangci-lint (go vet and staticcheck are in it); its first build takes minutes
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { printf 'not formatted, run gofmt -w:\n%s\n' "$$unformatted"; exit 1; }
	$(GOLANGCI) run ./...
	cd checks && $(GOLANGCI) run ./...
	cd bench && $(GOLANGCI) run ./...

tidy: ## check that go.mod and go.sum of the modules are tidy; but bench/peers, which is large
	go mod tidy -diff
	cd checks && go mod tidy -diff
	cd bench && go mod tidy -diff

cross: ## build the program for the six platforms of a release, or for PLATFORMS, and vet it for the systems that lint does not see
	@set -e; for platform in $(PLATFORMS); do \
		echo "$$platform"; \
		export GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0; \
		go build -o /dev/null .; \
		case $$platform in linux/*) ;; *) go vet ./...;; esac; \
	done

sim: ## simulate the protocol for HOURS=10000 hours, or replay one SEED=n
	go test ./heartbeat -run '^TestSimulation$$' -timeout 0 -v -count=1 $(if $(SEED),-sim.seed=$(SEED),-sim.hours=$(HOURS))

mutants: ## break each rule of the protocol, or only MUTANT='its name'; the simulation has to notice; SHORT=-short leaves out those that take longest
	go test ./heartbeat -run '^TestSimulationCatchesMutants$$$(if $(MUTANT),/$(MUTANT))' -timeout 20m -v -mutants $(SHORT)

sim-jobs: ## like sim, for jobs: 10000 hours take half an hour
	go test ./jobs/scheduler -run '^TestSimulation$$' -timeout 0 -v -count=1 $(if $(SEED),-sim.seed=$(SEED),-sim.hours=$(HOURS))

mutants-jobs: ## like mutants, for jobs; all of them take a quarter of an hour
	go test ./jobs/scheduler -run '^TestSimulationCatchesMutants$$$(if $(MUTANT),/$(MUTANT))' -timeout 60m -v -mutants

walk: ## compare the schedules of jobs with a minute-by-minute walk around every change of 25 zones' clocks; takes a minute
	go test ./jobs/schedule -run AgreesWithWalk -timeout 20m -v -count=1 -walk.all

bench: ## run the benchmarks; BENCH=name selects, TIMES=20x says how often, SHORT=-short makes some smaller
	go test -run '^$$' -bench '$(BENCH)' -benchtime $(TIMES) $(SHORT) ./...

bench-short: ## test bench/, and compare hand-overs and what an idle instance costs with bench/results/short.json
	cd bench && go test ./... && go run . -short

bench-peers: ## measure side by side with etcd, client-go and River; its first build takes minutes, and it runs for an hour
	cd bench && go run .

checks: ## check page, documents and deploy/ with real tools: chromium, promtool, systemd-analyze
	cd checks && go test -count=1 ./... # -count=1, since the cache of go test does not see deploy/ and docs/

pictures: ## draw the pictures of the documents again, from the real program; needs chromium, and twelve minutes
	cd checks && go run ./pictures ../docs/pictures

documents: ## bring the parts of the documents up to date that are made from the code
	go test -count=1 -run Documents ./docs -update

release-check: ## check the release and workflow files with goreleaser and actionlint; their first build takes minutes
	$(ACTIONLINT)
	$(GORELEASER) check
