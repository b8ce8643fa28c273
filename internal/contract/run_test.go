package contract

import (
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"gopkg.in/yaml.v3"

	"volume-backup-tester/internal/cloudsim"
)

// TestSimulatedCloud runs each case against a simulator of its own, in virtual time.
func TestSimulatedCloud(t *testing.T) {
	for _, test := range suite() {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := cloudsim.New(cloudsim.Config{PageSize: 1000}) // Cinder's; the suite asks for small pages itself
				c := connect(t, cloud.ClientConfig(), "cloudsim", cloud.Transport())
				c.other = connect(t, cloud.ClientConfig(), "cloudsim-other", cloud.Transport())
				c.interval, c.timeout = 10*time.Millisecond, time.Minute
				test.run(t, c)
				c.cleanUp(t)
			})
		})
	}
}

// realCloud is the clouds.yaml and the two clouds in it that the environment names.
func realCloud(t *testing.T) (path, name, other string) {
	t.Helper()
	path, name, other = os.Getenv("CONTRACT_CLOUDS_YAML"), os.Getenv("CONTRACT_CLOUD"), os.Getenv("CONTRACT_OTHER_CLOUD")
	if path == "" && name == "" && other == "" {
		t.Skip("no real cloud is named by CONTRACT_CLOUDS_YAML, CONTRACT_CLOUD and CONTRACT_OTHER_CLOUD")
	}
	return path, name, other
}

// TestRealCloud runs it against the cloud that the environment names.
func TestRealCloud(t *testing.T) {
	path, name, other := realCloud(t)
	clouds, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("CONTRACT_CLOUDS_YAML: %v", err)
	}
	c := connect(t, clouds, name, nil)
	c.other = connect(t, clouds, other, nil)
	// Looking more often keeps cinder-api from its work. RBD holds a volume whose upload failed until Python's garbage
	// collector closes it, and undoes its deletion until then: more than two minutes beside other suites.
	c.interval, c.timeout = 400*time.Millisecond, 10*time.Minute
	for _, test := range suite() { // one after the other: a project has quotas
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(func() { c.cleanUp(t) })
			test.run(t, c)
		})
	}
}

// connect logs in with a password as a clouds.yaml says; without a transport over sockets.
func connect(t *testing.T, clouds []byte, name string, transport http.RoundTripper) *client {
	t.Helper()
	var file struct {
		Clouds map[string]struct{ Auth login }
	}
	if err := yaml.Unmarshal(clouds, &file); err != nil {
		t.Fatal(err)
	}
	cloud, found := file.Clouds[name]
	if !found {
		t.Fatalf("no cloud %q in the clouds.yaml", name)
	}
	c := &client{http: &http.Client{Timeout: time.Minute, Transport: transport}, login: cloud.Auth}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	r := c.post(t, c.login.AuthURL+"/auth/tokens", c.login.body(c.login.Password, scopeTo(c.login.Project)))
	token := r.object(t, http.StatusCreated, "token")
	c.token = r.header.Get("X-Subject-Token")
	c.project = token["project"].(object)["id"].(string)
	for _, s := range token["catalog"].([]any) {
		service := s.(object)
		for _, e := range service["endpoints"].([]any) {
			endpoint := e.(object)
			if service["type"] == "volumev3" && endpoint["interface"] == "public" && c.volume == "" {
				c.volume = endpoint["url"].(string)
			}
			if service["type"] == "image" && endpoint["interface"] == "public" && c.image == "" {
				c.image = endpoint["url"].(string)
			}
		}
	}
	return c
}

// testCase is one row of the contract.
type testCase struct {
	name string
	run  func(t *testing.T, c *client)
}

// suite is the whole contract.
func suite() []testCase {
	return slices.Concat(identityCases(), versionCases(), requestCases(), volumeCases(), snapshotCases(),
		backupCases(), restoreCases(), listCases(), filterCases(), isolationCases(), imageCases(), uploadCases(), qcow2Cases())
}
