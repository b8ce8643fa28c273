package main

import (
	"strings"
	"testing"
)

// download puts into the session's directory what its user has of a release: an
// archive, and the checksums of all. Packages need another program, and are
// tested in internal/acceptance.
func download(t *testing.T, s *session) {
	t.Helper()
	out, err := s.run(`make release PLATFORMS=linux/amd64 PACKAGERS= && cp dist/* . && echo "$(printf %064d 0)  not-downloaded.deb" >>SHA256SUMS`)
	if err != nil {
		t.Fatalf("make release: %v\n%s", err, out)
	}
	const archived = `cd dist && tar -tf *.tar.gz | sed 's/^[^/]*//' | grep -v '/$'`
	want := "/Containerfile\n/LICENSE\n/cloudsim\n/completions/_volume-backup-tester\n/completions/volume-backup-tester.bash\n" +
		"/completions/volume-backup-tester.fish\n/report.schema.json\n/volume-backup-tester\n/volume-backup-tester.1\n"
	if out, err := s.run(archived); err != nil || out != want {
		t.Errorf("the archive has\n%s%v\nand not\n%s", out, err, want)
	}
}

// TestVersions: a release is called as its tag, and its packages so that they sort.
func TestVersions(t *testing.T) {
	s := newClone(t)
	const begin = `git init -q && git add Makefile && git -c user.name=x -c user.email=x commit -qm x && git tag other && git tag v0.1.0`
	if out, err := s.run(begin); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := s.run("make -n build"); err != nil || !strings.Contains(out, "-X main.version=v0.1.0 -X main.date=20") {
		t.Errorf("%v\n%s", err, out)
	}
	for version, want := range map[string]string{
		"v0.1.0":                      "0.1.0",
		"v0.1.0-rc1":                  "0.1.0~rc1",
		"v0.1.0-3-g1234567":           "0.1.0+3.g1234567",
		"v0.1.0-rc1-3-g1234567-dirty": "0.1.0~rc1+3.g1234567.dirty",
		"1234567":                     "0+1234567",
		"abcdef0-dirty":               "0+abcdef0.dirty",
		"unknown":                     "0+unknown",
	} {
		if out, err := s.run("make -n release VERSION=" + version); err != nil || !strings.Contains(out, " VERSION='"+want+"' go run ") {
			t.Errorf("%s is not %s: %v\n%s", version, want, err, out)
		}
	}
}
