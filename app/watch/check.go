package watch

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"sportello/app/backup"
	"sportello/app/listen"
	"sportello/app/words"
	"sportello/search"
	"sportello/store/db"
)

func (w *Watch) checkConfig(_ context.Context, _ bool) []Finding {
	out := []Finding{Good("every key is known and right")}
	host, _, _ := net.SplitHostPort(w.Config.Listen)
	ip := net.ParseIP(host)
	if local := host == "localhost" || ip != nil && ip.IsLoopback(); !local && w.Config.TLSCert == "" {
		out = append(out, Finding{Note, "the desk speaks plain http on " + w.Config.Listen, "put a proxy with https in front, or set tls_cert and tls_key"})
	}
	if w.Config.BaseURL == "" {
		out = append(out, Finding{Note, "base_url is empty: links in mail would contain the listening address", "set base_url to the address people write in the browser"})
	}
	if w.Config.TLSCert != "" {
		out = append(out, Certificate(w.Config.TLSCert, time.Now()))
	}
	if has, err := w.HasAdministrator(); err == nil && !has {
		out = append(out, Finding{Note, "there is no administrator yet", "open the set-up link that sportello serve prints, or use sportello person add --role administrator"})
	}
	return out
}

// Certificate reports how long the certificate in the file is still valid.
func Certificate(path string, now time.Time) Finding {
	const do = "get a new certificate; the server reads it by itself when the file changes"
	raw, err := os.ReadFile(path) // #nosec G304 -- the configuration names it
	if err != nil {
		return Finding{Wrong, fmt.Sprintf("the certificate cannot be read: %v", err), "let the desk's user read tls_cert"}
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return Finding{Wrong, path + " holds no certificate", do}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return Finding{Wrong, fmt.Sprintf("the certificate cannot be understood: %v", err), do}
	case now.After(cert.NotAfter):
		return Finding{Wrong, "the certificate ended on " + cert.NotAfter.Format(time.DateOnly), do}
	case now.Before(cert.NotBefore):
		return Finding{Wrong, "the certificate begins only on " + cert.NotBefore.Format(time.DateOnly), "look whether the clock of the machine is right"}
	case cert.NotAfter.Sub(now) < 14*24*time.Hour:
		return Finding{Note, "the certificate ends on " + cert.NotAfter.Format(time.DateOnly), do}
	}
	return Good("the certificate is valid until %s", cert.NotAfter.Format(time.DateOnly))
}

func (w *Watch) wrongDisk() string {
	if free, total, known := listen.DiskSpace(w.Config.DataFolder()); known && free < LeastFree {
		return fmt.Sprintf("%s of %s are free for %s", words.Size("en", free), words.Size("en", total), w.Config.DataFolder())
	}
	if now := w.Store.Committing(); now > slowCommit {
		return fmt.Sprintf("a write to the disk takes %s so far", now.Round(100*time.Millisecond))
	}
	if last := time.Duration(w.Commits.last.Load()); last > slowCommit {
		return fmt.Sprintf("a write to the disk took %s", last.Round(100*time.Millisecond))
	}
	return ""
}

// slowCommit is how long a write may take before doctor warns.
const slowCommit = time.Second

func (w *Watch) checkDisk(_ context.Context, _ bool) []Finding {
	const do = "make room, or move the folder to a greater disk"
	free, total, known := listen.DiskSpace(w.Config.DataFolder())
	if !known {
		return []Finding{{Note, "how much is free is not known on this system", ""}}
	}
	text := fmt.Sprintf("%s of %s are free for %s", words.Size("en", free), words.Size("en", total), w.Config.DataFolder())
	var rows int64
	if info, err := os.Stat(filepath.Join(w.Config.DataFolder(), "desk.db")); err == nil {
		rows = info.Size()
	}
	switch {
	case free < LeastFree:
		return []Finding{{Wrong, text, do}}
	case free < rows:
		return []Finding{{Note, text + ", less than the rows take: a new release may have to copy them", do}}
	}
	return []Finding{{Fine, text, ""}}
}

