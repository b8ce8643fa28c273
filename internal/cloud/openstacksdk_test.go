//go:build acceptance

package cloud

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// python44 runs openstacksdk 4.4's Python, which decides how clouds.yaml is read:
// Debian 13's, in the tree of the devcloud. OPENSTACKSDK_44 names another command.
const python44 = "../../testdata/devcloud/devcloud box python3"

// python0101 is Debian 12's, with openstacksdk 0.101. OPENSTACKSDK_0101 names another
// command.
const python0101 = "/usr/bin/python3"

// sdk is a Python that reads one case after another.
type sdk struct {
	in  *json.Encoder
	out *json.Decoder
}

// sdkCase is what it gets of a case. The files are made where it runs: that may be
// another tree of directories.
type sdkCase struct {
	Cloud string            `json:"cloud"`
	Files map[string]string `json:"files"`
	Env   map[string]string `json:"env"`
}

// sdkOutcome is its answer: an error, or "".
type sdkOutcome struct {
	Error string `json:"error"`
}

func startSDK(t *testing.T, variable, command string) *sdk {
	t.Helper()
	if given := os.Getenv(variable); given != "" {
		command = given
	}
	words := strings.Fields(command)
	python := exec.Command(words[0], append(words[1:], "-c", sdkDriver)...)
	in, err := python.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := python.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	python.Stderr = os.Stderr
	if err := python.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // ends it
		if err := python.Wait(); err != nil {
			t.Errorf("%s: %v", command, err)
		}
	})
	return &sdk{json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))}
}

// run lets it log in and list backups as the case says.
func (s *sdk) run(t *testing.T, c cloudsCase, r *recorder) (seen observed, requests []recorded, failed string) {
	t.Helper()
	files, env := c.inputs(r)
	settings := map[string]string{}
	for _, line := range env {
		key, value, _ := strings.Cut(line, "=")
		settings[key] = value
	}
	if err := s.in.Encode(sdkCase{c.cloud(), files, settings}); err != nil {
		t.Fatal(err)
	}
	var outcome sdkOutcome
	if err := s.out.Decode(&outcome); err != nil {
		t.Fatal(err)
	}
	requests = r.taken()
	return observe(t, requests), requests, outcome.Error
}

// sdkDriver reads a case a line, runs each in a process of its own, which is forked
// to save the time of loading the libraries, and answers a line. The search path is
// made when openstack.config.loader is loaded: so that is loaded again.
const sdkDriver = `
import importlib, json, os, sys, tempfile, traceback, warnings
warnings.simplefilter("ignore")
import openstack, openstack.config.loader, openstack.connection, openstack.block_storage.v3._proxy
import keystoneauth1.identity.v3.oidc, keystoneauth1.loading._plugins.identity.v3
with tempfile.TemporaryDirectory() as top:
    for number, line in enumerate(sys.stdin):
        case = json.loads(line)
        base = os.path.join(top, str(number))
        child = os.fork()
        if child == 0:
            result = {"error": ""}
            try:
                for name in ["work/", "home/"] + list(case["files"]):
                    path = os.path.join(base, name)
                    os.makedirs(path if name.endswith("/") else os.path.dirname(path), exist_ok=True)
                    if not name.endswith("/"):
                        with open(path, "w") as f:
                            f.write(case["files"][name])
                os.environ.clear()
                os.environ.update({k: v.replace("DIR", base) for k, v in case["env"].items()})
                os.environ.update(PATH="/usr/bin:/bin", HOME=base + "/home")
                os.chdir(base + "/work")
                sys.stderr = open(os.devnull, "w")
                openstack.config.OpenStackConfig = importlib.reload(openstack.config.loader).OpenStackConfig
                list(openstack.connect(cloud=case["cloud"]).block_storage.backups(details=True))
            except BaseException:
                result["error"] = traceback.format_exc().strip().splitlines()[-1][-300:] or "failed"
            with open(base + ".json", "w") as f:
                json.dump(result, f)
            os._exit(0)
        os.waitpid(child, 0)
        with open(base + ".json") as f:
            print(f.read(), flush=True)
`

