package release

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// MayTake returns nil when the actor may make a release of the mail that the ticket came by: they see what the desk writes in it,
// and may write releases of its module, or any while it has none. A confidential ticket is none to make releases of.
func (rs *Releases) MayTake(a policy.Actor, ticket uint64) error {
	return rs.st.View(func(tx *db.Tx) error {
		t, err := store.Tickets.Glance(tx, ticket)
		if err != nil {
			return err
		}
		return rs.mayTake(tx, a, t)
	})
}

func (rs *Releases) mayTake(tx *db.Tx, a policy.Actor, t *store.Ticket) error {
	if err := rs.rights.May(tx, a, policy.SeeNotes, t); err != nil {
		return err
	}
	if t.Via != door.Mail || t.IsSpam() || rs.rights.Stand(tx, a, t).Confidential() {
		return policy.Denied(a)
	}
	codes := []string{}
	if m, err := store.Modules.Peek(tx, t.Module); err == nil {
		codes = append(codes, m.Code)
	} else if fault.IgnoreNotFound(err) != nil {
		return err
	}
	var wrong fault.Problems
	_, err := rs.modulesOf(tx, a, codes, &wrong)
	if err != nil || len(codes) == 0 {
		return err
	}
	return wrong.Err()
}

// Draft returns the form of a release made from the mail that the ticket came by, for whom MayTake lets, and the files of that
// mail. Its subject is the title; its words are the notes, without quotations, signature and the names of the ticket's people;
// the version is the one that subject or words name, if it is one. Nothing is written.
func (rs *Releases) Draft(a policy.Actor, ticket uint64) (Form, []*store.File, error) {
	var out Form
	var files []*store.File
	err := rs.st.View(func(tx *db.Tx) error {
		out, files = Form{Tickets: []uint64{ticket}}, nil
		t, err := store.Tickets.Get(tx, ticket)
		if err != nil {
			return err
		}
		if err := rs.mayTake(tx, a, t); err != nil {
			return err
		}
		if m, err := store.Modules.Peek(tx, t.Module); err == nil {
			out.Modules = []string{m.Code}
		} else if fault.IgnoreNotFound(err) != nil {
			return err
		}
		messages, err := store.SideMessages(tx, t)
		if err != nil {
			return err
		}
		nameless, err := entry.NamelessOf(tx, t, messages)
		if err != nil {
			return err
		}
		text := ""
		if i := slices.IndexFunc(messages, func(m *store.Message) bool { return m.Opening }); i >= 0 {
			m := messages[i]
			if text = entry.Words(m); m.HTML != "" {
				text = cmp.Or(markup.FromPaste(m.HTML), text)
			}
			all, err := store.FilesByMessage.Find(tx, m.ID)
			if err != nil {
				return err
			}
			files = slices.DeleteFunc(all, func(f *store.File) bool { return f.Inline || f.ContentID != "" })
			out.Version = cmp.Or(version.Find(t.Subject), version.Find(entry.Words(m)))
		} else {
			out.Version = version.Find(t.Subject)
		}
		for _, f := range files {
			out.Carried = append(out.Carried, f.ID)
		}
		title := entry.Cut(nameless(t.Subject), store.Releases.Most("title.it"))
		text = entry.Cut(own(nameless(text)), store.Releases.Most("notes.it"))
		if t.Language == "en" {
			out.Title.EN, out.Notes.EN = title, text
		} else {
			out.Title.IT, out.Notes.IT = title, text
		}
		return nil
	})
	return out, files, err
}

// own returns the Markdown without what it quotes.
func own(text string) string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return strings.HasPrefix(line, ">") })
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// carried returns new rows for the files of tickets that the actor may make releases of, none of which is kept yet. No two are
// called alike, and none as the list of sums is.
func (rs *Releases) carried(tx *db.Tx, a policy.Actor, ids []uint64, wrong *fault.Problems) ([]*store.File, error) {
	names := map[string]bool{Sums: true}
	var out []*store.File
	for _, id := range ids {
		f, err := rs.carries(tx, a, id)
		if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Denied {
			wrong.Add("files", "error.file-gone")
			continue
		}
		if err != nil {
			return nil, err
		}
		name := f.Name
		for n := 2; names[name]; n++ {
			stem, end := f.Name, ""
			if i := strings.LastIndexByte(stem, '.'); i > 0 {
				stem, end = stem[:i], stem[i:]
			}
			name = stem + " (" + strconv.Itoa(n) + ")" + end
		}
		names[name] = true
		out = append(out, &store.File{Person: a.ID(), Name: name, Type: f.Type, Size: f.Size, Sum: f.Sum})
	}
	return out, nil
}

// carries returns the file of a ticket that the actor may make a release of.
func (rs *Releases) carries(tx *db.Tx, a policy.Actor, id uint64) (*store.File, error) {
	f, err := store.Files.Peek(tx, id)
	if err != nil {
		return nil, err
	}
	if f.Ticket == 0 {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	m, err := store.Messages.Peek(tx, f.Message)
	if err != nil {
		return nil, err
	}
	if err := rs.rights.MayReadMessage(tx, a, m); err != nil {
		return nil, err
	}
	t, err := store.Tickets.Peek(tx, f.Ticket)
	if err != nil {
		return nil, err
	}
	return f, rs.mayTake(tx, a, t)
}
