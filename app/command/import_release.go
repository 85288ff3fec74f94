package command

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sportello/app/changelog"
	"sportello/app/desk/installation"
	"sportello/app/desk/release"
	"sportello/app/version"
	"sportello/app/web/api"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// releasesCommand takes releases in, from JSON Lines or from a changelog. Nobody is told of them.
func (in *importing) releasesCommand() *cobra.Command {
	module, language := "", ""
	var organisations []string
	c := in.command("releases PATH", "Take releases in from JSON Lines, or with --module from a changelog in Markdown; nobody is told", func(ctx context.Context, src io.Reader) error {
		if module == "" {
			return in.releases(ctx, src)
		}
		if language != "it" && language != "en" {
			return fmt.Errorf("--language %q is neither it nor en", language)
		}
		return in.changelog(ctx, src, module, language, release.Audience{Organisations: organisations})
	})
	c.Flags().StringVar(&module, "module", "", "code of the module whose changelog PATH is")
	c.Flags().StringVar(&language, "language", "it", "in which the changelog is written: it or en")
	c.Flags().StringSliceVar(&organisations, "organisation", nil, "code of an organisation that reads what the changelog says; nobody when left out")
	return c
}

// releases imports JSON Lines with the members of the API.
func (in *importing) releases(ctx context.Context, src io.Reader) error {
	there := func(external string) (release.Form, error) {
		v, err := in.app.Desk.Releases.Called(importActor, external)
		if err != nil || v == nil {
			return release.Form{}, err
		}
		return in.app.Desk.Releases.FormOf(v)
	}
	return eachLine(src, func(line jsonLine) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := line.wrong
		created := false
		if err == nil {
			err = schema.WholeCharacters(line.text)
		}
		if err == nil {
			var rec release.Record
			if rec, err = api.ReleaseRecord(bytes.Clone(line.text), there); err == nil {
				_, created, err = in.app.Desk.Releases.Import(importActor, rec)
			}
		}
		if err != nil {
			return in.refuse(fmt.Sprint(line.number), api.InMembers(err))
		}
		in.count(created)
		return nil
	})
}

// changelogReasons are the sentences for what a changelog has that cannot be read.
var changelogReasons = map[changelog.Reason]string{changelog.AmbiguousDate: "error.changelog-ambiguous-date", changelog.NoSuchDate: "error.date",
	changelog.NoVersion: "error.changelog-no-version", changelog.Twice: "error.changelog-twice", changelog.TooMany: "error.changelog-too-many"}

// changelog imports the versions of a changelog: what has a date was published on that day, what its supplier took back is
// withdrawn, the rest are drafts.
func (in *importing) changelog(ctx context.Context, src io.Reader, module, language string, to release.Audience) error {
	versions, problems, err := changelog.Read(src)
	if err != nil {
		return err
	}
	for _, p := range problems {
		if err := in.refuse(fmt.Sprint(p.Line), fault.New(fault.Invalid, changelogReasons[p.Reason]).At("heading")); err != nil {
			return err
		}
	}
	order, err := in.orderOf(module)
	if err != nil {
		return err
	}
	in.warnOfOrder(versions, order)
	words := func(s string) store.Words {
		if language == "en" {
			return store.Words{EN: s}
		}
		return store.Words{IT: s}
	}
	for _, v := range versions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if v.Version == "" {
			continue // what is still being made, and is called nothing
		}
		rec := release.Record{Published: v.Date, Withdrawn: v.Yanked, Form: release.Form{Modules: []string{module}, Version: v.Version, External: "changelog " + module + " " + v.Version,
			Title: words(cmp.Or(v.Title, map[string]string{"it": "Versione ", "en": "Version "}[language]+v.Version)), Notes: words(v.Other), News: words(v.New), Corrected: words(v.Corrected), Before: words(v.Before), Audience: to}}
		if v.Unreleased {
			rec.Published, rec.Withdrawn = time.Time{}, false
		}
		_, created, err := in.app.Desk.Releases.Import(importActor, rec)
		if err != nil {
			if err := in.refuse(fmt.Sprint(v.Line), api.InMembers(err)); err != nil {
				return err
			}
			continue
		}
		in.count(created)
	}
	return nil
}

// orderOf returns the order of the versions of the module with the code; the rule alone for one that nobody knows.
func (in *importing) orderOf(code string) (version.Order, error) {
	var out version.Order
	err := in.app.Store.View(func(tx *db.Tx) error {
		m, err := store.ModulesByCode.PeekFirst(tx, code)
		if err == nil {
			out, err = installation.Order(tx, m.ID)
		}
		return fault.IgnoreNotFound(err)
	})
	return out, err
}

// warnOfOrder prints a line for each version that is newer than another one by its date, and older by its number.
func (in *importing) warnOfOrder(versions []changelog.Version, order version.Order) {
	dated := slices.DeleteFunc(slices.Clone(versions), func(v changelog.Version) bool { return v.Date.IsZero() || v.Version == "" || v.Unreleased })
	slices.SortStableFunc(dated, func(x, y changelog.Version) int { return x.Date.Compare(y.Date) })
	highest := -1
	for i, v := range dated {
		if highest >= 0 && dated[highest].Date.Before(v.Date) && order.Compare(dated[highest].Version, v.Version) > 0 {
			fmt.Fprintf(in.r.errOut, "%d: %s\n", v.Line, in.app.Words.Text(in.lang, "command.version-order", "version", v.Version, "other", dated[highest].Version))
		}
		if highest < 0 || order.Compare(dated[highest].Version, v.Version) < 0 {
			highest = i
		}
	}
}
