# Every target works from a fresh clone. Go fetches what it needs; nothing is installed, except by the
# `acceptance` ones, which need a real OpenStack (see testdata/devcloud/devcloud).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.PHONY: build demo test test-bytes lint bench acceptance acceptance-sound acceptance-stopped acceptance-zed acceptance-zed-brief acceptance-drivers acceptance-faults acceptance-tempest acceptance-release release clean help

# a release's tag is v0.1.0; the commit, if there is none before it
VERSION := $(shell git describe --tags --match 'v[0-9]*' --always --dirty 2>/dev/null || echo unknown)
DATE := $(shell TZ=UTC git log -1 --date=short-local --format=%cd 2>/dev/null)
# the same commit gives the same bytes, wherever it is built; and with one set of flags for everything but the race
# detector the standard library is compiled once
export CGO_ENABLED := 0
export GOFLAGS := -trimpath
GOBUILD := go build -buildvcs=false -ldflags '-s -w -buildid= -X main.version=$(VERSION) -X main.date=$(DATE)'
# newer ones need Go modules that cannot be had everywhere
NFPM := go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.7.0
# these hash GiBs and read them back, or only compute, which the race detector has nothing to say about
HASHING := ^(TestRules|TestAllChecksPass|TestWrongBytes[A-Za-z]*|TestNeed[A-Za-z]+|TestPanic|TestImageLostBesideOthers|TestEncrypted[A-Za-z]+|TestGlanceHash|TestQcow2Refused|TestLongerDevice|TestLargerVolume|TestPattern[A-Za-z]+|TestDifference|TestChecksOnUnusualClouds|TestUnreadableAfterControl|TestRenamed)$$
# thousands of runs of one session each, which the race detector makes eight times longer
MANY := TestStates|TestSweep|TestSweepOfBackups|TestSweepOfLag|TestManyBackups|TestRenamedAtEveryRequest|TestOptionalRideOut
# these stop the devcloud's services, or need none of them and fill the time that is spent waiting then
STOPPED := ^Test(Stopped|RealClientsOnCloudsim)
# whose reading of clouds.yaml is compared with ours: that of each release's own openstacksdk
SDK_2025.1 := AsOpenstacksdk44|FederatedAsKeystoneauth
SDK_zed := AsOpenstacksdk0101
# all tests of the contract, and none of other packages
CONTRACT := ^Test(ClientOn)?(Simulated|Real)Cloud$$
DEVCLOUD := testdata/devcloud/devcloud
# $(call with_devcloud,RELEASE,DRIVER) begins a recipe's line that needs a devcloud with that backup driver; one
# that was not up before is ended with it. In the cloud's network there is no other to fetch modules from.
with_devcloud = export DEVCLOUD_RELEASE=$(1); \
	running=$$($(DEVCLOUD) status | grep -c ' up$$' || true); \
	[ $$running -gt 0 ] || trap '$(DEVCLOUD) down' EXIT; \
	go mod download; \
	yaml=$$($(DEVCLOUD) --backup $(2) up); \
	export DEVCLOUD_CLOUDS_YAML=$$yaml
ACCEPTANCE := $(DEVCLOUD) net go test -count=1 -v -tags acceptance
use_as_contract := export CONTRACT_CLOUDS_YAML=$$yaml CONTRACT_CLOUD=devcloud-other CONTRACT_OTHER_CLOUD=devcloud
# $(call sound,RELEASE) and then $(call stopped,RELEASE) are the whole; $(call acceptance,RELEASE,HALVES) is a recipe.
# The contract suite works in the other project, at the same time as the acceptance tests.
sound = go test -c -tags acceptance -o bin/check.test ./internal/check && $(DEVCLOUD) box "$$PWD/bin/check.test" -test.v -test.run TestQemu && \
	$(DEVCLOUD) box "$$PWD/internal/acceptance/testdata/browser.sh" install && \
	$(ACCEPTANCE) -p 2 -timeout 80m -skip '$(STOPPED)' ./internal/acceptance ./internal/contract
stopped = $(ACCEPTANCE) -p 2 -timeout 70m -run '$(STOPPED)|^Test($(SDK_$(1)))$$' ./internal/acceptance ./internal/cloud
acceptance = @$(call with_devcloud,$(1),ceph); $(use_as_contract); $(2)

build: ## both programs, static, in bin/
	$(GOBUILD) -o bin/ ./cmd/volume-backup-tester ./cmd/cloudsim

demo: build ## the checker against the simulated cloud
	bin/cloudsim -- bin/volume-backup-tester

test: ## what needs neither root nor a cloud, but for test-bytes (under 2 minutes; needs a C compiler)
	go test -shuffle=on -timeout 10m -run '^($(MANY))$$' ./internal/cli & many=$$!; status=0; \
	CGO_ENABLED=1 go test -race -shuffle=on -timeout 20m -skip '$(HASHING)|^($(MANY))$$' ./... || status=$$?; \
	wait $$many && exit $$status

test-bytes: ## every check against every broken rule: these hash GiBs
	go test -shuffle=on -timeout 30m -run '$(HASHING)' ./internal/check ./internal/cli

lint: ## gofmt, vet and staticcheck, with the acceptance tests and without
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted (gofmt -w):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	go vet -tags acceptance,faults ./...
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags acceptance,faults ./...

