package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// askPassword prompts on stderr and reads one line: from a terminal without
// echo, from anything else as it is. A signal ends the wait for an answer.
func askPassword(ctx context.Context, p Process) (string, error) {
	read := func() (string, error) {
		line, err := bufio.NewReader(p.Stdin).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	if file, ok := p.Stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fd := int(file.Fd())
		before, err := term.GetState(fd)
		if err != nil {
			return "", fmt.Errorf("asking for the password: %w", err)
		}
		defer func() { _ = term.Restore(fd, before) }() // an interrupted read leaves echo off
		read = func() (string, error) {
			password, err := term.ReadPassword(fd)
			return string(password), err
		}
	}
	fmt.Fprint(p.Stderr, "Password: ")
	type answer struct {
		password string
		err      error
	}
	answered := make(chan answer, 1)
	go func() {
		password, err := read()
		answered <- answer{password, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(p.Stderr)
		return "", context.Cause(ctx)
	case a := <-answered:
		fmt.Fprintln(p.Stderr)
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("asking for the password: %w", a.err)
		}
		return a.password, nil
	}
}
