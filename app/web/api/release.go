package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiRelease is a release as the token's person may see it. What only the desk knows is left out for everybody else.
type apiRelease struct {
	Number     uint64             `json:"number"`
	Rev        uint64             `json:"rev"`
	Modules    []string           `json:"modules"`
	Version    string             `json:"version"`
	Title      program.Words      `json:"title"`
	Kind       store.ReleaseKind  `json:"kind"`
	State      store.ReleaseState `json:"state"`
	Notes      program.Words      `json:"notes,omitzero"` // Markdown, and so are the four parts
	News       program.Words      `json:"news,omitzero"`
	Corrected  program.Words      `json:"corrected,omitzero"`
	Before     program.Words      `json:"before,omitzero"`
	After      program.Words      `json:"after,omitzero"`
	Otherwise  program.Words      `json:"otherwise,omitzero"`
	Norm       *apiNorm           `json:"norm,omitempty"`
	InstallBy  apiDays            `json:"install_by"`
	Stop       *apiStop           `json:"stop,omitempty"`
	WayBack    *apiWayBack        `json:"way_back,omitempty"`
	Needs      []apiNeed          `json:"needs,omitzero"`
	Replaces   []uint64           `json:"replaces,omitzero"`
	ReplacedBy uint64             `json:"replaced_by,omitzero"`
	Corrects   []uint64           `json:"corrects,omitzero"` // numbers of known problems
	Articles   []string           `json:"articles,omitzero"` // slugs
	Tickets    []uint64           `json:"tickets,omitzero"`
	Files      []apiReleaseFile   `json:"files,omitzero"`
	Superseded []apiReleaseFile   `json:"superseded,omitempty"` // files that another one took the place of
	Audience   *apiAudience       `json:"audience,omitempty"`   // the desk's
	ToldTo     *int               `json:"told_to,omitempty"`    // the desk's: how many organisations it went to
	NeedsCheck bool               `json:"needs_check,omitempty"`
	Author     string             `json:"author,omitempty"`
	ExternalID string             `json:"external_id,omitempty"`
	PublishAt  *time.Time         `json:"publish_at,omitempty"`
	Published  *time.Time         `json:"published_at"`
	Told       *time.Time         `json:"told_at,omitempty"`
	Reworded   *time.Time         `json:"reworded_at,omitempty"`
	Withdrawn  *time.Time         `json:"withdrawn_at,omitempty"`
	Reason     string             `json:"reason,omitempty"` // why it was withdrawn
	Updated    *time.Time         `json:"updated_at"`
}

type apiReleaseList struct {
	Total    int          `json:"total"`
	Next     *uint64      `json:"next"`
	Releases []apiRelease `json:"releases"`
}

// apiReleaseForm is a release as a program writes it. A member that is left out stays as it is.
type apiReleaseForm struct {
	Rev        uint64         `json:"rev,omitempty"` // of a PATCH: the revision that the change is for
	Modules    *[]string      `json:"modules,omitempty"`
	Version    *string        `json:"version,omitempty"`
	Title      *program.Words `json:"title,omitempty"`
	Kind       *string        `json:"kind,omitempty"` // ordinary, urgent or law
	Notes      *program.Words `json:"notes,omitempty"`
	News       *program.Words `json:"news,omitempty"`
	Corrected  *program.Words `json:"corrected,omitempty"`
	Before     *program.Words `json:"before,omitempty"`
	After      *program.Words `json:"after,omitempty"`
	Otherwise  *program.Words `json:"otherwise,omitempty"`
	Norm       *apiNorm       `json:"norm,omitempty"`
	InstallBy  *apiDays       `json:"install_by,omitempty"`
	Stop       *apiStopForm   `json:"stop,omitempty"`
	WayBack    *apiBackForm   `json:"way_back,omitempty"`
	Needs      *[]apiNeed     `json:"needs,omitempty"`
	Replaces   *[]uint64      `json:"replaces,omitempty"`
	Corrects   *[]uint64      `json:"corrects,omitempty"`
	Articles   *[]string      `json:"articles,omitempty"`
	Tickets    *[]uint64      `json:"tickets,omitempty"`
	Audience   *apiAudience   `json:"audience,omitempty"`
	State      string         `json:"state,omitempty"`       // of a POST: draft, or published at once; of a PATCH: as it is
	ExternalID *string        `json:"external_id,omitempty"` // for administrators
	FromTicket uint64         `json:"from_ticket,omitempty"` // of a POST: made of the mail that the ticket came by; what is left out is taken from there, files included
}

