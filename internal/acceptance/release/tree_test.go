//go:build acceptance

package release

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// tree is the root directory of a Debian of its own.
type tree string

// debian makes the tree from the packages of this machine's release. It goes with the test: all mounts
// are in namespaces that end with their processes.
func debian(t *testing.T) tree {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	const script = `set -euo pipefail
command -v mmdebstrap >/dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends mmdebstrap; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main')
. /etc/os-release
exec unshare --mount --propagation private mmdebstrap --quiet --mode=root --variant=minbase --components=main --include="$2" \
  --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' "$VERSION_CODENAME" "$1" "${mirror%%$'\n'*}"`
	if out, err := exec.Command("bash", "-c", script, "debian", root, packages).CombinedOutput(); err != nil {
		t.Fatalf("making a Debian tree: %v\n%s", err, out)
	}
	return tree(root)
}

// run runs a shell's commands in the tree, and returns what they write to stdout. A container's layers can
// only be unpacked where the root directory is a mount.
func (r tree) run(t *testing.T, commands string) string {
	t.Helper()
	const script = `set -eu
mount --bind "$1" "$1"; mount -t proc proc "$1/proc"; mount --rbind /sys "$1/sys"; mount --rbind /dev "$1/dev"
exec chroot "$1" env -i HOME=/root LANG=C.UTF-8 TERM=xterm PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euo pipefail -c "$2"`
	c := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private", "bash", "-c", script, "run", string(r), commands)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	t.Logf("%s\n%s%s", commands, &stdout, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	return stdout.String()
}

// files are the paths in the tree, without what others write there meanwhile: dpkg, man-db and the shells.
func (r tree) files(t *testing.T) (paths []string) {
	t.Helper()
	others := []string{"/root", "/tmp", "/var/cache/man", "/var/lib/dpkg/status-old", "/var/log"}
	err := fs.WalkDir(os.DirFS(string(r)), ".", func(path string, d fs.DirEntry, err error) error {
		switch path = "/" + path; {
		case err != nil:
			return err
		case !slices.Contains(others, path):
			paths = append(paths, path)
		case d.IsDir():
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func (r tree) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(string(r), name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
