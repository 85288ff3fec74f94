//go:build !linux

package extract

import (
	"errors"
	"os/exec"
)

// Able reports whether this system can set limits to the process of Apart.
const Able = false

// limitSelf refuses: what strangers send is read only where the kernel sets bounds to it.
func limitSelf() error { return errors.New("extract: no limits on this system") }

func alone(*exec.Cmd) {}
