// Package audit serves the audit log to programs.
package audit

import (
	"encoding/json"
	"net/http"
	"time"

	"sportello/app/desk/audit"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the audit log.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	return program.Describe([]web.Route{
		program.Do(http.MethodGet, "/audit", "audit.list", program.Reads(scope.Audit), a.apiAudit),
	}, operations)
}

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.audit.list": {Summary: "The audit log, the newest entry first: for administrators. An entry names people by number; its words are null where they were erased, and digest is the SHA-256 of salt and words.",
		Out: apiAudit{}, Query: []schema.Parameter{
			{Name: "kind", Kind: "string", Text: "sign-in, sign-in-refused, refusal, reading, rights, export, configuration or retention"},
			{Name: "person", Kind: "string", Text: "address of who did it"},
			{Name: "from", Kind: "string", Text: "RFC 3339 time or date, included"}, {Name: "until", Kind: "string", Text: "RFC 3339 time or date, not included"},
			{Name: "limit", Kind: "integer", Text: "1 to 200, default 50"}, {Name: "after", Kind: "integer", Text: "next from the previous page"}}},
}

type apiAudit struct {
	Head    *apiHead   `json:"head"` // the newest entry of all; null: there is none
	Next    *uint64    `json:"next"`
	Entries []apiEntry `json:"entries"`
}

type apiHead struct {
	Number uint64 `json:"number"`
	Sum    string `json:"sum"` // SHA-256 of the entry and, through the ones before it, of all
}

type apiEntry struct {
	Number uint64          `json:"number"`
	At     time.Time       `json:"at"`
	Kind   store.AuditKind `json:"kind"`
	What   string          `json:"what"`          // code of the act, or the route that was refused
	By     uint64          `json:"by,omitempty"`  // person
	Via    string          `json:"via,omitempty"` // page, api, mail, import, command, desk
	Of     string          `json:"of,omitempty"`  // noun that it was done to
	OfID   uint64          `json:"of_id,omitempty"`
	Change uint64          `json:"change,omitempty"` // number of the change that it tells of
	Digest string          `json:"digest,omitempty"`
	Before string          `json:"before,omitempty"` // sum of the entry before
	Sum    string          `json:"sum"`
	Words  json.RawMessage `json:"words,omitempty"`
}

func (a pages) apiAudit(r *web.Request) error {
	who := r.Actor()
	head, err := a.Desk.Audits.Head(who)
	if err != nil {
		return err
	}
	q := program.QueryOf(r)
	f := audit.Filter{Kind: web.FormCode[store.AuditKind](q.Form, "kind"), Person: q.Raw("person"), From: q.Moment("from"), Until: q.Moment("until"), Before: q.ID("after"), Limit: q.Limit()}
	if err := q.Err(); err != nil {
		return err
	}
	lines, next, err := a.Desk.Audits.List(who, f)
	if err != nil {
		return err
	}
	out := apiAudit{Entries: []apiEntry{}}
	if head != nil {
		out.Head = &apiHead{head.ID, head.Sum}
	}
	if next != 0 {
		out.Next = &next
	}
	for _, l := range lines {
		e := l.Entry
		one := apiEntry{Number: e.ID, At: e.At, Kind: e.Kind, What: e.What, By: e.By, Via: e.Via.String(), Of: e.Table, OfID: e.Of, Change: e.Change, Digest: e.Digest, Before: e.Before, Sum: e.Sum}
		if l.Text != "" {
			one.Words = json.RawMessage(l.Text)
		}
		out.Entries = append(out.Entries, one)
	}
	return r.JSON(out)
}
