package cloudsim_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"volume-backup-tester/internal/cloudsim"
)

// Each account of the clouds.yaml has a project of its own, and only administrators see others'.
func TestMoreAccounts(t *testing.T) {
	cloud := cloudsim.New(cloudsim.Config{MoreAccounts: 2})
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				Username, Password string
				Project            string `yaml:"project_name"`
			}
		}
	}
	if err := yaml.Unmarshal(cloud.ClientConfig(), &file); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(file.Clouds))
	want := []string{"cloudsim", "cloudsim-admin", "cloudsim-admin-1", "cloudsim-admin-2", "cloudsim-member-1", "cloudsim-member-2", "cloudsim-other"}
	if !slices.Equal(names, want) {
		t.Errorf("clouds are %v, want %v", names, want)
	}
	foreign := cloud.PutVolume(cloudsim.Volume{})
	projects := map[string]bool{}
	for _, name := range names {
		auth := file.Clouds[name].Auth
		c := connectAs(t, cloud, passwordLogin(auth.Username, auth.Password, auth.Project), auth.Project)
		code, _, err := c.send(t, "GET", "/volumes/"+foreign, nil)
		if sees := name == "cloudsim" || strings.Contains(name, "admin"); err != nil || (code == http.StatusOK) != sees {
			t.Errorf("%s: answered %d %v", name, code, err)
		}
		projects[c.url] = true
	}
	if len(projects) != len(names) {
		t.Errorf("%d accounts in %d projects", len(names), len(projects))
	}
}
