package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"volume-backup-tester/internal/check"
	"volume-backup-tester/internal/report"
)

// option is one flag. Help, manual page and completions are made from these.
type option struct {
	name, short string // short: one letter; "": none
	value       string // what it takes: one of several that | divides; "": nothing, it is a switch
	offers      offer  // what a shell completes its value with
	text        string
	to          any // *string, *int or *bool; its value before parsing is the default
}

// offer is what a shell completes a flag's value with.
type offer int

const (
	offerNothing offer = iota
	offerFiles
	offerChecks
)

// group is what --help puts under one heading.
type group struct {
	heading string
	options []option
}

// groups are all flags, in the order of --help.
func groups(s *settings) []group {
	return []group{
		{"Which cloud", []option{
			{name: "os-cloud", short: "c", value: "NAME", to: &s.cloud, text: "cloud in clouds.yaml (default: $OS_CLOUD); envvars: the cloud of the OS_ variables"},
			{name: "ask", to: &s.ask, text: "prompt for the password or other secret"},
			{name: "volume-type", value: "NAME", to: &s.volumeType, text: "type of the volumes (default: the cloud's)"},
			{name: "volume-size", value: "GIB", to: &s.volumeSize, text: "size of the volumes (default: 1)"},
			{name: "availability-zone", value: "NAME", to: &s.zone, text: "zone of the volumes (default: the cloud's)"},
			{name: "backup-availability-zone", value: "NAME", to: &s.backupZone, text: "zone of cinder-backup (default: the volume's); in a zone without one, the backup can never be deleted"},
			{name: "restore-volume-type", value: "NAME", to: &s.restoreType, text: "type to restore onto, for the check other-type"},
			{name: "encrypted-volume-type", value: "NAME", to: &s.encryptedType, text: "encrypted type, for the check encrypted"},
			{name: "other-cloud", value: "NAME", to: &s.otherCloud, text: "another project, for the check isolation"},
			{name: "allow-admin", to: &s.allowAdmin, text: "run even with an administrator's role"},
		}},
		{"What it does", []option{
			{name: "prefix", value: "PREFIX", to: &s.prefix, text: "what all names begin with (default: scs-test-)"},
			{name: "timeout", value: "SECONDS", to: &s.timeoutGiven, text: "how long one wait may take (default: 60)"},
			{name: "checks", value: "LIST", offers: offerChecks, to: &s.checksGiven, text: "core (mandatory phases, default), all, or names"},
			{name: "parallel", value: "N", to: &s.parallel, text: "optional checks that run at once (default: 4)"},
			{name: "fail-on-skip", to: &s.failOnSkip, text: "a skipped check is a failure"},
			{name: "cleanup-only", to: &s.cleanupOnly, text: "delete what begins with the prefix, and stop"},
			{name: "dry-run", to: &s.dryRun, text: "with --cleanup-only: only list it"},
			{name: "older-than", value: "AGE", to: &s.olderThanGiven, text: "with --cleanup-only: leave alone what is younger, by the cloud's clock (90m, 24h, 7d)"},
			{name: "on-failure", value: keep + "|" + clean, to: &s.onFailure, text: "what a failed run does with what it has made (default: keep)"},
		}},
		{"Output", []option{
			{name: "junit", value: "FILE", offers: offerFiles, to: &s.junit, text: "report as JUnit XML; - is stdout, and the text then goes to stderr"},
			{name: "json", value: "FILE", offers: offerFiles, to: &s.json, text: "report as JSON"},
			{name: "html", value: "FILE", offers: offerFiles, to: &s.html, text: "report as a page for people"},
			{name: "quiet", to: &s.quiet, text: "only results, verdict and errors"},
			{name: "debug", to: &s.debug, text: "log the HTTP exchanges, secrets masked"},
		}},
		{"Instead of a run", []option{
			{name: "list-checks", to: &s.listChecks, text: "the checks, what each needs of the quota and besides, and what it proves"},
			{name: "json-schema", to: &s.jsonSchema, text: "print the schema of --json"},
			{name: "completion", value: strings.Join(shells, "|"), to: &s.completion, text: "print the completion for a shell"},
			{name: "man-page", to: &s.manPage, text: "print the manual page"},
			{name: "help", short: "h", to: &s.help, text: "print the help"},
			{name: "version", to: &s.version, text: "print the version"},
		}},
	}
}

// options are the flags of all groups.
func options(s *settings) (all []option) {
	for _, g := range groups(s) {
		all = append(all, g.options...)
	}
	return all
}

