package cloudsim_test

import (
	"net/http"
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloudsim"
)

func TestMinVolumeSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{MinVolumeSize: 2})
		backup := s.cloud.PutBackup(cloudsim.Backup{})
		for path, body := range map[string]object{
			"/volumes":                        {"volume": object{"size": 1}},
			"/backups/" + backup + "/restore": {"restore": object{"name": "r"}},
		} {
			got := s.do("POST", path, body, http.StatusBadRequest)
			if got["message"] != "Invalid input received: Specified volume size of '1' is less than the minimum required size of '2' for volume type 'cloudsim'." {
				t.Errorf("%s: %v", path, got)
			}
		}
		s.large()
		s.do("POST", "/volumes", object{"volume": object{"size": 1, "volume_type": cloudsim.OtherType}}, http.StatusAccepted)
		if n := len(s.cloud.Volumes()); n != 2 {
			t.Errorf("%d volumes", n)
		}
	})
}

// A private default type does not exist for a member, who may use another one.
func TestPrivateDefaultType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{PrivateDefaultType: true})
		backup := s.cloud.PutBackup(cloudsim.Backup{})
		for _, request := range []struct {
			method, path string
			body         any
		}{
			{"POST", "/volumes", object{"volume": object{"size": 1}}},
			{"POST", "/volumes", object{"volume": object{"size": 1, "volume_type": cloudsim.DefaultType}}},
			{"POST", "/backups/" + backup + "/restore", object{"restore": object{"name": "r"}}},
			{"GET", "/types/default", nil},
			{"GET", "/types/" + cloudsim.DefaultType, nil},
		} {
			if code := s.code(request.method, request.path, request.body); code != http.StatusNotFound {
				t.Errorf("%v: answered %d", request, code)
			}
		}
		var types struct {
			Types []struct{ Name string } `json:"volume_types"`
		}
		if decode(t, s.member, "/types", &types); len(types.Types) != 1 || types.Types[0].Name != cloudsim.OtherType {
			t.Errorf("listed: %v", types)
		}
		s.do("POST", "/volumes", object{"volume": object{"size": 1, "volume_type": cloudsim.OtherType}}, http.StatusAccepted)
		s.cloud.SetRoles(cloudsim.Username, "admin")
		s.member = connect(t, s.cloud)
		s.volume()
	})
}

// An encrypted volume's backup can only be restored into a volume of its type, and its image is not
// what is on it.
func TestEncryptedType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, cloudsim.Config{WithEncryptedType: true})
		create := func() string {
			return s.do("POST", "/volumes", object{"volume": object{"size": 1, "volume_type": cloudsim.EncryptedType}}, http.StatusAccepted)["id"].(string)
		}
		source, target := create(), create()
		s.write(source, 0, "plain")
		if s.of("volume", source, "encrypted") != true || s.of("volume", s.volume(), "encrypted") != false {
			t.Error("which is encrypted is not told")
		}
		backup := s.backup(source)
		for into, want := range map[string]string{"": "error_restoring", s.volume(): "error_restoring", target: "available"} {
			if got := s.status("/volumes/" + s.restoreInto(backup, into)); got != want {
				t.Errorf("into %q: %v, want %s", into, got, want)
			}
		}
		if got := s.read(target, 0, 5); got != "plain" {
			t.Errorf("restored %q", got)
		}
		one, two := s.readImage(s.upload(source), 0), s.readImage(s.upload(target), 0)
		if one == "plai" || one != two {
			t.Errorf("images have %q, %q", one, two)
		}
	})
}
