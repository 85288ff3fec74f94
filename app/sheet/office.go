package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// sniffed is how many bytes of a text are examined at a time to detect its encoding.
const sniffed = 64 << 10

// OfficeText returns src as UTF-8 without a byte order mark. Office programs write UTF-8, UTF-16 (detected by its mark,
// or by the zero bytes of its ASCII characters) or Windows-1252. The first block that is not pure ASCII decides between
// UTF-8 and Windows-1252: it is UTF-8 when most of its other bytes are valid UTF-8. OfficeText reads only one block
// ahead, so a file may be of any size. Invalid bytes in a UTF-8 text pass unchanged, so that the reader can refuse the
// line they are in.
func OfficeText(src io.Reader) (io.Reader, error) {
	r := bufio.NewReaderSize(src, sniffed)
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("sheet: read the beginning: %w", err)
	}
	var wide encoding.Encoding
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[3] == 0:
		wide = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte("\xfe\xff")), len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0:
		wide = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case bytes.HasPrefix(head, []byte("\ufeff")):
		_, err := r.Discard(3)
		return r, err
	}
	if wide != nil {
		return wide.NewDecoder().Reader(r), nil
	}
	return &undecided{r: r}, nil
}

// undecided passes on ASCII until a block contains something else, and reads the rest in the encoding of that block.
type undecided struct {
	r    *bufio.Reader
	rest io.Reader // the decoded rest, once the encoding is known
}

func (u *undecided) Read(p []byte) (int, error) {
	if u.rest != nil {
		return u.rest.Read(p)
	}
	block, err := u.r.Peek(sniffed)
	if len(block) == 0 {
		return 0, err
	}
	if n := asciiBytes(block); n > 0 {
		return u.r.Read(p[:min(len(p), n)])
	}
	u.rest = u.r
	if !mostlyUTF8(block, err != nil) {
		u.rest = charmap.Windows1252.NewDecoder().Reader(u.r)
	}
	return u.rest.Read(p)
}

// asciiBytes returns the number of ASCII bytes at the beginning of b.
func asciiBytes(b []byte) int {
	if i := slices.IndexFunc(b, func(c byte) bool { return c >= utf8.RuneSelf }); i >= 0 {
		return i
	}
	return len(b)
}

// mostlyUTF8 reports whether more of the non-ASCII bytes are valid UTF-8 than are not. A character cut by the end of b
// does not count, unless ends says that the text ends there.
func mostlyUTF8(b []byte, ends bool) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		switch {
		case c == utf8.RuneError && n == 1 && (ends || utf8.FullRune(b)):
			bad++
		case c == utf8.RuneError && n == 1:
			return good >= bad
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good >= bad
}

// peekLine returns the next line, up to the size of the reader's buffer, without consuming it.
func peekLine(r *bufio.Reader) (string, error) {
	for n := 512; ; n *= 2 {
		b, err := r.Peek(min(n, r.Size()))
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			return string(b[:i+1]), nil
		}
		switch {
		case errors.Is(err, io.EOF) || n >= r.Size():
			return string(b), nil
		case err != nil:
			return "", fmt.Errorf("sheet: read the names of the columns: %w", err)
		}
	}
}

// divider returns the separator of the cells: the candidate that occurs most often outside quotes, a comma when none
// does.
func divider(line string) rune {
	best, most := ',', 0
	for _, c := range ",;\t|" {
		n, quoted := 0, false
		for _, r := range line {
			switch {
			case r == '"':
				quoted = !quoted
			case r == c && !quoted:
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}
