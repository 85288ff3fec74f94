package command

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/desk/article"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/ticket"
	"sportello/app/sheet"
)

func exportCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "export", Short: "Write tickets, articles, people, templates or the catalogue", Args: cobra.NoArgs, RunE: needsSubcommand}
	add := func(use, short string, write func(context.Context, *app.App, *bufio.Writer) error) *cobra.Command {
		sub := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
			return r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error {
				out := bufio.NewWriterSize(r.out, 64<<10)
				err := write(ctx, a, out)
				return errors.Join(err, out.Flush())
			})
		}}
		c.AddCommand(sub)
		return sub
	}
	reason := ""
	tickets := add("tickets", "Write all tickets with their messages and notes as JSON Lines, without attachments", func(ctx context.Context, a *app.App, out *bufio.Writer) error {
		enc := lineEncoder(out)
		left, err := a.Desk.ExportTickets(ctx, r.actor(), reason, func(t ticket.Record) error { return enc.Encode(t) })
		if left > 0 {
			fmt.Fprintf(r.errOut, "%d confidential tickets left out; --reason TEXT exports them too\n", left)
		}
		return err
	})
	tickets.Flags().StringVar(&reason, "reason", "", "export confidential tickets too, and write `TEXT` into the log of the administration")
	add("articles", "Write all articles as JSON Lines, without pictures", func(ctx context.Context, a *app.App, out *bufio.Writer) error {
		enc := lineEncoder(out)
		return a.Desk.ExportArticles(ctx, r.actor(), func(v article.Record) error { return enc.Encode(v) })
	})
	add("people", "Write all people who are not disabled as CSV, without passwords", exportPeople(r))
	add("installations", "Write which versions are in use, as CSV", exportInstallations(r))
	add("catalogue", "Write groups and modules as TOML", func(_ context.Context, a *app.App, out *bufio.Writer) error {
		return a.Desk.Catalogue.Export(r.actor(), out)
	})
	c.AddCommand(exportTemplates(r))
	return c
}

func lineEncoder(out *bufio.Writer) *json.Encoder {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc
}

func exportPeople(r *runner) func(context.Context, *app.App, *bufio.Writer) error {
	return func(ctx context.Context, a *app.App, out *bufio.Writer) error {
		table := csv.NewWriter(out)
		if err := table.Write(people.Columns); err != nil {
			return fmt.Errorf("app: write people: %w", err)
		}
		err := a.Desk.ExportPeople(ctx, r.actor(), func(p people.Record) error {
			row := []string{p.Email, p.Name, p.Language, p.Organisation, p.Unit, strings.Join(p.Roles, ";"), strings.Join(p.Groups, ";"), p.Position, p.From, p.Until}
			for i := range row {
				row[i] = sheet.Cell(row[i])
			}
			return table.Write(row)
		})
		table.Flush()
		return errors.Join(err, table.Error())
	}
}

func exportInstallations(r *runner) func(context.Context, *app.App, *bufio.Writer) error {
	return func(ctx context.Context, a *app.App, out *bufio.Writer) error {
		table := csv.NewWriter(out)
		if err := table.Write(installation.Columns); err != nil {
			return fmt.Errorf("command: write installations: %w", err)
		}
		organisations, err := a.Desk.People.Organisations(r.actor())
		if err != nil {
			return err
		}
		for _, o := range organisations {
			if err := ctx.Err(); err != nil {
				return err
			}
			list, err := a.Desk.Installations.List(r.actor(), o.Code)
			if err != nil {
				return err
			}
			for _, v := range list.Installed {
				row := []string{o.Code, "", v.Module.Code, v.Environment.String(), v.Version, "", v.Installs.String()}
				if v.Unit != nil {
					row[1] = v.Unit.Name
				}
				if !v.Since.IsZero() {
					row[5] = v.Since.Format(time.DateOnly)
				}
				for i := range row {
					row[i] = sheet.Cell(row[i])
				}
				if err := table.Write(row); err != nil {
					return fmt.Errorf("command: write installations: %w", err)
				}
			}
		}
		table.Flush()
		return table.Error()
	}
}
