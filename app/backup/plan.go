package backup

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
)

// Plan is the part of the configuration that says when backups are made, where, and which ones are kept.
type Plan struct {
	Path            string        `koanf:"path"`
	At              string        `koanf:"at"`
	Every           time.Duration `koanf:"every"`
	KeepDaily       int           `koanf:"keep_daily"`
	KeepWeekly      int           `koanf:"keep_weekly"`
	KeepMonthly     int           `koanf:"keep_monthly"`
	RateMB          int           `koanf:"rate_mb"`
	AgeRecipients   []string      `koanf:"age_recipients"`
	AgeIdentityFile string        `koanf:"age_identity_file"`
}

// DefaultPlan returns a plan that makes no backups, with the defaults for making them.
func DefaultPlan() Plan {
	return Plan{At: "02:30", KeepDaily: 7, KeepWeekly: 5, KeepMonthly: 12, RateMB: 60, AgeRecipients: []string{}}
}

// Validate calls bad for each invalid value; data is the folder that is backed up.
func (p Plan) Validate(data string, bad func(key, format string, args ...any)) {
	if p.Path != "" && data != "" {
		path, err1 := filepath.Abs(p.Path)
		from, err2 := filepath.Abs(data)
		if err1 == nil && err2 == nil && (inside(path, from) || inside(from, path)) {
			bad("backup.path", "%q and the data folder lie one inside the other", p.Path)
		}
	}
	if _, err := time.Parse("15:04", p.At); err != nil {
		bad("backup.at", "%q is no time of day such as 02:30", p.At)
	}
	if p.Every != 0 && (p.Every < 10*time.Minute || p.Every > 31*24*time.Hour) {
		bad("backup.every", "%v is not between 10m and 744h", p.Every)
	}
	for _, k := range []struct {
		key string
		n   int
	}{{"backup.keep_daily", p.KeepDaily}, {"backup.keep_weekly", p.KeepWeekly}, {"backup.keep_monthly", p.KeepMonthly}} {
		if k.n < 0 || k.n > 10000 {
			bad(k.key, "%d is not between 0 and 10000", k.n)
		}
	}
	if p.RateMB < 1 || p.RateMB > 10000 {
		bad("backup.rate_mb", "%d is not between 1 and 10000", p.RateMB)
	}
	if _, err := p.Recipients(); err != nil {
		bad("backup.age_recipients", "%v", err)
	}
}

// Recipients returns the public keys for encrypting backups; none means that they are not encrypted.
func (p Plan) Recipients() ([]age.Recipient, error) {
	var out []age.Recipient
	for _, s := range p.AgeRecipients {
		if strings.HasPrefix(s, "AGE-SECRET-KEY-") {
			return nil, fmt.Errorf("this is a secret key; only its public half, which begins with age1, belongs here")
		}
		all, err := age.ParseRecipients(strings.NewReader(s))
		if err != nil {
			return nil, fmt.Errorf("%q is not a recipient: a recipient begins with age1", s)
		}
		out = append(out, all...)
	}
	return out, nil
}

// inside reports whether the path is the folder or lies below it.
func inside(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Scheduled reports whether backups are made on a schedule.
func (p Plan) Scheduled() bool { return p.Path != "" }

// After returns when the next backup after last is due.
func (p Plan) After(last time.Time, zone *time.Location) time.Time {
	if p.Every > 0 {
		return last.Add(p.Every)
	}
	at, err := time.Parse("15:04", p.At)
	if err != nil {
		return last.Add(24 * time.Hour) // Validate refuses such a time
	}
	l := last.In(zone)
	for day := 0; ; day++ {
		if due := time.Date(l.Year(), l.Month(), l.Day()+day, at.Hour(), at.Minute(), 0, 0, zone); due.After(last) {
			return due
		}
	}
}

// Late returns the age of the newest backup from which the desk warns.
func (p Plan) Late() time.Duration {
	if p.Every > 0 {
		return p.Every + max(p.Every/2, time.Hour)
	}
	return 30 * time.Hour
}
