package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/disk"
	"sportello/store/key"
)

// migrations lead from version 1 upwards: migrations[0] makes version 2 of version 1. A file of this release has the
// version len(migrations)+1.
var migrations = []disk.Step{
	{Name: "tokens end", Run: endTokens},
	{Name: "files of articles belong to versions", Run: filesToVersions},
	{Name: "people are found by the forms of their names", Run: namesToForms},
	{Name: "messages stay with those whose they are", Run: messagesToSides},
	{Name: "what lists do not show is kept apart", Run: longFieldsApart},
	{Name: "queues stand by priority", Run: queuesByRank},
	{Name: "people have affiliations", Run: peopleToAffiliations},
	{Name: "organisations have codes", Run: organisationsToCodes},
	{Name: "tickets are found by the hat they were opened under", Run: ticketsByHat},
}

// ticketsByHat makes one index of the two for organisations and for units.
func ticketsByHat(b *bbolt.Tx, _ time.Time) error {
	tickets := b.Bucket([]byte(Tickets.name))
	if tickets == nil {
		return nil
	}
	for _, name := range []string{"ix.organisation", "ix.unit"} {
		if err := tickets.DeleteBucket([]byte(name)); err != nil && !errors.Is(err, errBucketNotFound) {
			return err
		}
	}
	return Tickets.derive(&Tx{bolt: b}, TicketsByHat)
}

// organisationsToCodes gives each organisation a code made from its name.
func organisationsToCodes(b *bbolt.Tx, _ time.Time) error {
	taken := map[string]bool{}
	err := eachRow(b, Organisations.name, func(row map[string]json.RawMessage) bool {
		var name string
		if json.Unmarshal(row["name"], &name) != nil || len(row["code"]) > 0 {
			return false
		}
		code := freeCode(name, func(s string) bool { return taken[s] })
		taken[code] = true
		row["code"], _ = json.Marshal(code) // a string is always JSON
		return true
	})
	if err != nil || b.Bucket([]byte(Organisations.name)) == nil {
		return err
	}
	return Organisations.rebuild(&Tx{bolt: b})
}

// peopleToAffiliations makes affiliations of the one organisation and unit that a person had, and of the places they
// coordinated, which were apart: where both were the same it is one, so that nobody's eyes change.
func peopleToAffiliations(b *bbolt.Tx, _ time.Time) error {
	type place struct {
		Organisation uint64 `json:"organisation"`
		Unit         uint64 `json:"unit"`
	}
	var wrong error
	err := eachRow(b, People.name, func(row map[string]json.RawMessage) bool {
		var home place
		var coordinates []place
		for name, to := range map[string]any{"organisation": &home.Organisation, "unit": &home.Unit, "coordinates": &coordinates} {
			if raw := row[name]; len(raw) > 0 {
				wrong = errors.Join(wrong, json.Unmarshal(raw, to))
			}
			delete(row, name)
		}
		var hats []Affiliation
		if home.Organisation != 0 {
			hats = append(hats, Affiliation{Organisation: home.Organisation, Unit: home.Unit, Coordinator: slices.Contains(coordinates, home)})
		}
		for i, c := range coordinates {
			if c != home && !slices.Contains(coordinates[:i], c) {
				hats = append(hats, Affiliation{Organisation: c.Organisation, Unit: c.Unit, Coordinator: true})
			}
		}
		if len(hats) > 0 {
			raw, err := json.Marshal(hats)
			wrong = errors.Join(wrong, err)
			row["affiliations"] = raw
		}
		return len(hats) > 0
	})
	if err = errors.Join(err, wrong); err != nil || b.Bucket([]byte(People.name)) == nil {
		return err
	}
	return People.rebuild(&Tx{bolt: b})
}

// queuesByRank makes the indexes of the queues anew: their keys have the priority now.
func queuesByRank(b *bbolt.Tx, _ time.Time) error {
	if b.Bucket([]byte(Tickets.name)) == nil {
		return nil
	}
	return Tickets.derive(&Tx{bolt: b}, TicketsByGroup, TicketsByAssignee, TicketsUnassigned, TicketsByState)
}

// longFieldsApart rewrites the rows that have fields to keep apart.
func longFieldsApart(b *bbolt.Tx, _ time.Time) error {
	return errors.Join(divideRows(b, Tickets), divideRows(b, Versions), divideRows(b, Mails), rebuildMails(b))
}

// rebuildMails makes the index and counters of mail that people judge.
func rebuildMails(b *bbolt.Tx) error {
	if b.Bucket([]byte(Mails.name)) == nil {
		return nil
	}
	return Mails.rebuild(&Tx{bolt: b})
}

