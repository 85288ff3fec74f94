package app

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sportello/app/backup"
	"sportello/app/listen"
	"sportello/app/words"
	"sportello/search"
	"sportello/store"
)

func init() {
	commands = append(commands, doctorCommand)
	parts = append(parts,
		part{name: "configuration", check: checkConfig},
		part{name: "permissions", check: func(_ context.Context, a *App, _ bool) []finding { return lookAtPermissions(a.cfg) }},
		part{name: "disk", wrong: wrongDisk, check: checkDisk},
		part{name: "clock", wrong: wrongClock, check: checkClock},
		part{name: "data", check: checkData},
		part{name: "index", check: checkIndex},
		part{name: "backup", wrong: func(a *App) string { return a.backups.State().Wrong }, check: checkBackup},
		part{name: "jobs", wrong: wrongJobs, check: checkJobs},
		part{name: "errors", check: checkErrors})
}

func doctorCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check configuration, machine, data, index and backups, and say what to do", Args: cobra.NoArgs,
		Long: "Looks at everything that can be wrong with a desk, beside a running server or alone, and says of each finding what to do about it.\nExits 0 when all is well; a note is no fault.",
		RunE: func(c *cobra.Command, _ []string) error {
			if r.app == nil {
				r.begin()
				if _, err := r.load(); err != nil {
					fmt.Fprintf(r.out, "%-6s configuration: %v\n       mend the configuration first: nothing else was looked at\n", wrong, err)
					return errors.New("the configuration is wrong")
				}
			}
			looked := false
			err := r.withDesk(c.Context(), func(ctx context.Context, a *App) error {
				looked = true
				fmt.Fprintln(r.out, a.cfg.Redacted())
				faults := 0
				for _, p := range parts {
					if p.check != nil {
						faults += r.tell(p.name, p.check(ctx, a, r.app != nil))
					}
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if faults > 0 {
					return fmt.Errorf("%d things are wrong", faults)
				}
				fmt.Fprintln(r.out, "all is well")
				return nil
			})
			if looked || err == nil {
				return err
			}
			cfg, _ := r.load() // it was read above
			how, do := dataAdvice(cfg, err)
			if how == nil {
				return err
			}
			// There is no desk to look at, but what stands around it can be told.
			fmt.Fprintln(r.out, cfg.Redacted())
			faults := r.tell("permissions", lookAtPermissions(cfg))
			faults += r.tell("data", []finding{{wrong, strings.Join(how, " "), strings.Join(do, "\n")}})
			return fmt.Errorf("%d things are wrong, and nothing else could be looked at", faults)
		}}
}

// tell writes what was found of a part and returns how much of it is wrong.
func (r *runner) tell(part string, findings []finding) (faults int) {
	for _, f := range findings {
		fmt.Fprintf(r.out, "%-6s %s: %s\n", f.level, part, f.text)
		for line := range strings.Lines(f.do) {
			fmt.Fprintf(r.out, "       %s\n", strings.TrimSuffix(line, "\n"))
		}
		if f.level == wrong {
			faults++
		}
	}
	return faults
}

func checkConfig(_ context.Context, a *App, _ bool) []finding {
	out := []finding{ok("every key is known and right")}
	host, _, _ := net.SplitHostPort(a.cfg.Listen)
	ip := net.ParseIP(host)
	if local := host == "localhost" || ip != nil && ip.IsLoopback(); !local && a.cfg.TLSCert == "" {
		out = append(out, finding{note, "the desk speaks plain http on " + a.cfg.Listen, "put a proxy with https in front, or set tls_cert and tls_key"})
	}
	if a.cfg.BaseURL == "" {
		out = append(out, finding{note, "base_url is empty: links in mail would lead to the address listened on", "set base_url to the address people write in the browser"})
	}
	if a.cfg.TLSCert != "" {
		out = append(out, checkCertificate(a.cfg.TLSCert, time.Now()))
	}
	if has, err := a.desk.HasAdministrator(); err == nil && !has {
		out = append(out, finding{note, "there is no administrator yet", "open the set-up link that sportello serve prints, or use sportello person add --role administrator"})
	}
	return out
}

// checkCertificate looks how long the certificate is still good.
func checkCertificate(path string, now time.Time) finding {
	const do = "get a new certificate; the server reads it by itself when the file changes"
	raw, err := os.ReadFile(path) // #nosec G304 -- the configuration names it
	if err != nil {
		return finding{wrong, fmt.Sprintf("the certificate cannot be read: %v", err), "let the desk's user read tls_cert"}
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return finding{wrong, path + " holds no certificate", do}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return finding{wrong, fmt.Sprintf("the certificate cannot be understood: %v", err), do}
	case now.After(cert.NotAfter):
		return finding{wrong, "the certificate ended on " + cert.NotAfter.Format(time.DateOnly), do}
	case now.Before(cert.NotBefore):
		return finding{wrong, "the certificate begins only on " + cert.NotBefore.Format(time.DateOnly), "look whether the clock of the machine is right"}
	case cert.NotAfter.Sub(now) < 14*24*time.Hour:
		return finding{note, "the certificate ends on " + cert.NotAfter.Format(time.DateOnly), do}
	}
	return ok("the certificate is good until %s", cert.NotAfter.Format(time.DateOnly))
}

