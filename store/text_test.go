package store

import (
	"errors"
	"strings"
	"testing"

	"sportello/store/db"
	"sportello/store/fault"
)

func TestATextGoesWithItsFile(t *testing.T) {
	st := fresh(t, quick)
	blob, err := st.PutBlob(strings.NewReader("parole"), 0)
	must(t, err)
	var file uint64
	must(t, st.Update(db.By{}, func(tx *db.Tx) error {
		p := &Person{Email: "ada@uni.example", Name: "Ada"}
		if err := People.Put(tx, p); err != nil {
			return err
		}
		f := &File{Person: p.ID, Name: "a.txt", Sum: blob.Sum, Size: blob.Size}
		if err := Files.Put(tx, f); err != nil {
			return err
		}
		file = f.ID
		return Texts.Put(tx, &FileText{File: f.ID, Text: "parole", At: tx.Now()})
	}))
	err = st.Update(db.By{}, func(tx *db.Tx) error { return Texts.Put(tx, &FileText{File: file, At: tx.Now()}) })
	if !errors.Is(err, fault.ErrConflict) {
		t.Errorf("a second text of the file: %v", err)
	}
	must(t, st.Update(db.By{}, func(tx *db.Tx) error { return DeleteFile(tx, file) }))
	must(t, st.View(func(tx *db.Tx) error {
		if _, err := TextOf(tx, file); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("the text is left: %v", err)
		}
		return nil
	}))
	sound(t, st)
}
