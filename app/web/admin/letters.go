package admin

import (
	"slices"
	"strconv"

	"sportello/app/desk/notice"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// lettersPage lists the desk's outgoing letters by state.
type lettersPage struct {
	show.AdminPage
	Tabs  []web.Link
	State string
	What  string
	Empty string
	Lines []show.LetterRow
	Next  string
	First string
}

// letterStates are the lists of the page in order.
var letterStates = []store.LetterState{store.LetterQueued, store.LetterHeld, store.LetterFailed, store.LetterBounced, store.LetterSent, store.LetterDropped}

// lettersShown is how many letters one page of the list shows.
const lettersShown = 50

func (a pages) getLetters(r *web.Request) error { return a.lettersPage(r, nil) }

// lettersPage shows the list; refused is the error of a decision that was refused.
func (a pages) lettersPage(r *web.Request, refused error) error {
	v := &lettersPage{AdminPage: show.Admin(a.Site, r, "letters", "letters.title")}
	v.Top()
	q := r.QueryForm()
	state := store.LetterState(q.Raw("state"))
	if !slices.Contains(letterStates, state) {
		state = store.LetterQueued
	}
	if refused != nil {
		if !v.Refuse(refused) {
			return refused
		}
		v.Path = "/admin/letters"
	}
	page, err := a.Desk.Notices.Letters(r.Actor(), state, q.ID("before"), lettersShown)
	if err != nil {
		return err
	}
	v.State, v.What, v.Empty = string(state), v.T("letters.what-"+string(state)), v.T("letters.empty-"+string(state))
	for _, s := range letterStates {
		v.Tabs = append(v.Tabs, web.Link{Label: v.T("letters.state-" + string(s)), Address: "/admin/letters?state=" + string(s), Current: s == state, Count: v.Number(page.Count[s])})
	}
	for _, l := range page.Letters {
		v.Lines = append(v.Lines, show.LetterRowOf(&v.Page, l, page.People[l.Person]))
	}
	if page.Next != 0 {
		v.Next = withQuery(r, "before", strconv.FormatUint(page.Next, 10))
	}
	if q.ID("before") != 0 {
		v.First = withQuery(r, "before", "")
	}
	return r.Render("page/letters", v)
}

// postLetter holds a letter, sends it at once, or drops it.
func (a pages) postLetter(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	act, state := f.Raw("act"), store.LetterState(f.Raw("state"))
	if !slices.Contains([]string{notice.LetterHold, notice.LetterRetry, notice.LetterDrop}, act) {
		return a.lettersPage(r, fault.New(fault.Invalid, "error.choice"))
	}
	if err := a.Desk.Notices.DecideLetter(r.Actor(), id, act); err != nil {
		return a.lettersPage(r, err)
	}
	to := "/admin/letters"
	if slices.Contains(letterStates, state) {
		to += "?state=" + string(state)
	}
	return r.Done("flash.letter-"+act, to)
}
