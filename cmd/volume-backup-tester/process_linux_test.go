package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"volume-backup-tester/internal/cloudsim"
)

// TestAskOnTerminal types a password where a terminal would echo it.
func TestAskOnTerminal(t *testing.T) {
	clouds := serve(t, cloudsim.Config{})
	keyboard, screen := terminal(t)
	c := exec.Command("volume-backup-tester", "--ask", "--cleanup-only")
	c.Env = append(os.Environ(), clouds...)
	c.Stdin, c.Stdout, c.Stderr = screen, screen, screen
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	var seen strings.Builder
	read := make([]byte, 1024)
	typed := false
	for {
		n, err := keyboard.Read(read)
		seen.Write(read[:n])
		if !typed && strings.Contains(seen.String(), "Password: ") {
			typed = true
			if _, err := io.WriteString(keyboard, cloudsim.Password+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil { // EIO: the other side has closed
			break
		}
	}
	if err := c.Wait(); err != nil || !typed {
		t.Errorf("%v, typed: %v; on the screen:\n%s", err, typed, &seen)
	}
	if strings.Contains(seen.String(), cloudsim.Password) {
		t.Errorf("the password is on the screen:\n%s", &seen)
	}
}

// terminal opens a pseudo-terminal.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	fd := int(keyboard.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keyboard, screen
}

// TestSecondSignalKills: a run that cannot end cleanly, because nobody takes
// its output, ends all the same.
func TestSecondSignalKills(t *testing.T) {
	c := exec.Command("volume-backup-tester", "--debug")
	c.Env = append(os.Environ(), serve(t, cloudsim.Config{OperationTime: time.Minute})...)
	stderr, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(stderr.(*os.File).Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan int, 1)
	go func() {
		state, _ := c.Process.Wait()
		ended <- state.ExitCode()
	}()
	defer c.Process.Kill()
	// until the pipe takes no more of what it says
	for held, before, looks := 0, -1, 0; held == 0 || held != before; looks++ {
		if looks == 30 {
			t.Fatalf("after %d s the pipe still fills: %d bytes", looks, held)
		}
		<-time.After(time.Second)
		before = held
		if held, err = unix.IoctlGetInt(int(stderr.(*os.File).Fd()), unix.TIOCINQ); err != nil {
			t.Fatal(err)
		}
	}
	for sent := 1; sent <= 10; sent++ { // one that comes within a second of the first counts as the first
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case status := <-ended:
			if sent == 1 || status != 143 {
				t.Errorf("ended with status %d after %d signals", status, sent)
			}
			return
		case <-time.After(1500 * time.Millisecond):
		}
	}
	t.Error("no second signal ended it")
}

// serve runs a simulated cloud and returns the environment that leads there.
func serve(t *testing.T, config cloudsim.Config) []string {
	t.Helper()
	sim, _, shut := listen(config)
	t.Cleanup(shut)
	clouds := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(clouds, sim.ClientConfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"OS_CLIENT_CONFIG_FILE=" + clouds, "OS_CLOUD=cloudsim"}
}