// putInto puts what the program gave into the form, and returns problems by member. lang is of texts given as plain
// strings.
func (in *apiReleaseForm) putInto(f *release.Form, lang string) error {
	var wrong fault.Problems
	if in.Modules != nil {
		f.Modules = *in.Modules
	}
	if in.Version != nil {
		f.Version = *in.Version
	}
	if in.Kind != nil {
		f.Kind = entry.Coded[store.ReleaseKind](&wrong, "kind", *in.Kind)
	}
	for _, part := range []struct {
		in  *program.Words
		out *store.Words
	}{{in.Title, &f.Title}, {in.Notes, &f.Notes}, {in.News, &f.News}, {in.Corrected, &f.Corrected}, {in.Before, &f.Before}, {in.After, &f.After}, {in.Otherwise, &f.Otherwise}} {
		if part.in != nil {
			*part.out = part.in.In(lang)
		}
	}
	if in.Norm != nil {
		f.Norm = store.Norm{Text: in.Norm.Text, Date: program.DayOf(&wrong, "norm.date", in.Norm.Date)}
	}
	if in.InstallBy != nil {
		f.InstallBy = store.InstallBy{Test: program.DayOf(&wrong, "install_by.test", in.InstallBy.Test), Production: program.DayOf(&wrong, "install_by.production", in.InstallBy.Production)}
	}
	if s := in.Stop; s != nil {
		f.Stop = store.Stop{From: program.MomentOf(&wrong, "stop.from", s.From), Until: program.MomentOf(&wrong, "stop.until", s.Until), Latest: program.MomentOf(&wrong, "stop.latest", s.Latest), Text: s.Text.In(lang)}
	}
	if b := in.WayBack; b != nil {
		f.WayBack = store.WayBack{Kind: entry.Coded[store.Back](&wrong, "way_back.kind", b.Kind), Until: program.MomentOf(&wrong, "way_back.until", b.Until), Text: b.Text.In(lang)}
	}
	if in.Needs != nil {
		f.Needs = nil
		for _, n := range *in.Needs {
			f.Needs = append(f.Needs, store.Need(n))
		}
	}
	if in.Replaces != nil {
		f.Replaces = *in.Replaces
	}
	if in.Corrects != nil {
		f.Corrects = *in.Corrects
	}
	if in.Articles != nil {
		f.Articles = *in.Articles
	}
	if in.Tickets != nil {
		f.Tickets = *in.Tickets
	}
	if in.Audience != nil {
		f.Audience = in.Audience.audience(&wrong)
	}
	if in.ExternalID != nil {
		f.External = *in.ExternalID
	}
	if in.Rev != 0 {
		f.Rev = in.Rev
	}
	return wrong.Err()
}

// inMembers returns the error with its problems at the members of the API, which pages write with hyphens alone.
func inMembers(err error) error {
	var many fault.Problems
	if !errors.As(err, &many) {
		return err
	}
	out := make(fault.Problems, len(many))
	for i, p := range many {
		field := strings.NewReplacer("way-back", "way_back", "install-by", "install_by").Replace(p.Field)
		out[i] = p.At(strings.ReplaceAll(field, "-", "."))
	}
	return out
}

// releaseAnswer returns what stands in lists; releaseDocument adds the rest.
func releaseAnswer(v *release.View) apiRelease {
	r := v.Release
	out := apiRelease{Number: r.ID, Rev: r.Rev, Modules: []string{}, Version: r.Version, Title: program.WordsOf(r.Title), Kind: r.Kind, State: r.State,
		InstallBy: apiDays{Test: program.Date(r.InstallBy.Test), Production: program.Date(r.InstallBy.Production)}, Published: program.Moment(r.Published), Updated: program.Moment(r.Updated)}
	for _, m := range v.Modules {
		out.Modules = append(out.Modules, m.Code)
	}
	if !r.Stop.From.IsZero() {
		out.Stop = &apiStop{From: program.Moment(r.Stop.From), Until: program.Moment(r.Stop.Until), Latest: program.Moment(r.Stop.Latest), Text: program.WordsOf(r.Stop.Text)}
	}
	return out
}

