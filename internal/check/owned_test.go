package check

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"volume-backup-tester/internal/cloud"
	"volume-backup-tester/internal/cloudsim"
)

const anotherID = "11111111-1111-4111-8111-111111111111"

// TestMayDetach is the decision what may be detached: of what may be deleted, a
// volume with no other attachment than that of the check in-use.
func TestMayDetach(t *testing.T) {
	const id = "22222222-2222-4222-8222-222222222222"
	own := cloud.Attachment{ID: "a", Device: "/dev/volume-backup-tester"}
	for _, row := range []struct {
		what, name, status string
		attachments        []cloud.Attachment
		may                bool
	}{
		{"its own", "scs-test-x", "in-use", []cloud.Attachment{own}, true},
		{"its own, and the status is forgotten", "scs-test-x", "available", []cloud.Attachment{own}, true},
		{"none", "scs-test-x", "in-use", nil, false},
		{"renamed", "mine", "in-use", []cloud.Attachment{own}, false},
		{"backed up", "scs-test-x", "backing-up", []cloud.Attachment{own}, false},
		{"another device", "scs-test-x", "in-use", []cloud.Attachment{{ID: "a", Device: "/dev/vdb"}}, false},
		{"no device", "scs-test-x", "in-use", []cloud.Attachment{{ID: "a"}}, false},
		{"a server's", "scs-test-x", "in-use", []cloud.Attachment{{ID: "a", ServerID: "s", Device: own.Device}}, false},
		{"two", "scs-test-x", "in-use", []cloud.Attachment{own, {ID: "b", ServerID: "s", Device: "/dev/vdb"}}, false},
		{"the same twice", "scs-test-x", "in-use", []cloud.Attachment{own, own}, false},
	} {
		o := &owned{prefix: "scs-test-"}
		o.listed(cloud.KindVolume, o.prefix, []cloud.Resource{{Kind: cloud.KindVolume, ID: id, Name: "scs-test-x"}})
		now := cloud.Resource{Kind: cloud.KindVolume, ID: id, Name: row.name, Status: row.status, Attachments: row.attachments}
		if got := o.mayDetach(now); got != row.may {
			t.Errorf("%s: %t", row.what, got)
		}
	}
}

