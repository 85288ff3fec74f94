package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/disk"
)

// runErasures runs the erasures, and keeps the list of what must be removed in the data folder and beside the backups.
func (a *App) runErasures(ctx context.Context) error {
	return a.Desk.Erasures.Run(ctx, a.keepRemovals, a.WriteAnew)
}

// WriteAnew writes the file of the desk and its index anew, so that nothing that was erased is left in them. The copies of the
// file that upgrades leave behind go: they are of before.
func (a *App) WriteAnew(ctx context.Context) error {
	before, after, err := a.Store.Rewrite(ctx)
	if err != nil {
		return err
	}
	a.Log.Info("the file of the desk was written anew", "before", before, "after", after)
	copies, err := filepath.Glob(filepath.Join(a.Store.Dir(), "desk.db.schema*"))
	for _, name := range copies {
		a.Log.Info("a copy of before an upgrade held what was erased, and was removed", "file", name)
		err = errors.Join(err, os.Remove(name))
	}
	return errors.Join(err, a.Index.RebuildNow(ctx, func(int, int) {}))
}

// keepRemovals writes the list of what must be removed.
func (a *App) keepRemovals() error {
	var list []store.Removal
	err := a.Store.View(func(tx *db.Tx) (err error) {
		list, err = store.Removals(tx)
		return err
	})
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, r := range list {
		raw, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b.Write(append(raw, '\n'))
	}
	if a.Config.Backup.Scheduled() { // it may be away for a while
		if err := disk.Write(filepath.Join(a.Config.Backup.Path, store.RemovalsName), b.Bytes(), 0o600); err != nil {
			a.Log.Error("the list of what must be removed cannot be kept beside the backups", "err", err)
		}
	}
	return disk.Write(filepath.Join(a.Store.Dir(), store.RemovalsName), b.Bytes(), 0o600)
}
