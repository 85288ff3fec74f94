package desk

import (
	"errors"

	"sportello/store"
)

// settings returns the row of settings, with the defaults of a new desk where it says nothing.
func settings(tx *store.Tx) *store.Settings {
	s, err := store.SettingsTable.Peek(tx, 1)
	if err != nil {
		s = &store.Settings{}
	}
	return s.WithDefaults()
}

// storedSettings returns the row as it is stored, a new one when there is none.
func storedSettings(tx *store.Tx) (*store.Settings, error) {
	set, err := store.SettingsTable.Get(tx, 1)
	if errors.Is(err, store.ErrNotFound) {
		return &store.Settings{}, nil
	}
	return set, err
}

// without returns the list without the id.
func without(list []uint64, id uint64) []uint64 {
	var out []uint64
	for _, v := range list {
		if v != id {
			out = append(out, v)
		}
	}
	return out
}

// ignoreNotFound returns nil for the error of a row that is not there, and every other error as it is.
func ignoreNotFound(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
