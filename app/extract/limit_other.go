//go:build !linux

package extract

import (
	"errors"
	"os/exec"
)

// Able reports whether this system can limit the process of Apart.
const Able = false

// limitSelf returns an error: strangers' files are read only where the kernel enforces limits.
func limitSelf() error { return errors.New("extract: no limits on this system") }

func alone(*exec.Cmd) {}
