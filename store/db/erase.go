package db

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"reflect"

	"sportello/store/key"
)

// Cleaning is what an erasure takes out of the rows of tables and of the change log.
type Cleaning struct {
	// Near are texts in lower case. A row or change whose stored bytes hold none of them is left alone, unread.
	Near [][]byte
	// Ask reports of a row of the tables it names that it is to be cleaned, where its bytes do not tell.
	Ask map[string]func(row any) bool
	// Words returns the text without what is to be erased from it; nil erases nothing. The ticket is the one whose history the row belongs to, 0
	// for none.
	Words func(ticket uint64, text string) string
	// Drop reports of a row, a pointer to the table's type, that it goes as a whole, and takes away what hangs on it.
	Drop map[string]func(tx *Tx, row any) (bool, error)
	// Mend changes a row in ways of its own, before Words, and reports whether it did.
	Mend map[string]func(tx *Tx, row any) (bool, error)
	// Dangling is a table from which rows were removed. Each row that names one which is not there any more names none.
	Dangling string
	// Blank reports of a change that it keeps none of its values and reasons.
	Blank func(c *Change) bool
}

func (c *Cleaning) near(raw []byte) bool {
	low := bytes.ToLower(raw)
	for _, n := range c.Near {
		if bytes.Contains(low, n) {
			return true
		}
	}
	return false
}

// Erasing has the changes of the rest of the transaction name their fields and keep no values: what is erased would stay
// in the log. Rows keep the time of their last update, and a value that was in its limit may leave it.
func (tx *Tx) Erasing() { tx.erasing = true }

// Unclean returns the numbers of at most found rows after the number that the cleaning may have to change, looking at no
// more than looked rows, and the last row looked at, 0 at the end of the table.
func (t *Table[T]) Unclean(tx *Tx, after uint64, looked, found int, c *Cleaning) (ids []uint64, last uint64) {
	ask := c.Ask[t.name]
	cur := t.rows(tx).Cursor()
	k, v := cur.Seek(key.ID(after + 1))
	for ; k != nil && looked > 0; k, v = cur.Next() {
		last = key.LastID(k)
		looked--
		is := c.near(v)
		if dangles := c.Dangling != "" && t.Refs != nil; !is && (ask != nil || dangles) {
			r, err := t.read(tx, last, v)
			if err != nil {
				return ids, 0 // the transaction fails by itself
			}
			is = ask != nil && ask(r) || dangles && t.dangling(tx, r, c.Dangling) > 0
		}
		if is {
			if ids = append(ids, last); len(ids) >= found {
				return ids, last
			}
		}
	}
	if k == nil {
		return ids, 0
	}
	return ids, last
}

// Clean cleans the rows of the numbers, in an erasing transaction, and returns how many it changed or removed. A row that
// has gone meanwhile is none.
func (t *Table[T]) Clean(tx *Tx, ids []uint64, c *Cleaning) (int, error) {
	n := 0
	for _, id := range ids {
		if !tx.has(t.name, id) {
			continue
		}
		r, err := t.Get(tx, id)
		if err != nil {
			return n, err
		}
		goes, changed := false, false
		if drop := c.Drop[t.name]; drop != nil {
			if goes, err = drop(tx, r); err != nil {
				return n, err
			}
		}
		if goes {
			if err := t.Delete(tx, id); err != nil {
				return n, err
			}
			n++
			continue
		}
		if mend := c.Mend[t.name]; mend != nil {
			if changed, err = mend(tx, r); err != nil {
				return n, err
			}
		}
		ticket := uint64(0)
		if t.Ticket != nil {
			ticket = t.Ticket(r)
		}
		changed = t.unname(tx, r, c.Dangling) || changed
		if c.Words != nil {
			changed = cleanTexts(reflect.ValueOf(r).Elem(), func(s string) string { return c.Words(ticket, s) }) || changed
		}
		if changed {
			if err := t.Put(tx, r); err != nil {
				return n, fmt.Errorf("store: clean %s %d: %w", t.name, id, err)
			}
			n++
		}
	}
	return n, nil
}

// dangling returns how many rows of the other table the row names that are not there.
func (t *Table[T]) dangling(tx *Tx, r *T, table string) (n int) {
	t.Refs(r, func(_, to string, id uint64) {
		if to == table && id != 0 && !tx.has(to, id) {
			n++
		}
	})
	return n
}

