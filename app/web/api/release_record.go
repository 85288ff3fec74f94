package api

import (
	"bytes"
	"encoding/json"
	"io"

	"sportello/app/desk/release"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
)

// releaseRecord is a release as a line of an import has it.
type releaseRecord struct {
	apiReleaseForm
	PublishedAt string `json:"published_at"` // of one whose state is published or withdrawn; a moment or a day
	Reason      string `json:"reason"`       // of one that was withdrawn
	Language    string `json:"language"`     // of texts given as plain strings
}

// ReleaseRecord reads a release with the members of the API. there returns the form of what is called by the external_id
// already, which the members change.
func ReleaseRecord(raw []byte, there func(external string) (release.Form, error)) (release.Record, error) {
	var in releaseRecord
	var out release.Record
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return out, schema.JSONProblem(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return out, fault.New(fault.Invalid, "error.json")
	}
	if in.ExternalID != nil {
		var err error
		if out.Form, err = there(*in.ExternalID); err != nil {
			return out, err
		}
	}
	in.Rev = 0
	if err := in.putInto(&out.Form, in.Language); err != nil {
		return out, err
	}
	out.Rev = 0
	var wrong fault.Problems
	if len(in.PublishedAt) == len("2006-01-02") {
		out.Published = program.DayOf(&wrong, "published_at", in.PublishedAt)
	} else {
		out.Published = program.MomentOf(&wrong, "published_at", in.PublishedAt)
	}
	switch in.State {
	case "", store.ReleaseDraft.String():
		if in.PublishedAt != "" {
			wrong.Add("published_at", "error.release-state")
		}
	case store.ReleasePublished.String(), store.ReleaseWithdrawn.String():
		if in.PublishedAt == "" {
			wrong.Add("published_at", "error.required")
		}
		out.Withdrawn, out.Reason = in.State == store.ReleaseWithdrawn.String(), in.Reason
	default:
		wrong.Add("state", "error.release-state")
	}
	return out, wrong.Err()
}

// InMembers returns the error with its problems at the members of the API.
func InMembers(err error) error { return inMembers(err) }
