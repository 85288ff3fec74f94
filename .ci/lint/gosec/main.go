// Command gosec runs gosec's rules over the packages it is given and prints what they find, one finding a line. It
// exits 3 when there is one. It is gosec without what its own command brings along: clients of services that write
// corrections, which take minutes to build.
package main

import (
	"github.com/securego/gosec/v2/goanalysis"
	"golang.org/x/tools/go/analysis/singlechecker"
)

func main() { singlechecker.Main(goanalysis.Analyzer) }
