package app

import (
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store"
)

// lettersPage lists the mail the desk sends, by how far it has got.
type lettersPage struct {
	adminPage
	Tabs  []web.Link
	State string
	What  string
	Empty string
	Lines []letterRow
	Next  string
	First string
}

type letterRow struct {
	ID      uint64
	To      string
	Name    string
	Person  string // address of the person's page
	Ticket  string
	Subject string
	Tells   string
	Why     string
	Error   string
	Tries   string
	Planned words.Moment
	Goes    words.Moment
	Sent    words.Moment
	Unsure  bool
	Hold    bool
	Retry   string // words on the button, empty when it cannot be sent again
	Drop    bool
}

// letterStates are the lists of the page.
var letterStates = []store.LetterState{store.LetterQueued, store.LetterHeld, store.LetterFailed, store.LetterBounced, store.LetterSent, store.LetterDropped}

func (a *App) getLetters(r *web.Request) error { return a.lettersPage(r, nil) }

// lettersPage shows the list; refused is why a decision could not be made.
func (a *App) lettersPage(r *web.Request, refused error) error {
	v := &lettersPage{adminPage: a.admin(r, "letters", "letters.title")}
	v.top()
	q := r.QueryForm()
	state := store.LetterState(q.Raw("state"))
	if !slices.Contains(letterStates, state) {
		state = store.LetterQueued
	}
	if refused != nil {
		if !v.refuse(refused) {
			return refused
		}
		v.Path = "/admin/letters"
	}
	page, err := a.Desk.Letters(r.Actor(), state, q.ID("before"), mailsShown)
	if err != nil {
		return err
	}
	v.State, v.What, v.Empty = string(state), v.T("letters.what-"+string(state)), v.T("letters.empty-"+string(state))
	for _, s := range letterStates {
		v.Tabs = append(v.Tabs, web.Link{Label: v.T("letters.state-" + string(s)), Address: "/admin/letters?state=" + string(s), Current: s == state, Count: v.Number(page.Count[s])})
	}
	for _, l := range page.Letters {
		v.Lines = append(v.Lines, letterRowOf(&v.Page, l, page.People[l.Person]))
	}
	if page.Next != 0 {
		v.Next = withQuery(r, "before", strconv.FormatUint(page.Next, 10))
	}
	if q.ID("before") != 0 {
		v.First = withQuery(r, "before", "")
	}
	return r.Render("page/letters", v)
}

func letterRowOf(p *web.Page, l *store.Letter, who *store.Person) letterRow {
	row := letterRow{ID: l.ID, To: l.To, Subject: l.Subject, Error: l.Error, Planned: p.Moment(l.Created), Sent: p.Moment(l.Sent), Unsure: l.Unsure && l.State != store.LetterSent}
	if who != nil {
		row.Name, row.Person = who.Name, address.Person(who.ID)
	}
	if l.Ticket != 0 {
		row.Ticket = strconv.FormatUint(l.Ticket, 10)
	}
	var events []string
	for _, t := range l.Tells {
		words := p.T("mail-texts.event-" + t.Event)
		if !slices.Contains(events, words) {
			events = append(events, words)
		}
	}
	row.Tells = strings.Join(events, ", ")
	if l.Why != "" {
		row.Why = p.T("letters.why-" + l.Why)
	}
	if l.Tries > 0 {
		row.Tries = p.Plural("letters.tries", l.Tries)
	}
	switch l.State {
	case store.LetterQueued:
		row.Goes, row.Hold, row.Retry, row.Drop = p.Moment(l.Next), true, p.T("letters.now"), true
	case store.LetterHeld:
		row.Retry, row.Drop = p.T("letters.release"), true
	case store.LetterFailed, store.LetterBounced:
		row.Retry, row.Drop = p.T("letters.retry"), true
	}
	return row
}

// postLetter holds a letter, has it sent at once, or drops it.
func (a *App) postLetter(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	act, state := f.Raw("act"), store.LetterState(f.Raw("state"))
	if !slices.Contains([]string{desk.LetterHold, desk.LetterRetry, desk.LetterDrop}, act) {
		return a.lettersPage(r, store.Fail(store.Invalid, "error.choice"))
	}
	if err := a.Desk.DecideLetter(r.Actor(), id, act); err != nil {
		return a.lettersPage(r, err)
	}
	to := "/admin/letters"
	if slices.Contains(letterStates, state) {
		to += "?state=" + string(state)
	}
	return r.Done("flash.letter-"+act, to)
}
