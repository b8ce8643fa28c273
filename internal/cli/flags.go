package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/report"
)

// usagef is a mistake in the command line; the text names the remedy.
func usagef(format string, args ...any) error {
	return &check.UsageError{Text: fmt.Sprintf(format, args...)}
}

// settings are the flags as given.
type settings struct {
	cloud, prefix           string
	volumeType, zone        string
	backupZone              string
	restoreType, otherCloud string
	encryptedType           string
	checks                  []check.Check
	checksGiven             string
	timeout                 time.Duration
	timeoutGiven            string // seconds
	olderThan               time.Duration
	olderThanGiven          string
	onFailure               string
	volumeSize              int // GiB
	parallel                int
	failOnSkip              bool
	ask, debug, allowAdmin  bool
	cleanupOnly, dryRun     bool
	help, version           bool
	listChecks, jsonSchema  bool
	manPage                 bool
	completion              string // shell
	quiet                   bool
	junit, json, html       string // files; "-": stdout
}

// file is a report that was asked for.
type file struct {
	flag, path string
	write      func(io.Writer, *check.Outcome) error
}

// reports are those that were asked for.
func (s settings) reports() []file {
	all := []file{{"--junit", s.junit, report.JUnit}, {"--json", s.json, report.JSON}, {"--html", s.html, report.HTML}}
	return slices.DeleteFunc(all, func(r file) bool { return r.path == "" })
}

// checkReports refuses reports that would be written over each other.
func (s settings) checkReports() error {
	taken := map[string]string{} // by which flag
	for _, r := range s.reports() {
		switch other := taken[r.path]; {
		case other != "" && r.path == "-":
			return usagef("%s - and %s - cannot share stdout; give one of them a file", other, r.flag)
		case other != "":
			return usagef("%s and %s cannot share %s; give each a file of its own", other, r.flag, r.path)
		}
		taken[r.path] = r.flag
	}
	return nil
}

const (
	longestName    = 255                // Cinder's limit for names (API reference)
	longestSuffix  = 60                 // what checks put behind the prefix, generously
	defaultTimeout = "60"               // seconds
	longestTimeout = 365 * 24 * 60 * 60 // seconds
	mostParallel   = 16                 // more than a quota holds, and than Pace lets ask at once
)

// What --on-failure takes.
const (
	keep  = "keep"
	clean = "clean"
)

func parse(args []string, getenv func(string) string) (settings, error) {
	s := settings{prefix: "scs-test-", timeoutGiven: defaultTimeout, volumeSize: 1, checksGiven: "core", parallel: 4, onFailure: keep}
	f := pflag.NewFlagSet("volume-backup-tester", pflag.ContinueOnError)
	f.Usage = func() {}
	for _, o := range options(&s) {
		o.register(f)
	}
	if err := f.Parse(args); err != nil {
		return s, refusal(f, err)
	}
	if s.help || s.version || s.listChecks || s.jsonSchema || s.manPage {
		return s, nil
	}
	if f.Changed("completion") {
		if !slices.Contains(shells, s.completion) {
			return s, usagef("--completion '%s' is not one of %s", s.completion, strings.Join(shells, ", "))
		}
		return s, nil
	}
	for _, arg := range f.Args() { // the standard's runner names the test cases that it wants
		if arg != check.TestCase {
			return s, usagef("unexpected argument '%s': the only test case is %s; see --help", arg, check.TestCase)
		}
	}
	seconds, err := strconv.Atoi(s.timeoutGiven)
	if err != nil || seconds < 1 || seconds > longestTimeout {
		return s, usagef("--timeout '%s' is not a whole number of seconds from 1 to %d", s.timeoutGiven, longestTimeout)
	}
	s.timeout = time.Duration(seconds) * time.Second
	if s.dryRun && !s.cleanupOnly {
		return s, usagef("--dry-run requires --cleanup-only")
	}
	if f.Changed("older-than") {
		if s.olderThan, err = parseAge(s.olderThanGiven); err != nil {
			return s, err
		}
		if !s.cleanupOnly {
			return s, usagef("--older-than requires --cleanup-only")
		}
	}
	if s.onFailure != keep && s.onFailure != clean {
		return s, usagef("--on-failure '%s' is neither %s nor %s", s.onFailure, keep, clean)
	}
	if f.Changed("on-failure") && s.cleanupOnly {
		return s, usagef("--on-failure cannot be used with --cleanup-only")
	}
	if s.volumeSize < 1 {
		return s, usagef("--volume-size '%d' is not a number of GiB from 1 on", s.volumeSize)
	}
	if s.parallel < 1 || s.parallel > mostParallel {
		return s, usagef("--parallel '%d' is not a number of checks from 1 to %d", s.parallel, mostParallel)
	}
	if s.checks, err = check.Select(s.checksGiven); err != nil {
		return s, usagef("--checks: %v", err)
	}
	for _, c := range s.checks {
		named := slices.ContainsFunc(strings.Split(s.checksGiven, ","), func(name string) bool { return strings.TrimSpace(name) == c.Name })
		if flag := strings.TrimPrefix(c.Needs.Flag, "--"); named && flag != "" && !f.Changed(flag) && !s.cleanupOnly {
			return s, usagef("the check %s needs --%s", c.Name, flag)
		}
	}
	if err := checkPrefix(s.prefix); err != nil {
		return s, err
	}
	if err := s.checkReports(); err != nil {
		return s, err
	}
	if s.cloud == "" {
		s.cloud = getenv("OS_CLOUD")
	}
	if s.cloud == "" && getenv("OS_AUTH_URL") != "" {
		return s, usagef("no cloud is named: give --os-cloud %s for the cloud of the OS_ variables, or --os-cloud NAME for one in clouds.yaml", cloud.FromEnvironment(getenv))
	}
	if s.cloud == "" {
		return s, usagef("no cloud is named: give --os-cloud NAME or set OS_CLOUD to a cloud in clouds.yaml")
	}
	return s, nil
}

