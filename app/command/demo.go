package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/sample"
	"sportello/store"
	"sportello/store/db"
)

// demoMarker is the file that distinguishes a demo's data folder from a desk's.
const demoMarker = "DEMO"

// demoSeed gives every demo the same data.
const demoSeed = 1

func demoCommand(r *runner) *cobra.Command {
	var listen, at string
	c := &cobra.Command{Use: "demo", Short: "Run a desk with the data of an invented university", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		start, err := demoTime(at)
		if err != nil {
			return err
		}
		r.begin()
		if r.app != nil {
			return errors.New("a server runs already")
		}
		return r.demo(c.Context(), listen, start)
	}}
	c.Flags().StringVar(&listen, "listen", "", "`ADDR` to listen on (default: the first free port of this machine from 8080 on)")
	c.Flags().StringVar(&at, "at", "", "`TIME` (RFC 3339) at which the desk's clock starts and from which it runs on;\nthe same time gives the same data, except for the passwords (default: now)")
	return c
}

// demoTime parses the time at which the demo's clock starts, zero for the present.
func demoTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.UTC().Year() < 2000 || at.UTC().Year() > 2099 {
		return time.Time{}, fmt.Errorf("--at: %q is not a time in the years 2000 to 2099 in the form of RFC 3339, such as 2026-03-17T09:40:00+01:00", text)
	}
	return at, nil
}

// runningFrom returns a clock that shows at now and runs on from there.
func runningFrom(at time.Time) func() time.Time {
	began := time.Now()
	return func() time.Time { return at.Add(time.Since(began)) }
}

// demo serves invented data from a temporary folder, which is deleted at the end, or from the folder of --data, which
// is kept. Once the data are there, the desk's clock starts at the given time; if that is zero, it is the machine's.
func (r *runner) demo(ctx context.Context, listen string, at time.Time) error {
	cfg, err := r.load()
	if err != nil {
		return err
	}
	// The demo is a desk of its own: the configured addresses of the real one do not apply to it.
	cfg.BaseURL, cfg.TLSCert, cfg.TLSKey, cfg.HTTPRedirect = "", "", "", ""
	r.brief = cfg.LogLevel == "info"
	if cfg.Listen, err = demoAddress(listen); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	filled := false
	if r.data == "" {
		if cfg.Data, err = os.MkdirTemp("", "sportello-demo-"); err != nil {
			return fmt.Errorf("app: make folder of the demo: %w", err)
		}
		defer os.RemoveAll(cfg.Data)
	} else if filled, err = demoFolder(cfg.Data); err != nil {
		return err
	}
	began := time.Now()
	var accounts sample.Accounts
	prepare := func(_ context.Context, a *app.App) error {
		if accounts != nil {
			return nil
		}
		accounts, err = sample.NewPasswords(a.Desk)
		return err
	}
	if !filled {
		fmt.Fprintln(r.errOut, "filling the demo's desk ...")
		filling, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		accounts, err = fillDemo(filling, cfg, r.logger(cfg), cmp.Or(at, cfg.Now()))
		ended := filling.Err() != nil
		stop()
		if ended {
			return errors.New("ended before the demo's desk was filled")
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(r.errOut, "filled in %.1f s\n", time.Since(began).Seconds())
	}
	if !at.IsZero() {
		cfg.Trial.Clock = runningFrom(at)
	}
	return r.serve(ctx, cfg, prepare, func(s app.Serving) {
		fmt.Fprintf(r.out, "%s\n\n", s.Address)
		t := tabwriter.NewWriter(r.out, 0, 0, 3, ' ', 0)
		fmt.Fprintln(t, "ROLE\tADDRESS\tPASSWORD")
		for _, a := range accounts {
			fmt.Fprintf(t, "%s\t%s\t%s\n", a.Role, a.Email, a.Password)
		}
		_ = t.Flush()
		if r.data == "" {
			fmt.Fprintln(r.errOut, "Ctrl-C ends the demo; its data goes with it.")
		}
	})
}

// demoAddress returns the requested address, else the first free one of this machine from port 8080 on.
func demoAddress(listen string) (string, error) {
	if listen != "" {
		return listen, nil
	}
	const first, most = 8080, 100
	var failed error
	for port := first; port < first+most; port++ {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		ln, err := net.Listen("tcp", addr)
		if err == nil {
			return addr, ln.Close()
		}
		failed = err
	}
	return "", fmt.Errorf("no free port from %d to %d: %w", first, first+most-1, failed)
}

// demoFolder reports whether the folder already contains a demo. It returns an error if it contains anything else.
func demoFolder(path string) (filled bool, err error) {
	if _, err := os.Stat(filepath.Join(path, demoMarker)); err == nil {
		return true, nil
	}
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("app: read folder: %w", err)
	}
	if len(entries) > 0 {
		return false, fmt.Errorf("%s contains something other than a demo: name an empty folder, or one that does not exist", path)
	}
	return false, nil
}

// fillDemo creates the demo's data as of the given time in the configured folder. It uses a store of its own that runs
// on the demo's clock and syncs to disk only at the end.
func fillDemo(ctx context.Context, cfg config.Config, log *slog.Logger, now time.Time) (accounts sample.Accounts, err error) {
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("app: load time zone: %w", err)
	}
	clock := sample.NewClock(sample.Start(now))
	st, err := store.Open(cfg.DataFolder(), db.Options{Clock: clock.Now, NoSync: true, Log: log})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err = errors.Join(err, st.Close()); err == nil {
			err = errors.Join(syncFile(filepath.Join(cfg.DataFolder(), "desk.db")),
				os.WriteFile(filepath.Join(cfg.DataFolder(), demoMarker), []byte("This folder holds the data of a demo.\n"), 0o600))
		}
	}()
	say, err := commandWords()
	if err != nil {
		return nil, err
	}
	d := desk.New(desk.Options{Store: st, Log: log, Location: zone, Say: say.Text})
	if err := d.Catalogue.Seed(ctx); err != nil {
		return nil, err
	}
	return sample.Demo(ctx, d, clock, demoSeed, now)
}

// syncFile syncs a file that was written without syncing.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // #nosec G304 -- a file in the demo's own folder
	if err != nil {
		return fmt.Errorf("app: open %s: %w", path, err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("app: sync %s: %w", path, err)
	}
	return nil
}
