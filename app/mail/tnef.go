package mail

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"
)

// The attributes and properties of TNEF (MS-OXTNEF) with the content that people sent.
const (
	tnefSignature  = 0x223e9f78
	tnefSubject    = 0x8004
	tnefBody       = 0x800c
	tnefAttachData = 0x800f
	tnefTitle      = 0x8010
	tnefRendering  = 0x9002 // begins an attachment
	tnefProps      = 0x9003
	tnefAttachment = 0x9005
	tnefCodepage   = 0x9007

	propSubject    = 0x0037
	propFrom       = 0x0c1a
	propBody       = 0x1000
	propRTF        = 0x1009
	propHTML       = 0x1013
	propAttachData = 0x3701
	propShortName  = 0x3704
	propLongName   = 0x3707
	propMIME       = 0x370e
	propContentID  = 0x3712
	propName       = 0x3001
)

// The limits of one winmail.dat.
const (
	maxTNEFParts = 200
	maxTNEFProps = 5000
	maxRTF       = 8 << 20
)

// winmail opens a winmail.dat. The files in it become parts. Its text is used when the mail has none; the text of mails
// inside it always is. One that cannot be read stays a part.
func (m *reading) winmail(e *entity, at place) {
	t, ok := readTNEF(m.content(e))
	if !ok {
		m.add(e, RoleWinmail, at)
		return
	}
	name := partName(e)
	if name == "" {
		name = "winmail.dat"
	}
	has := false
	for _, s := range m.segments {
		has = has || s.plain != "" || s.html != ""
	}
	m.tnef(t, name, !has, 0)
}

// tnef adds the content of a winmail.dat, including the mails inside it.
func (m *reading) tnef(t tnef, name string, shown bool, depth int) {
	switch {
	case shown && (t.html != "" || t.text != ""):
		head := strings.TrimLeft(t.from+"\n"+t.subject, "\n")
		if depth > 0 && head != "" {
			m.segments = append(m.segments, segment{plain: head})
		}
		m.segments = append(m.segments, segment{plain: t.text, html: t.html})
	case shown && len(t.rtf) > 0:
		m.keep(Part{Name: "message.rtf", Type: "application/rtf", Role: RoleFile, Content: t.rtf, Parent: name})
	}
	for i, f := range t.files {
		if inner, ok := readTNEF(f.data); ok && depth < maxWrapped {
			m.tnef(inner, name, true, depth+1)
			continue
		}
		p := Part{
			Name: fileName(f.name), Type: strings.ToLower(oneLine(f.mime)), ContentID: strings.Trim(oneLine(f.cid), "<>"),
			Role: RoleFile, Content: f.data, Parent: name,
		}
		if p.Type == "" || !strings.Contains(p.Type, "/") {
			p.Type = "application/octet-stream"
		}
		if p.Name == "" {
			p.Name = "file-" + strconv.Itoa(i+1) + extensions[p.Type]
		}
		m.keep(p)
	}
}

type tnefFile struct {
	name, mime, cid string
	data            []byte
}

type tnef struct {
	text, html string
	from       string // name of the author
	subject    string
	rtf        []byte
	files      []tnefFile
	codepage   string
}

// readTNEF parses a TNEF stream. Of a truncated one it returns what there is; ok is false only when it is not TNEF, or
// is empty.
func readTNEF(b []byte) (t tnef, ok bool) {
	if len(b) < 6 || binary.LittleEndian.Uint32(b) != tnefSignature {
		return t, false
	}
	t.codepage = "windows-1252"
	b = b[6:]
	for len(b) >= 11 {
		id := binary.LittleEndian.Uint16(b[1:])
		n := int64(binary.LittleEndian.Uint32(b[5:]))
		if n > int64(len(b)-9) {
			break
		}
		data := b[9 : 9+n]
		b = b[min(int64(len(b)), 9+n+2):]
		t.attribute(id, data)
	}
	kept := t.files[:0]
	for _, f := range t.files {
		if len(f.data) > 0 {
			kept = append(kept, f)
		}
	}
	t.files = kept
	return t, len(t.files) > 0 || t.text != "" || t.html != "" || len(t.rtf) > 0
}

