package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"sportello/store"
)

func reindexCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "reindex", Short: "Make the search index anew", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return r.withDesk(c.Context(), func(ctx context.Context, a *App) error {
			a.ix.Rebuild()
			if r.app == nil { // alone nobody follows the change log yet
				run, stop := context.WithCancel(ctx)
				var following sync.WaitGroup
				following.Go(func() {
					if err := a.ix.Run(run); err != nil && run.Err() == nil {
						fmt.Fprintln(r.errOut, "sportello: index:", err)
					}
				})
				defer following.Wait()
				defer stop()
			}
			if err := a.ix.CatchUp(ctx, a.st.Last()); err != nil {
				return err
			}
			s := a.ix.State()
			fmt.Fprintf(r.out, "indexed %d documents, %s\n", s.Docs, size("en", s.Bytes))
			return nil
		})
	}}
}

func doctorCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check configuration and data", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return r.withDesk(c.Context(), func(ctx context.Context, a *App) error {
			fmt.Fprint(r.out, a.cfg.Redacted())
			findings := a.st.Check()
			for _, f := range findings {
				fmt.Fprintln(r.errOut, f)
			}
			s := a.ix.State()
			fmt.Fprintf(r.out, "changes: %d\nindex: %s, %d documents, %d behind\n", a.st.Last(), s.State, s.Docs, s.Behind)
			if len(findings) > 0 {
				return fmt.Errorf("%d things are wrong with the data", len(findings))
			}
			fmt.Fprintln(r.out, "the data is sound")
			return nil
		})
	}}
}

func mailCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "mail", Short: "Take mail in", Args: cobra.NoArgs, RunE: needsSubcommand}
	c.AddCommand(&cobra.Command{Use: "deliver", Short: "Take one message from standard input (comes with a later release)", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r.begin()
			return &exitError{exitLater, errors.New("mail comes with a later release: try again then")}
		}})
	return c
}

func backupCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "backup PATH", Short: "Copy the data into a new folder, while the desk runs or not", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return r.withDesk(c.Context(), func(ctx context.Context, a *App) error { return r.backup(ctx, a, r.path(args[0])) })
		}}
}

// backup copies files first, then the rows, then the files that came meanwhile: every file that a row of the copy
// names is then there, even if the desk removes it in between.
func (r *runner) backup(ctx context.Context, a *App, to string) error {
	if err := emptyFolder(to); err != nil {
		return err
	}
	from := a.cfg.dataFolder()
	files, bytes, err := copyBlobs(ctx, from, to)
	if err != nil {
		return err
	}
	db, err := os.OpenFile(filepath.Join(to, "desk.db"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("app: back up: %w", err)
	}
	n, err := a.st.Copy(ctx, db)
	if err := errors.Join(err, db.Sync(), db.Close()); err != nil {
		return fmt.Errorf("app: back up rows: %w", err)
	}
	more, moreBytes, err := copyBlobs(ctx, from, to)
	if err != nil {
		return err
	}
	if _, err := copyFile(filepath.Join(from, "key"), filepath.Join(to, "key")); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "backed up %s and %d files of %s into %s\n", size("en", n), files+more, size("en", bytes+moreBytes), to)
	return nil
}

func restoreCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "restore PATH", Short: "Fill an empty data folder from a backup; the server must be stopped", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r.begin()
			if r.app != nil {
				return errors.New("restore needs the data folder for itself: stop the server first")
			}
			cfg, err := r.load()
			if err != nil {
				return err
			}
			return r.restore(c.Context(), cfg, r.path(args[0]))
		}}
}

func (r *runner) restore(ctx context.Context, cfg Config, from string) error {
	if _, err := os.Stat(filepath.Join(from, "desk.db")); err != nil {
		return fmt.Errorf("%s is no backup: %w", from, err)
	}
	to := cfg.dataFolder()
	if err := emptyFolder(to); err != nil {
		return err
	}
	for _, name := range []string{"desk.db", "key"} {
		if _, err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	files, _, err := copyBlobs(ctx, from, to)
	if err != nil {
		return err
	}
	st, err := store.Open(to, store.Options{Log: r.logger(cfg)})
	if err != nil {
		return err
	}
	findings := st.Check()
	if err := st.Close(); err != nil {
		return err
	}
	for _, f := range findings {
		fmt.Fprintln(r.errOut, f)
	}
	if len(findings) > 0 {
		return fmt.Errorf("restored into %s, but %d things are wrong with the data", to, len(findings))
	}
	fmt.Fprintf(r.out, "restored the rows and %d files into %s; search is made anew at the next start\n", files, to)
	return nil
}

// emptyFolder makes the folder, and refuses one that holds anything.
func emptyFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("app: make folder: %w", err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("app: read folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: nothing is written over", path)
	}
	return nil
}

// copyBlobs copies what is not there yet and returns how many files and bytes that were.
func copyBlobs(ctx context.Context, from, to string) (files int, bytes int64, err error) {
	root := filepath.Join(from, "blob")
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since it was listed
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		target := filepath.Join(to, "blob", name)
		if d.IsDir() {
			if d.Name() == "new" {
				return fs.SkipDir
			}
			return os.MkdirAll(target, 0o700)
		}
		if _, err := os.Stat(target); err == nil {
			return nil
		}
		n, err := copyFile(path, target)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		files++
		bytes += n
		return err
	})
	if err != nil {
		return files, bytes, fmt.Errorf("app: copy files: %w", err)
	}
	return files, bytes, nil
}

func copyFile(from, to string) (int64, error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, fmt.Errorf("app: copy %s: %w", from, err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("app: copy to %s: %w", to, err)
	}
	n, err := io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return n, fmt.Errorf("app: copy to %s: %w", to, err)
	}
	return n, nil
}
