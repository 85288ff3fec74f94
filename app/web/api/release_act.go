package api

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// apiPreview is whom a release tells if it is published now.
type apiPreview struct {
	Organisations []apiAddressed `json:"organisations"`
	Persons       []apiPerson    `json:"persons"`        // each once
	NobodyToTell  []string       `json:"nobody_to_tell"` // organisations, by code
	Counts        apiToldCounts  `json:"counts"`
	Audience      string         `json:"audience"` // the sum, for publish and widen
	Warnings      []apiWarning   `json:"warnings,omitempty"`
}

// apiWarning is a day of the release that is badly chosen; it forbids nothing.
type apiWarning struct {
	What         string `json:"what"` // test, production: the day by which it is to be installed there; stop
	Day          string `json:"day"`
	Why          string `json:"why"`                    // holiday, weekend, freeze
	Freeze       string `json:"freeze,omitempty"`       // its name
	Organisation string `json:"organisation,omitempty"` // whose freeze it is
}

type apiToldCounts struct {
	Organisations int `json:"organisations"`
	Persons       int `json:"persons"`
	Contacts      int `json:"contacts"`
	Bounced       int `json:"bounced"`
	NobodyToTell  int `json:"nobody_to_tell"`
	Followers     int `json:"followers"` // of the desk, besides
}

type apiAddressed struct {
	Code     string     `json:"code"`
	Name     string     `json:"name"`
	Places   []apiPlace `json:"places"`
	Persons  []string   `json:"persons"`  // addresses
	Contacts []string   `json:"contacts"` // addresses
	Bounced  []string   `json:"bounced"`  // addresses that mail lately came back from
}

// apiPlace is where a release is to be installed.
type apiPlace struct {
	Module      string `json:"module"`
	Unit        string `json:"unit,omitempty"`
	Environment string `json:"environment"`
	Version     string `json:"version,omitempty"` // what runs there
	Asked       bool   `json:"asked"`
}

func (a pages) previewAnswer(p release.Preview) (apiPreview, error) {
	out := apiPreview{Organisations: []apiAddressed{}, Persons: []apiPerson{}, NobodyToTell: []string{}, Audience: p.Sum,
		Counts: apiToldCounts{Organisations: len(p.Organisations), Persons: p.People, Contacts: p.Contacts, Bounced: p.Bounced, NobodyToTell: p.Nobody, Followers: p.Followers}}
	listed := map[uint64]bool{}
	err := a.naming(func(n names) {
		for _, o := range p.Organisations {
			one := apiAddressed{Code: o.Code, Name: o.Name, Places: []apiPlace{}, Persons: []string{}, Contacts: []string{}, Bounced: append([]string{}, o.Bounced...)}
			for _, at := range o.Places {
				place := apiPlace{Module: n.module(at.Module), Environment: at.Environment.String(), Version: at.Version, Asked: at.Asked}
				if u := n.Unit(at.Hat.Unit); u != nil {
					place.Unit = u.Name
				}
				one.Places = append(one.Places, place)
			}
			for _, person := range o.People {
				one.Persons = append(one.Persons, person.Email)
				if !listed[person.ID] {
					listed[person.ID] = true
					out.Persons = append(out.Persons, apiPerson{Email: person.Email, Name: person.Name})
				}
			}
			for _, c := range o.Contacts {
				one.Contacts = append(one.Contacts, c.Email)
			}
			if o.Nobody() {
				out.NobodyToTell = append(out.NobodyToTell, o.Code)
			}
			out.Organisations = append(out.Organisations, one)
		}
	})
	return out, err
}

