package extract

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"errors"
	"io"
	"slices"

	"golang.org/x/image/tiff/lzw"
)

// A PDF has a table of its objects at its end. That table is often wrong, cut off, or made to lead in circles. So the
// file is read from its beginning for everything like "12 0 obj", and later objects replace earlier ones. This reads
// damaged files as well as good ones, in one pass.

const (
	maxPDF     = 128 << 20 // maximum bytes of a file
	maxObjects = 1_000_000
	maxPages   = 20_000
	maxTree    = 60 // maximum levels of the page tree
)

// place is the position of an object: in the file, or in a stream of objects.
type place struct {
	data       []byte
	at         int
	seen       int    // position in the file, to decide which object is later
	generation uint16 // of an object in the file itself
}

type pdf struct {
	data    []byte
	objects map[pdfRef]place
	cache   map[pdfRef]any
	budget
	root    any
	encrypt any      // from the trailer: how the file is encrypted
	id      any      // from the trailer
	lock    *pdfLock // nil when the streams are not encrypted
	fonts   map[pdfRef]*pdfFont
}

func readPDF(r io.ReaderAt, size int64, out *sink) error {
	if size > maxPDF {
		return refuse(TooMuch, "%d bytes", size)
	}
	data := make([]byte, size)
	n, err := r.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return &Error{Damaged, err}
	}
	data = data[:n]
	if !bytes.Contains(data[:min(n, 1024)], []byte("%PDF-")) {
		return refuse(Damaged, "does not begin as PDF does")
	}
	f := &pdf{data: data, objects: map[pdfRef]place{}, cache: map[pdfRef]any{}, budget: budget{maxUnfolded}, fonts: map[pdfRef]*pdfFont{}}
	packed := f.scan()
	if f.encrypt != nil {
		lock, err := f.unlock()
		if err != nil {
			return &Error{Encrypted, err}
		}
		f.lock = lock
	}
	for _, ref := range packed {
		if err := f.unpack(ref); err != nil {
			return err
		}
	}
	return f.pages(out)
}

// scan finds the objects and the trailers, and returns the streams that contain more objects.
func (f *pdf) scan() (packed []pdfRef) {
	at := 0
	for at < len(f.data) && len(f.objects) < maxObjects {
		i := bytes.Index(f.data[at:], []byte("obj"))
		end := len(f.data)
		if i >= 0 {
			end = at + i
		}
		f.trailers(f.data[at:end])
		if i < 0 {
			return packed
		}
		at = end + 3
		ref, generation, ok := numberBefore(f.data, end)
		if !ok {
			continue
		}
		f.objects[ref] = place{f.data, at, end, generation}
		l := &lexer{b: f.data, at: at, refs: true}
		d, ok := l.next().(pdfDict)
		if !ok {
			continue // strings and numbers contain no objects, or only something that looks like one
		}
		at = max(at, min(l.at, len(f.data)))
		s, after := f.stream(d, l)
		if s == nil {
			continue
		}
		at = after
		switch d["Type"] {
		case pdfName("ObjStm"):
			packed = append(packed, ref)
		case pdfName("XRef"):
			f.trailer(d)
		}
	}
	return packed
}

func (f *pdf) trailers(b []byte) {
	for {
		i := bytes.Index(b, []byte("trailer"))
		if i < 0 {
			return
		}
		l := &lexer{b: b, at: i + len("trailer"), refs: true}
		if d, ok := l.next().(pdfDict); ok {
			f.trailer(d)
		}
		b = b[i+len("trailer"):]
	}
}

func (f *pdf) trailer(d pdfDict) {
	if d["Root"] != nil {
		f.root = d["Root"]
	}
	if d["Encrypt"] != nil {
		f.encrypt = d["Encrypt"]
	}
	if d["ID"] != nil {
		f.id = d["ID"]
	}
}

// numberBefore reads "12 0 " backwards from the position of obj: the object's number and generation.
func numberBefore(b []byte, at int) (ref pdfRef, generation uint16, ok bool) {
	i := at - 1
	// back skips from least to most bytes backwards and returns them as a number; ok is false when there are too few.
	back := func(is func(byte) bool, least, most int) (n int, ok bool) {
		end := i + 1
		for i >= 0 && end-1-i < most && is(b[i]) {
			i--
		}
		for _, c := range b[i+1 : end] {
			n = n*10 + int(c-'0')
		}
		return n, end-1-i >= least
	}
	digit := func(c byte) bool { return c >= '0' && c <= '9' }
	if _, ok = back(isPDFSpace, 0, 8); !ok {
		return 0, 0, false
	}
	gen, ok := back(digit, 1, 6)
	if !ok {
		return 0, 0, false
	}
	if _, ok = back(isPDFSpace, 1, 8); !ok {
		return 0, 0, false
	}
	n, ok := back(digit, 1, 9)
	return pdfRef(n), uint16(gen), ok && n > 0 // #nosec G115 -- a generation has 16 bits
}

