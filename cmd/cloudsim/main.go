// Command cloudsim runs a simulated OpenStack on loopback, and a command against it.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker; see the Makefile.
var version = "unreleased"

func main() {
	os.Exit(start())
}

// start runs the process with the environment that it finds.
func start() int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	p := process{args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, signals: signals}
	return p.run()
}
