// Package owndata gives people all that the desk holds about them, as one archive: of each table the rows that are about the
// person or were written by them, as JSON and as pages to read, and the files that they may open. What they cannot read at
// the desk they do not get here either: notes, confidential tickets of others, secrets and their sums.
//
//	own.go    who may take an archive, and writing it
//	part.go   what is taken from which table, and what is left out for which reason
//	page.go   how it reads
package owndata

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"sportello/app/desk/audit"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Own makes the archives of one desk.
type Own struct {
	st     *db.Store
	rights *policy.Rights
	files  *file.Files
	audits *audit.Audits
	loc    *time.Location
	say    func(lang, key string, args ...any) string

	mu   sync.Mutex
	busy map[uint64]bool // people whose archive is being written
}

// New returns what makes the archives.
func New(st *db.Store, loc *time.Location, rights *policy.Rights, files *file.Files, audits *audit.Audits, say func(lang, key string, args ...any) string) *Own {
	return &Own{st: st, rights: rights, files: files, audits: audits, loc: loc, say: say, busy: map[uint64]bool{}}
}

// How much one read transaction takes at most.
const (
	rowsAtOnce  = 1000    // that are looked at
	bytesAtOnce = 1 << 20 // of rows that are taken
)

// Archive is the archive of one person. Write or Close ends it.
type Archive struct {
	o     *Own
	who   *store.Person
	actor policy.Actor // the person, with the rights that they have
	lang  string
	sides map[uint64]bool // tickets on whose requester's side they are, and which they may see
	files []attached
	end   sync.Once
}

// attached is a file that goes into the archive.
type attached struct {
	path, sum string
	at        time.Time
}

