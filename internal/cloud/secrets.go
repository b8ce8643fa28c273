package cloud

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// masked stands where a secret was.
const masked = "***"

// secrets are the values that must not be printed, whoever repeats them: a
// proxy's error page may quote the request's headers and body. A nil one hides
// nothing.
type secrets struct {
	mu     sync.Mutex
	values []string
}

// learn adds values, as they are and as they stand in JSON. One of less than
// four bytes is left out: it would be found in many words, and be told by the
// gaps.
func (s *secrets) learn(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) < 4 || slices.Contains(s.values, v) {
			continue
		}
		quoted, _ := json.Marshal(v) // a string can be
		s.values = append(s.values, v, string(quoted[1:len(quoted)-1]))
	}
	// One that is part of another is not to spare the rest of that.
	slices.SortStableFunc(s.values, func(a, b string) int { return len(b) - len(a) })
}

func (s *secrets) hide(text string) string {
	if s == nil {
		return text
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.values {
		text = strings.ReplaceAll(text, v, masked)
	}
	return text
}