func wrongDisk(a *App) string {
	if free, total, known := listen.DiskSpace(a.cfg.DataFolder()); known && free < leastFree {
		return fmt.Sprintf("%s of %s are free for %s", words.Size("en", free), words.Size("en", total), a.cfg.DataFolder())
	}
	if now := a.st.Committing(); now > slowCommit {
		return fmt.Sprintf("a write to the disk takes %s so far", now.Round(100*time.Millisecond))
	}
	if last := time.Duration(a.lastCommit.Load()); last > slowCommit {
		return fmt.Sprintf("a write to the disk took %s", last.Round(100*time.Millisecond))
	}
	return ""
}

// slowCommit is how long a write may take before it is worth a warning.
const slowCommit = time.Second

func checkDisk(_ context.Context, a *App, _ bool) []finding {
	const do = "make room, or move the folder to a greater disk"
	free, total, known := listen.DiskSpace(a.cfg.DataFolder())
	if !known {
		return []finding{{note, "how much is free is not known on this system", ""}}
	}
	text := fmt.Sprintf("%s of %s are free for %s", words.Size("en", free), words.Size("en", total), a.cfg.DataFolder())
	var rows int64
	if info, err := os.Stat(filepath.Join(a.cfg.DataFolder(), "desk.db")); err == nil {
		rows = info.Size()
	}
	switch {
	case free < leastFree:
		return []finding{{wrong, text, do}}
	case free < rows:
		return []finding{{note, text + ", less than the rows take: a new release may have to copy them", do}}
	}
	return []finding{{fine, text, ""}}
}

// built is when this code was written: no clock that is right shows less.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// newestChange returns the latest time of the last n changes. It need not be the last one's: clocks are put back.
func newestChange(st *store.Store, n uint64) (newest time.Time, err error) {
	err = st.View(func(tx *store.Tx) error {
		for c, err := range tx.Changes(tx.LastChange() - min(tx.LastChange(), n)) {
			if err != nil {
				return err
			}
			if c.At.After(newest) {
				newest = c.At
			}
		}
		return nil
	})
	return newest, err
}

// clockJitter is how far a clock may be put back without a word.
const clockJitter = 5 * time.Minute

func wrongClock(a *App) string {
	now := a.desk.Now()
	newest, err := newestChange(a.st, 1)
	if err != nil {
		return "" // the store says so
	}
	if a.newest.After(newest) {
		newest = a.newest
	}
	if newest.Sub(now) > clockJitter {
		return fmt.Sprintf("it is %s, but there are changes of %s: the clock was put back, or was ahead", now.Format(time.DateTime), newest.Local().Format(time.DateTime))
	}
	return ""
}

func checkClock(_ context.Context, a *App, _ bool) []finding {
	const do = "set the clock of the machine and have it kept right (chrony, systemd-timesyncd)"
	now := a.desk.Now()
	if machine := time.Now(); machine.Before(built) {
		return []finding{{wrong, fmt.Sprintf("it is %s by the clock", machine.Format(time.DateTime)), do}}
	}
	newest, err := newestChange(a.st, 1)
	if a.newest.After(newest) {
		newest = a.newest
	}
	switch {
	case err != nil:
		return []finding{{wrong, err.Error(), "see what is said of the data"}}
	case newest.Sub(now) > clockJitter:
		return []finding{{wrong, fmt.Sprintf("it is %s, but the newest change is of %s: the clock was put back", now.Format(time.DateTime), newest.Local().Format(time.DateTime)),
			do + "; what is written until then bears a wrong time"}}
	}
	return []finding{ok("it is %s, the newest change is older", now.Format(time.DateTime))}
}

func checkData(ctx context.Context, a *App, _ bool) []finding {
	if err := a.st.Fault(); err != nil {
		return []finding{{wrong, err.Error(), "look at the disk (dmesg, free space); the desk writes again by itself when it can"}}
	}
	var out []finding
	for _, f := range a.st.Check() {
		out = append(out, finding{level: wrong, text: f})
	}
	if len(out) > 0 {
		out[len(out)-1].do = "stop the desk, keep a copy of the data folder, restore the newest backup that verifies into another folder and compare"
		return out
	}
	out = []finding{ok("%d changes, the data is sound", a.st.Last())}
	if old, _ := filepath.Glob(filepath.Join(a.cfg.DataFolder(), "desk.db.schema*")); len(old) > 0 {
		out = append(out, finding{note, fmt.Sprintf("%d copies from before a new release are kept, such as %s", len(old), old[0]), "remove them once the new release has proved itself"})
	}
	return out
}

