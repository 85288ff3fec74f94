package command

import (
	"context"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/words"
)

func reindexCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: "reindex", Short: "Rebuild the search index", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		return r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error {
			if r.app == nil { // without a server nothing follows the change log yet
				run, stop := context.WithCancel(ctx)
				var following sync.WaitGroup
				following.Go(func() {
					if err := a.Index.Run(run); err != nil && run.Err() == nil {
						fmt.Fprintln(r.errOut, "sportello: index:", err)
					}
				})
				defer following.Wait()
				defer stop()
			}
			p := r.progress("indexing")
			err := a.Index.RebuildNow(ctx, p.at)
			p.end()
			if err != nil {
				return err
			}
			if err := a.Index.CatchUp(ctx, a.Store.Last()); err != nil {
				return err
			}
			s := a.Index.State()
			fmt.Fprintf(r.out, "indexed %d documents, %s\n", s.Docs, words.Size("en", s.Bytes))
			return nil
		})
	}}
}