func (a pages) releaseDocument(v *release.View) (apiRelease, error) {
	r := v.Release
	out := releaseAnswer(v)
	out.Notes, out.News, out.Corrected, out.Before, out.After, out.Otherwise = program.WordsOf(r.Notes), program.WordsOf(r.News), program.WordsOf(r.Corrected),
		program.WordsOf(r.Before), program.WordsOf(r.After), program.WordsOf(r.Otherwise)
	out.Told, out.Reworded, out.Withdrawn, out.Reason = program.Moment(v.Told), program.Moment(r.Reworded), program.Moment(r.Withdrawn), r.Reason
	out.Needs, out.Replaces, out.Corrects, out.Articles, out.Tickets = []apiNeed{}, []uint64{}, []uint64{}, []string{}, []uint64{}
	if r.Norm.Text != "" {
		out.Norm = &apiNorm{Text: r.Norm.Text, Date: program.Date(r.Norm.Date)}
	}
	if r.WayBack.Kind != store.BackUnsaid || r.WayBack.Text != (store.Words{}) {
		out.WayBack = &apiWayBack{Kind: r.WayBack.Kind, Until: program.Moment(r.WayBack.Until), Text: program.WordsOf(r.WayBack.Text)}
	}
	for _, n := range v.Needs {
		need := apiNeed{Version: n.Version}
		if n.Release != nil {
			need = apiNeed{Release: n.Release.ID}
		}
		out.Needs = append(out.Needs, need)
	}
	for _, o := range v.Replaces {
		out.Replaces = append(out.Replaces, o.ID)
	}
	if v.ReplacedBy != nil {
		out.ReplacedBy = v.ReplacedBy.ID
	}
	for _, p := range v.Corrects {
		out.Corrects = append(out.Corrects, p.ID)
	}
	for _, art := range v.Articles {
		out.Articles = append(out.Articles, art.Slug)
	}
	for _, t := range v.Tickets {
		out.Tickets = append(out.Tickets, t.ID)
	}
	out.Files, out.Superseded = releaseFiles(r.ID, v.Files), releaseFiles(r.ID, v.Superseded)
	if !v.Inside {
		return out, nil
	}
	audience, err := a.Desk.Releases.AudienceOf(v)
	if err != nil {
		return out, err
	}
	told := len(r.To)
	out.Audience, out.ToldTo = audienceAnswer(audience), &told
	out.NeedsCheck, out.Author, out.ExternalID, out.PublishAt = v.NeedsCheck, v.Author, r.External, program.Moment(r.PublishAt)
	return out, nil
}

// answerRelease answers with the release.
func (a pages) answerRelease(r *web.Request, v *release.View, status int) error {
	out, err := a.releaseDocument(v)
	if err != nil {
		return err
	}
	r.Status(status)
	if status == http.StatusCreated {
		r.SetLocation(releaseAddress(out.Number))
	}
	return r.JSON(out)
}

func releaseAddress(number uint64) string {
	return program.Base + "/releases/" + strconv.FormatUint(number, 10)
}

// apiReleases lists the releases that the token's person may see: drafts first, then the newest.
func (a pages) apiReleases(r *web.Request) error {
	q := program.QueryOf(r)
	f := release.Filter{Limit: q.Limit(), After: q.ID("after"), State: web.FormCode[store.ReleaseState](q.Form, "state"), Kind: web.FormCode[store.ReleaseKind](q.Form, "kind")}
	who := r.Actor()
	hidden := false // a retired module exists only for those who work there, and for those whom a release of it went to
	err := a.Desk.Names(func(n desk.Names) {
		if code := q.Raw("module"); code == "" {
			return
		} else if m := n.ModuleOf(code); m == nil {
			q.Refuse("module", "error.module-unknown")
		} else {
			f.Module, hidden = m.ID, m.Retired && !who.IsAgent() && !who.IsAdministrator()
		}
	})
	if err != nil {
		return err
	}
	if hidden {
		own, err := a.Desk.Releases.List(who, release.Filter{Module: f.Module, Limit: 1})
		if err != nil {
			return err
		}
		if own.Total == 0 {
			q.Refuse("module", "error.module-unknown")
		}
	}
	if err := q.Err(); err != nil {
		return err
	}
	page, err := a.Desk.Releases.List(who, f)
	if err != nil {
		return err
	}
	out := apiReleaseList{Total: page.Total, Releases: []apiRelease{}}
	if page.Next != 0 {
		out.Next = &page.Next
	}
	for _, v := range page.Releases {
		out.Releases = append(out.Releases, releaseAnswer(v))
	}
	return r.JSON(out)
}

