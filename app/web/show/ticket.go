package show

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sportello/app/address"
	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/db"
)

// OwnLine is one ticket in a list of the requester's side.
type OwnLine struct {
	Number  uint64
	Address string
	Subject string
	Meta    string
	State   string // its code
	Words   string
}

// OwnLines returns the lines of a list of tickets. With requester, each line names the person in whose name the ticket
// is open.
func OwnLines(p *web.Page, page queue.Page, modules map[uint64]string, requester bool) []OwnLine {
	out := make([]OwnLine, 0, len(page.Tickets))
	for _, t := range page.Tickets {
		line := OwnLineOf(p, t, modules)
		if who := page.People[t.Requester]; who != nil && (requester || t.Requester != p.Person) {
			line.Meta = Joined(" · ", who.Name, line.Meta)
		}
		out = append(out, line)
	}
	return out
}

// OwnLineOf returns one line of such a list.
func OwnLineOf(p *web.Page, t *store.Ticket, modules map[uint64]string) OwnLine {
	when := ""
	switch {
	case t.State == store.StateClosed && !t.Closed.IsZero():
		when = p.T("own.closed", "when", InSentence(p, t.Closed))
	case t.State == store.StateResolved && !t.Resolved.IsZero():
		when = p.T("own.resolved", "when", InSentence(p, t.Resolved))
	case t.State == store.StateNew:
		when = p.T("own.opened", "when", InSentence(p, t.Opened))
	default:
		when = p.T("own.updated", "when", InSentence(p, t.PublicUpdated))
	}
	return OwnLine{Number: t.ID, Address: address.Ticket(t.ID), Subject: t.Subject, Meta: Joined(" · ", modules[t.Module], when),
		State: t.State.String(), Words: StateWords(p, t)}
}

// StateWords returns the state in the words for the requester's side. Only the requester is asked for something, and
// only until they have answered.
func StateWords(p *web.Page, t *store.Ticket) string {
	switch {
	case t.State == store.StatePlanned && t.Version != "":
		return p.T("state.planned-version", "version", t.Version)
	case t.State == store.StateResolved && t.Outcome == store.Withdrawn:
		return p.T("outcome.withdrawn")
	case t.Requester != p.Person:
		return StateOfOthers(p, t.State)
	}
	return p.T("state." + t.State.String())
}

// StateOfOthers returns the state of somebody else's ticket in words.
func StateOfOthers(p *web.Page, s store.State) string {
	switch s {
	case store.StateWaiting:
		return p.T("state.waiting-other")
	case store.StateResolved:
		return p.T("state.resolved-other")
	}
	return p.T("state." + s.String())
}

// Joined joins the parts that are not empty.
func Joined(sep string, parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, sep)
}

// InSentence returns a point in time in words for the middle of a sentence: ieri alle 10.42, il 12 novembre 2026.
func InSentence(p *web.Page, t time.Time) string {
	m := p.Moment(t)
	if m.Words != m.Date {
		return m.Words
	}
	return onDate(p, t)
}

// DayInSentence returns a day in words for the middle of a sentence: domani, venerdì, l'8 dicembre 2026.
func DayInSentence(p *web.Page, t time.Time) string {
	if day := p.Day(t); day != p.Date(t) {
		return day
	}
	return onDate(p, t)
}

func onDate(p *web.Page, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if day := t.In(p.Now.Location()).Day(); day == 8 || day == 11 {
		return p.T("own.on-date-vowel", "date", p.Date(t))
	}
	return p.T("own.on-date", "date", p.Date(t))
}

// Badge is a state in words with the class that gives its colour.
type Badge struct{ Class, Words string }

// DueView says when a ticket is due, in few words and exactly.
type DueView struct {
	Words string
	Long  string // as part of a sentence: scaduta da 2 h, entro domani
	Class string
	Late  bool
	At    words.Moment
}

// StateBadge returns the state in the words for agents.
func StateBadge(p *web.Page, t *store.Ticket) Badge {
	return Badge{"state-" + t.State.String(), p.T("state.agent." + t.State.String())}
}

// Due says when the ticket is due: how late it is, how few hours are left, or the day. While the clock is paused it
// says so; once the ticket is resolved it says nothing.
func Due(p *web.Page, t *store.Ticket) DueView {
	switch {
	case t.Due.IsZero(), t.State == store.StateResolved, t.State == store.StateClosed:
		return DueView{}
	case t.State == store.StateWaiting, t.State == store.StatePlanned:
		return DueView{Words: p.T("due.stands"), Long: p.T("due.stands-long"), Class: "soft"}
	}
	d := DueView{At: p.Moment(t.Due)}
	key := "due.by"
	left := t.Due.Sub(p.Now)
	at := t.Due.In(p.Now.Location())
	switch days := words.DaysBetween(p.Now, at); {
	case left < 0:
		d.Words, d.Class, d.Late, key = lasting(p, "due.late", -left), "due-late", true, "due.late-long"
	case left < 8*time.Hour:
		d.Words, d.Class, key = lasting(p, "due.in", left), "due-soon", "due.in-long"
	case days <= 1:
		d.Words, d.Class = p.Day(at), "due-soon"
	case days < 7:
		d.Words = p.Day(at)
	default:
		d.Words = p.T("due.date", "day", at.Day(), "month", p.T("due.month-"+strconv.Itoa(int(at.Month()))))
		if at.Year() != p.Now.Year() {
			d.Words += " " + strconv.Itoa(at.Year())
		}
	}
	d.Long = p.T(key, "words", d.Words)
	return d
}