// stream returns the stream of the dictionary just read and its end in the file, nil when there is none.
func (f *pdf) stream(d pdfDict, l *lexer) (*pdfStream, int) {
	l.blanks()
	if !bytes.HasPrefix(l.b[l.at:], []byte("stream")) {
		return nil, l.at
	}
	start := l.at + len("stream")
	if start < len(l.b) && l.b[start] == '\r' {
		start++
	}
	if start < len(l.b) && l.b[start] == '\n' {
		start++
	}
	if n, ok := d["Length"].(float64); ok && n >= 0 && n <= float64(len(l.b)-start) {
		end := start + int(n)
		if rest := bytes.TrimLeft(l.b[end:min(end+20, len(l.b))], "\r\n \t"); bytes.HasPrefix(rest, []byte("endstream")) {
			return &pdfStream{dict: d, raw: l.b[start:end]}, end
		}
	}
	end := len(l.b)
	if i := bytes.Index(l.b[start:], []byte("endstream")); i >= 0 {
		end = start + i
	}
	return &pdfStream{dict: d, raw: l.b[start:end]}, end
}

// unpack records the objects in a stream of objects.
func (f *pdf) unpack(ref pdfRef) error {
	s, ok := f.get(ref).(*pdfStream)
	if !ok {
		return nil
	}
	data, err := f.bytes(s)
	if err != nil {
		return err
	}
	first, _ := f.get(s.dict["First"]).(float64)
	n, _ := f.get(s.dict["N"]).(float64)
	seen := f.objects[ref].seen
	l := &lexer{b: data}
	for range min(int(n), maxItems) {
		num, ok := l.next().(float64)
		off, ok2 := l.next().(float64)
		if !ok || !ok2 {
			break
		}
		at := first + off
		if num < 1 || at < 0 || at >= float64(len(data)) || len(f.objects) >= maxObjects {
			continue
		}
		if old, ok := f.objects[pdfRef(num)]; !ok || old.seen < seen {
			f.objects[pdfRef(num)] = place{data, int(at), seen, 0}
			delete(f.cache, pdfRef(num))
		}
	}
	return nil
}

// get follows references to an object, nil when it does not exist.
func (f *pdf) get(o any) any {
	for range 20 {
		ref, ok := o.(pdfRef)
		if !ok {
			return o
		}
		if v, ok := f.cache[ref]; ok {
			o = v
			continue
		}
		p, ok := f.objects[ref]
		if !ok {
			return nil
		}
		l := &lexer{b: p.data, at: p.at, refs: true}
		v := l.next()
		if d, ok := v.(pdfDict); ok {
			if s, _ := f.stream(d, l); s != nil {
				s.ref, s.generation = ref, p.generation
				v = s
			}
		}
		if w, ok := v.(pdfWord); ok && w != "" {
			v = nil
		}
		if len(f.cache) < 100_000 {
			f.cache[ref] = v
		}
		o = v
	}
	return nil
}

func (f *pdf) dict(o any) pdfDict {
	switch v := f.get(o).(type) {
	case pdfDict:
		return v
	case *pdfStream:
		return v.dict
	}
	return nil
}

func (f *pdf) array(o any) []any {
	a, _ := f.get(o).([]any)
	return a
}

func (f *pdf) number(o any, otherwise float64) float64 {
	if n, ok := f.get(o).(float64); ok {
		return n
	}
	return otherwise
}

func (f *pdf) name(o any) pdfName {
	n, _ := f.get(o).(pdfName)
	return n
}

var errFilter = errors.New("a filter that is not known")

// bytes unpacks a stream. Of a truncated one it returns the beginning; only exceeding a limit is an error.
func (f *pdf) bytes(s *pdfStream) ([]byte, error) {
	filters := f.array(s.dict["Filter"])
	if n := f.name(s.dict["Filter"]); n != "" {
		filters = []any{n}
	}
	params := f.array(s.dict["DecodeParms"])
	if d := f.dict(s.dict["DecodeParms"]); d != nil {
		params = []any{d}
	}
	if len(filters) > 8 {
		return nil, nil
	}
	data, err := f.decrypted(s)
	if err != nil {
		return nil, err
	}
	for i, o := range filters {
		var p pdfDict
		if i < len(params) {
			p = f.dict(params[i])
		}
		var err error
		if data, err = f.filter(f.name(o), data, p); err != nil {
			if ReasonOf(err) == TooMuch {
				return nil, err
			}
			if len(data) == 0 {
				return nil, nil
			}
		}
	}
	return data, nil
}

