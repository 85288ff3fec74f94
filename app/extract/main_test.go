package extract

import (
	"os"
	"testing"
)

// TestMain turns the test binary into the process that Apart starts. With two special file names it misbehaves within
// its limits, as a faulty reader would.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == ChildName {
		switch os.Args[3] {
		case "hog.txt", "endless.txt", "open.txt":
			if err := limitSelf(); err != nil {
				os.Exit(exitLimits)
			}
		}
		switch os.Args[3] {
		case "hog.txt":
			var kept [][]byte
			for {
				b := make([]byte, 16<<20)
				for i := 0; i < len(b); i += 4096 {
					b[i] = 1
				}
				kept = append(kept, b)
				os.Args[0] = string(kept[0][:1])
			}
		case "endless.txt":
			//lint:ignore SA5002 a child that turns until it is ended is what is tested
			for {
			}
		case "open.txt":
			if _, err := os.Open("/"); err == nil {
				os.Exit(exitText)
			}
			os.Exit(exitUnsupported)
		}
		os.Exit(Child(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
