package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/mail"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// Import says how years of mail become tickets.
type Import struct {
	Group, Module string        // codes; empty: the module's group, else the general one; no module
	CloseAfter    time.Duration // a thread without mail for that long is closed; 30 days when 0
	Own           []string      // addresses of the mailbox itself, besides the configured ones: mail from them is the desk's
	Each          func(Imported)
	Progress      func(step string, done, total int)
}

// Imported is the result for one mail.
type Imported struct {
	Where     string
	MessageID string
	Subject   string
	Ticket    uint64
	Why       string // new, message-id, subject, same, or why it is set aside
	By        string
	Refused   error
}

// MailImportCount is the result of an import.
type MailImportCount struct{ Read, Imported, Same, Aside, Refused, Tickets int }

// JoinedSubject says that two mails without a common Message-ID have the same subject and people.
const JoinedSubject = "subject"

// importSubjectWithin is the longest time between mails that only their subject joins.
const importSubjectWithin = 21 * 24 * time.Hour

// head is the part of a mail from which threads are built.
type head struct {
	id      uint64 // of the row
	where   string
	message string
	refs    []string
	date    time.Time
	from    string
	people  []string
	subject string
	reply   bool // the subject marks it as an answer
	parent  int  // parent in the union-find of threads
	why, by string
}

