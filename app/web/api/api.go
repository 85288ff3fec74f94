package api

import (
	"encoding/json"
	"strconv"
	"strings"

	"sportello/app/desk"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/schema"
	"sportello/store"
)

// The API has small answer types of its own, so that rows can change without affecting programs.

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