// parseAge reads --older-than: as Go's durations, or a number of days.
func parseAge(given string) (time.Duration, error) {
	age, err := time.ParseDuration(given)
	if days, isDays := strings.CutSuffix(given, "d"); isDays {
		var n uint64
		if n, err = strconv.ParseUint(days, 10, 16); err == nil {
			age = time.Duration(n) * 24 * time.Hour
		}
	}
	if err != nil || age <= 0 {
		return 0, usagef("--older-than '%s' is not an age such as 90m, 24h or 7d", given)
	}
	return age, nil
}

// checkPrefix refuses a prefix that would match what is not ours, or that
// Cinder would not keep as given: it strips white space around names.
func checkPrefix(prefix string) error {
	switch {
	case prefix == "":
		return usagef("--prefix must not be empty: clean-up would delete every volume and backup of the project")
	case strings.TrimLeftFunc(prefix, unicode.IsSpace) != prefix,
		strings.ContainsFunc(prefix, func(r rune) bool { return !unicode.IsPrint(r) }):
		return usagef("--prefix %q must not begin with white space or hold unprintable characters", prefix)
	case strings.ContainsFunc(prefix, func(r rune) bool { return r > 0xffff }):
		return usagef("--prefix %q holds a character that needs four bytes, which many clouds' databases refuse", prefix)
	case strings.HasPrefix(prefix, "restore_backup_"), strings.HasPrefix(prefix, "backup-vol-"), strings.HasPrefix(prefix, "backup-snap-"):
		return usagef("--prefix '%s' begins like names that Cinder itself gives, and a clean-up would delete those", prefix)
	case len(prefix)+longestSuffix > longestName:
		return usagef("--prefix is too long: with it, names would exceed Cinder's %d characters", longestName)
	}
	return nil
}

// prefixWarnings are about prefixes that may be those of another program, too.
func prefixWarnings(prefix string) (all []string) {
	if utf8.RuneCountInString(prefix) < 3 {
		all = append(all, fmt.Sprintf("--prefix '%s' is short: clean-up deletes everything whose name begins so", prefix))
	}
	if last, _ := utf8.DecodeLastRuneInString(prefix); unicode.IsLetter(last) || unicode.IsDigit(last) {
		all = append(all, fmt.Sprintf("--prefix '%s' ends in a letter or digit: '%s2-...' begins so, too, and would be deleted; end it in '-'", prefix, prefix))
	}
	return all
}

// refusal words pflag's errors, and finds the flag that was perhaps meant.
func refusal(f *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		given := unknown.GetSpecifiedName()
		if shorthands := unknown.GetSpecifiedShortnames(); shorthands != "" {
			given = shorthands
			return usagef("unknown flag -%s; did you mean --%s? See --help", given, nearest(f, given))
		}
		return usagef("unknown flag --%s; did you mean --%s? See --help", given, nearest(f, given))
	case errors.As(err, &missing):
		return usagef("--%s needs a value, see --help", missing.GetFlag().Name)
	case errors.As(err, &invalid):
		return usagef("'%s' is not a valid value for --%s; see --help", invalid.GetValue(), invalid.GetFlag().Name)
	}
	return usagef("%v; see --help", err)
}

// nearest is the known flag with the fewest edits from the one given.
func nearest(f *pflag.FlagSet, given string) string {
	best, fewest := "", 0
	f.VisitAll(func(flag *pflag.Flag) {
		d := distance(given, flag.Name)
		if strings.HasPrefix(flag.Name, given) {
			d = 0
		}
		if best == "" || d < fewest {
			best, fewest = flag.Name, d
		}
	})
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
