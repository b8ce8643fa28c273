package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// askSecret prompts on stderr and reads one line: from a terminal without
// echo, from anything else as it is. A signal ends the wait for an answer.
func askSecret(ctx context.Context, p Process, what string) (string, error) {
	read, quiet := func() (string, error) {
		line, err := bufio.NewReader(p.Stdin).ReadString('\n')
		return strings.TrimRight(line, "\r\n"), err
	}, func() {}
	if file, ok := p.Stdin.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fd := int(file.Fd())
		before, err := term.GetState(fd)
		if err != nil {
			return "", fmt.Errorf("asking for the %s: %w", what, err)
		}
		defer func() { _ = term.Restore(fd, before) }() // an interrupted read leaves echo off
		read = func() (string, error) {
			password, err := term.ReadPassword(fd)
			return string(password), err
		}
		quiet = func() { changed(fd, before) }
	}
	type answer struct {
		password string
		err      error
	}
	answered := make(chan answer, 1)
	go func() {
		password, err := read()
		answered <- answer{password, err}
	}()
	quiet() // whoever answers the prompt at once must not see the answer
	fmt.Fprint(p.Stderr, strings.ToUpper(what[:1])+what[1:]+": ")
	defer fmt.Fprintln(p.Stderr)
	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case a := <-answered:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return "", fmt.Errorf("asking for the %s: %w", what, a.err)
		}
		return a.password, nil
	}
}

// changed returns when a terminal's settings are not what they were, or after a
// tenth of a second: then they were without echo before.
func changed(fd int, before *term.State) {
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for range 100 {
		if now, err := term.GetState(fd); err != nil || *now != *before {
			return
		}
		<-ticker.C
	}
}
