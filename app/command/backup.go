package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"text/tabwriter"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/backup"
	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk"
	"sportello/app/desk/plan"
	"sportello/app/listen"
	"sportello/app/words"
	"sportello/search"
	"sportello/store"
	"sportello/store/db"
)

func backupCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "backup PATH", Short: "Add a backup to a folder of backups, while the desk runs or not", Args: cobra.ExactArgs(1),
		Long: "Adds a backup to the folder, which is created if necessary. A folder holds many backups; files are copied only once.\nA backup includes attachments, the key and waiting mail, but not the configuration or the search index.",
		RunE: func(c *cobra.Command, args []string) error {
			return r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error { return r.backup(ctx, a, r.path(args[0])) })
		}}
	c.AddCommand(backupListCommand(r), backupVerifyCommand(r))
	return c
}

func (r *runner) backup(ctx context.Context, a *app.App, to string) error {
	p := r.progress("megabytes copied:")
	m, err := a.Backups.Make(ctx, to, func(done, total int64) { p.at(int(done>>20), int(total>>20)) })
	p.end()
	if err != nil {
		return err
	}
	for _, name := range m.Lost {
		fmt.Fprintf(r.errOut, "sportello: a row names the file %s, which is not there: see sportello doctor\n", name)
	}
	what := "not encrypted"
	if len(m.EncryptedTo) > 0 {
		what = "encrypted"
	}
	rows := m.Bytes() - m.FileBytes
	fmt.Fprintf(r.out, "backed up %s of rows and %d files of %s (%d new, %s) into %s, %s, in %.1f s\n", words.Size("en", rows), m.Files, words.Size("en", m.FileBytes),
		m.NewFiles, words.Size("en", m.NewBytes), to, what, m.Took)
	if m.LeftOut > 0 {
		fmt.Fprintf(r.out, "the passwords of %d mail servers that were entered at the desk are left out, for the backup is not encrypted: after restoring it they are entered again\n", m.LeftOut)
	}
	return nil
}

func backupListCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "list PATH", Short: "List the backups in a folder", Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
		r.begin()
		all, err := backup.Folder{Path: r.path(args[0])}.List()
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fmt.Errorf("%s: %w", r.path(args[0]), backup.ErrNone)
		}
		w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
		for _, e := range all {
			if e.Err != nil {
				fmt.Fprintf(w, "%s\tcannot be used: %v\n", e.Name, e.Err)
				continue
			}
			secret := ""
			if len(e.Manifest.EncryptedTo) > 0 {
				secret = "encrypted"
			}
			fmt.Fprintf(w, "%s\t%d tickets\t%d files\t%s\t%s\t%s\n", e.Name, e.Manifest.Rows["tickets"], e.Manifest.Files, words.Size("en", e.Manifest.Bytes()), e.Manifest.Program, secret)
		}
		return w.Flush()
	}}
}

// identities returns the secret keys in the named file, else in the one the configuration names. Having none is not an
// error.
func (r *runner) identities(named string) ([]age.Identity, error) {
	path := named
	if path == "" {
		cfg, err := r.load()
		if err != nil {
			return nil, err
		}
		path = cfg.Backup.AgeIdentityFile
	}
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(r.path(path))
	if err != nil {
		return nil, fmt.Errorf("app: open secret keys: %w", err)
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("app: read secret keys of %s: %w", path, err)
	}
	return ids, nil
}

func backupVerifyCommand(r *runner) *cobra.Command {
	var identity, work string
	var noSearch bool
	c := &cobra.Command{Use: "verify PATH", Short: "Prove that a backup can be restored, by restoring it to a temporary folder", Args: cobra.ExactArgs(1),
		Long: "Restores the backup (the newest, when PATH is a folder of backups) into a temporary folder, compares every checksum, checks the data,\ncompares counts, builds a search index and asks a few questions whose answers are stored in the backup. The data of the desk are not touched.",
		RunE: func(c *cobra.Command, args []string) error {
			r.begin()
			return r.verify(c.Context(), r.path(args[0]), identity, work, !noSearch)
		}}
	c.Flags().StringVar(&identity, "identity", "", "`FILE` with the secret keys of age (default: age_identity_file)")
	c.Flags().StringVar(&work, "work", "", "`DIR` to restore to, instead of the system's folder for temporary files")
	c.Flags().BoolVar(&noSearch, "without-search", false, "build no index and ask no questions, which is the slowest part")
	return c
}

