package api

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
)

type apiMessage struct {
	ID          uint64     `json:"id"`
	Author      *apiPerson `json:"author"`
	At          *time.Time `json:"at"`
	Body        string     `json:"body"`   // as typed; for HTML, its text
	Format      string     `json:"format"` // text, markdown or html
	HTML        string     `json:"html"`   // what the page shows, sanitised
	Internal    bool       `json:"internal,omitempty"`
	Proven      *bool      `json:"proven,omitempty"` // for a message that came by mail: whether its sender is verified
	Attachments []apiFile  `json:"attachments,omitempty"`
}

// apiText is a message in a PATCH: a text, or an object that may make it a note.
type apiText struct {
	Body        string   `json:"body"`
	Format      string   `json:"format,omitempty"` // text, markdown or html; the default is text on the requester's side and markdown on the agents'
	Internal    bool     `json:"internal,omitempty"`
	Mentions    []string `json:"mentions,omitempty"`    // addresses of agents
	Attachments []uint64 `json:"attachments,omitempty"` // the caller's own files that are not attached yet
}

// UnmarshalJSON also accepts a plain string as the message.
func (t *apiText) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &t.Body)
	}
	type plain apiText
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(t))
}

func (a pages) text(t *apiText) (*ticket.Text, error) {
	if len(t.Mentions) > store.Most("messages.mentions") { // checked before each one is looked up
		return nil, fault.New(fault.Invalid, "error.too-many-of", "max", store.Most("messages.mentions")).At("mentions")
	}
	if len(t.Attachments) > maxAttached {
		return nil, fault.New(fault.Invalid, "error.too-many-of", "max", maxAttached).At("attachments")
	}
	format, err := enum.Parse[store.Format](t.Format)
	if err != nil {
		return nil, fault.New(fault.Invalid, "error.code", "value", show.Clip(t.Format, 60)).At("format")
	}
	out := &ticket.Text{Body: t.Body, Format: format, Internal: t.Internal, Files: t.Attachments}
	err = a.Desk.Names(func(n desk.Names) {
		for _, address := range t.Mentions {
			if p := n.PersonAt(address); p != nil {
				out.Mentions = append(out.Mentions, p.ID)
			}
		}
	})
	return out, err
}

// apiWritten is the answer about a message that was stored.
type apiWritten struct {
	Number      uint64      `json:"number"` // of the message's ticket: a new one if the old was closed too long ago
	ID          uint64      `json:"id"`
	State       store.State `json:"state"`
	Rev         uint64      `json:"rev"`
	Attachments []apiFile   `json:"attachments,omitempty"`
}

func (a pages) apiWriteMessage(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	members, unreadable := a.membersOf(r)
	if err := a.Desk.Tickets.MayChange(r.Actor(), number, members.speech()); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var in apiText
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	text, err := a.text(&in)
	if err != nil {
		return err
	}
	return a.apiSay(r, number, text)
}

func (a pages) apiSay(r *web.Request, number uint64, text *ticket.Text) error {
	done, err := a.Desk.Tickets.Do(r.Actor(), number, ticket.Step{Message: text})
	if err != nil {
		return err
	}
	t := done.Ticket
	out := apiWritten{Number: t.ID, ID: done.Message.ID, State: t.State, Rev: done.Rev}
	for _, f := range done.Files {
		out.Attachments = append(out.Attachments, fileAnswer(f))
	}
	r.Status(http.StatusCreated)
	r.SetLocation("/api/v1/tickets/" + strconv.FormatUint(t.ID, 10))
	return r.JSON(out)
}

// apiAttach stores files as a message of their own. The body is multipart/form-data with parts named file and,
// optionally, body and internal; or it is the file itself, with ?name=. Without a body text, the message names the
// files.
func (a pages) apiAttach(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	// Store nothing for callers who may write neither messages nor notes; which one it is becomes known while reading.
	if err := a.Desk.Tickets.MayAttach(r.Actor(), number); err != nil {
		return err
	}
	text := &ticket.Text{}
	var kept []string
	v := r.Visit()
	if strings.HasPrefix(strings.ToLower(r.Header("Content-Type")), "multipart/form-data") {
		p, err := r.ReadForm(v.Route)
		if err != nil {
			return err
		}
		if p.Unreadable {
			return fault.New(fault.Invalid, "error.form-unreadable")
		}
		text.Body, text.Internal = p.Values.Get("body"), p.Values.Get("internal") == "true" || p.Values.Get("internal") == "1"
		for _, u := range append(p.Uploads["file"], p.Uploads["files"]...) {
			if u.Err != nil {
				return u.Err
			}
			text.Files = append(text.Files, u.Row.ID)
			kept = append(kept, u.Row.Name)
		}
	} else if !v.Body.Ended() || r.Query("name") != "" {
		q := r.QueryForm()
		text.Body, text.Internal = q.Raw("body"), q.Bool("internal")
		name := q.Raw("name")
		if _, params, err := mime.ParseMediaType(r.Header("Content-Disposition")); err == nil && name == "" {
			name = params["filename"]
		}
		f, err := a.Desk.Files.Keep(r.Actor(), name, v.Body)
		if err := web.CmpErr(v.Body, err); err != nil {
			return err
		}
		text.Files, kept = []uint64{f.ID}, []string{f.Name}
	}
	if len(text.Files) == 0 {
		return fault.New(fault.Invalid, "error.required").At("file")
	}
	if strings.TrimSpace(text.Body) == "" {
		text.Body = strings.Join(kept, ", ")
	}
	return a.apiSay(r, number, text)
}
