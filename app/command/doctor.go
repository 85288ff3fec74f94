package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/watch"
)

func doctorCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "doctor", Short: "Check configuration, machine, data, index and backups, and say what to do", Args: cobra.NoArgs,
		Long: "Checks everything that can be wrong with a desk, with or without a running server, and says what to do about each finding.\nExits with 0 when nothing is wrong; a note is not a fault.",
		RunE: func(c *cobra.Command, _ []string) error {
			if r.app == nil {
				r.begin()
				if _, err := r.load(); err != nil {
					fmt.Fprintf(r.out, "%-6s configuration: %v\n       mend the configuration first: nothing else was looked at\n", watch.Wrong, err)
					return errors.New("the configuration is wrong")
				}
			}
			looked := false
			err := r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error {
				looked = true
				fmt.Fprintln(r.out, a.Config.Redacted())
				faults := 0
				for _, p := range a.Watch.Parts {
					if p.Check != nil {
						faults += r.tell(p.Name, p.Check(ctx, r.app != nil))
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
			cfg, _ := r.load() // read successfully above
			how, do := dataAdvice(cfg, err)
			if how == nil {
				return err
			}
			// The desk cannot be examined, but its surroundings can.
			fmt.Fprintln(r.out, cfg.Redacted())
			faults := r.tell("permissions", watch.Permissions(cfg))
			faults += r.tell("data", []watch.Finding{{Level: watch.Wrong, Text: strings.Join(how, " "), Do: strings.Join(do, "\n")}})
			return fmt.Errorf("%d things are wrong, and nothing else could be looked at", faults)
		}}
}

// tell prints the findings of a part and returns how many of them are wrong.
func (r *runner) tell(part string, findings []watch.Finding) (faults int) {
	for _, f := range findings {
		fmt.Fprintf(r.out, "%-6s %s: %s\n", f.Level, part, f.Text)
		for line := range strings.Lines(f.Do) {
			fmt.Fprintf(r.out, "       %s\n", strings.TrimSuffix(line, "\n"))
		}
		if f.Level == watch.Wrong {
			faults++
		}
	}
	return faults
}