func (r *runner) verify(ctx context.Context, path, identity, work string, withSearch bool) (err error) {
	folder, e, err := backup.Find(path)
	if err != nil {
		return err
	}
	ids, err := r.identities(identity)
	if err != nil {
		return err
	}
	if work != "" {
		work = r.path(work)
	}
	dir, err := os.MkdirTemp(work, "sportello-verify-*")
	if err != nil {
		return fmt.Errorf("app: make temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	need := (e.Manifest.Bytes() - e.Manifest.FileBytes) * 2 // the rows and an index of them
	if free, _, ok := listen.DiskSpace(dir); ok && free < need {
		return fmt.Errorf("verifying needs about %s of room in %s, where %s are free: name another folder with --work", words.Size("en", need), filepath.Dir(dir), words.Size("en", free))
	}
	fmt.Fprintf(r.errOut, "restoring %s aside\n", e.Name)
	p := r.progress("megabytes read:")
	raw, findings, err := folder.Restore(ctx, e, filepath.Join(dir, "data"), backup.Restoring{Identities: ids, Proof: true,
		Log:      func(format string, args ...any) { fmt.Fprintf(r.errOut, format+"\n", args...) },
		Progress: func(done, total int64) { p.at(int(done>>20), int(total>>20)) }})
	p.end()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "desk.db")); err == nil {
		more, err := r.examine(ctx, filepath.Join(dir, "data"), e.Manifest, raw, withSearch)
		if err != nil {
			return err
		}
		findings = append(findings, more...)
	}
	for _, f := range findings {
		fmt.Fprintln(r.errOut, f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("the backup %s does not restore: %d things are wrong with it", e.Name, len(findings))
	}
	fmt.Fprintf(r.out, "the backup %s restores: %d tickets, %d people, %d files, %d changes\n", e.Name, e.Manifest.Rows["tickets"], e.Manifest.Rows["people"], e.Manifest.Files, e.Manifest.Rows["changes"])
	return nil
}

// examine compares a restored data folder with the manifest of its backup.
func (r *runner) examine(ctx context.Context, data string, m *backup.Manifest, raw []byte, withSearch bool) (findings []string, err error) {
	quiet := slog.New(slog.DiscardHandler)
	st, err := store.Open(data, db.Options{Log: quiet})
	if err != nil {
		return []string{fmt.Sprintf("the rows cannot be opened: %v", err)}, nil
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	fmt.Fprintln(r.errOut, "checking rows and references")
	findings = st.Check()
	var inv db.Inventory
	if err := st.View(func(tx *db.Tx) (err error) { inv, err = tx.Inventory(ctx); return err }); err != nil {
		return findings, err
	}
	if st.ID() != m.Desk {
		findings = append(findings, "the rows are another desk's")
	}
	if m.Schema == store.SchemaVersion() { // a migration may change the number of rows
		for _, table := range slices.Sorted(maps.Keys(m.Rows)) {
			if inv.Rows[table] != m.Rows[table] {
				findings = append(findings, fmt.Sprintf("%s: %d rows, when the backup was made %d", table, inv.Rows[table], m.Rows[table]))
			}
		}
	}
	if !withSearch || raw == nil {
		return findings, nil
	}
	var p backup.Proof
	if err := json.Unmarshal(raw, &p); err != nil {
		return append(findings, fmt.Sprintf("the questions cannot be read: %v", err)), nil
	}
	fmt.Fprintln(r.errOut, "making a search index")
	zone, err := r.zone()
	if err != nil {
		return findings, err
	}
	ix := search.Open(filepath.Join(data, "index"), st, search.Options{Log: quiet, Location: zone, Plans: plan.Texts(st, zone)})
	run, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { _ = ix.Run(run) }) // CatchUp reports its errors
	err = ix.CatchUp(ctx, st.Last())
	if err == nil {
		asked, wrong := p.Compare(ctx, ix)
		fmt.Fprintf(r.errOut, "%d questions asked\n", asked)
		findings = append(findings, wrong...)
	}
	stop()
	following.Wait()
	return findings, errors.Join(err, ix.Close())
}

// zone returns the configured time zone, Rome's when that cannot be read.
func (r *runner) zone() (*time.Location, error) {
	cfg, err := r.load()
	if err != nil {
		cfg = config.Default()
	}
	return time.LoadLocation(cfg.TimeZone)
}

func restoreCommand(r *runner) *cobra.Command {
	var identity, removals string
	var damaged bool
	c := &cobra.Command{Use: "restore PATH", Short: "Fill an empty data folder from a backup; the server must be stopped", Args: cobra.ExactArgs(1),
		Long: "Fills the data folder, which must be empty or not exist yet, from the backup (the newest, when PATH is a folder of backups).\nWhat was erased since the backup was made is erased again, as the list beside it says, or another that is named.",
		RunE: func(c *cobra.Command, args []string) error {
			r.begin()
			if r.app != nil {
				return errors.New("restore needs the data folder for itself: stop the server first")
			}
			cfg, err := r.load()
			if err != nil {
				return err
			}
			return r.restore(c.Context(), cfg, r.path(args[0]), identity, removals, damaged)
		}}
	c.Flags().StringVar(&identity, "identity", "", "`FILE` with the secret keys of age (default: age_identity_file)")
	c.Flags().StringVar(&removals, "removals", "", "`FILE` that lists what must be removed, removals.jsonl of the data folder as it was last (default: the one beside the backup)")
	c.Flags().BoolVar(&damaged, "damaged", false, "restore what is left of a damaged backup, as long as there are rows")
	return c
}

func (r *runner) restore(ctx context.Context, cfg config.Config, from, identity, removals string, damaged bool) error {
	folder, e, err := backup.Find(from)
	if err != nil {
		return err
	}
	ids, err := r.identities(identity)
	if err != nil {
		return err
	}
	to := cfg.DataFolder()
	p := r.progress("megabytes read:")
	_, findings, err := folder.Restore(ctx, e, to, backup.Restoring{Identities: ids, Damaged: damaged,
		Log:      func(format string, args ...any) { fmt.Fprintf(r.errOut, format+"\n", args...) },
		Progress: func(done, total int64) { p.at(int(done>>20), int(total>>20)) }})
	p.end()
	if err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(r.errOut, f)
	}
	if _, err := os.Stat(filepath.Join(to, "desk.db")); err != nil {
		return fmt.Errorf("the backup %s is damaged (%d things): nothing was restored. Restore another, or what is left of this one with --damaged", e.Name, len(findings))
	}
	st, err := store.Open(to, db.Options{Log: r.logger(cfg)})
	if err != nil {
		return err
	}
	wrong := st.Check()
	asleep, err := credential.New(st).AfterRestore()
	removed, list := 0, filepath.Join(folder.Path, store.RemovalsName)
	if removals != "" {
		list = r.path(removals)
	}
	if err == nil {
		removed, err = r.removeAgain(ctx, st, list, removals != "")
	}
	if err = errors.Join(err, st.Close()); err != nil {
		return err
	}
	for _, f := range wrong {
		fmt.Fprintln(r.errOut, f)
	}
	if n := len(findings) + len(wrong); n > 0 {
		return fmt.Errorf("restored %s into %s, but %d things are wrong with the data", e.Name, to, n)
	}
	fmt.Fprintf(r.out, "restored the backup %s into %s: %d tickets, %d files; search is made anew at the next start\n", e.Name, to, e.Manifest.Rows["tickets"], e.Manifest.Files)
	if n := e.Manifest.LeftOut; n > 0 {
		fmt.Fprintf(r.out, "the passwords of %d mail servers were left out of it: enter them again under Administration, Mailboxes\n", n)
	}
	if removed > 0 {
		fmt.Fprintf(r.out, "people and tickets that were erased since, and were again: %d\n", removed)
	}
	fmt.Fprintf(r.out, "sessions and links have ended; tokens that sleep until an administrator wakes them: %d\n", asleep)
	return nil
}

// removeAgain erases again what the file lists, and returns how much that was. A file that nobody named need not be there.
func (r *runner) removeAgain(ctx context.Context, st *db.Store, file string, named bool) (int, error) {
	f, err := os.Open(file) // #nosec G304 -- the one that whoever restores names
	if errors.Is(err, fs.ErrNotExist) && !named {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var list []store.Removal
	for d := json.NewDecoder(f); ; {
		var one store.Removal
		err := d.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, fmt.Errorf("the list of what must be removed, %s: %w", file, err)
		}
		list = append(list, one)
	}
	n, err := desk.New(desk.Options{Store: st}).Erasures.Apply(ctx, list)
	if err != nil || n == 0 {
		return n, err
	}
	_, _, err = st.Rewrite(ctx)
	return n, err
}
