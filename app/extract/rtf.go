package extract

import (
	"bufio"
	"errors"
	"io"
	"strconv"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// unheard are the destinations whose text does not belong to the document.
var unheard = map[string]bool{"fonttbl": true, "colortbl": true, "stylesheet": true, "info": true, "pict": true, "object": true, "themedata": true,
	"datastore": true, "latentstyles": true, "listtable": true, "listoverridetable": true, "generator": true, "fldinst": true, "xmlnstbl": true, "rsidtbl": true, "filetbl": true}

var codePages = map[int]encoding.Encoding{437: charmap.CodePage437, 850: charmap.CodePage850, 1250: charmap.Windows1250, 1251: charmap.Windows1251, 1252: charmap.Windows1252,
	1253: charmap.Windows1253, 1254: charmap.Windows1254, 1257: charmap.Windows1257, 10000: charmap.Macintosh}

// group is the state that lasts until the brace closes.
type group struct {
	hidden bool
	skip   int // characters that replace a \u for readers that do not know it
}

const maxGroups = 2000

type rtf struct {
	in    *bufio.Reader
	out   *sink
	page  encoding.Encoding
	at    group
	stack []group
	owed  int // characters still to be skipped after a \u
	high  rune
}

func readRTF(r io.Reader, out *sink) error {
	p := &rtf{in: bufio.NewReaderSize(r, 64<<10), out: out, page: charmap.Windows1252, at: group{skip: 1}}
	if head, _ := p.in.Peek(5); string(head) != `{\rtf` {
		return refuse(Damaged, "does not begin as RTF does")
	}
	for !out.full {
		c, err := p.in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &Error{Damaged, err}
		}
		switch c {
		case '{':
			if len(p.stack) >= maxGroups {
				return refuse(TooMuch, "nests deeper than %d", maxGroups)
			}
			p.stack = append(p.stack, p.at)
			p.owed = 0
		case '}':
			if n := len(p.stack); n > 0 {
				p.at, p.stack = p.stack[n-1], p.stack[:n-1]
			}
			p.owed = 0
		case '\\':
			if err := p.control(); err != nil {
				return err
			}
		case '\r', '\n', 0:
		default:
			p.byte(c)
		}
	}
	return nil
}

// byte adds a character of the code page.
func (p *rtf) byte(c byte) {
	if p.owed > 0 {
		p.owed--
		return
	}
	if p.at.hidden {
		return
	}
	if c < 0x80 {
		p.out.rune(rune(c))
		return
	}
	if b, err := p.page.NewDecoder().Bytes([]byte{c}); err == nil {
		p.out.text(string(b))
	}
}

func (p *rtf) control() error {
	c, err := p.in.ReadByte()
	if err != nil {
		return nil // truncated
	}
	switch {
	case c == '\'':
		var hex [2]byte
		if _, err := io.ReadFull(p.in, hex[:]); err != nil {
			return nil
		}
		if n, err := strconv.ParseUint(string(hex[:]), 16, 8); err == nil {
			p.byte(byte(n))
		}
		return nil
	case c == '*':
		p.at.hidden = true
		return nil
	case c == '~':
		p.out.space()
		return nil
	case c == '_':
		p.byte('-')
		return nil
	case c == '\n' || c == '\r':
		p.out.line()
		return nil
	case c == '\\' || c == '{' || c == '}':
		p.byte(c)
		return nil
	case c < 'A' || c > 'z':
		return nil
	}
	word := []byte{c}
	number, negative, digits := 0, false, 0
	for {
		c, err = p.in.ReadByte()
		if err != nil {
			break
		}
		switch {
		case digits == 0 && !negative && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') && len(word) < 40:
			word = append(word, c)
			continue
		case c == '-' && digits == 0 && !negative:
			negative = true
			continue
		case c >= '0' && c <= '9' && digits < 10:
			number = number*10 + int(c-'0')
			digits++
			continue
		}
		if c != ' ' {
			if err := p.in.UnreadByte(); err != nil {
				return &Error{Damaged, err}
			}
		}
		break
	}
	if negative {
		number = -number
	}
	return p.word(string(word), number, digits > 0)
}

func (p *rtf) word(word string, number int, has bool) error {
	if unheard[word] {
		p.at.hidden = true
		return nil
	}
	switch word {
	case "bin":
		if number > 0 {
			_, _ = p.in.Discard(number) // an early end also ends the loop
		}
		return nil
	case "ansicpg":
		if e := codePages[number]; e != nil {
			p.page = e
		}
		return nil
	case "mac":
		p.page = charmap.Macintosh
		return nil
	case "uc":
		if has && number >= 0 && number < 100 {
			p.at.skip = number
		}
		return nil
	case "u":
		p.unicode(rune(uint16(number))) // #nosec G115 -- RTF writes letters above 32767 as negative
		p.owed = p.at.skip
		return nil
	}
	if p.at.hidden {
		return nil
	}
	switch word {
	case "par", "line", "row", "page", "sect":
		p.out.line()
	case "tab", "cell":
		p.out.space()
	case "emdash", "endash":
		p.out.rune('-')
	case "lquote", "rquote":
		p.out.rune('\'')
	case "ldblquote", "rdblquote":
		p.out.rune('"')
	}
	return nil
}

// unicode adds a character; those beyond 16 bits come in two halves.
func (p *rtf) unicode(r rune) {
	if p.at.hidden {
		return
	}
	switch {
	case r >= 0xd800 && r < 0xdc00:
		p.high = r
		return
	case r >= 0xdc00 && r < 0xe000:
		r = (p.high-0xd800)<<10 + (r - 0xdc00) + 0x10000
	}
	p.high = 0
	p.out.rune(r)
}
