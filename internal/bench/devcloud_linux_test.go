package bench

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const prefix = "bench-" // not the default: others may be testing this cloud

// TestRealCloud compares the three phases with the same operations driven by a
// client that asks every 50 ms.
func TestRealCloud(t *testing.T) {
	const rounds = 5
	measured(t, fmt.Sprintf("A real cloud: from start to the third PASS ÷ the same operations polled every 50 ms (median of %d)", rounds))
	file := os.Getenv("DEVCLOUD_CLOUDS_YAML")
	if file == "" {
		note("left out: DEVCLOUD_CLOUDS_YAML names no clouds.yaml; testdata/devcloud/devcloud up prints one")
		return
	}
	clouds, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tester, _ := build(t)
	var ours, polled []time.Duration
	for range rounds {
		ours = append(ours, untilThirdPass(t, tester, file))
		polled = append(polled, polling(t, clouds))
		used(t, against(file, "devcloud", tester, "--prefix", prefix, "--cleanup-only", "--timeout", "300"))
	}
	note("ours %v, polled %v", ours, polled)
	figure(t, "wall time", median(ours).Seconds()/median(polled).Seconds(), 1.25, "")
}

// untilThirdPass runs the program to its end, and returns when it printed the
// third result.
func untilThirdPass(t *testing.T, tester, cloudsYAML string) (took time.Duration) {
	t.Helper()
	cmd := against(cloudsYAML, "devcloud", tester, "--prefix", prefix, "--timeout", "300")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "Restore volume from backup: PASS" {
			took = time.Since(began)
		}
	}
	if err := cmd.Wait(); err != nil || took == 0 {
		t.Fatalf("%v, third PASS after %v", err, took)
	}
	return took
}

// polling does the same by raw requests.
func polling(t *testing.T, clouds []byte) time.Duration {
	t.Helper()
	began := time.Now()
	r := connect(t, clouds, "devcloud", nil)
	create := func(path, key string, body object) string {
		var answer map[string]struct {
			ID       string
			VolumeID string `json:"volume_id"` // of a restore
		}
		r.do(t, "POST", r.volume+path, object{key: body}, &answer)
		if key == "restore" {
			return answer[key].VolumeID
		}
		return answer[key].ID
	}
	volume := create("/volumes", "volume", object{"name": prefix + "raw", "size": 1})
	r.until(t, "available", "volume", volume)
	backup := create("/backups", "backup", object{"name": prefix + "raw", "volume_id": volume})
	r.until(t, "available", "backup", backup)
	r.until(t, "available", "volume", volume)
	restored := create("/backups/"+backup+"/restore", "restore", object{"name": prefix + "raw-restored"})
	r.until(t, "available", "volume", restored)
	r.until(t, "available", "backup", backup)
	return time.Since(began)
}

// until asks every 50 ms how a resource is.
func (r *raw) until(t *testing.T, wanted, kind, id string) {
	t.Helper()
	for {
		switch status := r.status(t, kind, id); {
		case status == wanted:
			return
		case strings.HasPrefix(status, "error"):
			t.Fatalf("%s %s is %s", kind, id, status)
		}
		<-time.After(50 * time.Millisecond)
	}
}