func divideRows[T any](b *bbolt.Tx, t *Table[T]) error {
	if b.Bucket([]byte(t.name)) == nil {
		return nil
	}
	rows := (&Tx{bolt: b}).bucket(t.name, "rows")
	for next := []byte{}; next != nil; { // in pieces: a walk does not go on over what was written under it
		changed := map[string][]byte{}
		c := rows.Cursor()
		k, v := c.Seek(next)
		for ; k != nil && len(changed) < 1000; k, v = c.Next() {
			r, err := t.decode(key.LastID(k), v)
			if err != nil {
				return err
			}
			raw, err := t.encode(r)
			if err != nil {
				return err
			}
			if bytes.IndexByte(raw, '\n') >= 0 {
				changed[string(k)] = raw
			}
		}
		next = bytes.Clone(k)
		for k, raw := range changed {
			if err := rows.Put([]byte(k), raw); err != nil {
				return err
			}
		}
	}
	return nil
}

// messagesToSides notes of messages that a merge brought where they are from which ticket. Until now that was told by the
// ticket still being a duplicate; one that was taken up again since is found by the change that moved the message.
func messagesToSides(b *bbolt.Tx, _ time.Time) error {
	tx := &Tx{bolt: b}
	if b.Bucket([]byte(Messages.name)) == nil {
		return nil
	}
	rows := tx.bucket(Messages.name, "rows")
	for m, err := range Messages.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if m.Origin == 0 {
			continue
		}
		o, err := Tickets.Get(tx, m.Origin)
		if err != nil && KindOf(err) != NotFound {
			return err
		}
		brought := err == nil && o.DuplicateOf == m.Ticket
		if !brought {
			changes, err := tx.TicketChanges(m.Ticket)
			if err != nil {
				return err
			}
			for _, c := range changes {
				if _, moved := c.Field("ticket"); moved && c.Table == Messages.name && c.ID == m.ID {
					brought = c.Act == act.Merge // the last one says it
				}
			}
		}
		if !brought {
			continue
		}
		m.Brought = []uint64{m.Origin}
		raw, err := Messages.encode(m)
		if err != nil {
			return err
		}
		if err := rows.Put(key.ID(m.ID), raw); err != nil {
			return err
		}
	}
	return Messages.rebuild(tx)
}

// namesToForms rebuilds the indexes of people: the keys of one have changed.
func namesToForms(b *bbolt.Tx, _ time.Time) error {
	if b.Bucket([]byte(People.name)) == nil {
		return nil
	}
	return People.rebuild(&Tx{bolt: b})
}

// filesToVersions gives each file of an article to versions of it: to those whose text names it, the published ones
// first; a file that no text names goes to the published version if it was there when that was published, else to the
// one that is still a draft.
func filesToVersions(b *bbolt.Tx, _ time.Time) error {
	tx := &Tx{bolt: b}
	if b.Bucket([]byte(Files.name)) == nil {
		return nil
	}
	rows := tx.bucket(Files.name, "rows")
	for f, err := range Files.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if f.Article == 0 {
			continue
		}
		versions, err := VersionsByArticle.Find(tx, f.Article)
		if err != nil {
			return err
		}
		slices.SortStableFunc(versions, func(x, y *Version) int { return cmp.Compare(y.Publication, x.Publication) })
		for _, v := range versions {
			if v.Names(f.ID) {
				f.Versions = append(f.Versions, v.ID)
			}
		}
		if len(f.Versions) == 0 && len(versions) > 0 {
			owner := versions[0]
			if owner.Publication == Published && f.Created.After(owner.Published) {
				owner = versions[len(versions)-1]
			}
			f.Versions = []uint64{owner.ID}
		}
		raw, err := Files.encode(f)
		if err != nil {
			return err
		}
		if err := rows.Put(key.ID(f.ID), raw); err != nil {
			return err
		}
	}
	return Files.rebuild(tx)
}

// endTokens sets an end, a year from now, on tokens made before tokens had one.
func endTokens(b *bbolt.Tx, now time.Time) error {
	ends, err := json.Marshal(now.UTC().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	return eachRow(b, "tokens", func(row map[string]json.RawMessage) bool {
		if _, has := row["ends"]; has {
			return false
		}
		row["ends"] = ends
		return true
	})
}

// eachRow gives change the fields of every row of the table and writes those for which it returns true. No index may
// depend on what is changed. The order of the JSON keys may change, which nothing depends on.
func eachRow(tx *bbolt.Tx, table string, change func(row map[string]json.RawMessage) bool) error {
	b := tx.Bucket([]byte(table))
	if b == nil {
		return nil
	}
	rows := b.Bucket([]byte("rows"))
	changed := map[string][]byte{}
	err := rows.ForEach(func(k, v []byte) error {
		row := map[string]json.RawMessage{}
		if err := json.Unmarshal(v, &row); err != nil {
			return fmt.Errorf("store: read row of %s: %w", table, err)
		}
		if !change(row) {
			return nil
		}
		raw, err := json.Marshal(row)
		changed[string(k)] = raw
		return err
	})
	if err != nil {
		return err
	}
	for k, raw := range changed {
		if err := rows.Put([]byte(k), raw); err != nil {
			return err
		}
	}
	return nil
}