// TestMayDelete is the decision what may be deleted, overwritten or detached:
// what the project's own list named or this run made, by its id, while its name
// begins with the prefix.
func TestMayDelete(t *testing.T) {
	const id = "22222222-2222-4222-8222-222222222222"
	volume := func(id, name string) cloud.Resource {
		return cloud.Resource{Kind: cloud.KindVolume, ID: id, Name: name}
	}
	made := func(name string) func(*owned) { return func(o *owned) { o.add(volume(id, name), name) } }
	listed := func(name string) func(*owned) {
		return func(o *owned) { o.listed(cloud.KindVolume, o.prefix, []cloud.Resource{volume(id, name)}) }
	}
	nothing := func(*owned) {}
	for _, row := range []struct {
		what   string
		prefix string
		before func(*owned)
		now    cloud.Resource
		may    bool
	}{
		{"made", "scs-test-", made("scs-test-x"), volume(id, "scs-test-x"), true},
		{"listed", "scs-test-", listed("scs-test-x"), volume(id, "scs-test-x"), true},
		{"the prefix alone is a name", "scs-test-", listed("scs-test-"), volume(id, "scs-test-"), true},
		{"renamed within the prefix", "scs-test-", made("scs-test-x"), volume(id, "scs-test-y"), true},

		{"made and renamed", "scs-test-", made("scs-test-x"), volume(id, "mine"), false},
		{"listed and renamed", "scs-test-", listed("scs-test-x"), volume(id, "mine"), false},
		{"renamed to nothing", "scs-test-", made("scs-test-x"), volume(id, ""), false},
		{"made under a name without the prefix", "scs-test-", made("x"), volume(id, "x"), false},
		{"neither made nor listed", "scs-test-", nothing, volume(id, "scs-test-x"), false},
		{"the same name with another id", "scs-test-", made("scs-test-x"), volume(anotherID, "scs-test-x"), false},
		{"the same id of another kind", "scs-test-", made("scs-test-x"), cloud.Resource{Kind: cloud.KindBackup, ID: id, Name: "scs-test-x"}, false},
		{"gone", "scs-test-", func(o *owned) { made("scs-test-x")(o); o.gone(volume(id, "scs-test-x")) }, volume(id, "scs-test-x"), false},
		{"no longer listed", "scs-test-", func(o *owned) { listed("scs-test-x")(o); o.listed(cloud.KindVolume, o.prefix, nil) }, volume(id, "scs-test-x"), false},

		{"prefix in mid-name", "scs-test-", listed("my-scs-test-x"), volume(id, "my-scs-test-x"), false},
		{"white space before it", "scs-test-", listed(" scs-test-x"), volume(id, " scs-test-x"), false},
		{"other case", "scs-test-", listed("SCS-TEST-x"), volume(id, "SCS-TEST-x"), false},
		{"a part of the prefix", "scs-test-", listed("scs-test"), volume(id, "scs-test"), false},
		{"nameless", "scs-test-", listed(""), volume(id, ""), false},

		{"an empty prefix, made", "", made("x"), volume(id, "x"), false},
		{"an empty prefix, listed", "", listed("x"), volume(id, "x"), false},
		{"an empty prefix and no name", "", made(""), volume(id, ""), false},

		{"without an id", "scs-test-", func(o *owned) { o.add(volume("", "scs-test-x"), "scs-test-x") }, volume("", "scs-test-x"), false},
		{"an id that nobody has", "scs-test-", nothing, volume(unusedID, ""), true},
		{"an id that nobody has, with an empty prefix", "", nothing, volume(unusedID, ""), true},
	} {
		t.Run(row.what, func(t *testing.T) {
			o := &owned{prefix: row.prefix}
			row.before(o)
			if may := o.may(row.now); may != row.may {
				t.Errorf("may delete %v: %t", row.now, may)
			}
		})
	}
}

// TestExpectName: what the run made has to show a name with the prefix. One that
// had it was renamed by somebody else, which says nothing about the cloud; one
// that never had it was not made as asked.
func TestExpectName(t *testing.T) {
	shown := func(name string) cloud.Resource {
		return cloud.Resource{Kind: cloud.KindVolume, ID: anotherID, Name: name}
	}
	for _, row := range []struct {
		what  string
		names []string // that it shows one after the other
		want  string   // what the last of them is: "", "finding" or "blocked"
	}{
		{"as asked", []string{"scs-test-x"}, ""},
		{"otherwise, with the prefix", []string{"scs-test-y"}, ""},
		{"never with the prefix", []string{"x", "x"}, "finding"},
		{"nameless", []string{""}, "finding"},
		{"renamed", []string{"scs-test-x", "x"}, "blocked"},
		{"renamed for long", []string{"scs-test-x", "x", "x"}, "blocked"},
		{"renamed and back", []string{"scs-test-x", "x", "scs-test-x"}, ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			o := &owned{prefix: "scs-test-"}
			o.add(cloud.Resource{Kind: cloud.KindVolume, ID: anotherID, Name: "scs-test-x"}, "scs-test-x")
			var err error
			for _, name := range row.names {
				err = o.expectName(shown(name))
			}
			var finding *Finding
			var blocked *Blocked
			if errors.As(err, &finding) != (row.want == "finding") || errors.As(err, &blocked) != (row.want == "blocked") || (err == nil) != (row.want == "") {
				t.Errorf("%T: %v", err, err)
			}
			if left := o.left(); len(left) != 1 || left[0].Name != row.names[len(row.names)-1] || left[0].ID != anotherID {
				t.Errorf("left: %v", left)
			}
		})
	}
	o := &owned{prefix: "scs-test-"}
	if err := o.expectName(shown("x")); err != nil {
		t.Errorf("of what is not the run's: %v", err)
	}
}

