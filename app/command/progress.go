package command

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress shows how far work has come: on a terminal in one changing line, elsewhere in a plain line for each tenth,
// or for each ten thousand when the total is unknown.
type progress struct {
	out      io.Writer
	what     string
	terminal bool
	said     int
	last     time.Time
}

func (r *runner) progress(what string) *progress {
	return &progress{out: r.errOut, what: what, terminal: isTerminal(r.errOut)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// at shows that done of total are done; total is 0 when it is unknown.
func (p *progress) at(done, total int) {
	if p.terminal {
		if now := time.Now(); now.Sub(p.last) > 100*time.Millisecond || done == total {
			p.last = now
			fmt.Fprintf(p.out, "\r%s %s", p.what, share(done, total))
		}
		return
	}
	step := done / 10000
	if total > 0 {
		step = done * 10 / total
	}
	if step > p.said {
		p.said = step
		fmt.Fprintf(p.out, "%s %s\n", p.what, share(done, total))
	}
}

// step is at for work in several steps, each with its own count.
func (p *progress) step(what string, done, total int) {
	if p.what != what {
		p.end()
		p.what, p.said, p.last = what, 0, time.Time{}
	}
	p.at(done, total)
}

// end ends the line.
func (p *progress) end() {
	if p.terminal && !p.last.IsZero() {
		fmt.Fprintln(p.out)
	}
}

func share(done, total int) string {
	if total == 0 {
		return fmt.Sprint(done)
	}
	return fmt.Sprintf("%d of %d", done, total)
}