// unname takes out of the row each number by which it names a row of the other table that is not there, and reports whether
// there was one. Which fields those are, the table's Refs say.
func (t *Table[T]) unname(tx *Tx, r *T, table string) bool {
	if t.Refs == nil || table == "" {
		return false
	}
	left := t.dangling(tx, r, table)
	begun := left
	fewer := func() bool {
		n := t.dangling(tx, r, table)
		is := n < left
		left = min(n, left)
		return is
	}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		if left == 0 {
			return
		}
		switch v.Kind() {
		case reflect.Uint64:
			was := v.Uint()
			if was == 0 || !v.CanSet() {
				return
			}
			if v.SetUint(0); !fewer() {
				v.SetUint(was)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() && v.Type().Field(i).Type != reflect.TypeFor[Row]() {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() != reflect.Uint64 {
				for i := range v.Len() {
					walk(v.Index(i))
				}
				return
			}
			for i := v.Len() - 1; i >= 0; i-- {
				all := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
				if v.Set(reflect.AppendSlice(all.Slice3(0, i, i), all.Slice(i+1, all.Len()))); !fewer() {
					v.Set(all)
				}
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		}
	}
	walk(reflect.ValueOf(r).Elem())
	return left < begun
}

// plainText is the type of what people write; texts of other types are words of the desk's own.
var (
	plainText = reflect.TypeFor[string]()
	rawJSON   = reflect.TypeFor[json.RawMessage]()
)

// cleanTexts gives words each text in the value, through structs, lists, maps and pointers, and reports whether it
// changed one.
func cleanTexts(v reflect.Value, words func(string) string) bool {
	changed := false
	switch v.Kind() {
	case reflect.String:
		if v.Type() != plainText {
			return false
		}
		if s := words(v.String()); s != v.String() {
			v.SetString(s)
			return true
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Type != reflect.TypeFor[Row]() {
				changed = cleanTexts(v.Field(i), words) || changed
			}
		}
	case reflect.Slice:
		if v.Type() == rawJSON {
			raw, is := cleanJSON(v.Bytes(), words)
			if is {
				v.SetBytes(raw)
			}
			return is
		}
		fallthrough
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return false
		}
		for i := range v.Len() {
			changed = cleanTexts(v.Index(i), words) || changed
		}
	case reflect.Pointer:
		if !v.IsNil() {
			return cleanTexts(v.Elem(), words)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			e := reflect.New(v.Type().Elem()).Elem()
			e.Set(v.MapIndex(k))
			if cleanTexts(e, words) {
				v.SetMapIndex(k, e)
				changed = true
			}
		}
	case reflect.Interface:
		if s, is := v.Interface().(string); is {
			if out := words(s); out != s {
				v.Set(reflect.ValueOf(out))
				return true
			}
		}
	}
	return changed
}

// cleanJSON gives words each text of the JSON value and reports whether it changed one.
func cleanJSON(raw []byte, words func(string) string) (json.RawMessage, bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if len(raw) == 0 || d.Decode(&v) != nil {
		return raw, false
	}
	v, changed := cleanAny(v, words)
	if !changed {
		return raw, false
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, true // what cannot be written again is not kept either
	}
	return out, true
}

func cleanAny(v any, words func(string) string) (any, bool) {
	changed := false
	switch v := v.(type) {
	case string:
		s := words(v)
		return s, s != v
	case []any:
		for i := range v {
			is := false
			v[i], is = cleanAny(v[i], words)
			changed = changed || is
		}
	case map[string]any:
		for k := range v {
			is := false
			v[k], is = cleanAny(v[k], words)
			changed = changed || is
		}
	}
	return v, changed
}

// UncleanChanges is Unclean for the change log.
func (tx *Tx) UncleanChanges(after uint64, looked, found int, c *Cleaning) (seqs []uint64, last uint64) {
	cur := tx.bucket("changes", "rows").Cursor()
	k, v := cur.Seek(key.ID(after + 1))
	for ; k != nil && looked > 0; k, v = cur.Next() {
		last = key.LastID(k)
		looked--
		if c.near(v) {
			if seqs = append(seqs, last); len(seqs) >= found {
				return seqs, last
			}
		}
	}
	if k == nil {
		return seqs, 0
	}
	return seqs, last
}

// CleanChanges cleans the changes of the sequence numbers and returns how many it changed. Who did what to which field,
// and when, stays: the log is as long as before.
func (tx *Tx) CleanChanges(seqs []uint64, c *Cleaning) (int, error) {
	n := 0
	rows := tx.bucket("changes", "rows")
	for _, seq := range seqs {
		raw := rows.Get(key.ID(seq))
		if raw == nil {
			continue
		}
		ch, err := decodeChange(key.ID(seq), raw)
		if err != nil {
			return n, err
		}
		changed := false
		words := func(s string) string { return s }
		if c.Words != nil {
			words = func(s string) string { return c.Words(ch.Ticket, s) }
		}
		blank := c.Blank != nil && c.Blank(ch)
		for i, f := range ch.Fields {
			if blank {
				changed = changed || f.Old != nil || f.New != nil
				ch.Fields[i].Old, ch.Fields[i].New = nil, nil
				continue
			}
			was, one := cleanJSON(f.Old, words)
			is, other := cleanJSON(f.New, words)
			ch.Fields[i].Old, ch.Fields[i].New = was, is
			changed = changed || one || other
		}
		if why := words(ch.Why); blank && ch.Why != "" || why != ch.Why {
			ch.Why, changed = why, true
			if blank {
				ch.Why = ""
			}
		}
		if !changed {
			continue
		}
		if raw, err = json.Marshal(ch); err != nil {
			return n, fmt.Errorf("store: encode change: %w", err)
		}
		tx.wrote = true
		if err := rows.Put(key.ID(seq), raw); err != nil {
			return n, fmt.Errorf("store: clean change %d: %w", seq, err)
		}
		n++
	}
	return n, nil
}

// BlankTicketChanges takes the values and reasons out of all changes of the ticket.
func (tx *Tx) BlankTicketChanges(ticket uint64) (int, error) {
	list, err := tx.TicketChanges(ticket)
	if err != nil {
		return 0, err
	}
	seqs := make([]uint64, len(list))
	for i, c := range list {
		seqs[i] = c.Seq
	}
	return tx.CleanChanges(seqs, &Cleaning{Blank: func(*Change) bool { return true }})
}

// RowChanges walks the changes of one row, oldest first. There is no index of them: it reads the bytes of the whole log.
func (tx *Tx) RowChanges(table string, id uint64) iter.Seq2[*Change, error] {
	near := fmt.Appendf(nil, `"t":%q,"id":%d,`, table, id)
	return func(yield func(*Change, error) bool) {
		cur := tx.bucket("changes", "rows").Cursor()
		for k, v := cur.First(); k != nil; k, v = cur.Next() {
			if !bytes.Contains(v, near) {
				continue
			}
			c, err := decodeChange(k, v)
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}
