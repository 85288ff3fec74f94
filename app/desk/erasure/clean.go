package erasure

import (
	"encoding/json"
	"slices"
	"strconv"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// cleaned is somebody who is being taken out of all rows.
type cleaned struct {
	id             uint64
	files          bool
	addresses      []string        // all that were theirs
	all, elsewhere *eraser         // in tickets of their own, and everywhere else
	own            map[uint64]bool // those tickets; nil: both erasers are the same
}

func (p *cleaned) words(ticket uint64, text string) string {
	if p.own == nil || p.own[ticket] {
		return p.all.clean(text)
	}
	return p.elsewhere.clean(text)
}

// is reports whether the address was theirs.
func (p *cleaned) is(address string) bool { return slices.Contains(p.addresses, address) }

// drop makes a Drop for rows that go when the person they belong to does.
func drop[T any](theirs func(*T) bool) func(*db.Tx, any) (bool, error) {
	return func(_ *db.Tx, row any) (bool, error) { return theirs(row.(*T)), nil }
}

// cleaning is what goes with the person: what was theirs alone as a row, their words in all others.
func (p *cleaned) cleaning(near [][]byte) *db.Cleaning {
	mine := func(person uint64) bool { return person == p.id }
	return &db.Cleaning{
		Near:  near,
		Words: p.words,
		Ask: map[string]func(any) bool{store.AuditTexts.Name(): func(row any) bool {
			return slices.Contains(row.(*store.AuditWords).People, p.id)
		}},
		Drop: map[string]func(*db.Tx, any) (bool, error){
			store.Notices.Name():        drop(func(n *store.Notice) bool { return mine(n.Person) }),
			store.SavedReplies.Name():   drop(func(r *store.SavedReply) bool { return mine(r.Person) }),
			store.Drafts.Name():         drop(func(f *store.Form) bool { return mine(f.Person) }),
			store.TicketLinks.Name():    drop(func(l *store.TicketLink) bool { return mine(l.Person) }),
			store.Sessions.Name():       drop(func(s *store.Session) bool { return mine(s.Person) }),
			store.Tokens.Name():         drop(func(t *store.Token) bool { return mine(t.Person) }),
			store.Links.Name():          drop(func(l *store.Link) bool { return mine(l.Person) }),
			store.Views.Name():          drop(func(v *store.View) bool { return mine(v.Person) }),
			store.Followings.Name():     drop(func(f *store.Following) bool { return mine(f.Person) }),
			store.Invitations.Name():    drop(func(i *store.Invitation) bool { return p.is(i.Email) }),
			store.AccessRequests.Name(): drop(func(r *store.AccessRequest) bool { return mine(r.Person) || p.is(r.Email) }),
			store.AuditTexts.Name():     drop(func(w *store.AuditWords) bool { return slices.Contains(w.People, p.id) }),
			store.Contacts.Name():       drop(func(c *store.Contact) bool { return p.is(c.Email) }),
			store.Mails.Name(): drop(func(m *store.Mail) bool {
				return m.Ticket == 0 && m.State != store.MailWaiting && p.is(m.From)
			}),
			store.Files.Name(): func(tx *db.Tx, row any) (bool, error) {
				f := row.(*store.File)
				if !p.files || !mine(f.Person) || f.Release != 0 || f.Article != 0 {
					return false, nil
				}
				t, err := store.TextOf(tx, f.ID)
				if err == nil {
					err = store.Texts.Delete(tx, t.ID)
				}
				return true, fault.IgnoreNotFound(err)
			},
		},
		Mend: map[string]func(*db.Tx, any) (bool, error){
			store.Mails.Name():    p.mendMail,
			store.Messages.Name(): p.mendMessage,
			store.Letters.Name():  p.mendLetter,
		},
		Blank: func(c *db.Change) bool { return c.Table == store.People.Name() && c.ID == p.id },
	}
}

// mendMail lets go of the original of a mail that the person sent or that names them.
func (p *cleaned) mendMail(_ *db.Tx, row any) (bool, error) {
	m := row.(*store.Mail)
	if m.Erased {
		return false, nil
	}
	named := p.is(m.From) || p.is(m.Return) || slices.ContainsFunc(m.To, p.is) || slices.ContainsFunc(m.Addressed, p.is)
	for _, text := range []string{m.FromName, m.Subject, m.Text} {
		named = named || p.words(m.Ticket, text) != text
	}
	m.Erased = named
	return named, nil
}

// mendMessage takes away what a mail of the person's quoted, and its signature, which are kept apart, and the original of a mail in
// whose text somebody else named them.
func (p *cleaned) mendMessage(tx *db.Tx, row any) (bool, error) {
	m := row.(*store.Message)
	changed := false
	if m.Author == p.id && (m.Rest != "" || m.RestHTML != "") {
		m.Rest, m.RestHTML, changed = "", "", true
	}
	if m.Mail == 0 {
		return changed, nil
	}
	named := false
	for _, text := range []string{m.Body, m.HTML, m.Rest, m.RestHTML} {
		named = named || p.words(m.Ticket, text) != text
	}
	if !named {
		return changed, nil
	}
	mail, err := store.Mails.Get(tx, m.Mail)
	if err != nil || mail.Erased {
		return changed, fault.IgnoreNotFound(err)
	}
	mail.Erased = true
	return changed, store.Mails.Put(tx, mail)
}

// mendLetter has a letter to the person that has not gone not go.
func (p *cleaned) mendLetter(_ *db.Tx, row any) (bool, error) {
	l := row.(*store.Letter)
	if l.Person != p.id && !p.is(l.To) || l.State != store.LetterQueued && l.State != store.LetterHeld {
		return false, nil
	}
	l.State = store.LetterDropped
	return true, nil
}

func number(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

// text returns a text field of the change before and after, empty where it is none.
func text(c *db.Change, name string) (out [2]string) {
	f, _ := c.Field(name)
	for i, raw := range []json.RawMessage{f.Old, f.New} {
		if len(raw) == 0 || json.Unmarshal(raw, &out[i]) != nil {
			out[i] = ""
		}
	}
	return out
}
