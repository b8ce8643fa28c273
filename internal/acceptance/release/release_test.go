//go:build acceptance

// Package release holds the test of what `make release` makes: `make acceptance-release`. It needs root
// and Debian's packages, but no cloud, and is not part of the other acceptance tests.
package release

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

const (
	top     = "../../.."
	version = "v0.1.0"
	// what the tests need, apart from what is tested
	packages = "bash-completion,buildah,ca-certificates,fish,mandoc,rpm,zsh"
)

// TestRelease follows a release from its build to its removal.
func TestRelease(t *testing.T) {
	dist := build(t)
	tree := debian(t)
	for _, pattern := range []string{"*_" + runtime.GOARCH + ".deb", "*.rpm", "*_linux_" + runtime.GOARCH + ".tar.gz", "SHA256SUMS"} {
		if out, err := exec.Command("bash", "-c", `mkdir -p "$2/release" && cp "$1"/`+pattern+` "$2/release/"`, "copy", dist, string(tree)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	before := tree.files(t)
	tree.run(t, "dpkg -i /release/*.deb")
	t.Run("programs", func(t *testing.T) {
		for _, name := range []string{"volume-backup-tester", "cloudsim"} {
			if got := tree.run(t, name+" --version"); got != name+" "+version+"\n" {
				t.Errorf("--version: %q", got)
			}
		}
		if out := tree.run(t, "cloudsim -- volume-backup-tester"); !strings.HasSuffix(out, "scs-0117-test-backup: PASS\n") {
			t.Error("no PASS")
		}
	})
	t.Run("manual page", func(t *testing.T) {
		if out := tree.run(t, "mandoc -Tlint /usr/share/man/man1/volume-backup-tester.1.gz"); out != "" {
			t.Error("mandoc has something to say")
		}
	})
	t.Run("bash", func(t *testing.T) {
		const script = `. /usr/share/bash-completion/bash_completion; _completion_loader volume-backup-tester; complete -p volume-backup-tester`
		if got := tree.run(t, "bash -c '"+script+" || true'"); got != "complete -F _volume_backup_tester volume-backup-tester\n" {
			t.Error("bash-completion does not find it")
		}
	})
	t.Run("fish", func(t *testing.T) { fish(t, tree) })
	t.Run("zsh", func(t *testing.T) { zsh(t, tree) })
	t.Run("removal", func(t *testing.T) {
		if !slices.Contains(tree.files(t), "/usr/bin/volume-backup-tester") {
			t.Error("it was not there before")
		}
		tree.run(t, "dpkg -r volume-backup-tester; dpkg -P volume-backup-tester 2>&1")
		for _, file := range tree.files(t) {
			if !slices.Contains(before, file) {
				t.Errorf("%s is left", file)
			}
		}
		if out := tree.run(t, "dpkg-query -W volume-backup-tester 2>&1 || true"); !strings.Contains(out, "no packages found") {
			t.Error("dpkg still knows it")
		}
	})
	t.Run("rpm", func(t *testing.T) {
		arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
		out := tree.run(t, `rpm -K --nosignature /release/*.rpm >&2
			rpm="rpm --root /other"; mkdir /other
			$rpm --initdb; $rpm -i --nodeps /release/*.`+arch+`.rpm; /other/usr/bin/volume-backup-tester --version; ls /other/usr/share/licenses/volume-backup-tester
			$rpm -e volume-backup-tester; find /other/usr -type f`)
		if out != "volume-backup-tester "+version+"\nLICENSE\n" {
			t.Error("not installed and removed")
		}
	})
	t.Run("image", func(t *testing.T) { image(t, tree) })
}

// build makes the release twice, with what should make no difference, and returns where it is.
func build(t *testing.T) string {
	t.Helper()
	dirs := [2]string{filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "another")}
	for i, with := range []string{"umask 022; export TZ=UTC", "umask 077; export TZ=Asia/Tokyo LC_ALL=C"} {
		if out, err := exec.Command("bash", "-c", with+`; exec make -C "$1" release VERSION="$2" DIST="$3"`, "build", top, version, dirs[i]).CombinedOutput(); err != nil {
			t.Fatalf("make release: %v\n%s", err, out)
		}
	}
	names, err := os.ReadDir(dirs[0])
	if err != nil || len(names) != 6+4+1 {
		t.Fatalf("%d files in a release: %v", len(names), err)
	}
	for _, name := range names {
		one, err := os.ReadFile(filepath.Join(dirs[0], name.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if another, err := os.ReadFile(filepath.Join(dirs[1], name.Name())); err != nil || !bytes.Equal(one, another) {
			t.Errorf("%s differs when it is built again (%v)", name.Name(), err)
		}
		t.Logf("%8d %s", len(one), name.Name())
	}
	if out, err := exec.Command("bash", "-c", `cd "$1" && sha256sum --check --quiet SHA256SUMS && [ $(wc -l <SHA256SUMS) = 10 ]`, "check", dirs[0]).CombinedOutput(); err != nil {
		t.Errorf("SHA256SUMS: %v\n%s", err, out)
	}
	return dirs[0]
}

// fish asks the shell for what it would offer.
func fish(t *testing.T, tree tree) {
	for line, want := range map[string]string{
		"--ch": "--checks", "--completion f": "fish", "scs": "scs-0117-test-backup", "--he": "--help", "--prefix /etc/host": "",
		"--checks core,da": "core,data core,data-incremental", "--checks=core,dis": "--checks=core,disaster", "--json /etc/hostn": "/etc/hostname",
	} {
		out := tree.run(t, `fish -c "complete -C'volume-backup-tester `+line+`'"`)
		var offered []string
		for text := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\t")
			offered = append(offered, word)
		}
		if got := strings.Join(offered, " "); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// zsh types into an interactive shell, where each line ends in a tabulator; what the command is given
// then, it writes down.
func zsh(t *testing.T, tree tree) {
	lines := [][2]string{
		{"--cle", "--cleanup-only"}, {"--completion f", "--completion fish"}, {"scs", "scs-0117-test-backup"}, {"-c /etc/hostn", "-c /etc/hostn"},
		{"--checks core,dis", "--checks core,disaster"}, {"--checks=dis", "--checks=disaster"}, {"--junit /etc/hostn", "--junit /etc/hostname"},
	}
	script := `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'autoload -U compinit && compinit -u -D; bindkey "^I" complete-word; volume-backup-tester() { print -r -- "$*" >>/root/given }'
`
	var want string
	for _, line := range lines {
		script += "zpty -w z 'volume-backup-tester " + line[0] + "'$'\\t'\n"
		want += line[1] + "\n"
	}
	tree.write(t, "root/type.zsh", script+"zpty -w z exit\nwhile zpty -r z; do :; done >/dev/null\n")
	tree.run(t, "zsh -n /usr/share/zsh/vendor-completions/_volume-backup-tester; zsh -f /root/type.zsh")
	if got := tree.run(t, "cat /root/given"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// image builds an image as the Containerfile says, without a network, and runs it.
func image(t *testing.T, tree tree) {
	out := tree.run(t, `cd /release; tar -xzf *.tar.gz; cd volume-backup-tester_*/
		buildah="buildah --storage-driver vfs"
		unshare --net $buildah build --isolation chroot --build-context certs=/etc/ssl/certs -t volume-backup-tester >&2
		container=$($buildah from localhost/volume-backup-tester)
		$buildah run --isolation chroot $container /volume-backup-tester --version
		root=$($buildah mount $container); cmp /etc/ssl/certs/ca-certificates.crt $root/etc/ssl/certs/ca-certificates.crt
		$buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.WorkingDir}}' localhost/volume-backup-tester`)
	if want := "volume-backup-tester " + version + "\n65534:65534 [/volume-backup-tester] /"; strings.TrimSpace(out) != want {
		t.Errorf("got %q, want %q", out, want)
	}
}
