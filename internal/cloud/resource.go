package cloud

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// The kinds of resources, in the words of Cinder's API reference.
const (
	KindVolume = "volume"
	KindBackup = "backup"
)

// Resource is a volume or a backup as the cloud last described it.
type Resource struct {
	Kind, ID, Name, Status string
	// Reason is a backup's fail_reason: the driver's own words.
	Reason string
	// Size is in GiB.
	Size int
	// Created is zero if the cloud did not say.
	Created time.Time
	// RequestID is that of the answer which described the resource.
	RequestID string

	VolumeType string // of a volume
	VolumeID   string // of a backup: what it was made of
	// HasDependents says that incremental backups build on this one. Cinder
	// keeps silent about failed ones.
	HasDependents bool
}

// String names a resource for people: kind, name and id, as far as known.
func (r Resource) String() string {
	switch {
	case r.Kind == "":
		return "request"
	case r.ID == "" && r.Name == "":
		return r.Kind
	case r.ID == "":
		return fmt.Sprintf("%s '%s'", r.Kind, printable(r.Name))
	case r.Name == "":
		return fmt.Sprintf("%s %s", r.Kind, r.ID)
	}
	return fmt.Sprintf("%s '%s' (%s)", r.Kind, printable(r.Name), r.ID)
}

// wire is the part of Cinder's volume and backup bodies that this program
// reads. gophercloud's own types refuse a whole answer because of one
// timestamp with a zone; this one does not.
type wire struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Status        string    `json:"status"`
	FailReason    string    `json:"fail_reason"`
	Size          int       `json:"size"`
	CreatedAt     timestamp `json:"created_at"`
	VolumeType    string    `json:"volume_type"`
	VolumeID      string    `json:"volume_id"`
	HasDependents bool      `json:"has_dependent_backups"`
}

// usable says whether the id can be one. It becomes part of addresses and of
// commands that people copy, so nothing but an id may be in it.
func (w wire) usable() bool { return identifier.MatchString(w.ID) }

func (w wire) resource(kind, requestID string) Resource {
	return Resource{
		Kind: kind, ID: w.ID, Name: w.Name, Status: w.Status, Reason: w.FailReason, Size: w.Size,
		Created: time.Time(w.CreatedAt), RequestID: requestID,
		VolumeType: w.VolumeType, VolumeID: w.VolumeID, HasDependents: w.HasDependents,
	}
}

var identifier = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

// timestamp reads Cinder's zoneless UTC times and RFC 3339. A time of another
// form stays zero: no check depends on one.
type timestamp time.Time

func (t *timestamp) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999", time.RFC3339Nano} {
		if parsed, err := time.Parse(layout, text); err == nil {
			*t = timestamp(parsed)
			break
		}
	}
	return nil
}
