// Command volume-backup-tester tests a cloud's volume backups; see internal/cli.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"volume-backup-tester/internal/cli"
)

// version and its date are set by the linker; see the Makefile.
var version, date = "unreleased", ""

func main() { os.Exit(run()) }

func run() int {
	// A closed stdout is then an error in writing, which ends the run with a
	// message, instead of a silent death.
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go watchSignals(cancel)
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	home, _ := os.UserHomeDir() // without one there is one place less to look in
	return cli.Main(ctx, cli.Process{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Dir: dir, Home: home, Version: version, Date: date,
	})
}

// watchSignals lets the first signal end the run cleanly. One that comes a
// second or more later kills: some senders, such as GNU timeout, signal twice
// at once.
func watchSignals(cancel context.CancelCauseFunc) {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	first := caught(<-signals)
	cancel(first)
	at := time.Now()
	for s := range signals {
		if time.Since(at) >= time.Second {
			os.Exit(128 + caught(s).Number)
		}
	}
}

func caught(s os.Signal) cli.Signal {
	switch s {
	case syscall.SIGTERM:
		return cli.Signal{Name: "SIGTERM", Number: 15}
	case syscall.SIGHUP:
		return cli.Signal{Name: "SIGHUP", Number: 1}
	}
	return cli.Signal{Name: "SIGINT", Number: 2}
}
