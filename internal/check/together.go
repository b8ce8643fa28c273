package check

import (
	"cmp"
	"context"
	"errors"
	"sync"
)

// together does what does not depend on each other at the same time, unless the
// run does one thing after the other. It returns when all have ended, with the
// error of the first that has one: what each made is in the account by then.
func (s *Session) together(ctx context.Context, each ...func(context.Context) error) error {
	errs := make([]error, len(each))
	var all sync.WaitGroup
	for i, do := range each {
		do := func() error { return caught(func() error { return do(ctx) }) }
		if s.run.Parallel <= 1 {
			if err := do(); err != nil {
				return err
			}
			continue
		}
		all.Go(func() { errs[i] = do() })
	}
	all.Wait()
	var other error
	for _, err := range errs {
		var finding *Finding
		var bug *bugError
		switch {
		case errors.As(err, &finding) && !byLoad(err):
			return err
		case errors.As(err, &bug):
			other = err
		}
		other = cmp.Or(other, err)
	}
	return other
}
