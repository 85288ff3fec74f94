package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/sample"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

func generateCommand(r *runner) *cobra.Command {
	var tickets, agents, requesters int
	var seed uint64
	c := &cobra.Command{Use: "generate --tickets N", Short: "Add invented tickets, as many as a large desk has, for measuring; the server must be stopped", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if tickets < 0 || tickets > 10_000_000 {
				return fmt.Errorf("--tickets %d is not between 0 and 10000000", tickets)
			}
			if agents < 1 || agents >= sample.MostAgents || requesters < 1 || requesters > sample.MostRequesters {
				return fmt.Errorf("--agents goes from 1 to %d, --requesters from 1 to %d", sample.MostAgents-1, sample.MostRequesters)
			}
			r.begin()
			if r.app != nil {
				return errors.New("generate needs the data folder for itself: stop the server first")
			}
			cfg, err := r.load()
			if err != nil {
				return err
			}
			return r.generate(c.Context(), cfg, tickets, seed, agents, requesters)
		}}
	c.Flags().IntVar(&tickets, "tickets", 0, "how many, `N`")
	c.Flags().IntVar(&agents, "agents", 1, "`N` agents who get a new password")
	c.Flags().IntVar(&requesters, "requesters", 1, "`N` requesters who get a new password")
	c.Flags().Uint64Var(&seed, "seed", 1, "another seed makes other tickets")
	_ = c.MarkFlagRequired("tickets")
	return c
}

// generate fills the data folder through a store of its own, which syncs to disk only at the end and runs on a clock
// that moves through the two years. At the end it prints agents and requesters with new passwords; if tickets is 0, it
// only does that.
func (r *runner) generate(ctx context.Context, cfg config.Config, tickets int, seed uint64, agents, requesters int) error {
	began, now := time.Now(), cfg.Now()
	log := r.logger(cfg)
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return fmt.Errorf("app: load time zone: %w", err)
	}
	clock := sample.NewClock(now.AddDate(-2, 0, -8))
	st, err := store.Open(cfg.DataFolder(), db.Options{Clock: clock.Now, NoSync: true, Log: log})
	if fault.KindOf(err) == fault.Unavailable {
		return errors.New("generate needs the data folder for itself, stop the server first: " + sayError(err))
	}
	if err != nil {
		return err
	}
	accounts, err := r.generateInto(ctx, st, zone, clock, log, sample.GenerateOptions{Tickets: tickets, Seed: seed, Now: now, Clock: clock, Location: zone}, agents, requesters)
	if err := errors.Join(err, st.Close(), syncFile(filepath.Join(cfg.DataFolder(), "desk.db"))); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "generated %d tickets in %.1f s\n", tickets, time.Since(began).Seconds())
	t := tabwriter.NewWriter(r.out, 0, 0, 3, ' ', 0)
	for _, a := range accounts {
		fmt.Fprintf(t, "%s\t%s\t%s\n", a.Role, a.Email, a.Password)
	}
	return t.Flush()
}

func (r *runner) generateInto(ctx context.Context, st *db.Store, zone *time.Location, clock *sample.Clock, log *slog.Logger, o sample.GenerateOptions, agents, requesters int) (sample.Accounts, error) {
	say, err := commandWords()
	if err != nil {
		return nil, err
	}
	d := desk.New(desk.Options{Store: st, Log: log, Location: zone, Say: say.Text})
	if err := d.Catalogue.Seed(ctx); err != nil {
		return nil, err
	}
	if _, err := d.Notices.Plan(); err != nil {
		return nil, fmt.Errorf("app: plan notices: %w", err)
	}
	p := r.progress("generating")
	o.Progress = p.at
	if o.Tickets > 0 {
		err := sample.Generate(ctx, st, o)
		p.end()
		if err != nil {
			return nil, err
		}
	}
	return sample.GeneratedAccounts(d, agents, requesters)
}
