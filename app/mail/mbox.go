package mail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// MaxMboxMessage bounds a message of a mailbox file. What is longer is cut,
// so that one strange line does not cost the memory of the rest of the file.
const MaxMboxMessage = 256 << 20

var fromDate = regexp.MustCompile(`\d{1,2}:\d{2}(:\d{2})?.*\b(19|20)\d{2}\b|\b(19|20)\d{2}\b.*\d{1,2}:\d{2}`)

// SplitMbox calls each with every message of a mailbox file in turn, without
// its "From " line. raw is only valid during the call. It takes mboxo, mboxrd
// and mboxcl alike: a message begins after "From " at the beginning of the
// file or after a blank line, with something of a date in it and a header
// field below, so that a sentence that begins with From in a text is not one;
// one ">" is taken off ">From " and its like. A file whose beginning is no
// such line is one message. It returns the first error of each, or of
// reading.
func SplitMbox(r io.Reader, each func(raw []byte) error) error {
	b := bufio.NewReaderSize(r, 256<<10)
	var raw []byte
	blank, begun, middle := true, false, false
	done := func() error {
		// The blank line in front of the next message belongs to the file.
		out := raw
		for _, end := range []string{"\r\n\r\n", "\n\n"} {
			if bytes.HasSuffix(out, []byte(end)) {
				out = out[:len(out)-len(end)/2]
				break
			}
		}
		if len(bytes.TrimSpace(out)) == 0 {
			return nil
		}
		return each(out)
	}
	for {
		l, err := b.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("mail: read mailbox file: %w", err)
		}
		long := errors.Is(err, bufio.ErrBufferFull)
		candidate := !middle && blank && !long && separator(l)
		if candidate {
			l = bytes.Clone(l) // looking ahead moves what was read
		}
		if candidate && (!begun && len(raw) == 0 || fieldFollows(b)) {
			if begun || len(raw) > 0 {
				if err := done(); err != nil {
					return err
				}
			}
			raw, begun, blank = raw[:0], true, false
			continue
		}
		if len(l) > 0 {
			if !middle {
				blank = len(bytes.TrimRight(l, "\r\n")) == 0
				if l[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(l, ">"), []byte("From ")) {
					l = l[1:]
				}
			}
			if room := MaxMboxMessage - len(raw); room > 0 {
				raw = append(raw, l[:min(len(l), room)]...)
			}
		}
		middle = long
		if errors.Is(err, io.EOF) {
			return done()
		}
	}
}

// separator tells a line that may stand in front of a message.
func separator(l []byte) bool {
	return bytes.HasPrefix(l, []byte("From ")) && len(l) < 1000 && fromDate.Match(l)
}

// fieldFollows tells whether the next line is a field of a header, or a
// further line that belongs in front of one.
func fieldFollows(b *bufio.Reader) bool {
	next, _ := b.Peek(200) // at the end of the file there is less
	if i := bytes.IndexByte(next, '\n'); i >= 0 {
		next = next[:i]
	}
	return fieldName(next) > 0 || bytes.HasPrefix(next, []byte(">From "))
}
