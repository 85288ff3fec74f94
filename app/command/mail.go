package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/delivery"
)

// exitMailUsage is sysexits' EX_USAGE: mail servers know it and return the mail to its sender.
const exitMailUsage = 64

func mailCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "mail", Short: "Receive mail", Args: cobra.NoArgs, RunE: needsSubcommand}
	var how delivery.Spooled
	deliver := &cobra.Command{Use: "deliver", Short: "Receive one message on standard input",
		Long: "Receives one message on standard input, from the pipe of a mail server or a filter. The message is on disk before the command ends.\n" +
			"Exits 0 when the message is kept, of one above mail.max_message_mb its beginning, 64 on wrong usage, 75 otherwise, so\n" +
			"that a mail server tries again.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &exitError{exitMailUsage, fmt.Errorf("mail deliver takes no argument, not %q: the message comes on standard input", args[0])}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := r.deliver(c.Context(), how); err != nil {
				if e := (*exitError)(nil); errors.As(err, &e) {
					return err
				}
				return &exitError{Later, err}
			}
			return nil
		}}
	deliver.Flags().StringVar(&how.Mailbox, "mailbox", "", "`ADDRESS` of the mailbox it is for (otherwise, as the message says)")
	deliver.Flags().StringVar(&how.Return, "sender", "", "`ADDRESS` of the envelope sender")
	deliver.Flags().StringSliceVar(&how.To, "recipient", nil, "`ADDRESS` of the envelope recipient")
	deliver.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitMailUsage, err} })
	spool := &cobra.Command{Use: "spool", Short: "Process the mail in the spool", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return r.withDesk(c.Context(), r.emptySpool)
	}}
	c.AddCommand(deliver, spool)
	return c
}

// deliver writes the message to the spool and then has it processed, here or by the running server. Once it is in the
// spool it is safe, whatever follows.
func (r *runner) deliver(ctx context.Context, how delivery.Spooled) error {
	r.begin()
	if r.app != nil {
		return errors.New("a message is delivered by a process of its own")
	}
	cfg, err := r.load()
	if err != nil {
		return err
	}
	how.At = cfg.Now()
	if err := os.MkdirAll(cfg.DataFolder(), 0o700); err != nil {
		return err
	}
	if err := delivery.PutSpool(cfg.Spool(), how, r.in, int64(cfg.Mail.MaxMessageMB)<<20); err != nil {
		return err
	}
	args := []string{"mail", "spool"}
	for _, flag := range []struct{ name, value string }{{"--config", r.config}, {"--data", r.data}} {
		if flag.value != "" {
			args = append(args, flag.name, flag.value)
		}
	}
	r.args, r.in = args, strings.NewReader("")
	if err := r.withDesk(ctx, r.emptySpool); err != nil {
		fmt.Fprintln(r.errOut, "sportello: the message is kept in", filepath.Join(cfg.Spool()), "and waits for the desk:", sayError(err))
	}
	r.exit = Done
	return nil
}

func (r *runner) emptySpool(ctx context.Context, a *app.App) error {
	_, err := a.Mail.TakeSpool(ctx)
	if err != nil || r.app != nil {
		return err // a server processes the spool automatically
	}
	return a.Desk.Intake.Process(ctx)
}