// AgeView says how long ago a ticket was opened, in few words and exactly.
type AgeView struct {
	Words string
	At    words.Moment
}

// Age says how long ago the ticket was opened.
func Age(p *web.Page, t *store.Ticket) AgeView {
	if t.Opened.IsZero() {
		return AgeView{}
	}
	return AgeView{lasting(p, "due.in", max(0, p.Now.Sub(t.Opened))), p.Moment(t.Opened)}
}

// lasting says a length of time in few words: by the minute, the hour, the day.
func lasting(p *web.Page, key string, d time.Duration) string {
	switch {
	case d < time.Hour:
		return p.T(key+"-minutes", "n", int(d/time.Minute))
	case d < 48*time.Hour:
		return p.T(key+"-hours", "n", int(d/time.Hour))
	}
	return p.T(key+"-days", "n", p.Number(int(d/(24*time.Hour))))
}

// MailMark is a remark about the mail behind a message, with icon and colour.
type MailMark struct{ Class, Icon, Text string }

// JoinedWords says why a mail joined its ticket.
func JoinedWords(p *web.Page, row *store.Mail) string {
	if row.Joined == "" {
		return ""
	}
	return p.T("by-mail.joined-"+row.Joined, "by", row.JoinedBy)
}

// Unreachable says since when mail to a person is returned.
type Unreachable struct {
	Person string
	Since  words.Moment
	Why    string
}

// UnreachableOf says since when and why mail to the person is returned, nil when it is not.
func UnreachableOf(p *web.Page, who *store.Person) *Unreachable {
	if who == nil || who.MailFailed.IsZero() {
		return nil
	}
	return &Unreachable{strconv.FormatUint(who.ID, 10), p.Moment(who.MailFailed), who.MailFailedWhy}
}

// FactLine is a name with its value.
type FactLine struct{ Name, Text string }

// FileCard is an attachment as shown on pages: its name, kind, size and address.
type FileCard struct {
	Name    string
	Address string
	Kind    string
	Picture string // address of the picture if it may be shown in the page
	Size    string
	Zoom    string // id of the picture over the page
	Open    string // what its button says
	Close   string
}

// FileCardOf returns the card of a file.
func FileCardOf(p *web.Page, f *store.File) FileCard {
	card := FileCard{Name: f.Name, Address: fmt.Sprintf("/files/%d", f.ID), Size: p.Size(f.Size)}
	card.Kind = strings.ToUpper(strings.TrimPrefix(path.Ext(f.Name), "."))
	if n := len(card.Kind); n == 0 || n > 4 {
		card.Kind = p.T("side.file-kind")
	}
	switch f.Type {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		if f.Size <= maxPreview {
			card.Picture, card.Zoom = card.Address, fmt.Sprintf("f%d", f.ID)
			card.Open, card.Close = p.T("side.picture-open", "name", f.Name), p.T("side.picture-close")
		}
	}
	return card
}

// Maximum lengths of the fields in a ticket's forms, in characters.
var (
	MaxReason  = db.MaxReason
	MaxVersion = store.Most("tickets.version")
)

// LetterRow is a letter as agents and administrators see it.
type LetterRow struct {
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
	Retry   string // label of the button, empty when the letter cannot be sent again
	Drop    bool
}

// LetterRowOf returns the row of a letter. who is its recipient, nil if they no longer exist.
func LetterRowOf(p *web.Page, l *store.Letter, who *store.Person) LetterRow {
	row := LetterRow{ID: l.ID, To: l.To, Subject: l.Subject, Error: l.Error, Planned: p.Moment(l.Created), Sent: p.Moment(l.Sent), Unsure: l.Unsure && l.State != store.LetterSent}
	if who != nil {
		row.Name, row.Person = who.Name, address.Person(who.ID)
	}
	if l.Ticket != 0 {
		row.Ticket = strconv.FormatUint(l.Ticket, 10)
	}
	var events []string
	for _, t := range l.Tells {
		words := p.T(t.Event.Name())
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

// Known returns the sentence of the key, or instead when there is no such sentence.
func Known(p *web.Page, key, instead string) string {
	if p.Site.Words.Has(p.Lang, key) {
		return p.T(key)
	}
	return instead
}

// UpperFirst returns s with a capital first letter.
func UpperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// maxPreview is the size in bytes up to which a card shows its picture.
const maxPreview = 1 << 20

// Initials returns the first letters of the first and last name, "?" when there is no letter. Signs around a word do
// not count: "Rossi (CSA)" gives RC.
func Initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' })
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[0]
	if len(words) == 1 {
		return string(unicode.ToUpper(first))
	}
	last := []rune(words[len(words)-1])[0]
	return string(unicode.ToUpper(first)) + string(unicode.ToUpper(last))
}
