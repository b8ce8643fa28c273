package check

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// bugError is a panic: a bug of this program, which says nothing about the cloud.
type bugError struct {
	what  any
	calls string // those that led to it, innermost first
}

func (e *bugError) Error() string { return fmt.Sprintf("a bug of this program: panic: %v", e.what) }

// caught returns a panic as an error: the verdict is given, other checks go on, and
// what is left in the cloud is named all the same. A goroutine needs it once more.
func caught(do func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &bugError{what, calls()}
		}
	}()
	return do()
}

// calls are those of this program between caught and the panic, and the innermost
// whosever it is.
func calls() string {
	callers := make([]uintptr, 100)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)]) // without this and what is deferred
	var all []string
	for {
		f, more := frames.Next()
		name := path.Base(f.Function)
		if !more || name == "check.caught" {
			return strings.Join(all, ", ")
		}
		if own := strings.HasPrefix(f.Function, "volume-backup-tester/"); own || len(all) == 0 && !strings.HasPrefix(f.Function, "runtime.") {
			all = append(all, fmt.Sprintf("%s (%s:%d)", name, path.Base(f.File), f.Line))
		}
	}
}