func checkIndex(ctx context.Context, a *App, beside bool) []finding {
	const do = "sportello reindex makes it anew from the data"
	s := a.ix.State()
	switch {
	case s.State == search.Failed:
		return []finding{{wrong, "the index has failed: " + s.Err, do}}
	case s.State == search.Rebuilding:
		return []finding{{note, fmt.Sprintf("the index is being made: %d of %d", s.Done, s.Total), ""}}
	case s.Behind > 0 && !beside:
		return []finding{{note, fmt.Sprintf("the index does not know %d changes yet", s.Behind), "it catches up when the server runs"}}
	case s.Behind > 10000:
		return []finding{{note, fmt.Sprintf("the index is %d changes behind", s.Behind), "wait; when it does not come forward, look at the log"}}
	}
	compared, differences, err := a.ix.Compare(ctx)
	switch {
	case errors.Is(err, search.ErrBehind):
		return []finding{{note, fmt.Sprintf("the index is %d changes behind", s.Behind), "look again when it has caught up"}}
	case err != nil:
		return []finding{{wrong, fmt.Sprintf("the index cannot be compared with the data: %v", err), do}}
	}
	var out []finding
	for _, d := range differences {
		out = append(out, finding{wrong, d, do})
	}
	if len(out) == 0 {
		out = append(out, ok("%s, %d documents, %d behind; %d were made again from their rows and are the same", s.State, s.Docs, s.Behind, compared))
	}
	return out
}

func checkBackup(_ context.Context, a *App, beside bool) []finding {
	cfg := a.cfg.Backup
	if !cfg.Scheduled() {
		return []finding{{note, "no backups are made by themselves", "set path under [backup], or have sportello backup PATH run each night"}}
	}
	folder := backup.Folder{Path: cfg.Path}
	if !beside {
		a.backups.Look()
	}
	var out []finding
	if s := a.backups.State().Wrong; s != "" {
		out = append(out, finding{wrong, s, fmt.Sprintf("look whether %s is there, can be written and has room; sportello backup %s makes one now", cfg.Path, cfg.Path)})
	}
	if e, err := folder.Newest(); err == nil {
		out = append(out, ok("the newest is %s, %s", e.Name, words.Size("en", e.Manifest.Bytes())))
	}
	if backup.SameDisk(a.cfg.DataFolder(), cfg.Path) {
		out = append(out, finding{note, "the backups lie on the disk of the data", "have them on another disk, or copied to another machine"})
	}
	if free, _, known := listen.DiskSpace(cfg.Path); known && free < leastFree {
		out = append(out, finding{wrong, fmt.Sprintf("%s are free for backups", words.Size("en", free)), "make room, or keep fewer (keep_daily, keep_weekly, keep_monthly)"})
	}
	return out
}

func wrongJobs(a *App) string {
	for _, j := range a.jobLog.all() {
		if j.troubled(a.desk.Now()) {
			return fmt.Sprintf("%s failed at %s: %s", j.Name, j.FailedAt.Format(time.TimeOnly), j.Err)
		}
	}
	return ""
}

func checkJobs(_ context.Context, a *App, beside bool) []finding {
	if !beside {
		return nil
	}
	var out []finding
	all := a.jobLog.all()
	for _, j := range all {
		switch {
		case j.troubled(a.desk.Now()):
			out = append(out, finding{wrong, fmt.Sprintf("%s failed %d times, last at %s: %s", j.Name, j.Failures, j.FailedAt.Format(time.DateTime), j.Err), "it is begun again by itself; the log says more"})
		case j.Failures > 0:
			out = append(out, finding{note, fmt.Sprintf("%s failed %d times, last at %s: %s", j.Name, j.Failures, j.FailedAt.Format(time.DateTime), j.Err), ""})
		}
	}
	if len(out) == 0 {
		out = append(out, ok("%d run, none has failed", len(all)))
	}
	return out
}

func checkErrors(_ context.Context, a *App, beside bool) []finding {
	var out []finding
	if info, err := os.Stat(filepath.Join(a.cfg.DataFolder(), "crash.log")); err == nil && info.Size() > 0 && time.Since(info.ModTime()) < 7*24*time.Hour {
		out = append(out, finding{note, "the server crashed on " + info.ModTime().Format(time.DateTime), "send crash.log of the data folder to those who make the program, then remove it"})
	}
	if beside {
		all := a.troubles.lastDay(a.desk.Now())
		for _, t := range all[:min(3, len(all))] {
			out = append(out, finding{note, fmt.Sprintf("%s (%d times, last at %s)", t.Text, t.Times, t.Last.Format(time.DateTime)), ""})
		}
		if len(all) > 3 {
			out = append(out, finding{note, fmt.Sprintf("and %d other errors in the last day", len(all)-3), "the page of the administration shows them all"})
		}
	}
	if len(out) == 0 {
		out = append(out, ok("none to tell of"))
	}
	return out
}