bench: ## what it adds to a cloud's own time, and what it costs; with DEVCLOUD_CLOUDS_YAML also on that cloud
	go -C internal/bench test -count=1 -timeout 30m -report

acceptance: ## against a real OpenStack 2025.1 on loopback (root on Debian 12 or 13); ends it if it was not up before
	$(call acceptance,2025.1,$(call sound,2025.1) && $(call stopped,2025.1))

acceptance-sound: ## of `acceptance` what wants all of the cloud's services
	$(call acceptance,2025.1,$(call sound,2025.1))

acceptance-stopped: ## of `acceptance` what stops them
	$(call acceptance,2025.1,$(call stopped,2025.1))

acceptance-zed: ## the same as `acceptance` against OpenStack Zed (Debian 12)
	$(call acceptance,zed,$(call sound,zed) && $(call stopped,zed))

acceptance-zed-brief: build ## of `acceptance-zed` the mandatory phases, the check of the data, and the contract suite
	@$(call with_devcloud,zed,ceph); $(use_as_contract); \
	OS_CLIENT_CONFIG_FILE=$$yaml $(DEVCLOUD) net bin/volume-backup-tester --os-cloud devcloud --checks core,data --fail-on-skip --timeout 400 & checks=$$!; status=0; \
	$(ACCEPTANCE) -p 2 -timeout 40m -run '$(CONTRACT)|^Test($(SDK_zed))$$' ./internal/contract ./internal/cloud || status=$$?; \
	wait $$checks && exit $$status

acceptance-drivers: ## every check on 2025.1 with the chunked backup drivers: Swift's and posix
	@$(call with_devcloud,2025.1,swift); \
	$(ACCEPTANCE) -timeout 60m -run TestChecks ./internal/acceptance && \
	$(DEVCLOUD) --backup posix up >/dev/null && \
	$(ACCEPTANCE) -timeout 60m -run TestChecks ./internal/acceptance

acceptance-faults: ## 2025.1, each of its services stopped at each phase (about half an hour)
	@$(call with_devcloud,2025.1,ceph); \
	$(ACCEPTANCE),faults -timeout 2h -run TestStoppedAtEachPhase ./internal/acceptance

# TEMPEST_TESTS: selection, or backup for the 12 tests of backups alone
TEMPEST_TESTS := selection
acceptance-tempest: build ## Tempest's tests of volume backups against cloudsim (root; see cmd/cloudsim/README.md)
	@[ -e $${DEVCLOUD_STATE:-/tmp/devcloud-2025.1} ] || trap '$(DEVCLOUD) --release 2025.1 down' EXIT; \
	testdata/tempest/run.sh $(TEMPEST_TESTS)

acceptance-release: ## a release built twice, installed and removed in a Debian tree (root; needs no devcloud)
	go test -count=1 -v -tags acceptance -timeout 60m ./internal/acceptance/release

# what `release` makes and where
DIST := dist
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
PACKAGERS := deb rpm
# Packages have a version that begins with a digit and sorts: v0.1.0-rc1 -> 0.1.0~rc1, before 0.1.0;
# v0.1.0-3-g1234567 -> 0.1.0+3.g1234567, after it; a commit without a tag -> 0+1234567.
PACKAGE_VERSION := $(shell echo '$(VERSION)' | sed -E 's/-dirty$$/.dirty/; s/-([0-9]+)-g/+\1.g/; /^v/!s/^/v0+/; s/^v//; s/-/~/g')
# Windows has a tar, too; nothing that makes a zip is on every machine
release: build ## archives and packages with SHA256SUMS, in dist/
	rm -rf '$(DIST)'; mkdir -p '$(DIST)'
	umask 022; stage=$$(mktemp -d); trap 'rm -rf "$$stage"' EXIT; \
	export SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0); \
	for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/}; name=volume-backup-tester_$(VERSION)_$${os}_$$arch dir=$$stage/$$name; \
		mkdir -p $$dir/completions; \
		GOOS=$$os GOARCH=$$arch $(GOBUILD) -o $$dir/ ./cmd/volume-backup-tester ./cmd/cloudsim; \
		bin/volume-backup-tester --man-page >$$dir/volume-backup-tester.1; \
		bin/volume-backup-tester --completion bash >$$dir/completions/volume-backup-tester.bash; \
		bin/volume-backup-tester --completion zsh >$$dir/completions/_volume-backup-tester; \
		bin/volume-backup-tester --completion fish >$$dir/completions/volume-backup-tester.fish; \
		install -m 644 LICENSE internal/report/report.schema.json $$dir; \
		[ $$os != linux ] || install -m 644 cmd/volume-backup-tester/Containerfile $$dir; \
		tar -C $$stage --sort=name --owner=0 --group=0 --numeric-owner --mtime=@$$SOURCE_DATE_EPOCH -c $$name | gzip -9n >'$(DIST)'/$$name.tar.gz; \
		[ $$os = linux ] || continue; \
		gzip -9n $$dir/volume-backup-tester.1; \
		for packager in $(PACKAGERS); do \
			(target=$$(realpath '$(DIST)'); cd $$dir; ARCH=$$arch VERSION='$(PACKAGE_VERSION)' $(NFPM) package -f '$(CURDIR)/cmd/volume-backup-tester/nfpm.yaml' -p $$packager -t $$target/); \
		done; \
	done
	cd '$(DIST)' && sha256sum * >SHA256SUMS

clean: ## delete bin/ and dist/
	rm -rf bin dist

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
