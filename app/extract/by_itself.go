package extract

import (
	"context"
	"os"
)

// ByItself reads the text of a file in a process of its own, which is this program with the hidden command ChildName.
func ByItself(ctx context.Context, f *os.File, name, mediaType string) (string, error) {
	program, err := Program()
	if err != nil {
		return "", &Error{Reason: NotRun, Err: err}
	}
	return Apart(ctx, program, f, name, mediaType)
}
