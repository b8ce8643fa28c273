package cloud

import (
	"encoding/json"
	"html"
	"net/url"
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

// learn adds values, as they are and as they stand in JSON, HTML, an address
// and a form. One of less than four bytes is left out: it occurs in ordinary
// words, and where these are masked would reveal it.
func (s *secrets) learn(values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range values {
		if len(v) < 4 || slices.Contains(s.values, v) {
			continue
		}
		s.values = append(s.values, written(v)...)
		// One that is part of another is not to spare the rest of that.
		slices.SortStableFunc(s.values, func(a, b string) int { return len(b) - len(a) })
	}
}

// written are the forms in which others write a value.
func written(v string) []string {
	inGo, _ := json.Marshal(v) // a string can be
	inOthers := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	inPython := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;") // HTML's entities there
	return []string{v, string(inGo[1 : len(inGo)-1]), inOthers.Replace(v), html.EscapeString(v), inPython.Replace(v), url.PathEscape(v), url.QueryEscape(v)}
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
