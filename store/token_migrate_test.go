package store

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"sportello/store/db"
	"sportello/store/scope"
)

// TestTokensOfOlderFilesKeepTheirRights opens a file that was written when schema 10 was the newest, when a token had no
// scope: each keeps all rights of its person and everything else it had, and its owner is to be told.
func TestTokensOfOlderFilesKeepTheirRights(t *testing.T) {
	packed, err := os.Open("testdata/schema10.db.gz")
	must(t, err)
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	must(t, err)
	raw, err := io.ReadAll(z)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "desk.db"), raw, 0o600))
	st := reopened(t, dir, quick)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		for id, want := range []Token{{Hash: "a", Person: 1, Name: "cruscotto"}, {Hash: "b", Person: 2, Name: "sveglia", Reminded: 1}, {Hash: "c", Person: 2}} {
			got, err := Tokens.Get(tx, uint64(id)+1)
			must(t, err)
			if got.Hash != want.Hash || got.Person != want.Person || got.Name != want.Name || got.Reminded != want.Reminded || got.Ends.Year() != 2036 {
				t.Errorf("token %+v, want %+v", got, want)
			}
			if got.Seen.IsZero() == (id == 0) || got.Asleep.IsZero() == (id == 1) {
				t.Errorf("token %d was used %v and sleeps since %v", got.ID, got.Seen, got.Asleep)
			}
			if !got.Kept || got.Scope.Access != scope.Write || !got.Scope.All || got.Scope.Modular || len(got.Addresses) > 0 {
				t.Errorf("token %d has the scope %+v, kept %v", got.ID, got.Scope, got.Kept)
			}
		}
		return nil
	}))
}