// apiReleaseAudience answers with whom the release tells if it is published now.
func (a pages) apiReleaseAudience(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	p, err := a.Desk.Releases.Preview(r.Actor(), number)
	if err != nil {
		return err
	}
	v, err := a.Desk.Releases.Read(r.Actor(), number)
	if err != nil {
		return err
	}
	days, err := show.UnluckyDays(a.Site, r, v.Release, &p)
	if err != nil {
		return err
	}
	out, err := a.previewAnswer(p)
	if err != nil {
		return err
	}
	for _, d := range days {
		w := apiWarning{What: d.What, Day: d.Day.Format(time.DateOnly), Why: d.Why}
		if d.Organisation != nil {
			w.Freeze, w.Organisation = d.Freeze.In(r.Actor().Lang()), d.Organisation.Code
		}
		out.Warnings = append(out.Warnings, w)
	}
	return r.JSON(out)
}

// apiDecided is the body of the acts on a release. Each takes only what it needs.
type apiDecided struct {
	Rev uint64 `json:"rev,omitempty"` // the revision that the act is for
}

type apiPublication struct {
	Rev      uint64 `json:"rev,omitempty"`
	At       string `json:"at,omitempty"`       // when; left out or past: now
	Audience string `json:"audience,omitempty"` // of the preview; if it differs by now, 409 with the new preview
	Nobody   *bool  `json:"nobody,omitempty"`   // false: 409 with the preview while organisations have nobody to tell
}

type apiWiden struct {
	Rev      uint64      `json:"rev,omitempty"`
	Audience apiAudience `json:"audience"`
	Seen     string      `json:"seen,omitempty"`   // the sum of a preview of those who are added
	Nobody   *bool       `json:"nobody,omitempty"` // false: 409 with the preview while some of them have nobody to tell
}

// withPreview returns the error with what the audience is now, as a member of its problem.
func (a pages) withPreview(err error, p *release.Preview) error {
	var one *fault.Error
	if err == nil || p == nil || !errors.As(err, &one) {
		return inMembers(err)
	}
	answer, failed := a.previewAnswer(*p)
	if failed != nil {
		return failed
	}
	c := *one
	c.Args = map[string]any{"preview": answer}
	maps.Copy(c.Args, one.Args)
	return &c
}

