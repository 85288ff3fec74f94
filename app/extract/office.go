package extract

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	maxEntries = 20_000 // entries of a zip
	maxRatio   = 400    // bytes that one packed byte may become, in a part above a megabyte
	maxDepth   = 200    // nested elements
	maxShared  = 4 << 20
)

// oleMagic is the start of the container of old office files, and of new ones with a password.
var oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

type office struct {
	parts map[string]*zip.File
	budget
	out *sink
}

func readOffice(r io.ReaderAt, size int64, out *sink) error {
	head := make([]byte, len(oleMagic))
	if n, _ := r.ReadAt(head, 0); bytes.Equal(head[:n], oleMagic) {
		return refuse(Encrypted, "a container of an old office format, as files with a password are")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return &Error{Damaged, err}
	}
	if len(z.File) > maxEntries {
		return refuse(TooMuch, "%d entries", len(z.File))
	}
	o := &office{parts: make(map[string]*zip.File, len(z.File)), budget: budget{maxUnfolded}, out: out}
	for _, f := range z.File {
		if f.Flags&1 != 0 {
			return refuse(Encrypted, "a part has a password")
		}
		o.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	switch {
	case o.parts["word/document.xml"] != nil:
		return o.word()
	case o.parts["xl/workbook.xml"] != nil:
		return o.sheets()
	case o.parts["ppt/presentation.xml"] != nil:
		return o.slides()
	case o.parts["content.xml"] != nil:
		return o.open()
	}
	return refuse(Unsupported, "a zip that holds no document")
}

// part calls each for the tokens of a part; local is the element's name without its namespace. A missing part is not an
// error.
func (o *office) part(name string, each func(t xml.Token, local string) error) error {
	f := o.parts[name]
	if f == nil || o.out.full {
		return nil
	}
	if f.UncompressedSize64 > 1<<20 && f.UncompressedSize64/maxRatio > f.CompressedSize64 {
		return refuse(TooMuch, "%s unfolds %d times", name, f.UncompressedSize64/max(1, f.CompressedSize64))
	}
	r, err := f.Open()
	if err != nil {
		return &Error{Damaged, err}
	}
	defer r.Close()
	limit := min(o.left, maxPart)
	in := &counted{r: r, left: limit}
	defer func() { o.left -= limit - max(0, in.left) }()
	d := xml.NewDecoder(in)
	d.CharsetReader = charset.NewReaderLabel
	for depth := 0; !o.out.full; {
		t, err := d.RawToken()
		if in.left < 0 {
			return &Error{TooMuch, errBudget}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &Error{Damaged, err}
		}
		local := ""
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return refuse(TooMuch, "%s nests deeper than %d", name, maxDepth)
			}
			local = t.Name.Local
		case xml.EndElement:
			depth--
			local = t.Name.Local
		case xml.CharData:
		default:
			continue
		}
		if err := each(t, local); err != nil {
			return err
		}
	}
	return nil
}

// counted limits the bytes read; left is negative when there were more.
type counted struct {
	r    io.Reader
	left int64
}

func (c *counted) Read(b []byte) (int, error) {
	if c.left < 0 {
		return 0, io.EOF
	}
	if int64(len(b)) > c.left+1 {
		b = b[:c.left+1]
	}
	n, err := c.r.Read(b)
	c.left -= int64(n)
	return n, err
}

