package backup

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Rule says which backups are kept: the newest one of each of the last days, weeks (from Monday) and months that have
// one. If all counts are 0, all backups are kept. The newest backup of all is always kept.
type Rule struct {
	Daily, Weekly, Monthly int
}

// keeps returns, for each moment, whether the rule keeps it. The moments are in order, the newest first.
func (r Rule) keeps(moments []time.Time, zone *time.Location) []bool {
	keep := make([]bool, len(moments))
	if r == (Rule{}) {
		for i := range keep {
			keep[i] = true
		}
		return keep
	}
	for _, span := range []struct {
		most int
		of   func(time.Time) string
	}{
		{r.Daily, func(t time.Time) string { return t.Format(time.DateOnly) }},
		{r.Weekly, func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprint(y, " ", w) }},
		{r.Monthly, func(t time.Time) string { return t.Format("2006-01") }},
	} {
		n, last := 0, ""
		for i, t := range moments {
			if name := span.of(t.In(zone)); name != last {
				if last = name; n < span.most {
					keep[i] = true
				}
				n++
			}
		}
	}
	if len(keep) > 0 {
		keep[0] = true
	}
	return keep
}

// Keep removes the backups that the rule does not keep, and then the shared files that no remaining backup needs. It
// returns the names of the removed backups. It leaves backups that cannot be read alone. It returns ErrBusy while a
// backup is being made.
func (f Folder) Keep(r Rule, zone *time.Location) (removed []string, err error) {
	release, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer release()
	all, err := f.List()
	if err != nil {
		return nil, err
	}
	var whole []Entry
	var moments []time.Time
	for _, e := range all {
		if e.Err == nil {
			whole, moments = append(whole, e), append(moments, e.Manifest.At)
		}
	}
	for i, keep := range r.keeps(moments, zone) {
		if keep {
			continue
		}
		name := whole[i].Name
		gone := filepath.Join(f.Path, leaving+name)
		if err := os.Rename(filepath.Join(f.Path, name), gone); err != nil {
			return removed, fmt.Errorf("backup: remove %s: %w", name, err)
		}
		removed = append(removed, name)
		if err := os.RemoveAll(gone); err != nil {
			return removed, fmt.Errorf("backup: remove %s: %w", name, err)
		}
	}
	if len(removed) == 0 {
		return nil, nil
	}
	return removed, f.prune()
}

// prune removes the shared files that no backup lists. It removes nothing unless it could read every list.
func (f Folder) prune() error {
	all, err := f.List()
	if err != nil {
		return err
	}
	needed := map[[32]byte]bool{}
	for _, e := range all {
		err := readList(filepath.Join(f.Path, e.Name, filesList), func(p Part) error {
			var name [32]byte
			_, err := hex.Decode(name[:], []byte(p.Name))
			needed[name] = true
			return err
		})
		if err != nil {
			return fmt.Errorf("backup: find the files still needed: %w", err)
		}
	}
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("backup: read folder: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if !e.IsDir() || !isPool(e.Name()) {
			continue
		}
		root := filepath.Join(f.Path, e.Name())
		dirs, err := os.ReadDir(root)
		errs = append(errs, err)
		for _, d := range dirs {
			files, err := os.ReadDir(filepath.Join(root, d.Name()))
			errs = append(errs, err)
			for _, file := range files {
				var name [32]byte
				if n, err := hex.Decode(name[:], []byte(d.Name()+file.Name())); err != nil || n != len(name) || needed[name] {
					continue
				}
				errs = append(errs, os.Remove(filepath.Join(root, d.Name(), file.Name())))
			}
			_ = os.Remove(filepath.Join(root, d.Name())) // succeeds only when it is empty
		}
		_ = os.Remove(root)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("backup: remove files that nothing needs: %w", err)
	}
	return nil
}
