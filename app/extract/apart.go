package extract

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"time"
)

// ChildName is the first argument of the process that Apart starts; the file's name and media type follow.
const ChildName = "extract"

// The limits of the child process.
const (
	memoryLimit = 512 << 20 // bytes of data, heap included
	cpuLimit    = 20        // seconds of processor time
	wallLimit   = 30 * time.Second
)

// The exit statuses of the child.
const (
	exitText        = 0
	exitEncrypted   = 11
	exitDamaged     = 12
	exitTooMuch     = 13
	exitUnsupported = 14
	exitLimits      = 15 // the limits could not be set
)

var exits = map[Reason]int{Encrypted: exitEncrypted, Damaged: exitDamaged, TooMuch: exitTooMuch, Unsupported: exitUnsupported}

// Program returns the path of the running program, even if its file was replaced after the start.
func Program() (string, error) {
	const self = "/proc/self/exe"
	if _, err := os.Stat(self); err == nil {
		return self, nil
	}
	return os.Executable()
}

// Apart returns the text of the file as Text does, read by a separate process: program with ChildName as its first
// argument, which must call Child. The process has no environment, an empty working directory, the file as standard
// input, and limits on memory, processor time and descriptors, so that it can open nothing else. It is killed, with
// everything it may have started, after 30 seconds or when the context ends. The error is an *Error, or the context's.
func Apart(ctx context.Context, program string, f *os.File, name, mediaType string) (string, error) {
	dir, err := os.MkdirTemp("", "extract-*")
	if err != nil {
		return "", &Error{NotRun, err}
	}
	defer os.RemoveAll(dir)
	limited, cancel := context.WithTimeout(ctx, wallLimit)
	defer cancel()
	out, said := &limitedBuffer{limit: MaxText}, &limitedBuffer{limit: 2 << 10, cut: true}
	cmd := exec.CommandContext(limited, program, ChildName, "--", name, mediaType) // #nosec G204 -- our own program; the words are arguments, no shell reads them; a name may begin as a flag does
	cmd.Args[0] = "sportello"
	cmd.Dir, cmd.Env = dir, []string{}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = f, out, said
	cmd.WaitDelay = 2 * time.Second
	alone(cmd)
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err == nil:
		return strings.ToValidUTF8(out.b.String(), ""), nil
	case limited.Err() != nil:
		return "", refuse(OutOfBounds, "not read within %v", wallLimit)
	case !errors.As(err, &exit):
		return "", &Error{NotRun, err}
	}
	why := strings.TrimSpace(said.b.String())
	for r, status := range exits {
		if exit.ExitCode() == status {
			return "", refuse(r, "%s", why)
		}
	}
	if exit.ExitCode() == exitLimits {
		return "", refuse(NotRun, "%s", why)
	}
	first, _, _ := strings.Cut(why, "\n")
	return "", refuse(OutOfBounds, "%v: %s", exit, first)
}

// limitedBuffer refuses bytes above its limit, or drops them when cut is set.
type limitedBuffer struct {
	b     bytes.Buffer
	limit int
	cut   bool
}

func (l *limitedBuffer) Write(p []byte) (int, error) {
	if n := l.limit - l.b.Len(); len(p) > n {
		l.b.Write(p[:n])
		if !l.cut {
			return n, errors.New("the output exceeds its limit")
		}
		return len(p), nil
	}
	return l.b.Write(p)
}

// Child does the work of Apart's process, given its arguments after ChildName: it limits itself, reads the file on
// standard input, writes the text to out or the reason why there is none to errOut, and returns the exit status.
func Child(args []string, in *os.File, out, errOut io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) != 2 {
		fmt.Fprintln(errOut, "wanted: name and media type of the file on standard input")
		return 2
	}
	if err := limitSelf(); err != nil {
		fmt.Fprintln(errOut, err)
		return exitLimits
	}
	debug.SetMemoryLimit(memoryLimit * 6 / 10)
	info, err := in.Stat()
	if err != nil || !info.Mode().IsRegular() {
		fmt.Fprintln(errOut, "standard input is no file")
		return exitDamaged
	}
	text, err := Text(in, info.Size(), args[0], args[1])
	if err != nil {
		fmt.Fprintln(errOut, err)
		if status, ok := exits[ReasonOf(err)]; ok {
			return status
		}
		return exitDamaged
	}
	if _, err := io.WriteString(out, text); err != nil {
		return exitDamaged
	}
	return exitText
}
