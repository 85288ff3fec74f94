//go:build !linux

package backup

import "os"

// writeBehind leaves the writing to the system.
func writeBehind(*os.File, int64, int64, int64, bool) {}

func forget(*os.File) {}