// Import turns mail into tickets: it rebuilds threads, recognises agents by their address, keeps all dates, closes what
// is old, and notifies nobody. source calls give with each message and the name of its place; all of it is on disk
// before the first ticket is created. An interrupted import can be run again: mail that is already there is not taken
// twice. Only administrators and the command line may call it.
func (it *Intake) Import(ctx context.Context, a policy.Actor, o Import, source func(give func(where string, raw []byte) error) error) (MailImportCount, error) {
	var n MailImportCount
	if err := policy.MayAdminister(a); err != nil {
		return n, err
	}
	if o.CloseAfter == 0 {
		o.CloseAfter = 30 * 24 * time.Hour
	}
	if o.Each == nil {
		o.Each = func(Imported) {}
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	im := &mailImport{it: it, a: a, o: o, n: &n, taken: map[uint64]bool{}}
	if err := im.place(); err != nil {
		return n, err
	}
	if err := im.take(ctx, source); err != nil {
		return n, err
	}
	threads := im.threads()
	return n, im.write(ctx, threads)
}

type mailImport struct {
	it    *Intake
	a     policy.Actor
	o     Import
	n     *MailImportCount
	heads []*head
	taken map[uint64]bool // rows of heads
	box   post.Mailbox
	short string // the desk's name in its subjects
}

func (im *mailImport) by() db.By {
	return db.By{Person: im.a.ID(), Via: door.Import, Act: act.Import}
}

func (im *mailImport) place() error {
	im.box = post.Mailbox{Group: im.o.Group, Module: im.o.Module}
	return im.it.st.View(func(tx *db.Tx) error {
		im.short = store.CurrentSettings(tx).ShortName()
		var wrong fault.Problems
		if im.o.Group != "" && !store.GroupsByCode.Has(tx, im.o.Group) {
			wrong.Add("group", "error.group-unknown")
		}
		if im.o.Module != "" && !store.ModulesByCode.Has(tx, im.o.Module) {
			wrong.Add("module", "error.module-unknown")
		}
		return wrong.Err()
	})
}

// own reports whether the address belongs to the mailbox.
func (im *mailImport) own(tx *db.Tx, address string) bool {
	return im.it.post.Ours(tx, address) || slices.Contains(im.o.Own, address)
}

// takeAtOnce is how many mails one transaction stores.
const takeAtOnce = 200

// headBytes is how many bytes of a mail are enough to find its thread.
const headBytes = 256 << 10

// take stores every mail from the source, several at a time, and keeps its head.
func (im *mailImport) take(ctx context.Context, source func(func(string, []byte) error) error) error {
	type taken struct {
		head *head
		row  *store.Mail
		err  error
	}
	var batch []taken
	flush := func() error {
		err := im.it.st.Update(im.by(), func(tx *db.Tx) error {
			for _, t := range batch {
				if t.err != nil {
					continue
				}
				row := *t.row
				if have, err := store.MailsBySum.First(tx, row.Sum); err == nil {
					row = *have
				} else if err := store.Mails.Put(tx, &row); err != nil {
					return err
				}
				t.head.id, t.head.why = row.ID, ""
				if row.State != store.MailImporting {
					t.head.why = "same"
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, t := range batch {
			im.n.Read++
			switch {
			case t.err != nil:
				im.n.Refused++
				im.o.Each(Imported{Where: t.head.where, Refused: t.err})
			case t.head.why == "same" || im.taken[t.head.id]:
				im.n.Same++
				im.o.Each(Imported{Where: t.head.where, MessageID: t.head.message, Subject: t.head.subject, Why: "same"})
			default:
				im.taken[t.head.id] = true
				im.heads = append(im.heads, t.head)
			}
		}
		batch = batch[:0]
		im.o.Progress("read", im.n.Read, 0)
		return nil
	}
	// Several goroutines write the bytes, because each waits for the disk; the order of the source is kept.
	slots := make([]taken, 0, takeAtOnce)
	group, _ := errgroup.WithContext(ctx)
	group.SetLimit(8)
	finish := func() error {
		if err := group.Wait(); err != nil {
			return err
		}
		batch = append(batch, slots...)
		slots = slots[:0]
		return flush()
	}
	err := source(func(where string, raw []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		slots = append(slots, taken{})
		slot := &slots[len(slots)-1] // the capacity suffices for all, so slots do not move
		group.Go(func() error {
			var err error
			slot.head, slot.row, err = im.keep(where, raw)
			if errors.Is(err, fault.ErrUnavailable) {
				return err
			}
			slot.err = err
			return nil
		})
		if len(slots) == takeAtOnce {
			return finish()
		}
		return nil
	})
	return errors.Join(err, finish())
}

// keep stores the bytes of one mail and reads its head.
func (im *mailImport) keep(where string, raw []byte) (*head, *store.Mail, error) {
	h := &head{where: where, parent: -1}
	if int64(len(raw)) > im.it.post.Mail().MaxMessage {
		return h, nil, fault.New(fault.TooLarge, "error.file-too-large", "megabytes", im.it.post.Mail().MaxMessage>>20)
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		return h, nil, fault.New(fault.Invalid, "error.mail-empty")
	}
	blob, err := im.it.st.PutBlob(bytes.NewReader(raw), 0)
	if err != nil {
		return h, nil, err
	}
	m, err := im.it.read(bytes.NewReader(raw), int64(len(raw)), headBytes)
	if err != nil {
		return h, nil, err
	}
	h.message, h.date, h.from = m.MessageID, m.Date, m.From.Email
	h.refs = append(append([]string{}, m.References...), m.InReplyTo...)
	h.subject = mail.BaseSubject(m.Subject, im.short)
	h.reply = h.subject != strings.TrimSpace(m.Subject)
	err = im.it.st.View(func(tx *db.Tx) error {
		h.people = nil
		for _, list := range [][]mail.Address{{m.From}, m.To, m.Cc} {
			for _, p := range list {
				if p.Email != "" && !im.own(tx, p.Email) && len(h.people) < 30 {
					h.people = append(h.people, p.Email)
				}
			}
		}
		return nil
	})
	if err != nil {
		return h, nil, err
	}
	return h, &store.Mail{State: store.MailImporting, Sum: blob.Sum, Size: blob.Size, Source: "import"}, nil
}

// threads joins the heads: by every Message-ID they name, else an answer with the nearest earlier mail of the same
// subject between the same people. Threads are ordered by the date of their first mail, the mails in each by date.
func (im *mailImport) threads() [][]*head {
	root := func(i int) int {
		for im.heads[i].parent >= 0 {
			i = im.heads[i].parent
		}
		return i
	}
	join := func(i, k int) bool {
		i, k = root(i), root(k)
		if i == k {
			return false
		}
		im.heads[max(i, k)].parent = min(i, k)
		return true
	}
	last := time.Time{}
	for _, h := range im.heads {
		if h.date.IsZero() {
			h.date = last // a mail without a date gets that of the previous one
		}
		last = h.date
	}
	slices.SortStableFunc(im.heads, func(a, b *head) int { return a.date.Compare(b.date) })
	seen := map[string]int{}
	for i, h := range im.heads {
		for _, id := range append([]string{h.message}, h.refs...) {
			if id == "" {
				continue
			}
			k, ok := seen[id]
			if !ok {
				seen[id] = i
			} else if join(k, i) && h.why == "" {
				h.why, h.by = JoinedMessageID, id
			}
		}
	}
	bySubject := map[string][]int{}
	for i, h := range im.heads {
		key := strings.ToLower(h.subject)
		if key == "" {
			continue
		}
		if h.reply && h.why == "" && len(h.refs) == 0 {
			list := bySubject[key]
			for n := len(list) - 1; n >= 0; n-- {
				o := im.heads[list[n]]
				if h.date.Sub(o.date) > importSubjectWithin {
					break
				}
				if slices.ContainsFunc(h.people, func(p string) bool { return slices.Contains(o.people, p) }) {
					join(list[n], i)
					h.why, h.by = JoinedSubject, h.subject
					break
				}
			}
		}
		bySubject[key] = append(bySubject[key], i)
	}
	index := map[int]int{}
	var out [][]*head
	for i, h := range im.heads {
		r := root(i)
		k, ok := index[r]
		if !ok {
			k = len(out)
			index[r] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], h)
	}
	return out
}

// threadMail is a parsed mail of a thread.
type threadMail struct {
	head *head
	row  *store.Mail
	in   *incoming
	err  error
}

// writeAtOnce is how many threads one transaction turns into tickets.
const writeAtOnce = 20

// write turns the threads into tickets. It parses the mails of the next batch while one is being written.
func (im *mailImport) write(ctx context.Context, threads [][]*head) error {
	total, done := len(im.heads), 0
	ready := make(chan [][]threadMail, 1)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(ready)
		for chunk := range slices.Chunk(threads, writeAtOnce) {
			read, err := im.read(ctx, chunk)
			if err != nil {
				return err
			}
			select {
			case ready <- read:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	group.Go(func() error {
		for chunk := range ready {
			if err := im.writeChunk(chunk); err != nil {
				return err
			}
			for _, thread := range chunk {
				done += len(thread)
			}
			im.o.Progress("write", done, total)
		}
		return nil
	})
	return group.Wait()
}

func (im *mailImport) read(ctx context.Context, threads [][]*head) ([][]threadMail, error) {
	out := make([][]threadMail, len(threads))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, thread := range threads {
		out[i] = make([]threadMail, len(thread))
		for k, h := range thread {
			group.Go(func() error {
				if err := ctx.Err(); err != nil {
					return err
				}
				m, err := im.readOne(h)
				if errors.Is(err, fault.ErrUnavailable) {
					return err
				}
				m.err = err
				out[i][k] = m
				return nil
			})
		}
	}
	return out, group.Wait()
}

func (im *mailImport) readOne(h *head) (m threadMail, err error) {
	m.head = h
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("desk: panic while reading mail: %v", p)
		}
	}()
	err = im.it.st.View(func(tx *db.Tx) error {
		var err error
		m.row, err = store.Mails.Get(tx, h.id)
		return err
	})
	if err != nil {
		return m, err
	}
	m.in, err = im.it.readMail(m.row)
	if err == nil {
		for i := range m.in.Parts {
			m.in.Parts[i].Content = nil // already on disk
		}
	}
	return m, err
}

func (im *mailImport) writeChunk(chunk [][]threadMail) error {
	var told []Imported
	tickets := 0
	err := im.it.st.Update(im.by(), func(tx *db.Tx) error {
		told, tickets = nil, 0
		for _, thread := range chunk {
			w := &threadWriter{im: im, tx: tx}
			lines, err := w.write(thread)
			if err != nil {
				return err
			}
			told = append(told, lines...)
			tickets += w.made
		}
		return nil
	})
	if err != nil {
		return err
	}
	im.n.Tickets += tickets
	for _, line := range told {
		switch {
		case line.Refused != nil:
			im.n.Refused++
		case line.Ticket == 0 && line.Why == "same":
			im.n.Same++
		case line.Ticket == 0:
			im.n.Aside++
		default:
			im.n.Imported++
		}
		im.o.Each(line)
	}
	return nil
}