// deviations are the cases of a list in testdata/clouds where openstacksdk and this
// program differ on purpose: what comes of them, and why. The lists are complete.
//
//	we-refuse    openstacksdk works, this program refuses the configuration
//	they-refuse  this program works, openstacksdk does not
//	differs      both work, with another login or at another address
func deviations(t *testing.T, list string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/clouds", list))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Fields(line)
		if len(f) < 3 {
			t.Fatalf("%s: no reason in %q", list, line)
		}
		found[strings.TrimSuffix(f[0], ":")] = f[1]
	}
	return found
}

// TestAsOpenstacksdk44 and TestAsOpenstacksdk0101 run openstacksdk on every case, and
// hold both programs to the same login and the same address, except for the cases of
// the lists.
func TestAsOpenstacksdk44(t *testing.T) {
	asOpenstacksdk(t, startSDK(t, "OPENSTACKSDK_44", python44), "openstacksdk-4.4")
}

func TestAsOpenstacksdk0101(t *testing.T) {
	asOpenstacksdk(t, startSDK(t, "OPENSTACKSDK_0101", python0101), "openstacksdk-0.101")
}

func asOpenstacksdk(t *testing.T, python *sdk, list string) {
	allowed := deviations(t, list)
	for _, c := range cloudsCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r := c.record(t)
			theirs, _, refused := python.run(t, c, r)
			client, err := Connect(t.Context(), c.lay(t, r))
			if err == nil {
				_, err = client.List(t.Context(), KindBackup)
			}
			ours := observe(t, r.taken())
			got := "same"
			switch {
			case refused == "" && err != nil:
				got = "we-refuse"
			case refused != "" && err == nil:
				got = "they-refuse"
			case refused == "" && !sameWire(ours, theirs):
				got = "differs"
			}
			want := allowed[c.name]
			delete(allowed, c.name)
			if want == "" {
				want = "same"
			}
			if got != want {
				t.Errorf("%s, want %s\nours   %v %v\ntheirs %v %s", got, want, ours, err, theirs, refused)
			}
		})
	}
	for name := range allowed {
		t.Errorf("%s names %s, which is no case", list, name)
	}
}

// TestAsOpenstacksdkFederated holds the federated logins to the requests that
// keystoneauth makes, the login after an expired token included.
func TestAsOpenstacksdkFederated(t *testing.T) {
	python := startSDK(t, "OPENSTACKSDK_44", python44)
	for kind, auth := range federatedAuth {
		f := newFederation(t, kind, auth)
		text, err := os.ReadFile(filepath.Join(f.options.Dir, "clouds.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		c := cloudsCase{files: map[string]string{"work/clouds.yaml": string(text)}}
		_, requests, failed := python.run(t, c, f.keystone)
		provider, keystone := federatedWire(kind)
		if got := wires(f.provider.taken()); !slices.Equal(got, provider) || failed != "" {
			t.Errorf("%s to the provider %s\n%s\nours\n%s", kind, failed, strings.Join(got, "\n"), strings.Join(provider, "\n"))
		}
		// It also asks Cinder for its microversions, and repeats the token that is in
		// the body of the second login in a header.
		got := slices.DeleteFunc(wires(requests), func(line string) bool { return line == "GET /volume/v3/" })
		for i := range got {
			got[i] = strings.Replace(got[i], ", X-Auth-Token: unscoped-token", "", 1)
		}
		if !slices.Equal(got, keystone) {
			t.Errorf("%s to the cloud\n%s\nours\n%s", kind, strings.Join(got, "\n"), strings.Join(keystone, "\n"))
		}
	}
}

// sameWire tells whether two readings go to the same place with the same login.
func sameWire(a, b observed) bool {
	anyProject := func(list string) string { return strings.ReplaceAll(list, "/PROJECT_ID", "") } // which Cinder takes from the token
	return reflect.DeepEqual(a.login, b.login) && a.to == b.to && anyProject(a.list) == anyProject(b.list)
}
