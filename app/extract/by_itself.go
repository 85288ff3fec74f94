package extract

import (
	"context"
	"os"
)

// ByItself returns the text of a file, read in a separate process: this program with the hidden command ChildName.
func ByItself(ctx context.Context, f *os.File, name, mediaType string) (string, error) {
	program, err := Program()
	if err != nil {
		return "", &Error{Reason: NotRun, Err: err}
	}
	return Apart(ctx, program, f, name, mediaType)
}