// register makes pflag read the option.
func (o option) register(f *pflag.FlagSet) {
	switch to := o.to.(type) {
	case *string:
		f.StringVarP(to, o.name, o.short, *to, "")
	case *int:
		f.IntVarP(to, o.name, o.short, *to, "")
	case *bool:
		f.BoolVarP(to, o.name, o.short, *to, "")
	}
}

// spellings are the option as a word of the command line: --os-cloud, -c.
func (o option) spellings() []string {
	if o.short == "" {
		return []string{"--" + o.name}
	}
	return []string{"--" + o.name, "-" + o.short}
}

// forms are the spellings with what they take: "--os-cloud NAME", "-c NAME".
func (o option) forms() []string {
	forms := o.spellings()
	if o.value != "" {
		for i := range forms {
			forms[i] += " " + o.value
		}
	}
	return forms
}

const (
	synopsis    = "volume-backup-tester [flags] [scs-0117-test-backup]"
	description = `Tests from outside whether a cloud's volume backups work for an ordinary
project member, as the standard scs-0117 of the Sovereign Cloud Stack asks:
creates a volume, backs it up, restores the backup.

It creates AND DELETES volumes and backups whose names begin with the prefix,
with optional checks also snapshots and images.`
	helpWidth  = 80
	helpColumn = 32 // where the texts begin
)

// exits are the exit statuses and what each means.
var exits = []struct{ status, means string }{
	{"0", "passed"}, {"1", "the cloud failed"}, {"2", "usage or clouds.yaml"}, {"3", "could not be tested"}, {"129, 130, 143", "interrupted"},
}

var examples = []string{
	"volume-backup-tester --os-cloud mycloud --timeout 600",
	"volume-backup-tester --os-cloud mycloud --cleanup-only --dry-run",
}

// instead is what is printed instead of a run; "": nothing, there is to be one.
func instead(p Process, s settings) string {
	switch {
	case s.help:
		return help()
	case s.version:
		return "volume-backup-tester " + p.Version + "\n"
	case s.listChecks:
		return list(check.All())
	case s.jsonSchema:
		return report.Schema
	case s.manPage:
		return manPage(p.Version, p.Date)
	}
	return completion(s.completion)
}

// help is what --help prints.
func help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n\n%s\n\n", synopsis, description)
	for _, g := range groups(new(settings)) {
		fmt.Fprintf(&b, "%s:\n", g.heading)
		for _, o := range g.options {
			left := fmt.Sprintf("  %-*s ", helpColumn-3, strings.Join(o.forms(), ", "))
			if len(left) > helpColumn {
				b.WriteString(strings.TrimRight(left, " ") + "\n")
				left = strings.Repeat(" ", helpColumn)
			}
			for _, line := range fold(o.text, helpWidth-helpColumn) {
				b.WriteString(left + line + "\n")
				left = strings.Repeat(" ", helpColumn)
			}
		}
	}
	var statuses []string
	for _, e := range exits {
		statuses = append(statuses, e.status+" "+e.means)
	}
	b.WriteString("\n" + strings.Join(fold("Exit status: "+strings.Join(statuses, "; ")+".", helpWidth), "\n") + "\n\nExamples:\n")
	for _, e := range examples {
		b.WriteString("  " + e + "\n")
	}
	return b.String()
}

// list is a table of checks: the most of the project's quota that each holds at a
// time, what it needs besides, and below it the requirement and where that is
// written.
func list(checks []check.Check) string {
	const row = "%-18s %7s %4s  %7s %4s  %9s  %s"
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
	}
	line(row, "CHECK", "VOLUMES", "GIB", "BACKUPS", "GIB", "SNAPSHOTS", "ALSO")
	count := func(n int) string {
		if n == 0 {
			return "-"
		}
		return strconv.Itoa(n)
	}
	for _, c := range checks {
		name, requirement := c.Name, c.Requirement
		if c.Mandatory {
			name, requirement = "core", c.Title+": "+requirement
		}
		n := c.Needs
		also := n.Flag
		if n.ImageBytes > 0 {
			also = strings.TrimPrefix(also+", Glance", ", ")
		}
		line(row, name, count(n.Volumes), count(n.Gigabytes), count(n.Backups), count(n.BackupGigabytes), count(n.Snapshots), also)
		for _, text := range fold(fmt.Sprintf("%s (%s)", requirement, c.Reference), helpWidth-4) {
			line("    %s", text)
		}
	}
	line("The GiB are those with --volume-size 1.")
	return b.String()
}

// fold breaks a text into lines of at most so many columns.
func fold(text string, columns int) (lines []string) {
	for _, word := range strings.Fields(text) {
		if last := len(lines) - 1; last >= 0 && len(lines[last])+1+len(word) <= columns {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}