func (a pages) apiPublish(r *web.Request) error {
	v, err := a.release(r, mayPublish)
	if err != nil {
		return err
	}
	var in apiPublication
	if err := program.ReadSome(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	p := release.Publication{Rev: in.Rev, At: program.MomentOf(&wrong, "at", in.At), Audience: in.Audience, Nobody: in.Nobody == nil || *in.Nobody}
	if err := wrong.Err(); err != nil {
		return err
	}
	v, shown, err := a.Desk.Releases.Publish(r.Actor(), v.Release.ID, p)
	if err != nil {
		return a.withPreview(err, shown)
	}
	return a.answerRelease(r, v, http.StatusOK)
}

// decide does one of the acts that take a revision alone.
func (a pages) decide(r *web.Request, may func(*release.View) bool, do func(policy.Actor, uint64, uint64) (*release.View, error)) error {
	v, err := a.release(r, may)
	if err != nil {
		return err
	}
	var in apiDecided
	if err := program.ReadSome(r, &in); err != nil {
		return err
	}
	if v, err = do(r.Actor(), v.Release.ID, in.Rev); err != nil {
		return inMembers(err)
	}
	return a.answerRelease(r, v, http.StatusOK)
}

func (a pages) apiCheckRelease(r *web.Request) error {
	return a.decide(r, mayCheck, a.Desk.Releases.Check)
}

func (a pages) apiTakeBackRelease(r *web.Request) error {
	return a.decide(r, func(v *release.View) bool { return v.MayWrite }, a.Desk.Releases.TakeBack)
}

// explain does one of the acts that take a reason.
func (a pages) explain(r *web.Request, do func(policy.Actor, uint64, uint64, string) (*release.View, error)) error {
	v, err := a.release(r, mayPublish)
	if err != nil {
		return err
	}
	var in program.Reason
	if err := program.ReadSome(r, &in); err != nil {
		return err
	}
	if v, err = do(r.Actor(), v.Release.ID, in.Rev, in.Reason); err != nil {
		return inMembers(err)
	}
	return a.answerRelease(r, v, http.StatusOK)
}

func (a pages) apiTellAgain(r *web.Request) error { return a.explain(r, a.Desk.Releases.TellAgain) }

func (a pages) apiWithdraw(r *web.Request) error { return a.explain(r, a.Desk.Releases.Withdraw) }

func (a pages) apiWiden(r *web.Request) error {
	v, err := a.release(r, mayPublish)
	if err != nil {
		return err
	}
	var in apiWiden
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	wider := in.Audience.audience(&wrong)
	if err := wrong.Err(); err != nil {
		return err
	}
	v, shown, err := a.Desk.Releases.Widen(r.Actor(), v.Release.ID, release.Widening{Rev: in.Rev, Audience: wider, Seen: in.Seen, Nobody: in.Nobody == nil || *in.Nobody})
	if err != nil {
		return a.withPreview(err, shown)
	}
	return a.answerRelease(r, v, http.StatusOK)
}

type apiWording struct {
	Until     *time.Time    `json:"until"` // when it was corrected
	By        *apiPerson    `json:"by,omitempty"`
	Title     program.Words `json:"title"`
	Notes     program.Words `json:"notes,omitzero"`
	News      program.Words `json:"news,omitzero"`
	Corrected program.Words `json:"corrected,omitzero"`
	Before    program.Words `json:"before,omitzero"`
	After     program.Words `json:"after,omitzero"`
	Otherwise program.Words `json:"otherwise,omitzero"`
}

type apiWordingList struct {
	Wordings []apiWording `json:"wordings"`
}

// apiWordings answers with what a release said before, the oldest first.
func (a pages) apiWordings(r *web.Request) error {
	v, err := a.release(r, nil)
	if err != nil {
		return err
	}
	list, err := a.Desk.Releases.Wordings(r.Actor(), v.Release.ID)
	if err != nil {
		return err
	}
	out := apiWordingList{Wordings: []apiWording{}}
	err = a.naming(func(n names) {
		for _, w := range list {
			one := apiWording{Until: program.Moment(w.Created), Title: program.WordsOf(w.Title), Notes: program.WordsOf(w.Notes), News: program.WordsOf(w.News),
				Corrected: program.WordsOf(w.Corrected), Before: program.WordsOf(w.Before), After: program.WordsOf(w.After), Otherwise: program.WordsOf(w.Otherwise)}
			if v.Inside {
				one.By = n.person(w.By)
			}
			out.Wordings = append(out.Wordings, one)
		}
	})
	if err != nil {
		return err
	}
	return r.JSON(out)
}

// apiReceipt is what a place says of a release.
type apiReceipt struct {
	Organisation string             `json:"organisation"`
	Unit         string             `json:"unit,omitempty"`
	Module       string             `json:"module"`
	Environment  store.Environment  `json:"environment"`
	State        store.ReceiptState `json:"state"`
	Date         string             `json:"date,omitempty"`
	Reason       string             `json:"reason,omitempty"`
	At           *time.Time         `json:"at"`
	By           string             `json:"by,omitempty"`
	ByDesk       bool               `json:"by_desk,omitempty"`
	ByLink       bool               `json:"by_link,omitempty"`
	Asked        bool               `json:"asked"`         // an answer is awaited
	Due          string             `json:"due,omitempty"` // the day by which it is to be installed
	Late         bool               `json:"late"`
	UpToDate     bool               `json:"up_to_date,omitempty"` // nobody has answered, and what runs there does: this version or a newer one
	Running      string             `json:"running,omitempty"`    // the version that runs there
	Untested     bool               `json:"untested,omitempty"`
	Ticket       uint64             `json:"ticket,omitempty"` // the malfunction that a failure opened
	Earlier      []apiStatement     `json:"earlier,omitempty"`
}

// apiStatement is what was said before.
type apiStatement struct {
	State  store.ReceiptState `json:"state"`
	Date   string             `json:"date,omitempty"`
	Reason string             `json:"reason,omitempty"`
	At     *time.Time         `json:"at"`
}

type apiReceiptList struct {
	Receipts []apiReceipt `json:"receipts"`
}

// apiReply is what a program says for a place.
type apiReply struct {
	Module      string `json:"module,omitempty"` // left out: the only one of the release
	Environment string `json:"environment"`
	Unit        string `json:"unit,omitempty"` // by name; left out: the organisation as a whole
	State       string `json:"state"`          // read, planned, installed, not-applicable or failed
	Date        string `json:"date,omitempty"` // a day
	Reason      string `json:"reason,omitempty"`
}

// apiReplied is the receipt that an answer wrote, and what else it did.
type apiReplied struct {
	Receipt apiReceipt `json:"receipt"`
	Runs    string     `json:"runs,omitempty"`   // the newer version that runs there and stays
	Ticket  uint64     `json:"ticket,omitempty"` // the malfunction that a failure opened
}

func receiptAnswer(v release.ReceiptView, inside bool) apiReceipt {
	last := v.Last
	out := apiReceipt{Organisation: v.Organisation.Code, Module: v.Module.Code, Environment: v.Environment, State: last.State, Date: program.Date(last.Date), Reason: last.Reason,
		At: program.Moment(last.At), By: v.By, ByDesk: last.ByDesk, ByLink: last.ByLink != 0, Asked: v.Asked, Due: program.Date(v.Due), Late: v.Late, UpToDate: v.Beyond != "", Running: v.Running, Untested: v.Untested}
	if out.At == nil {
		out.At = program.Moment(v.Created)
	}
	if v.Unit != nil {
		out.Unit = v.Unit.Name
	}
	if inside {
		out.Ticket = v.Receipt.Ticket
	}
	for _, s := range v.Earlier {
		out.Earlier = append(out.Earlier, apiStatement{State: s.State, Date: program.Date(s.Date), Reason: s.Reason, At: program.Moment(s.At)})
	}
	return out
}

// apiReceipts answers with what organisations say of the release: all of it to the desk, to coordinators what concerns
// their places.
func (a pages) apiReceipts(r *web.Request) error {
	v, err := a.release(r, nil)
	if err != nil {
		return err
	}
	list, err := a.Desk.Releases.Receipts(r.Actor(), v.Release.ID)
	if err != nil {
		return err
	}
	out := apiReceiptList{Receipts: []apiReceipt{}}
	for _, one := range list {
		out.Receipts = append(out.Receipts, receiptAnswer(one, v.Inside))
	}
	return r.JSON(out)
}

// apiPutReceipt writes down what somebody says of a release for a place.
func (a pages) apiPutReceipt(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	code, err := codeOf(r, "organisation")
	if err != nil {
		return err
	}
	if err := a.Desk.Releases.MayAnswer(r.Actor(), number, code); err != nil {
		return err
	}
	var in apiReply
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	reply := release.Reply{Organisation: code, Unit: in.Unit, Module: in.Module, Date: program.DayOf(&wrong, "date", in.Date), Reason: in.Reason}
	reply.Environment = entry.Coded[store.Environment](&wrong, "environment", in.Environment)
	if strings.TrimSpace(in.State) == "" {
		wrong.Add("state", "error.receipt-state")
	} else {
		reply.State = entry.Coded[store.ReceiptState](&wrong, "state", in.State)
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	done, err := a.Desk.Releases.Answer(r.Actor(), number, reply)
	if err != nil {
		return err
	}
	out := apiReplied{Receipt: receiptAnswer(done.Receipt, false), Runs: done.Ran}
	if done.Ticket != nil {
		out.Ticket = done.Ticket.ID
	}
	return r.JSON(out)
}
