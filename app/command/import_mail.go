package command

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sportello/app/config"
	"sportello/app/desk/intake"
	"sportello/app/mail"
	"sportello/app/mail/transport"
	"sportello/store/spelling"
)

// mailImporting is an import of mail: its destination and its source.
type mailImporting struct {
	*importing
	group, module string
	own           []string
	days          int
	report        string

	imap mailSource
}

// mailSource is a folder of an IMAP server to import from.
type mailSource struct {
	user, passwordFile, folder, tls, caFile string
	plain                                   bool
}

// give is the function that each source calls with every message and the name of its place.
type give = func(where string, raw []byte) error

func (in *importing) mailCommands() []*cobra.Command {
	mbox := in.mailCommand("mbox PATH", "Turn a mailbox file into tickets", func(m *mailImporting, _ context.Context, path string, give give) error { return m.mbox(path, give) })
	maildir := in.mailCommand("maildir PATH", "Turn a Maildir, with the folders in it, into tickets", func(m *mailImporting, _ context.Context, path string, give give) error { return m.maildir(path, give) })
	var imap *cobra.Command
	var source mailSource
	imap = in.mailCommand("imap HOST[:PORT]", "Turn a folder of an IMAP server into tickets, changing nothing there", func(m *mailImporting, ctx context.Context, host string, give give) error {
		m.imap = source
		return m.walk(ctx, host, give)
	})
	imap.Flags().StringVar(&source.user, "user", "", "`NAME` to sign in with")
	imap.Flags().StringVar(&source.passwordFile, "password-file", "", "`FILE` that contains the password")
	imap.Flags().StringVar(&source.folder, "folder", "INBOX", "`FOLDER` to read")
	imap.Flags().StringVar(&source.tls, "tls", "tls", "tls, starttls or none")
	imap.Flags().StringVar(&source.caFile, "ca-file", "", "`FILE` with the certificates (PEM) of the authority that signed the server's")
	imap.Flags().BoolVar(&source.plain, "allow-plain", false, "allow --tls none to another machine")
	_ = imap.MarkFlagRequired("user")
	return []*cobra.Command{mbox, maildir, imap}
}

func (in *importing) mailCommand(use, short string, read func(*mailImporting, context.Context, string, give) error) *cobra.Command {
	m := &mailImporting{importing: in}
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1),
		Long: short + ".\n\nThreads are built again, agents are known by their address, dates stay, what is old is closed, and nobody is told.\n" +
			"It can be stopped and begun again: what is there already is not taken twice.",
		RunE: func(c *cobra.Command, args []string) error {
			return in.run(c.Context(), func(ctx context.Context) error {
				return m.work(ctx, func(give give) error { return read(m, ctx, args[0], give) })
			})
		}}
	c.Flags().StringVar(&m.group, "group", "", "`CODE` of the group the tickets belong to (default: the module's, or the general one)")
	c.Flags().StringVar(&m.module, "module", "", "`CODE` of the module")
	c.Flags().StringSliceVar(&m.own, "own", nil, "`ADDRESS` of the mailbox itself: mail it sent counts as the desk's")
	c.Flags().IntVar(&m.days, "close-after", 30, "close threads without mail for this many `DAYS`")
	c.Flags().StringVar(&m.report, "report", "", "write a line for each mail to `FILE`: where it went, and why")
	return c
}

// work imports the mail, and reports which mails joined which tickets and why.
func (m *mailImporting) work(ctx context.Context, source func(give) error) error {
	report := io.Discard
	if m.report != "" {
		f, err := os.OpenFile(m.r.path(m.report), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		w := bufio.NewWriter(f)
		defer w.Flush()
		report = w
	}
	why := map[string]int{}
	for i := range m.own {
		m.own[i] = spelling.Address(m.own[i])
	}
	o := intake.Import{Group: m.group, Module: m.module, Own: m.own, CloseAfter: time.Duration(m.days) * 24 * time.Hour,
		Progress: func(step string, done, total int) { m.progress.step(step, done, total) },
		Each: func(x intake.Imported) {
			switch {
			case x.Refused != nil:
				if err := m.refuse(x.Where, x.Refused); err != nil {
					m.refused++
					fmt.Fprintf(m.r.errOut, "%s: mail: %v\n", x.Where, x.Refused)
				}
				fmt.Fprintf(report, "%s\trefused\t%v\n", x.Where, x.Refused)
				return
			case x.Ticket == 0:
				fmt.Fprintf(report, "%s\t%s\t%s\n", x.Where, x.Why, x.By)
			default:
				m.imported++
				fmt.Fprintf(report, "%s\t#%d\t%s\t%s\t%s\n", x.Where, x.Ticket, x.Why, x.By, strings.Join(strings.Fields(x.Subject), " "))
			}
			why[x.Why]++
		}}
	n, err := m.app.Desk.Intake.Import(ctx, importActor, o, source)
	m.progress.end()
	fmt.Fprintf(m.r.out, "read %d, tickets %d, there already %d, kept aside %d\n", n.Read, n.Tickets, n.Same, n.Aside)
	if len(why) > 0 {
		var parts []string
		for code, k := range why {
			parts = append(parts, fmt.Sprintf("%s %d", code, k))
		}
		slices.Sort(parts)
		fmt.Fprintln(m.r.out, "why:", strings.Join(parts, ", "))
	}
	return err
}

func (m *mailImporting) mbox(path string, give give) error {
	var src io.Reader = m.r.in
	if path != "-" {
		f, err := os.Open(m.r.path(path))
		if err != nil {
			return err
		}
		defer f.Close()
		src = f
	}
	n := 0
	return mail.SplitMbox(src, func(raw []byte) error {
		n++
		return give(fmt.Sprintf("%s#%d", path, n), bytes.Clone(raw))
	})
}

// maildir reads every file in every cur and new below the path, in order of their names.
func (m *mailImporting) maildir(path string, give give) error {
	root := m.r.path(path)
	found := false
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		if in := filepath.Base(filepath.Dir(file)); in != "cur" && in != "new" || !d.Type().IsRegular() {
			return nil
		}
		found = true
		raw, err := os.ReadFile(file) // #nosec G304 G122 -- the command reads files that its user names and may read
		if err != nil {
			return err
		}
		where, _ := filepath.Rel(root, file)
		return give(where, raw)
	})
	if err == nil && !found {
		return fmt.Errorf("%s is not a Maildir: there is no mail in folders called cur or new", path)
	}
	return err
}

// walk reads the messages of a folder of an IMAP server.
func (m *mailImporting) walk(ctx context.Context, host string, give give) error {
	name, port := host, 0
	if h, p, err := net.SplitHostPort(host); err == nil {
		name = h
		if port, err = strconv.Atoi(p); err != nil {
			return fmt.Errorf("%q has no port", host)
		}
	}
	pool, err := config.Roots(m.imap.caFile)
	if err != nil {
		return err
	}
	box := &transport.Inbox{Name: name, Host: name, Port: port, TLS: m.imap.tls, Plain: m.imap.plain, User: m.imap.user,
		Password: config.Secret("", m.r.path(m.imap.passwordFile)), Folder: m.imap.folder, Roots: pool, MaxMessage: int64(m.app.Config.Mail.MaxMessageMB) << 20}
	return box.Walk(ctx, func(_ context.Context, e transport.Envelope, r io.Reader) error {
		raw, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return give(fmt.Sprintf("%s/%d", m.imap.folder, e.UID), raw)
	})
}
