package command

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"sportello/app/extract"
)

// extractCommand is the process that reads one attachment separately from the server. It limits its own resources, so
// it never runs inside a server.
func extractCommand(r *runner) *cobra.Command {
	return &cobra.Command{Use: extract.ChildName + " NAME TYPE", Short: "Print the text of the file on standard input", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			in, ok := r.in.(*os.File)
			if !ok || r.app != nil {
				return errors.New("this runs in a process of its own, with a file as standard input")
			}
			r.begin()
			r.exit = extract.Child(args, in, r.out, r.errOut)
			return nil
		}}
}
