// Package command is the command line, and the socket through which commands of other processes reach a running server.
// It is the only importer of cobra.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/config"
	"sportello/app/desk/policy"
	"sportello/app/watch"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// The exit statuses.
const (
	Done   = 0
	Failed = 1
	Usage  = 2
	Later  = 75 // sysexits' EX_TEMPFAIL: a mail server tries again
)

// commands returns the constructors of the subcommands, in the order in which help lists them.
func commands() []func(*runner) *cobra.Command {
	return []func(*runner) *cobra.Command{
		serveCommand, demoCommand, doctorCommand, personCommand, tokenCommand, importCommand, exportCommand, mailCommand, backupCommand, restoreCommand,
		reindexCommand, generateCommand, loadCommand, extractCommand, versionCommand,
	}
}

// runner is one run of the command line: in its own process, or inside a server to which another process handed it.
type runner struct {
	args   []string
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	cwd    string   // the caller's working directory: relative paths start there
	app    *app.App // set only inside a server

	config string
	data   string
	ran    bool // the work has started: an error is no longer wrong usage
	exit   int  // the exit status that a server returned
	brief  bool // the terminal shows only warnings and errors
}

// exitError is an error with its own exit status.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// Within runs a command line on the desk of a server and returns the exit status. If a is nil, it runs as a process of
// its own would, until the context ends. Relative paths start at cwd.
func Within(ctx context.Context, a *app.App, cwd string, args []string, in io.Reader, out, errOut io.Writer) int {
	r := &runner{args: args, in: in, out: out, errOut: errOut, cwd: cwd, app: a}
	return r.run(ctx)
}

// Run runs one command line and returns its exit status: 0 for success, 1 for failure, 2 for wrong usage.
func Run(args []string, in io.Reader, out, errOut io.Writer) int {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "/"
	}
	r := &runner{args: args, in: in, out: out, errOut: errOut, cwd: cwd}
	return r.run(context.Background())
}

func (r *runner) run(ctx context.Context) int {
	root := &cobra.Command{Use: "sportello", Short: "A help desk in one file", SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	root.PersistentFlags().StringVar(&r.config, "config", "", "configuration `FILE` (default: SPORTELLO_CONFIG, ./config.toml, or the built-in defaults)")
	root.PersistentFlags().StringVar(&r.data, "data", "", "data `DIR` (overrides the configuration)")
	root.CompletionOptions.HiddenDefaultCmd = true
	for _, make := range commands() {
		root.AddCommand(make(r))
	}
	root.SetArgs(r.args)
	root.SetIn(r.in)
	root.SetOut(r.out)
	root.SetErr(r.errOut)
	err := root.ExecuteContext(ctx)
	var status *exitError
	switch {
	case err == nil:
		return r.exit
	case errors.As(err, &status):
		r.sayFailure(status.err)
		return status.status
	case !r.ran:
		fmt.Fprintf(r.errOut, "sportello: %v\nsportello help lists the commands.\n", err)
		return Usage
	}
	r.sayFailure(err)
	return Failed
}

// sayError returns the text of an error for the person who runs the command: its sentence from the locale files if it
// has one.
func sayError(err error) string {
	var many fault.Problems
	var one *fault.Error
	d, loadErr := commandWords()
	if loadErr != nil {
		return err.Error()
	}
	say := func(e *fault.Error) string {
		if e.Kind == fault.Internal || e.Key == "" || !d.Has("en", e.Key) {
			return e.Error()
		}
		s := d.Explain("en", e)
		if e.Field != "" {
			s = e.Field + ": " + s
		}
		return s
	}
	switch {
	case errors.As(err, &many):
		var lines []string
		for _, e := range many {
			lines = append(lines, say(e))
		}
		return strings.Join(lines, "\n")
	case errors.As(err, &one):
		return say(one)
	}
	return err.Error()
}

// begin marks the start of the work: errors from here on are failures, not wrong usage.
func (r *runner) begin() { r.ran = true }

// path makes a path of the command line absolute, relative to the caller's working directory.
func (r *runner) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(r.cwd, p)
}

// load reads the configuration and applies the flags.
func (r *runner) load() (config.Config, error) {
	var environ []string
	environ = append(environ, os.Environ()...)
	cfg, err := config.Load(config.Find(r.config), environ)
	if r.data != "" {
		cfg.Data = r.path(r.data)
	}
	return cfg, err
}