// built is when this code was written: a correct clock shows a later time.
var built = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// newestChange returns the latest time of the last n changes. That need not be the time of the last one: clocks are set
// back.
func newestChange(st *db.Store, n uint64) (newest time.Time, err error) {
	err = st.View(func(tx *db.Tx) error {
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

// clockJitter is how far a clock may be set back without a warning.
const clockJitter = 5 * time.Minute

func (w *Watch) wrongClock() string {
	now := w.Now()
	newest, err := newestChange(w.Store, 1)
	if err != nil {
		return "" // the store reports it
	}
	if w.newest.After(newest) {
		newest = w.newest
	}
	if newest.Sub(now) > clockJitter {
		return fmt.Sprintf("it is %s, but there are changes of %s: the clock was put back, or was ahead", now.Format(time.DateTime), newest.Local().Format(time.DateTime))
	}
	return ""
}

func (w *Watch) checkClock(_ context.Context, _ bool) []Finding {
	const do = "set the clock of the machine and have it kept right (chrony, systemd-timesyncd)"
	now := w.Now()
	if machine := time.Now(); machine.Before(built) {
		return []Finding{{Wrong, fmt.Sprintf("it is %s by the clock", machine.Format(time.DateTime)), do}}
	}
	newest, err := newestChange(w.Store, 1)
	if w.newest.After(newest) {
		newest = w.newest
	}
	switch {
	case err != nil:
		return []Finding{{Wrong, err.Error(), "see what is said of the data"}}
	case newest.Sub(now) > clockJitter:
		return []Finding{{Wrong, fmt.Sprintf("it is %s, but the newest change is of %s: the clock was put back", now.Format(time.DateTime), newest.Local().Format(time.DateTime)),
			do + "; what is written until then bears a wrong time"}}
	}
	return []Finding{Good("it is %s, the newest change is older", now.Format(time.DateTime))}
}

func (w *Watch) checkData(_ context.Context, _ bool) []Finding {
	if err := w.Store.Fault(); err != nil {
		return []Finding{{Wrong, err.Error(), "look at the disk (dmesg, free space); the desk writes again by itself when it can"}}
	}
	var out []Finding
	for _, f := range w.Store.Check() {
		out = append(out, Finding{Level: Wrong, Text: f})
	}
	if len(out) > 0 {
		out[len(out)-1].Do = "stop the desk, keep a copy of the data folder, restore the newest backup that verifies into another folder and compare"
		return out
	}
	out = []Finding{Good("%d changes, the data is sound", w.Store.Last())}
	if old, _ := filepath.Glob(filepath.Join(w.Config.DataFolder(), "desk.db.schema*")); len(old) > 0 {
		out = append(out, Finding{Note, fmt.Sprintf("%d copies from before a new release are kept, such as %s", len(old), old[0]), "remove them once the new release has proved itself"})
	}
	return out
}

func (w *Watch) checkAudit(ctx context.Context, _ bool) []Finding {
	v, err := w.VerifyAudit(ctx)
	if err != nil {
		return []Finding{{Wrong, fmt.Sprintf("it cannot be read: %v", err), "see what is said of the data"}}
	}
	var out []Finding
	for _, wrong := range v.Wrong {
		out = append(out, Finding{Wrong, wrong, "somebody wrote into the file: keep it, and compare with backups and with the sums that were noted elsewhere"})
	}
	switch {
	case len(out) > 0:
	case v.Head == nil:
		out = []Finding{Good("it has no entries yet")}
	default:
		out = []Finding{Good("%d entries, each follows the one before; the newest is number %d, %s", v.Entries, v.Head.ID, v.Head.Sum)}
	}
	return out
}

func (w *Watch) checkIndex(ctx context.Context, beside bool) []Finding {
	const do = "sportello reindex makes it anew from the data"
	s := w.Index.State()
	switch {
	case s.State == search.Failed:
		return []Finding{{Wrong, "the index has failed: " + s.Err, do}}
	case s.State == search.Rebuilding:
		return []Finding{{Note, fmt.Sprintf("the index is being made: %d of %d", s.Done, s.Total), ""}}
	case s.Behind > 0 && !beside:
		return []Finding{{Note, fmt.Sprintf("the index does not know %d changes yet", s.Behind), "it catches up when the server runs"}}
	case s.Behind > 10000:
		return []Finding{{Note, fmt.Sprintf("the index is %d changes behind", s.Behind), "wait; when it does not come forward, look at the log"}}
	}
	compared, differences, err := w.Index.Compare(ctx)
	switch {
	case errors.Is(err, search.ErrBehind):
		return []Finding{{Note, fmt.Sprintf("the index is %d changes behind", s.Behind), "look again when it has caught up"}}
	case err != nil:
		return []Finding{{Wrong, fmt.Sprintf("the index cannot be compared with the data: %v", err), do}}
	}
	var out []Finding
	for _, d := range differences {
		out = append(out, Finding{Wrong, d, do})
	}
	if len(out) == 0 {
		out = append(out, Good("%s, %d documents, %d behind; %d were made again from their rows and are the same", s.State, s.Docs, s.Behind, compared))
	}
	return out
}

func (w *Watch) checkBackup(_ context.Context, beside bool) []Finding {
	cfg := w.Config.Backup
	if !cfg.Scheduled() {
		return []Finding{{Note, "no backups are made by themselves", "set path under [backup], or have sportello backup PATH run each night"}}
	}
	folder := backup.Folder{Path: cfg.Path}
	if !beside {
		w.Backups.Look()
	}
	var out []Finding
	if s := w.Backups.State().Wrong; s != "" {
		out = append(out, Finding{Wrong, s, fmt.Sprintf("look whether %s is there, can be written and has room; sportello backup %s makes one now", cfg.Path, cfg.Path)})
	}
	if e, err := folder.Newest(); err == nil {
		out = append(out, Good("the newest is %s, %s", e.Name, words.Size("en", e.Manifest.Bytes())))
	}
	if backup.SameDisk(w.Config.DataFolder(), cfg.Path) {
		out = append(out, Finding{Note, "the backups are on the same disk as the data", "have them on another disk, or copied to another machine"})
	}
	if free, _, known := listen.DiskSpace(cfg.Path); known && free < LeastFree {
		out = append(out, Finding{Wrong, fmt.Sprintf("%s are free for backups", words.Size("en", free)), "make room, or keep fewer (keep_daily, keep_weekly, keep_monthly)"})
	}
	return out
}

func (w *Watch) wrongJobs() string {
	for _, j := range w.Jobs.All() {
		if j.Troubled(w.Now()) {
			return fmt.Sprintf("%s failed at %s: %s", j.Name, j.FailedAt.Format(time.TimeOnly), j.Err)
		}
	}
	return ""
}

func (w *Watch) checkJobs(_ context.Context, beside bool) []Finding {
	if !beside {
		return nil
	}
	var out []Finding
	all := w.Jobs.All()
	for _, j := range all {
		switch {
		case j.Troubled(w.Now()):
			out = append(out, Finding{Wrong, fmt.Sprintf("%s failed %d times, last at %s: %s", j.Name, j.Failures, j.FailedAt.Format(time.DateTime), j.Err), "it is begun again by itself; the log says more"})
		case j.Failures > 0:
			out = append(out, Finding{Note, fmt.Sprintf("%s failed %d times, last at %s: %s", j.Name, j.Failures, j.FailedAt.Format(time.DateTime), j.Err), ""})
		}
	}
	if len(out) == 0 {
		out = append(out, Good("%d run, none has failed", len(all)))
	}
	return out
}

func (w *Watch) checkErrors(_ context.Context, beside bool) []Finding {
	var out []Finding
	if info, err := os.Stat(filepath.Join(w.Config.DataFolder(), "crash.log")); err == nil && info.Size() > 0 && time.Since(info.ModTime()) < 7*24*time.Hour {
		out = append(out, Finding{Note, "the server crashed on " + info.ModTime().Format(time.DateTime), "send crash.log of the data folder to those who make the program, then remove it"})
	}
	if beside {
		all := w.Troubles.LastDay(w.Now())
		for _, t := range all[:min(3, len(all))] {
			out = append(out, Finding{Note, fmt.Sprintf("%s (%d times, last at %s)", t.Text, t.Times, t.Last.Format(time.DateTime)), ""})
		}
		if len(all) > 3 {
			out = append(out, Finding{Note, fmt.Sprintf("and %d other errors in the last day", len(all)-3), "the page of the administration shows them all"})
		}
	}
	if len(out) == 0 {
		out = append(out, Good("none to report"))
	}
	return out
}
