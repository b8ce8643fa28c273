package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"volume-backup-tester/internal/cloudsim"
)

// often is how many times a process is measured: the median counts, because
// other processes disturb.
const often = 11

// build builds the programs as `make build` does, and returns where they are.
func build(t *testing.T) (tester, simulator string) {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir, "../../cmd/volume-backup-tester", "../../cmd/cloudsim")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(dir, "volume-backup-tester"), filepath.Join(dir, "cloudsim")
}

// against is a command that finds its cloud in a clouds.yaml.
func against(cloudsYAML, cloud, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"OS_CLIENT_CONFIG_FILE=" + cloudsYAML, "OS_CLOUD=" + cloud}
	cmd.Stderr = os.Stderr
	return cmd
}

func TestFootprint(t *testing.T) {
	measured(t, fmt.Sprintf("Footprint: the program as a process, against cloudsim as a process (median of %d)", often))
	tester, simulator := build(t)
	figure(t, "start to first request", median(firstRequests(t, tester)).Seconds()*1000, 20, " ms")

	sim := exec.Command(simulator)
	stdout, err := sim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sim.Process.Signal(os.Interrupt); _ = sim.Wait() }()
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatal("cloudsim does not say where its clouds.yaml is")
	}
	var cpu []time.Duration
	var resident []float64
	for range often {
		took, peak := used(t, against(lines.Text(), "cloudsim", tester))
		cpu, resident = append(cpu, took), append(resident, peak)
	}
	figure(t, "CPU time of a full run", median(cpu).Seconds(), 0.1, " s")
	figure(t, "resident at most in a full run", median(resident), 25, " MB")
	_, peak := used(t, against(lines.Text(), "cloudsim", tester, "--checks", "all"))
	figure(t, "resident at most with all checks", peak, 60, " MB")
}

// TestMemory compares clean-ups of many leftovers with one of few.
func TestMemory(t *testing.T) {
	measured(t, "Memory: a clean-up as a process, pages of 100")
	tester, _ := build(t)
	few, _ := cleaning(t, tester, 100)
	thousand, _ := cleaning(t, tester, 1000)
	many, list := cleaning(t, tester, 10000)
	note("resident with 100, 1,000 and 10,000 leftovers: %.1f, %.1f and %.1f MB", few, thousand, many)
	note("so each further leftover takes %.0f bytes; in the list's JSON it has %.0f", (many-few)*(1<<20)/9900, list*(1<<20)/10000)
	figure(t, "growth from 100 to 10,000 ÷ the JSON of their list", (many-few)/list, 1.5, "")
}

// cleaning returns how many MB one clean-up has resident at most, and how many
// its first listings have.
func cleaning(t *testing.T, tester string, n int) (resident, list float64) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	sim := newCloud(t, cloudsim.Config{BaseURL: base, PageSize: 100})
	fill(sim, n)
	server.Config.Handler = sim
	server.Start()
	defer server.Close()
	list = float64(jsonSize(t, sim)) / (1 << 20)
	cmd := against(write(t, sim.ClientConfig()), "cloudsim", tester, "--cleanup-only")
	cmd.Env = append(cmd.Env, "GOGC=10") // what is used, not what the collector lets lie
	_, resident = used(t, cmd)
	return resident, list
}

// jsonSize is how many bytes the lists of everything have.
func jsonSize(t *testing.T, sim *cloudsim.Cloud) (bytes int64) {
	t.Helper()
	r := connect(t, sim.ClientConfig(), "cloudsim", sim.Transport())
	r.http.Transport = counting{sim.Transport(), &bytes}
	r.list(t, "backup")
	r.list(t, "volume")
	return bytes
}

// counting adds up the lengths of answers.
type counting struct {
	http.RoundTripper
	bytes *int64
}

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(req)
	if err == nil {
		*c.bytes += resp.ContentLength
	}
	return resp, err
}

// firstRequests starts the program against a cloud that only notes when it is
// asked first.
func firstRequests(t *testing.T, tester string) (after []time.Duration) {
	t.Helper()
	asked := make(chan time.Time, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case asked <- time.Now():
		default:
		}
		w.WriteHeader(http.StatusNotFound) // which a login is not repeated after
	}))
	defer server.Close()
	clouds := write(t, cloudsim.New(cloudsim.Config{BaseURL: server.URL}).ClientConfig())
	for range often {
		cmd := against(clouds, "cloudsim", tester)
		cmd.Stderr = nil // says that the cloud does not answer
		began := time.Now()
		if err := cmd.Run(); err == nil {
			t.Fatal("passed against a cloud that refuses")
		}
		after = append(after, (<-asked).Sub(began))
	}
	return after
}

// used runs a command, which must succeed, and returns how much CPU time it
// took and how many MB it had resident at most, as of its last line. (What the
// kernel tells of an ended process is no less than its parent's.)
func used(t *testing.T, cmd *exec.Cmd) (cpu time.Duration, resident float64) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)) // it may have ended
		if _, peak, found := strings.Cut(string(status), "VmHWM:"); found {
			var kilobytes float64
			if _, err := fmt.Sscan(peak, &kilobytes); err != nil {
				t.Fatal(err)
			}
			resident = kilobytes / 1024
		}
	}
	if err := cmd.Wait(); err != nil || resident == 0 {
		t.Fatalf("%s: %v, %g MB resident", strings.Join(cmd.Args, " "), err, resident)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), resident
}

// write puts a clouds.yaml into a file.
func write(t *testing.T, clouds []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, clouds, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
