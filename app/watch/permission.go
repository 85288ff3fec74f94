package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"sportello/app/config"
)

// Permission bits that files must not have. The data folder belongs to the desk alone. Secrets outside it may be
// readable by a group, because systems store them so (root:sportello, 0640).
const (
	notOursAlone fs.FileMode = 0o077
	notOurGroups fs.FileMode = 0o027
	notWritable  fs.FileMode = 0o022
)

// maxPermissions is how many files and folders below one folder are checked: a desk with millions of files must start
// too.
const maxPermissions = 4000

// Permissions reports which files of the desk are open to other users: at the start as warnings, in doctor as faults.
// Each finding names the command that corrects it.
func Permissions(cfg config.Config) []Finding {
	var l permissions
	dir := cfg.DataFolder()
	l.owned(dir)
	l.one(dir, notOursAlone, "700")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.unreadable(err)
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if l.owned(path); e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
			l.below(path)
		} else {
			l.one(path, notOursAlone, "600")
		}
	}
	if cfg.Backup.Scheduled() {
		l.owned(cfg.Backup.Path)
		l.below(cfg.Backup.Path)
	}
	inside, files := cfg.Secrets()
	for _, path := range files {
		l.one(path, notOurGroups, "600")
	}
	if cfg.File != "" {
		text, err := os.ReadFile(cfg.File)
		if err == nil && slices.ContainsFunc(inside, func(secret string) bool { return strings.Contains(string(text), secret) }) {
			l.one(cfg.File, notOurGroups, "600")
		} else { // even without secrets it reveals what the desk does
			l.one(cfg.File, notWritable, "go-w")
		}
	}
	if len(l.found) == 0 {
		return []Finding{Good("only the desk's user can get at %s", dir)}
	}
	return l.found
}

type permissions struct{ found []Finding }

func (l *permissions) unreadable(err error) {
	l.found = append(l.found, Finding{Wrong, err.Error(), "let the desk's user read it"})
}

// one checks one file or folder; it follows a link.
func (l *permissions) one(path string, forbidden fs.FileMode, mend string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist): // whoever needs the file reports that it is missing
	case err != nil:
		l.unreadable(err)
	case info.Mode().Type() != fs.ModeSocket && info.Mode().Perm()&forbidden != 0:
		l.found = append(l.found, Finding{Wrong, fmt.Sprintf("others can get at %s (mode %04o)", path, info.Mode().Perm()), "chmod " + mend + " " + ShellQuote(path)})
	}
}

// owned checks who owns the file: another user's file may not be writable.
func (l *permissions) owned(path string) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if sys, is := info.Sys().(*syscall.Stat_t); is && int(sys.Uid) != os.Geteuid() {
		l.found = append(l.found, Finding{Wrong, fmt.Sprintf("%s belongs to user %d, this process is user %d", path, sys.Uid, os.Geteuid()),
			"run every command as the user who runs the server, and give the folder to that user with chown -R"})
	}
}

// below checks a folder and everything in it, and makes one finding of the result.
func (l *permissions) below(dir string) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.unreadable(err)
		}
		return
	}
	l.one(root, notOursAlone, "700")
	looked, open, first := 0, 0, ""
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the desk may be running
			return nil
		}
		if err != nil || path == root {
			return err
		}
		if looked++; looked > maxPermissions {
			return filepath.SkipAll
		}
		info, err := e.Info()
		if err != nil || info.Mode()&(fs.ModeSymlink|fs.ModeSocket) != 0 || info.Mode().Perm()&notOursAlone == 0 {
			return nil
		}
		if open++; open == 1 {
			first = fmt.Sprintf("%s (mode %04o)", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil {
		l.unreadable(err)
	}
	if open > 0 {
		l.found = append(l.found, Finding{Wrong, fmt.Sprintf("others can get at %d files and folders below %s, such as %s", open, root, first),
			"chmod -R go-rwx " + ShellQuote(root)})
	}
}

// ShellQuote quotes a path for a shell.
func ShellQuote(path string) string {
	plain := strings.IndexFunc(path, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("/._-+,:@", r))
	}) < 0
	if plain && path != "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
