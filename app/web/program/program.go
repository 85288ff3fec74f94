// Package program has what the rooms of the HTTP API share: how programs are read and answered, and the description of
// every route that they find at /openapi.json.
package program

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/web"
	"sportello/app/web/schema"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Base is the prefix of the API's addresses, version 1.
const Base = "/api/v1"

// Do returns a route of the API, with what it asks of a token. name is noun.act.
func Do(method, path, name string, needs scope.Need, h func(*web.Request) error) web.Route {
	return web.Route{Method: method, Path: Base + path, Name: "api." + name, Who: web.Program, Needs: needs, Handle: h}
}

// Reads is what a route asks of a token that reads the nouns.
func Reads(nouns ...scope.Noun) scope.Need { return scope.Need{Access: scope.Read, Nouns: nouns} }

// Everything is what a route asks of a token when what it reads are things of the noun, and of all others beside.
func Everything(noun scope.Noun) scope.Need {
	return scope.Need{Access: scope.Read, Nouns: []scope.Noun{noun}, Whole: true}
}

// Writes is what a route asks of a token that writes the nouns.
func Writes(nouns ...scope.Noun) scope.Need { return scope.Need{Access: scope.Write, Nouns: nouns} }

// Sends returns what answers with a value, or with the error there is instead.
func Sends(r *web.Request) func(v any, err error) error {
	return func(v any, err error) error {
		if err != nil {
			return err
		}
		return r.JSON(v)
	}
}

// Moment returns the time in UTC for an RFC 3339 field, nil for the zero time.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// ReadJSON decodes the body into v. It returns an Invalid error for a body that is not JSON, a member that v does not
// have (named), bytes that are not UTF-8, NUL, and halves of characters: everything is stored exactly as it was sent.
func ReadJSON(r *web.Request, v any) error {
	body, err := r.Visit().Body.Whole()
	if err != nil {
		return err
	}
	if !utf8.Valid(body) {
		return fault.New(fault.Invalid, "error.not-text")
	}
	if err := schema.WholeCharacters(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return schema.JSONProblem(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "error.json")
	}
	return nil
}

// ReadSome is ReadJSON for a body that may be left out.
func ReadSome(r *web.Request, v any) error {
	body, err := r.Visit().Body.Whole()
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	return ReadJSON(r, v)
}

// Strictly decodes b into v, and refuses members that v does not have.
func Strictly(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// Query reads values of the query and collects their problems.
type Query struct{ *web.Form }

// QueryOf returns the query of the address.
func QueryOf(r *web.Request) Query { return Query{r.QueryForm()} }

// Limit returns the number of rows requested.
func (q Query) Limit() int { return q.Int("limit", 1, 200, 50) }

// Moment parses an RFC 3339 time or a date.
func (q Query) Moment(name string) time.Time {
	s := strings.TrimSpace(q.Raw(name))
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	q.Refuse(name, "error.date")
	return time.Time{}
}
