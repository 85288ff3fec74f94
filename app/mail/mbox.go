package mail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// MaxMboxMessage limits a message of a mailbox file in bytes. A longer one is cut, so that one odd line does not load
// the rest of the file into memory.
const MaxMboxMessage = 256 << 20

var fromDate = regexp.MustCompile(`\d{1,2}:\d{2}(:\d{2})?.*\b(19|20)\d{2}\b|\b(19|20)\d{2}\b.*\d{1,2}:\d{2}`)

// SplitMbox calls each with every message of a mailbox file in order, without its "From " line. raw is valid only
// during the call. It reads mboxo, mboxrd and mboxcl alike. A message begins after a "From " line at the beginning of
// the file or after a blank line, if the line contains a date and a header field follows; so a sentence that begins
// with From does not begin a message. One ">" is removed from ">From " and similar lines. A file that does not begin
// with such a line is one message. It returns the first error of each, or of reading.
func SplitMbox(r io.Reader, each func(raw []byte) error) error {
	b := bufio.NewReaderSize(r, 256<<10)
	var raw []byte
	blank, begun, middle := true, false, false
	done := func() error {
		// The blank line before the next message belongs to the file.
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
			l = bytes.Clone(l) // reading ahead overwrites the buffer
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

// separator reports whether a line may precede a message.
func separator(l []byte) bool {
	return bytes.HasPrefix(l, []byte("From ")) && len(l) < 1000 && fromDate.Match(l)
}

// fieldFollows reports whether the next line is a header field, or another line that may precede one.
func fieldFollows(b *bufio.Reader) bool {
	next, _ := b.Peek(200) // shorter at the end of the file
	if i := bytes.IndexByte(next, '\n'); i >= 0 {
		next = next[:i]
	}
	return fieldName(next) > 0 || bytes.HasPrefix(next, []byte(">From "))
}
