package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// recipe is a pipeline's configuration, as GitLab CI or GitHub Actions reads it.
type recipe struct {
	Jobs map[string]struct {
		Env   map[string]string
		Steps []struct{ Uses, If, Run string }
	}
	GitLab map[string]struct {
		BeforeScript []string `yaml:"before_script"`
		Script       []string
		AfterScript  []string `yaml:"after_script"`
	} `yaml:",inline"`
}

var (
	expressionOf = regexp.MustCompile(`\$\{\{ ([\w.]+) \}\}`)
	prefixFlag   = regexp.MustCompile(`--prefix (\S+)`)
)

// runRecipe runs what the jobs of a pipeline would, each in a clone of its own.
// The last step has to clean up, whatever came before.
func runRecipe(t *testing.T, text, clouds string) {
	t.Helper()
	text = expressionOf.ReplaceAllStringFunc(text, func(e string) string {
		if strings.Contains(e, "secrets.CLOUDS_YAML") {
			return "$SECRET"
		}
		return "7"
	})
	var r recipe
	if err := yaml.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	for name, job := range r.GitLab {
		// a variable of the type file, as the README says
		runJob(t, name, newClone(t, "CI_JOB_ID=7", "OS_CLIENT_CONFIG_FILE="+secretFile(t, clouds)), append(job.BeforeScript, job.Script...), job.AfterScript)
	}
	for name, job := range r.Jobs {
		var env, always []string
		for key, value := range job.Env {
			env = append(env, key+"="+strings.ReplaceAll(value, "$SECRET", clouds))
		}
		s := newClone(t, env...)
		var steps []string
		for _, step := range job.Steps {
			switch {
			case step.Uses != "":
			case step.If == "always()":
				always = append(always, step.Run)
			default:
				steps = append(steps, "("+step.Run+")") // each is a shell of its own
			}
		}
		runJob(t, name, s, steps, always)
	}
	if len(r.GitLab)+len(r.Jobs) == 0 {
		t.Errorf("no jobs:\n%s", text)
	}
}

// secretFile is a secret that a pipeline gives as a file.
func secretFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var (
	shellStep = regexp.MustCompile(`(?m)^ *sh '(.*)'$`)
	withValue = regexp.MustCompile(`(?m)^ *PREFIX = "(.*)"$`)
)

// runJenkinsfile runs the shell steps of a declarative pipeline.
func runJenkinsfile(t *testing.T, text, clouds string) {
	t.Helper()
	prefix := withValue.FindStringSubmatch(text)
	before, after, found := strings.Cut(text, "  post {\n    always {\n")
	if prefix == nil || !found || strings.Count(text, "{") != strings.Count(text, "}") {
		t.Fatalf("no pipeline with a prefix and a last step:\n%s", text)
	}
	steps := func(text string) (all []string) {
		for _, step := range shellStep.FindAllStringSubmatch(text, -1) {
			all = append(all, step[1])
		}
		return all
	}
	env := []string{"OS_CLIENT_CONFIG_FILE=" + secretFile(t, clouds), "PREFIX=" + strings.Replace(prefix[1], "${env.BUILD_NUMBER}", "7", 1)}
	runJob(t, "Jenkins", newClone(t, env...), steps(before), steps(after))
}

// runPlaybooks runs the tasks of a Zuul job's playbooks; the last one is post-run.
func runPlaybooks(t *testing.T, text, clouds string) {
	t.Helper()
	type play struct {
		Hosts       string
		Environment map[string]string
		Tasks       []struct{ Shell string }
	}
	text = strings.NewReplacer("{{ zuul.build }}", "7", "{{ clouds_yaml.content }}", "$SECRET").Replace(text)
	var parts [][]string
	var env []string
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var plays []play
		if err := decoder.Decode(&plays); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var steps []string
		for _, p := range plays {
			for key, value := range p.Environment {
				env = append(env, key+"="+strings.ReplaceAll(value, "$SECRET", clouds))
			}
			for _, task := range p.Tasks {
				steps = append(steps, "("+task.Shell+")")
			}
		}
		parts = append(parts, steps)
	}
	if len(parts) != 3 {
		t.Fatalf("%d parts, want the job and two playbooks", len(parts))
	}
	runJob(t, "Zuul", newClone(t, env...), parts[1], parts[2])
}

// runScripts runs entries of the standard's specification as its runner would.
func runScripts(t *testing.T, s *session, text string) {
	t.Helper()
	var scripts []struct {
		Executable, Args string
		Testcases        []struct{ ID, Description string }
	}
	if err := yaml.Unmarshal([]byte(text), &scripts); err != nil || len(scripts) == 0 {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, script := range scripts {
		for _, test := range script.Testcases {
			args := strings.NewReplacer("{os_cloud}", "mycloud", "{testcases}", test.ID).Replace(script.Args)
			if out, err := s.run(script.Executable + " " + args); err != nil || !strings.HasSuffix(out, "\n"+test.ID+": PASS\n") {
				t.Errorf("%s: %v\n%s", args, err, out)
			}
		}
	}
}

// runJob runs what a job does, and then what it does in any case.
func runJob(t *testing.T, name string, s *session, script, always []string) {
	t.Helper()
	for _, part := range [][]string{script, always} {
		if len(part) == 0 {
			t.Errorf("job %s has no script, or nothing that runs in any case", name)
		}
		if out, err := s.run("set -e\n" + strings.Join(part, "\n")); err != nil {
			t.Errorf("job %s: %v\n%s", name, err, out)
		}
	}
	expanded, err := s.run("cat <<END\n" + strings.Join(append(script, always...), "\n") + "\nEND")
	if err != nil {
		t.Fatal(err)
	}
	prefixes := prefixFlag.FindAllStringSubmatch(expanded, -1)
	for _, found := range prefixes {
		const standard = "scs-test-"
		prefix := found[1]
		if strings.HasPrefix(prefix, standard) || strings.HasPrefix(standard, prefix) || !strings.HasSuffix(prefix, "-") || prefix != prefixes[0][1] {
			t.Errorf("job %s has the prefix %s", name, prefix)
		}
	}
	if len(prefixes) < 2 || !strings.Contains(strings.Join(always, "\n"), "--cleanup-only") {
		t.Errorf("job %s has no prefix of its own or does not clean up", name)
	}
}