func (t *tnef) attribute(id uint16, data []byte) {
	file := func() *tnefFile {
		if len(t.files) == 0 {
			t.files = append(t.files, tnefFile{})
		}
		return &t.files[len(t.files)-1]
	}
	switch id {
	case tnefCodepage:
		if len(data) >= 4 {
			t.codepage = "cp" + strconv.Itoa(int(binary.LittleEndian.Uint32(data)))
		}
	case tnefSubject:
		t.subject = cut(oneLine(t.string8(data)), maxSubject)
	case tnefBody:
		t.text = t.string8(data)
	case tnefProps:
		eachProp(data, func(id, kind uint16, v []byte) {
			switch id {
			case propBody:
				t.text = t.text + t.propText(kind, v)
			case propSubject:
				t.subject = cut(oneLine(t.propText(kind, v)), maxSubject)
			case propFrom:
				t.from = cut(oneLine(t.propText(kind, v)), maxName)
			case propHTML:
				if kind == 0x1f {
					t.html = t.propText(kind, v)
				} else {
					t.html = decodeText(v, metaCharset(v))
				}
			case propRTF:
				t.rtf = decompressRTF(v)
			}
		})
	case tnefRendering:
		if len(t.files) < maxTNEFParts {
			t.files = append(t.files, tnefFile{})
		}
	case tnefTitle:
		if f := file(); f.name == "" {
			f.name = t.string8(data)
		}
	case tnefAttachData:
		file().data = bytes.Clone(data)
	case tnefAttachment:
		f := file()
		eachProp(data, func(id, kind uint16, v []byte) {
			switch id {
			case propLongName:
				f.name = t.propText(kind, v)
			case propShortName, propName:
				if f.name == "" {
					f.name = t.propText(kind, v)
				}
			case propMIME:
				f.mime = t.propText(kind, v)
			case propContentID:
				f.cid = t.propText(kind, v)
			case propAttachData:
				// The id of the interface precedes an attached message.
				if kind == 0x0d && len(v) > 16 {
					v = v[16:]
				}
				if len(f.data) == 0 {
					f.data = bytes.Clone(v)
				}
			}
		})
	}
}

func (t *tnef) string8(b []byte) string {
	return decodeText(bytes.TrimRight(b, "\x00"), t.codepage)
}

func (t *tnef) propText(kind uint16, v []byte) string {
	if kind != 0x1f {
		return t.string8(v)
	}
	units := make([]uint16, 0, len(v)/2)
	for i := 0; i+1 < len(v); i += 2 {
		units = append(units, binary.LittleEndian.Uint16(v[i:]))
	}
	return cleanText(strings.TrimRight(string(utf16.Decode(units)), "\x00"))
}

// eachProp calls do with the number, type and first value of each MAPI property. It stops at invalid data.
func eachProp(b []byte, do func(id, kind uint16, value []byte)) {
	u32 := func() (int, bool) {
		if len(b) < 4 {
			return 0, false
		}
		n := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return int(n), n <= 1<<30
	}
	skip := func(n int) bool {
		n = (n + 3) &^ 3
		if n > len(b) {
			return false
		}
		b = b[n:]
		return true
	}
	count, ok := u32()
	for i := 0; ok && i < min(count, maxTNEFProps) && len(b) >= 4; i++ {
		kind, id := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:])
		b = b[4:]
		if id >= 0x8000 {
			if !skip(16) {
				return
			}
			named, ok := u32()
			if !ok {
				return
			}
			if named == 0 {
				if !skip(4) {
					return
				}
			} else if n, ok := u32(); !ok || !skip(n) {
				return
			}
		}
		values := 1
		many := kind&0x1000 != 0
		kind &^= 0x1000
		size := 0
		switch kind {
		case 2, 3, 4, 0x0a, 0x0b:
			size = 4
		case 5, 6, 7, 0x14, 0x40:
			size = 8
		case 0x48:
			size = 16
		case 0x1e, 0x1f, 0x0d, 0x102:
		default:
			return
		}
		if many || size == 0 {
			if values, ok = u32(); !ok {
				return
			}
		}
		for k := 0; k < values; k++ {
			n := size
			if size == 0 {
				if n, ok = u32(); !ok {
					return
				}
			}
			if n > len(b) {
				return
			}
			if v := b[:n]; k == 0 && size == 0 {
				do(id, kind, v)
			}
			if !skip(n) {
				return
			}
		}
	}
}

// rtfDictionary is the initial dictionary of the decompression (MS-OXRTFCP).
const rtfDictionary = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// decompressRTF decompresses a message body, up to maxRTF bytes; nil when it is not compressed RTF.
func decompressRTF(b []byte) []byte {
	if len(b) < 16 {
		return nil
	}
	size, magic := int(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:])
	b = b[16:]
	size = min(size, maxRTF)
	if magic == 0x414c454d { // stored uncompressed
		return bytes.Clone(b[:min(size, len(b))])
	}
	if magic != 0x75465a4c {
		return nil
	}
	var window [4096]byte
	at := copy(window[:], rtfDictionary)
	out := make([]byte, 0, min(size, 16*len(b)))
	put := func(c byte) {
		out = append(out, c)
		window[at] = c
		at = (at + 1) & 4095
	}
	for len(b) > 0 && len(out) < size {
		control := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0 && len(out) < size; bit++ {
			if control>>bit&1 == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at {
				return out
			}
			for n := ref&15 + 2; n > 0; n-- {
				put(window[from])
				from = (from + 1) & 4095
			}
		}
	}
	return out
}