// named returns the parts whose names begin with before and end with after, ordered by the number in between.
func (o *office) named(before, after string) []string {
	var out []string
	for name := range o.parts {
		if strings.HasPrefix(name, before) && strings.HasSuffix(name, after) && !strings.Contains(name[len(before):], "/") {
			out = append(out, name)
		}
	}
	number := func(s string) int {
		n, _ := strconv.Atoi(strings.Trim(path.Base(s), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.")) // 0 when there is no number: it comes first
		return n
	}
	slices.SortFunc(out, func(a, b string) int {
		if c := number(a) - number(b); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return out
}

// runs writes the text of elements named t, as in Word and PowerPoint.
func (o *office) runs(name string) error {
	in := false
	return o.part(name, func(t xml.Token, local string) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch local {
			case "t":
				in = true
			case "tab":
				o.out.space()
			case "br", "cr":
				o.out.line()
			}
		case xml.EndElement:
			switch local {
			case "t":
				in = false
			case "tc":
				o.out.space()
			case "p", "tr":
				o.out.line()
			}
		case xml.CharData:
			if in {
				o.out.text(string(t))
			}
		}
		return nil
	})
}

func (o *office) word() error {
	names := []string{"word/document.xml"}
	for _, more := range []string{"word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments"} {
		names = append(names, o.named(more, ".xml")...)
	}
	for _, n := range names {
		if err := o.runs(n); err != nil {
			return err
		}
		o.out.line()
	}
	return nil
}

func (o *office) slides() error {
	for _, n := range append(o.named("ppt/slides/slide", ".xml"), o.named("ppt/notesSlides/notesSlide", ".xml")...) {
		if err := o.runs(n); err != nil {
			return err
		}
		o.out.line()
	}
	return nil
}

func (o *office) sheets() error {
	var names bytes.Buffer
	err := o.part("xl/workbook.xml", func(t xml.Token, local string) error {
		if e, ok := t.(xml.StartElement); ok && local == "sheet" {
			for _, a := range e.Attr {
				if a.Name.Local == "name" && names.Len() < MaxText {
					names.WriteString(a.Value + "\n")
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.out.text(names.String())
	shared, err := o.shared()
	if err != nil {
		return err
	}
	for _, n := range o.named("xl/worksheets/sheet", ".xml") {
		if err := o.sheet(n, shared); err != nil {
			return err
		}
		o.out.line()
	}
	for _, n := range o.named("xl/comments", ".xml") {
		if err := o.runs(n); err != nil {
			return err
		}
	}
	return nil
}

// shared returns the texts that cells refer to by number.
func (o *office) shared() ([]string, error) {
	var out []string
	var b strings.Builder
	in, phonetic, total := false, 0, 0
	err := o.part("xl/sharedStrings.xml", func(t xml.Token, local string) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch local {
			case "t":
				in = phonetic == 0
			case "rPh":
				phonetic++
			}
		case xml.EndElement:
			switch local {
			case "t":
				in = false
			case "rPh":
				phonetic--
			case "si":
				out = append(out, b.String())
				b.Reset()
			}
		case xml.CharData:
			if in && total < maxShared {
				total += len(t)
				b.Write(t)
			}
		}
		return nil
	})
	return out, err
}

func (o *office) sheet(name string, shared []string) error {
	kind, in := "", ""
	var value strings.Builder
	return o.part(name, func(t xml.Token, local string) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch local {
			case "c":
				kind = ""
				for _, a := range t.Attr {
					if a.Name.Local == "t" {
						kind = a.Value
					}
				}
				value.Reset()
			case "v", "t":
				in = local
			}
		case xml.EndElement:
			switch local {
			case "v", "t":
				in = ""
			case "c":
				v := value.String()
				if n, err := strconv.Atoi(v); kind == "s" && err == nil && n >= 0 && n < len(shared) {
					v = shared[n]
				}
				o.out.text(v)
				o.out.space()
			case "row":
				o.out.line()
			}
		case xml.CharData:
			if in != "" && value.Len() < MaxText {
				value.Write(t)
			}
		}
		return nil
	})
}

// open reads the parts of an OpenDocument: the text of paragraphs and headings.
func (o *office) open() error {
	locked := false
	err := o.part("META-INF/manifest.xml", func(t xml.Token, local string) error {
		locked = locked || local == "encryption-data"
		return nil
	})
	if locked {
		return refuse(Encrypted, "a part has a password")
	}
	if err != nil && ReasonOf(err) != Damaged {
		return err
	}
	for _, name := range []string{"content.xml", "styles.xml"} { // styles.xml contains headers and footers
		in, deleted := 0, 0
		err := o.part(name, func(t xml.Token, local string) error {
			switch t := t.(type) {
			case xml.StartElement:
				switch local {
				case "p", "h":
					in++
				case "s", "tab":
					o.out.space()
				case "line-break":
					o.out.line()
				case "tracked-changes":
					deleted++
				}
			case xml.EndElement:
				switch local {
				case "p", "h":
					in--
					o.out.line()
				case "table-cell":
					if o.out.b.Len() > 0 {
						o.out.blank = ' ' // a row becomes a line
					}
				case "table-row":
					o.out.line()
				case "tracked-changes":
					deleted--
				}
			case xml.CharData:
				if in > 0 && deleted == 0 {
					o.out.text(string(t))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		o.out.line()
	}
	return nil
}
