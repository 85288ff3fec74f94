package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"sportello/app/config"
	"sportello/app/watch"
	"sportello/store/fault"
)

// dataAdvice explains a database file that cannot be opened, and what to do about it, in every language of the desk:
// the reader's language is in the file that cannot be read. The suggested commands contain this desk's own folders. It
// returns nil for any other error.
func dataAdvice(cfg config.Config, err error) (how, do []string) {
	var e *fault.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Key, "error.database-") && e.Key != "error.newer-data" {
		return nil, nil
	}
	d, loadErr := commandWords()
	if loadErr != nil {
		return []string{err.Error()}, nil
	}
	data := cfg.DataFolder()
	backups := cfg.Backup.Path
	advice := "command.database-restore"
	if backups == "" {
		advice = "command.database-restore-from"
	}
	for _, lang := range []string{"en", "it"} {
		how = append(how, d.Explain(lang, e))
		if e.Key == "error.newer-data" {
			do = append(do, d.Text(lang, "command.database-newer"))
		}
		do = append(do, d.Text(lang, "command.database-keep"), "  cp -a "+watch.ShellQuote(data)+" "+watch.ShellQuote(data+".kept"))
		do = append(do, d.Text(lang, advice))
		from := watch.ShellQuote(backups)
		if backups == "" {
			from = d.Text(lang, "command.database-backups")
		}
		do = append(do, "  sportello restore --data "+watch.ShellQuote(data+".restored")+" "+from,
			"  sportello serve --data "+watch.ShellQuote(data+".restored"))
		if copies, _ := filepath.Glob(filepath.Join(data, "desk.db.schema*")); len(copies) > 0 {
			do = append(do, d.Text(lang, "command.database-copies", "file", copies[len(copies)-1]))
		}
	}
	return how, do
}

// folderInUse reports whether the error means that another process holds the data folder.
func folderInUse(err error) bool {
	var e *fault.Error
	return errors.As(err, &e) && e.Key == "error.folder-in-use"
}

// sayFailure prints why a command failed and, if known, what to do about it.
func (r *runner) sayFailure(err error) {
	cfg, _ := r.load() // on failure the defaults name the folders
	if how, do := dataAdvice(cfg, err); how != nil {
		for _, line := range append(how, do...) {
			fmt.Fprintln(r.errOut, "sportello:", line)
		}
		return
	}
	for _, line := range strings.Split(sayError(err), "\n") {
		fmt.Fprintln(r.errOut, "sportello:", line)
	}
}