// TestNotOwned: what is not the run's own is neither deleted nor overwritten,
// and the cloud is not asked to.
func TestNotOwned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{})
		client := connect(t, sim, "cloudsim")
		id := sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "scs-test-x"}})
		r := newRun(Config{Cloud: client, Prefix: "scs-test-", Checks: All()})
		theirs := cloud.Resource{Kind: cloud.KindVolume, ID: id, Name: "scs-test-x"}
		var blocked *Blocked
		if err := r.owned.delete(t.Context(), client, theirs); !errors.As(err, &blocked) {
			t.Errorf("deleting: %v", err)
		}
		if _, err := r.owned.verify(t.Context(), client, theirs); !errors.As(err, &blocked) {
			t.Errorf("before overwriting: %v", err)
		}
		for _, request := range sim.Log() {
			if request.Method == "DELETE" {
				t.Errorf("%s %s", request.Method, request.Path)
			}
		}
		r.owned.add(theirs, "scs-test-x")
		if _, err := r.owned.verify(t.Context(), client, theirs); err != nil {
			t.Errorf("of the run's own: %v", err)
		}
		if err := r.owned.delete(t.Context(), client, theirs); err != nil {
			t.Errorf("deleting the run's own: %v", err)
		}
		missing := cloud.Resource{Kind: cloud.KindVolume, ID: anotherID, Name: "scs-test-y"}
		r.owned.add(missing, missing.Name)
		if _, err := r.owned.verify(t.Context(), client, missing); !gone(err) {
			t.Errorf("of what is gone: %v", err)
		}
	})
}

// TestNotOwnedInCleanUp: what is not the run's own ends a clean-up, if it should
// ever get that far.
func TestNotOwnedInCleanUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := cloudsim.New(cloudsim.Config{})
		id := sim.PutVolume(cloudsim.Volume{Resource: cloudsim.Resource{Name: "mine"}})
		r := newRun(Config{Cloud: connect(t, sim, "cloudsim"), Prefix: "scs-test-", Checks: All()})
		c := clearing{run: r, cloud: r.Cloud, kind: kind{name: cloud.KindVolume, deletable: []string{available}}, prefix: r.Prefix}
		it := &item{Resource: cloud.Resource{Kind: cloud.KindVolume, ID: id, Name: "mine", Status: available}}
		var blocked *Blocked
		if err := c.ask(t.Context(), it); !errors.As(err, &blocked) || len(sim.Volumes()) != 1 || it.accepted {
			t.Errorf("%v", err)
		}
	})
}

// TestOnlyOwnedDeletes: no code but owned.go asks a client to delete anything.
// The packages that the client's methods can be called from are all looked at;
// a call of a method Delete of anything else would have to be named here.
func TestOnlyOwnedDeletes(t *testing.T) {
	var found []string
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		within, _ := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (within == filepath.Join("internal", "cloud") || within == filepath.Join("internal", "cloudsim") || strings.HasPrefix(entry.Name(), ".git")):
			return filepath.SkipDir // the client itself, and what knows no client
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		packages := map[string]bool{} // that it imports, by the name that it has there
		for _, spec := range file.Imports {
			path := strings.Trim(spec.Path.Value, `"`)
			packages[path[strings.LastIndex(path, "/")+1:]] = true
			if spec.Name != nil {
				packages[spec.Name.Name] = true
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			selector, is := n.(*ast.SelectorExpr)
			if !is || selector.Sel.Name != "Delete" {
				return true
			}
			if x, isName := selector.X.(*ast.Ident); !isName || !packages[x.Name] { // slices.Delete is a function
				found = append(found, filepath.ToSlash(within))
			}
			return true
		})
		return nil
	})
	if err != nil || len(slices.Compact(found)) != 1 || found[0] != "internal/check/owned.go" {
		t.Errorf("Delete is used in %v, %v", found, err)
	}
}
