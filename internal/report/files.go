package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteFile writes a report whole or not at all: into a file beside it first,
// which then takes its name. What is no ordinary file, such as /dev/null, is
// written to as it is.
func WriteFile(path string, write func(io.Writer) error) error {
	if special(path) {
		var whole bytes.Buffer
		if err := write(&whole); err != nil {
			return err
		}
		return reason(path, os.WriteFile(path, whole.Bytes(), 0))
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // or the link would be replaced
	}
	f, err := beside(path)
	if err != nil {
		return reason(path, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // a part of a report is none
	}
	return reason(path, err)
}

// Writable tells early whether WriteFile will find a place for the report.
func Writable(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("writing %s: it is a directory", path)
	}
	if special(path) {
		return nil
	}
	f, err := beside(path)
	if err != nil {
		return reason(path, err)
	}
	return reason(path, errors.Join(f.Close(), os.Remove(f.Name())))
}

func beside(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
}

func special(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// reason leaves the temporary file's name out of an error.
func reason(path string, err error) error {
	var file *os.PathError
	var link *os.LinkError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &file):
		err = file.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return fmt.Errorf("writing %s: %w", path, err)
}