func (f *pdf) filter(name pdfName, data []byte, p pdfDict) ([]byte, error) {
	var out []byte
	var err error
	switch name {
	case "Crypt":
		return data, nil // see decrypted
	case "FlateDecode", "Fl":
		z, zerr := zlib.NewReader(bytes.NewReader(data))
		if zerr != nil {
			return nil, zerr
		}
		out, err = f.all(z)
	case "LZWDecode", "LZW":
		if f.number(p["EarlyChange"], 1) != 1 {
			return nil, errFilter
		}
		out, err = f.all(lzw.NewReader(bytes.NewReader(data), lzw.MSB, 8))
	case "ASCIIHexDecode", "AHx":
		l := &lexer{b: data}
		return []byte(l.hex()), nil
	case "ASCII85Decode", "A85":
		data = bytes.TrimPrefix(bytes.TrimSpace(data), []byte("<~"))
		if i := bytes.IndexByte(data, '~'); i >= 0 {
			data = data[:i]
		}
		return f.all(ascii85.NewDecoder(bytes.NewReader(data)))
	case "RunLengthDecode", "RL":
		return f.all(bytes.NewReader(runLengths(data)))
	default:
		return nil, errFilter // pictures
	}
	if err != nil && ReasonOf(err) == TooMuch {
		return nil, err
	}
	if predictor := f.number(p["Predictor"], 1); predictor >= 10 {
		bits := f.number(p["Colors"], 1) * f.number(p["BitsPerComponent"], 8)
		out = unpredict(out, int(min(max(1, bits*f.number(p["Columns"], 1)+7), 1<<24))/8, int(min(max(8, bits), 256)+7)/8)
	}
	return out, err
}

func runLengths(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b) && b[i] != 128 && len(out) < maxPart; {
		n := int(b[i])
		if n < 128 {
			out = append(out, b[i+1:min(len(b), i+2+n)]...)
			i += n + 2
		} else {
			if i+1 < len(b) {
				out = append(out, bytes.Repeat(b[i+1:i+2], 257-n)...)
			}
			i += 2
		}
	}
	return out
}

// unpredict reverses the prediction of PNG: each row of row bytes begins with its method.
func unpredict(b []byte, row, pixel int) []byte {
	if row < 1 {
		return b
	}
	out := make([]byte, 0, len(b))
	above := make([]byte, row)
	for len(b) > 1 {
		kind := b[0]
		n := min(row, len(b)-1)
		line := slices.Clone(b[1 : 1+n])
		b = b[1+n:]
		for i := range line {
			var left, corner byte
			if i >= pixel {
				left, corner = line[i-pixel], above[i-pixel]
			}
			switch kind {
			case 1:
				line[i] += left
			case 2:
				line[i] += above[i]
			case 3:
				line[i] += byte((int(left) + int(above[i])) / 2) // #nosec G115 -- the mean of two bytes
			case 4:
				line[i] += paeth(left, above[i], corner)
			}
		}
		out = append(out, line...)
		copy(above, line)
	}
	return out
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	pa, pb, pc := distance(p, int(a)), distance(p, int(b)), distance(p, int(c))
	if pa <= pb && pa <= pc {
		return a
	}
	if pb <= pc {
		return b
	}
	return c
}

func distance(a, b int) int {
	if a > b {
		return a - b
	}
	return b - a
}

// pages reads the pages in order. Without a usable page tree it reads them in the order of their numbers.
func (f *pdf) pages(out *sink) error {
	w := &pageWalk{f: f, out: out, seen: map[pdfRef]bool{}}
	if root := f.dict(f.root); root != nil {
		if err := w.tree(root["Pages"], nil, 0); err != nil {
			return err
		}
	}
	if w.pages == 0 {
		refs := make([]pdfRef, 0, len(f.objects))
		for ref := range f.objects {
			refs = append(refs, ref)
		}
		slices.Sort(refs)
		for _, ref := range refs {
			if d, ok := f.get(ref).(pdfDict); ok && d["Type"] == pdfName("Page") {
				if err := w.tree(ref, nil, 0); err != nil {
					return err
				}
			}
		}
	}
	if w.pages == 0 {
		return refuse(Damaged, "no pages")
	}
	return nil
}

type pageWalk struct {
	f     *pdf
	out   *sink
	seen  map[pdfRef]bool
	pages int
}

func (w *pageWalk) tree(o any, resources any, depth int) error {
	if ref, ok := o.(pdfRef); ok {
		if w.seen[ref] {
			return nil
		}
		w.seen[ref] = true
	}
	d := w.f.dict(o)
	if d == nil || depth > maxTree || w.pages >= maxPages || w.out.full {
		return nil
	}
	if d["Resources"] != nil {
		resources = d["Resources"]
	}
	if kids := w.f.array(d["Kids"]); kids != nil {
		for _, k := range kids {
			if err := w.tree(k, resources, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	w.pages++
	var content []byte
	parts := w.f.array(d["Contents"])
	if parts == nil {
		parts = []any{d["Contents"]}
	}
	for _, p := range parts {
		if s, ok := w.f.get(p).(*pdfStream); ok {
			b, err := w.f.bytes(s)
			if err != nil {
				return err
			}
			content = append(append(content, b...), '\n')
			if len(content) > maxPart {
				return &Error{TooMuch, errBudget}
			}
		}
	}
	t := &pdfText{f: w.f, out: w.out}
	if err := t.run(content, w.f.dict(resources), 0); err != nil {
		return err
	}
	w.out.line()
	return nil
}