// Open begins the archive of the person with the number, and writes into the audit log who takes it. People take their
// own, administrators anybody's; for others the person does not exist. TooMany while
// another one is written of them.
func (o *Own) Open(a policy.Actor, id uint64) (*Archive, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	gone := fault.New(fault.NotFound, "error.not-found")
	if a.ID() != id && policy.MayAdminister(a) != nil {
		return nil, gone
	}
	r := &Archive{o: o, sides: map[uint64]bool{}}
	err := o.st.View(func(tx *db.Tx) (err error) {
		r.who, err = store.People.Get(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	taken := o.busy[id]
	o.busy[id] = true
	o.mu.Unlock()
	if taken {
		return nil, fault.New(fault.TooMany, "error.own-data-busy")
	}
	r.actor = policy.Actor{Person: r.who, Via: a.Via}
	if r.lang = r.who.Language; r.lang != "en" {
		r.lang = "it"
	}
	if err := o.audits.TookOwn(a, id); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// Close lets the next archive of the person begin.
func (r *Archive) Close() {
	r.end.Do(func() {
		r.o.mu.Lock()
		defer r.o.mu.Unlock()
		delete(r.o.busy, r.who.ID)
	})
}

// Name is the name of the archive's file.
func (r *Archive) Name() string {
	return fmt.Sprintf("data-%d-%s.zip", r.who.ID, r.o.st.Now().In(r.o.loc).Format("2006-01-02"))
}

// Write writes the archive and closes it. It reads in several transactions: what changes meanwhile may or may not be in it.
func (r *Archive) Write(ctx context.Context, w io.Writer) error {
	defer r.Close()
	if err := r.o.st.View(r.findSides); err != nil {
		return err
	}
	z := zip.NewWriter(w)
	index := page{Lang: r.lang, Title: r.say("own-data.title"), Who: r.who.Name, At: r.written(r.o.st.Now()), Text: []string{r.say("own-data.archive"), r.say("own-data.not-in-it")}, LeftOut: r.say("own-data.left-out")}
	for _, p := range parts {
		n, err := r.part(ctx, z, p)
		if err != nil {
			return fmt.Errorf("owndata: %s: %w", p.name, err)
		}
		index.Links = append(index.Links, link{p.name + ".html", r.say(p.title), n})
	}
	for _, f := range r.files {
		if err := r.file(ctx, z, f); err != nil {
			return fmt.Errorf("owndata: %s: %w", f.path, err)
		}
	}
	out, err := z.Create("index.html")
	if err == nil {
		err = index.write(out)
	}
	return errors.Join(err, z.Close())
}

// findSides notes the tickets of the person.
func (r *Archive) findSides(tx *db.Tx) error {
	for e := range store.TicketsBySide.Entries(tx, db.Span{Prefix: key.Of(r.who.ID)}) {
		if r.o.rights.Sees(tx, r.actor, e.ID) {
			r.sides[e.ID] = true
		}
	}
	return nil
}

// part writes one part as JSON and as a page, and returns how many rows it has. The page waits in a file without a name,
// for an archive is written from its beginning to its end.
func (r *Archive) part(ctx context.Context, z *zip.Writer, p part) (n int, err error) {
	aside, err := os.CreateTemp("", "sportello-own-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, aside.Close()) }()
	if err := os.Remove(aside.Name()); err != nil {
		return 0, err
	}
	out, err := z.Create("data/" + p.name + ".json")
	if err != nil {
		return 0, err
	}
	head := page{Lang: r.lang, Title: r.say(p.title), Who: r.who.Name, Back: r.say("own-data.back")}
	if err := head.begin(aside); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(out, "["); err != nil {
		return 0, err
	}
	for from := uint64(1); from != 0; {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		var step []entry // written outside the transaction: a slow reader holds no page of the file
		err := r.o.st.View(func(tx *db.Tx) (err error) {
			step, from, err = p.scan(r, tx, from)
			return err
		})
		if err != nil {
			return n, err
		}
		for _, e := range step {
			if n++; n > 1 {
				if _, err := io.WriteString(out, ","); err != nil {
					return n, err
				}
			}
			if _, err := out.Write(append([]byte("\n"), e.raw...)); err != nil {
				return n, err
			}
			if err := e.write(aside); err != nil {
				return n, err
			}
		}
	}
	if n == 0 {
		head.Text = []string{r.say("own-data.nothing")}
	}
	if err := head.finish(aside); err != nil {
		return n, err
	}
	if _, err := io.WriteString(out, "\n]\n"); err != nil {
		return n, err
	}
	if out, err = z.Create(p.name + ".html"); err != nil {
		return n, err
	}
	if _, err := aside.Seek(0, io.SeekStart); err != nil {
		return n, err
	}
	_, err = io.Copy(out, aside)
	return n, err
}

// file copies the bytes of a file. One that is gone meanwhile is left out.
func (r *Archive) file(ctx context.Context, z *zip.Writer, f attached) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	in, err := r.o.st.OpenBlob(f.sum)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	out, err := z.CreateHeader(&zip.FileHeader{Name: f.path, Method: zip.Store, Modified: f.at})
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return err
}

// safeName is the name of a file in the archive: its number, and of its own name what no system takes for anything else.
func safeName(id uint64, name string) string {
	var b strings.Builder
	for _, c := range path.Base(strings.ReplaceAll(name, "\\", "/")) {
		if b.Len() > 80 {
			break
		}
		if unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("-_.", c) {
			b.WriteRune(c)
		} else {
			b.WriteByte('_')
		}
	}
	return "files/" + strconv.FormatUint(id, 10) + "-" + strings.Trim(b.String(), ".")
}

func (r *Archive) say(key string, args ...any) string { return r.o.say(r.lang, key, args...) }

func (r *Archive) written(t time.Time) string { return t.In(r.o.loc).Format("2.1.2006 15:04") }

// sees reports whether the person reads the message as somebody of its ticket, or wrote it and still may read it.
func (r *Archive) sees(tx *db.Tx, m *store.Message) (bool, error) {
	wrote := m.Author == r.who.ID
	if !wrote && (m.Internal || m.Beside != "" || !r.sides[m.Ticket] && !r.sides[m.Side()]) {
		return false, nil
	}
	return readable(r.o.rights.MayReadMessage(tx, r.actor, m))
}

// entry is a row of the archive.
type entry struct {
	raw   []byte
	Head  string
	Lines []line
}

// line is a field of a row as it is read.
type line struct{ Name, Text string }

// entry makes an entry of the row: of its fields those that are named, a field of a field by both names and a dot.
func (r *Archive) entry(tx *db.Tx, id uint64, row any, fields []string) (entry, error) {
	raw, err := json.Marshal(row)
	if err != nil {
		return entry{}, err
	}
	var all map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return entry{}, err
	}
	kept := map[string]any{"number": id}
	e := entry{Head: strconv.FormatUint(id, 10)}
	for _, f := range append([]string{"created"}, fields...) {
		name, below, nested := strings.Cut(f, ".")
		v, is := all[name]
		if !is {
			continue
		}
		if nested {
			v = only(v, strings.Split(below, "+"))
		}
		kept[name] = v
		if text := r.text(tx, name, v); text != "" {
			e.Lines = append(e.Lines, line{r.fieldName(name), text})
		}
	}
	e.raw, err = json.Marshal(kept)
	return e, err
}

// only keeps the named fields of an object, or of each object of a list.
func only(v any, names []string) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = only(v[i], names)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, n := range names {
			if x, is := v[n]; is {
				out[n] = x
			}
		}
		return out
	}
	return nil
}
