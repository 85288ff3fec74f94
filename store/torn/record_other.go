//go:build !linux || !amd64

package torn

import (
	"errors"
	"os"
)

// ErrCannot is what Record returns where nothing can be recorded.
var ErrCannot = errors.New("torn: system calls are recorded on Linux and amd64 alone")

// Record is not possible here.
func Record(argv, environ []string, stdin *os.File, dir string, skip ...string) (*Recording, error) {
	return nil, ErrCannot
}

// Start is not possible here.
func Start(argv, environ []string, stdout, stderr *os.File, dir string, first Trouble) (*Process, error) {
	return nil, ErrCannot
}