// release reads the release of the address, for whoever may do what may says; nil is reading it.
func (a pages) release(r *web.Request, may func(*release.View) bool) (*release.View, error) {
	number, err := r.NumberOf("number")
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Releases.Read(r.Actor(), number)
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

// mayWrite, mayCheck and mayPublish are asked before anything of a body is read.
func mayWrite(v *release.View) bool {
	if v.Release.Out() {
		return v.MayPublish
	}
	return v.MayWrite
}

func mayCheck(v *release.View) bool   { return v.MayCheck }
func mayPublish(v *release.View) bool { return v.MayPublish }

func (a pages) apiRelease(r *web.Request) error {
	v, err := a.release(r, nil)
	if err != nil {
		return err
	}
	return a.answerRelease(r, v, http.StatusOK)
}

// apiPostRelease writes a new release, a draft unless its state says that it is to be published at once. A repeated
// external_id, which administrators may give, changes the release and answers 200.
func (a pages) apiPostRelease(r *web.Request) error {
	given, unreadable := a.membersOf(r)
	var modules []string
	if json.Unmarshal(given["modules"], &modules) != nil {
		modules = nil // of nobody
	}
	if err := a.Desk.Releases.MayDraft(r.Actor(), modules); err != nil {
		return err
	}
	if err := mayNameExternally(r.Actor(), given); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var in apiReleaseForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	if in.ExternalID != nil {
		there, err := a.Desk.Releases.Called(r.Actor(), *in.ExternalID)
		if err != nil {
			return err
		}
		if there != nil {
			return a.changeRelease(r, there, in)
		}
	}
	f, err := a.fromTicket(r, in.FromTicket)
	if err != nil {
		return err
	}
	err = in.putInto(&f, a.plainLanguage(r))
	if err == nil {
		switch in.State {
		case "", store.ReleaseDraft.String():
		case store.ReleasePublished.String():
			if in.FromTicket != 0 { // somebody reads it first
				err = fault.Problems{fault.New(fault.Invalid, "error.release-state").At("state")}
			}
		default:
			err = fault.Problems{fault.New(fault.Invalid, "error.release-state").At("state")}
		}
	}
	if err != nil {
		return err
	}
	save := func() (*release.View, error) { return a.Desk.Releases.Save(r.Actor(), 0, f) }
	if in.State == store.ReleasePublished.String() {
		save = func() (*release.View, error) { return a.Desk.Releases.SaveOut(r.Actor(), f) }
	}
	v, err := save()
	if err != nil {
		return inMembers(err)
	}
	return a.answerRelease(r, v, http.StatusCreated)
}

// fromTicket returns the form that a new release begins with: empty, or what the mail of the ticket says.
func (a pages) fromTicket(r *web.Request, ticket uint64) (release.Form, error) {
	if ticket == 0 {
		return release.Form{}, nil
	}
	f, _, err := a.Desk.Releases.Draft(r.Actor(), ticket)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Denied {
		err = fault.Problems{fault.New(fault.Invalid, "error.ticket-unknown", "number", ticket).At("from_ticket")}
	}
	return f, err
}

// mayNameExternally returns an error when the members have an external_id that the actor may not give.
func mayNameExternally(a policy.Actor, given members) error {
	if _, named := given["external_id"]; named && !a.IsAdministrator() {
		return fault.New(fault.Denied, "error.field-administrator", "field", "external_id").At("external_id")
	}
	return nil
}

// apiChangeRelease changes the members given and leaves the rest.
func (a pages) apiChangeRelease(r *web.Request) error {
	v, err := a.release(r, mayWrite)
	if err != nil {
		return err
	}
	given, _ := a.membersOf(r)
	if err := mayNameExternally(r.Actor(), given); err != nil {
		return err
	}
	var in apiReleaseForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	return a.changeRelease(r, v, in)
}

func (a pages) changeRelease(r *web.Request, v *release.View, in apiReleaseForm) error {
	f, err := a.Desk.Releases.FormOf(v)
	if err != nil {
		return err
	}
	if in.State != "" && in.State != v.Release.State.String() {
		return fault.Problems{fault.New(fault.Invalid, "error.release-state").At("state")}
	}
	if err := in.putInto(&f, a.plainLanguage(r)); err != nil {
		return err
	}
	if v, err = a.Desk.Releases.Save(r.Actor(), v.Release.ID, f); err != nil {
		return inMembers(err)
	}
	return a.answerRelease(r, v, http.StatusOK)
}

// plainLanguage returns the language of texts that come as plain strings.
func (a pages) plainLanguage(r *web.Request) string { return r.QueryForm().Raw("lang") }

// field names a member of a list.
func field(list string, n int, name string) string { return fmt.Sprintf("%s.%d.%s", list, n, name) }