// withDesk runs work on the desk: on a server's own desk when inside one, else on the data folder. If a server holds
// the data folder, it hands the whole command line to that server instead, and does not call work here.
func (r *runner) withDesk(ctx context.Context, work func(context.Context, *app.App) error) error {
	r.begin()
	if r.app != nil {
		return work(ctx, r.app)
	}
	cfg, err := r.load()
	if err != nil {
		return err
	}
	for began := time.Now(); ; {
		a, err := app.OpenDesk(cfg, r.logger(cfg))
		if err == nil {
			return errors.Join(work(ctx, a), a.Close())
		}
		if !folderInUse(err) {
			return err
		}
		status, handed := r.handOver(ctx, cfg)
		if handed == nil {
			r.exit = status
			return nil
		}
		if !errors.Is(handed, errNoServer) {
			return handed
		}
		// The process that holds the folder is starting, stopping, or another command: try again for a moment.
		if time.Since(began) > lockTime || ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// lockTime is how long a command waits for the data folder.
const lockTime = 2 * time.Second

func (r *runner) logger(cfg config.Config) *slog.Logger {
	l := cfg.Logger(r.errOut)
	if r.brief {
		return slog.New(briefHandler{l.Handler()})
	}
	return l
}

// briefHandler shows only warnings and errors on the terminal. The desk still logs at its configured level, so that a
// demo costs the same as a real server.
type briefHandler struct{ slog.Handler }

func (h briefHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelWarn {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h briefHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return briefHandler{h.Handler.WithAttrs(attrs)}
}

func (h briefHandler) WithGroup(name string) slog.Handler {
	return briefHandler{h.Handler.WithGroup(name)}
}

// actor returns the actor of the command line: the desk itself.
func (r *runner) actor() policy.Actor {
	return policy.Actor{Via: door.Command, System: true, Language: "it"}
}

func (r *runner) by(act act.Act) db.By { return db.By{Via: door.Command, Act: act} }

func versionCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Show which release this is", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		r.begin()
		fmt.Fprintln(r.out, watch.Version())
		return nil
	}}
}

func serveCommand(r *runner) *cobra.Command {
	var listen, reload string
	c := &cobra.Command{Use: "serve", Short: "Run the desk", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		r.begin()
		if r.app != nil {
			return errors.New("a server runs already")
		}
		cfg, err := r.load()
		if listen != "" {
			cfg.Listen = listen
			if err == nil {
				err = cfg.Validate()
			}
		}
		if err != nil {
			return err
		}
		cfg.Trial.Reload = reload
		return r.serve(c.Context(), cfg, nil, func(s app.Serving) {
			fmt.Fprintln(r.out, s.Address)
			if s.SetUp != "" {
				fmt.Fprintln(r.out, s.SetUp)
			}
		})
	}}
	c.Flags().StringVar(&listen, "listen", "", "`ADDR` to listen on (overrides the configuration)")
	c.Flags().StringVar(&reload, "reload", "", "read templates and assets from this folder for each page")
	_ = c.Flags().MarkHidden("reload")
	return c
}

// serve opens the desk, calls prepare if it is not nil, and serves until a signal. A second signal ends the process at
// once.
func (r *runner) serve(ctx context.Context, cfg config.Config, prepare func(context.Context, *app.App) error, ready func(app.Serving)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer func() {
		signal.Stop(signals)
		close(signals)
	}()
	go func() {
		for range signals {
			if ctx.Err() != nil {
				os.Exit(Failed)
			}
			stop()
		}
	}()
	a, err := app.Open(cfg, r.logger(cfg))
	if err != nil {
		return err
	}
	a.Beside = Beside
	// Large uploads need a temporary folder. A minimal container image has none, and the data folder has the space.
	if tmp := filepath.Join(cfg.DataFolder(), "tmp"); os.RemoveAll(tmp) == nil && os.MkdirAll(tmp, 0o700) == nil {
		_ = os.Setenv("TMPDIR", tmp)
	}
	if prepare != nil {
		if err := prepare(ctx, a); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	return errors.Join(a.Run(ctx, ready), a.Close())
}
