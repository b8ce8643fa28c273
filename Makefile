# Every target works from a fresh clone. Go fetches what it needs; nothing is installed, except by the
# `acceptance` ones, which need a real OpenStack (see testdata/devcloud/devcloud).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: build demo test lint bench acceptance acceptance-posix acceptance-faults release clean help

VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
# the same commit gives the same bytes, wherever it is built
GOBUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION)'
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.7.0
# these hash GiBs and read them back, or only compute, which the race detector has nothing to say about
HASHING := ^(TestRules|TestAllChecksPass|TestWrongBytes|TestNeeds|TestNeededFlags|TestGlanceHash|TestQcow2Refused|TestLongerDevice|TestLargerVolume|TestPattern[A-Za-z]+)$$
# these stop the devcloud's services, or need none of them and fill the time that is spent waiting then
STOPPED := ^Test(Stopped|RealClientsOnCloudsim|AsOpenstacksdk)
DEVCLOUD := testdata/devcloud/devcloud
# begins a recipe's line that needs the devcloud; one that was not up before is ended with it
WITH_DEVCLOUD = running=$$($(DEVCLOUD) status | grep -c ' up$$' || true); \
	[ $$running -gt 0 ] || trap '$(DEVCLOUD) down' EXIT; \
	yaml=$$($(DEVCLOUD) up); \
	export DEVCLOUD_CLOUDS_YAML=$$yaml

build: ## both programs, static, in bin/
	$(GOBUILD) -o bin/ ./cmd/volume-backup-tester ./cmd/cloudsim

demo: build ## the checker against the simulated cloud
	bin/cloudsim -- bin/volume-backup-tester

test: ## everything that needs neither root nor a cloud (under 2 minutes; needs a C compiler)
	go vet ./...
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 20m -skip '$(HASHING)' ./...
	go test -shuffle=on -timeout 20m -run '$(HASHING)' ./internal/check ./internal/cli

lint: ## gofmt, vet and staticcheck, with the acceptance tests and without
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags acceptance,faults ./...
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags acceptance,faults ./...

bench: ## what it adds to a cloud's own time, and what it costs; with DEVCLOUD_CLOUDS_YAML also on that cloud
	go -C internal/bench test -count=1 -timeout 30m -report

# the contract suite works in the other project, at the same time as the first half of the acceptance tests
acceptance: ## against a real OpenStack on loopback (root on Debian 12); ends it if it was not up before
	@$(WITH_DEVCLOUD); \
	export CONTRACT_CLOUDS_YAML=$$yaml CONTRACT_CLOUD=devcloud-other CONTRACT_OTHER_CLOUD=devcloud; \
	go test -tags acceptance -count=1 -v -timeout 10m -run TestQemu ./internal/check && \
	go test -tags acceptance -count=1 -p 2 -v -timeout 70m -skip '$(STOPPED)' ./internal/acceptance ./internal/contract && \
	go test -tags acceptance -count=1 -p 2 -v -timeout 70m -run '$(STOPPED)' ./internal/acceptance ./internal/cloud

acceptance-posix: ## every check against a devcloud with a chunked backup driver, which is brought up anew
	$(DEVCLOUD) down
	@export DEVCLOUD_BACKUP=posix; $(WITH_DEVCLOUD); \
	go test -tags acceptance -count=1 -v -timeout 60m -run TestChecks ./internal/acceptance

acceptance-faults: ## the same cloud, each of its services stopped at each phase (about half an hour)
	@$(WITH_DEVCLOUD); \
	go test -tags acceptance,faults -count=1 -v -timeout 2h -run TestStoppedAtEachPhase ./internal/acceptance

release: ## static binaries for linux, darwin and windows with SHA256SUMS, in dist/
	rm -rf dist; mkdir dist
	for os in linux darwin windows; do for arch in amd64 arm64; do \
		name=volume-backup-tester_$(VERSION)_$${os}_$$arch; [ $$os != windows ] || name+=.exe; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o dist/$$name ./cmd/volume-backup-tester; \
	done; done
	cd dist && sha256sum volume-backup-tester_* >SHA256SUMS

clean: ## delete bin/ and dist/
	rm -rf bin dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
