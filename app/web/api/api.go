package api

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/desk"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
)

// The API has small answer types of its own, so that rows can change without affecting programs.

// sends returns what answers with a value, or with the error there is instead.
func sends(r *web.Request) func(v any, err error) error {
	return func(v any, err error) error {
		if err != nil {
			return err
		}
		return r.JSON(v)
	}
}

// apiMoment returns the time in UTC for an RFC 3339 field, nil for the zero time.
func apiMoment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// readJSON decodes the body into v. It returns an Invalid error for a body that is not JSON, a member that v does not
// have (named), bytes that are not UTF-8, NUL, and halves of characters: everything is stored exactly as it was sent.
func (a pages) readJSON(r *web.Request, v any) error {
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

// members are the undecoded members of a JSON object. The rights are checked by their names, before their values are
// read.
type members map[string]json.RawMessage

// membersOf returns the members of the body by their names in lower case, as readJSON matches them, without those that
// are null. The error says that the body is not an object; callers report it only after checking the rights.
func (a pages) membersOf(r *web.Request) (members, error) {
	body, err := r.Visit().Body.Whole()
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, schema.JSONProblem(err)
	}
	out := members{}
	for name, v := range raw {
		if string(v) != "null" {
			out[strings.ToLower(name)] = v
		}
	}
	return out, nil
}

// fields returns the names of the members as in the desk's table of rights.
func (m members) fields() []string {
	var out []string
	for name, v := range m {
		if name == "message" {
			var text members
			if json.Unmarshal(v, &text) == nil && text.internal() {
				name = "note"
			}
		}
		out = append(out, name)
	}
	return out
}

// internal reports whether a text is a note: its member "internal" is anything but false.
func (m members) internal() bool {
	v, said := m["internal"]
	return said && string(v) != "false" && string(v) != "null"
}

// speech returns which kind of text it is: message or note.
func (m members) speech() string {
	if m.internal() {
		return "note"
	}
	return "message"
}

// given returns which members of a new ticket are set; an empty text or list counts as absent.
func (m members) given() ticket.Given {
	var g ticket.Given
	for name, v := range m {
		if s := string(v); s != `""` && s != "[]" {
			g.Fields = append(g.Fields, name)
		}
	}
	if json.Unmarshal(m["requester_email"], &g.RequesterEmail) != nil {
		g.RequesterEmail = "" // the address of nobody
	}
	return g
}

// apiQuery reads values of the query and collects their problems.
type apiQuery struct {
	*web.Form
	r *web.Request
}

func (a pages) apiQuery(r *web.Request) apiQuery { return apiQuery{r.QueryForm(), r} }

// limit returns the number of rows requested.
func (q apiQuery) limit() int { return q.Int("limit", 1, 200, 50) }

// moment parses an RFC 3339 time or a date.
func (q apiQuery) moment(name string) time.Time {
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

// names are what rows are called in answers.
type names struct{ desk.Names }

func (n names) person(id uint64) *apiPerson {
	p := n.Person(id)
	if p == nil {
		return nil
	}
	return &apiPerson{Email: p.Email, Name: p.Name}
}

func (n names) module(id uint64) string {
	m := n.Module(id)
	if m == nil {
		return ""
	}
	return m.Code
}

func (n names) group(id uint64) string {
	g := n.Group(id)
	if g == nil {
		return ""
	}
	return g.Code
}

type apiPerson struct {
	Email string `json:"email"`
	Name  string `json:"name"`
}

type apiFile struct {
	ID   uint64 `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	URL  string `json:"url"`
}

func fileAnswer(f *store.File) apiFile {
	return apiFile{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, URL: "/api/v1/files/" + strconv.FormatUint(f.ID, 10)}
}

// apiFile streams a file to anyone who may read the ticket or article it is attached to.
func (a pages) apiFile(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	f, file, err := a.Desk.Files.Open(r.Actor(), id)
	if err != nil {
		return err
	}
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", f.Name))
	mediaType, _ := web.ServedType(f.Type) // a program never shows it in place
	r.SetHeader("Content-Type", mediaType)
	r.SetHeader("X-Content-Type-Options", "nosniff")
	r.SetHeader("Content-Security-Policy", web.FilePolicy)
	return r.SendStream(file, int(f.Size)) // fasthttp closes it
}
