package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// nested returns a multipart in a multipart, n deep, closed or left open.
func nested(n int, closed bool) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@b.it\nSubject: x\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("\nfine\n")
	for i := n - 1; closed && i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\n", i)
	}
	return b.Bytes()
}

func manyParts(n int) []byte {
	return []byte("From: a@b.it\nSubject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n" + strings.Repeat("--x\nContent-Type: a/b; name=c\n\nd\n", n) + "--x--\n")
}

// TestHostileMessagesAreBounded counts what is examined and kept; a test of time would measure the machine.
func TestHostileMessagesAreBounded(t *testing.T) {
	head := "From: a@b.it\nSubject: x\n"
	for name, c := range map[string]struct {
		raw     []byte
		problem string
		text    string // expected in the text
		parts   int
	}{
		"100 levels":               {nested(maxLevels, true), "", "fine", 0},
		"1,000 levels":             {nested(1000, true), TooDeep, "fine", 0},
		"1,000 levels, open":       {nested(1000, false), TooDeep, "fine", 0},
		"16 levels left open":      {nested(maxOpen, false), "", "fine", 0},
		"30 levels left open":      {nested(30, false), TooDeep, "fine", 0},
		"100,000 levels":           {nested(100_000, false), TooDeep, "fine", 0},
		"900 parts":                {manyParts(900), "", "fine", 900},
		"10,000 parts":             {manyParts(10_000), TooManyParts, "fine", 0},
		"a header of 1 MB":         {[]byte(head + "X: " + strings.Repeat("y", 1<<20) + "\n\nfine"), HeaderTooLong, "fine", 0},
		"a header of many lines":   {[]byte(head + strings.Repeat("X: y\n", 300_000) + "\nfine"), HeaderTooLong, "fine", 0},
		"a header of many folds":   {[]byte(head + "X:" + strings.Repeat(" y\n", 300_000) + "\nfine"), HeaderTooLong, "fine", 0},
		"a header without an end":  {[]byte(head + strings.Repeat("X: y\n", 300_000)), HeaderTooLong, "", 0},
		"a part's header of 1 MB":  {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n--x\nX: " + strings.Repeat("y", 1<<20) + "\n\nz\n--x--"), HeaderTooLong, "fine", 0},
		"100,000 addresses":        {[]byte(head + "To: " + strings.Repeat("a@b.it,", 30_000) + "\n\nfine"), "", "fine", 0},
		"200 kB of commas":         {[]byte(head + "To: " + strings.Repeat(",", 200_000) + "\n\nfine"), "", "fine", 0},
		"200 kB of brackets":       {[]byte(head + "To: " + strings.Repeat("<", 200_000) + "\nCc: " + strings.Repeat("(", 50_000) + "\n\nfine"), "", "fine", 0},
		"200 kB of quotes":         {[]byte(head + "To: " + strings.Repeat(`"a" `, 50_000) + "\n\nfine"), "", "fine", 0},
		"words that do not end":    {[]byte(head + "To: " + strings.Repeat("=?utf-8?q?a", 20_000) + "\n\nfine"), "", "fine", 0},
		"references without end":   {[]byte(head + "References: " + strings.Repeat("<a", 100_000) + "\n\nfine"), "", "fine", 0},
		"parameters without end":   {[]byte(head + "Content-Type: text/plain; " + strings.Repeat("a*0=\"", 40_000) + "\n\nfine"), "", "fine", 0},
		"boundaries in plenty":     {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n" + strings.Repeat("--y\n", 200_000) + "--x--"), "", "fine", 0},
		"one boundary for all":     {[]byte(head + strings.Repeat("Content-Type: multipart/mixed; boundary=x\n\n--x\n", 500) + "\nfine\n--x--"), TooDeep, "fine", 0},
		"NUL everywhere":           {[]byte(head + "\nfine" + strings.Repeat("\x00", 100_000)), "", "fine", 0},
		"a line of 5 MB":           {[]byte(head + "\nfine " + strings.Repeat("x", 5<<20)), "", "fine", 0},
		"CR alone, 1 MB":           {[]byte(head + "\nfine" + strings.Repeat("\r", 1<<20)), "", "fine", 0},
		"a report of many blocks":  {[]byte(head + "Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nfine\n--x\nContent-Type: message/delivery-status\n\n" + strings.Repeat("Final-Recipient: rfc822; a@b.it\nAction: failed\n\n", 50_000) + "\n--x--"), "", "fine", 1},
		"a calendar of many":       {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n--x\nContent-Type: text/calendar\n\n" + strings.Repeat("BEGIN:VEVENT\nEND:VEVENT\n", 50_000) + "\n--x--"), "", "fine", 1},
		"HTML of many pictures":    {[]byte(head + "Content-Type: text/html\n\nfine" + strings.Repeat("<img src=cid:a>", 100_000)), "", "", 0},
		"winmail.dat of many":      {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n--x\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(manyTNEF(20_000)) + "\n--x--"), "", "fine", maxTNEFParts},
		"dashes without end":       {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n" + strings.Repeat("--", 1<<20) + "\n--x--"), "", "fine", 0},
		"a boundary nobody named":  {[]byte(head + strings.Repeat("Content-Type: multipart/mixed\n\n--x\n", 200) + "\nfine\n"), "", "fine", 0},
		"text after text":          {[]byte(head + "Content-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\n\nfine\n", 900) + "--x--"), "", "fine", 0},
		"alternatives of the same": {[]byte(head + "Content-Type: multipart/alternative; boundary=x\n\n" + strings.Repeat("--x\n\nfine\n", 900) + "--x--"), "", "fine", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := scanMessage(c.raw)
			if lines := bytes.Count(c.raw, []byte("\n")) + 1; s.looked > lines || s.count > maxParts+1 {
				t.Errorf("%d of %d lines and %d parts were looked at", s.looked, lines, s.count)
			}
			m := read(t, c.raw, Options{Servers: []string{"x"}})
			if m.Problem != c.problem {
				t.Errorf("problem %q, want %q", m.Problem, c.problem)
			}
			if m.From.Email != "a@b.it" || m.Subject != "x" || !strings.Contains(m.Text, c.text) {
				t.Errorf("header or text is lost: %q %q %q", m.From.Email, m.Subject, cut(m.Text, 100))
			}
			if len(m.Parts) != c.parts {
				t.Errorf("%d parts", len(m.Parts))
			}
			checkMessage(t, c.raw, m)
		})
	}
}

// checkMessage fails when a message breaks a rule that holds for every input.
func checkMessage(t *testing.T, raw []byte, m *Message) {
	t.Helper()
	kept := len(m.Text) + len(m.HTML)
	names := []string{m.Subject, m.MessageID, m.ReturnPath, m.Language, m.AutomaticWhy, m.ProvenWhy, m.From.Name, m.From.Email, m.Sender.Name, m.Sender.Email}
	for _, list := range [][]Address{m.To, m.Cc, m.ReplyTo} {
		for _, a := range list {
			names = append(names, a.Name, a.Email)
		}
	}
	names = append(append(append(append(names, m.InReplyTo...), m.References...), m.Delivered...), m.Desk...)
	for _, p := range m.Parts {
		kept += len(p.Content)
		names = append(names, p.Name, p.Type, p.ContentID)
		if p.Name == "" || strings.ContainsAny(p.Name, `/\`) {
			t.Errorf("part named %q", p.Name)
		}
	}
	for _, s := range names {
		oneLineOnly(t, s)
		if !utf8.ValidString(s) {
			t.Errorf("%q is not UTF-8", s)
		}
	}
	for _, s := range []string{m.Text, m.HTML} {
		if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\x1b\x7f") {
			t.Error("text is not clean")
		}
	}
	// Decoding may turn one byte into three, and a text may be in the HTML too; compressed RTF has a limit of its own.
	if kept > 8*len(raw)+maxRTF+4096 {
		t.Errorf("%d bytes are kept of %d", kept, len(raw))
	}
}

// counted counts the bytes read.
type counted struct {
	head  string
	size  int64
	bytes int64
}

func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	for i := range p {
		p[i] = 'x'
	}
	if off < int64(len(c.head)) {
		copy(p, c.head[off:])
	}
	if off+int64(len(p)) > c.size {
		return int(c.size - off), io.EOF
	}
	return len(p), nil
}

func TestOfALargeMessageTheBeginningIsRead(t *testing.T) {
	c := &counted{head: "From: a@b.it\nSubject: x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nfine\n--x\nContent-Type: a/b; name=c\n\n", size: 100 << 20}
	m, err := Read(c, c.size, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Problem != TooLarge || m.Text != "fine" || m.Subject != "x" || m.Parts != nil {
		t.Errorf("%q %q %q, %d parts", m.Problem, m.Text, m.Subject, len(m.Parts))
	}
	if c.bytes > largeRead {
		t.Errorf("%d bytes were read", c.bytes)
	}
	c.bytes = 0
	if m, err = Read(c, c.size, Options{MaxParse: 1000}); err != nil || m.Text != "fine" || c.bytes > 1000 {
		t.Errorf("%v, %q, %d bytes", err, m.Text, c.bytes)
	}
}

// tnefAttr returns an encoded attribute.
func tnefAttr(level byte, id uint32, data []byte) []byte {
	b := []byte{level}
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = append(b, data...)
	var sum uint16
	for _, c := range data {
		sum += uint16(c)
	}
	return binary.LittleEndian.AppendUint16(b, sum)
}

// mapiProps returns encoded properties of variable length.
func mapiProps(props ...any) []byte {
	var b []byte
	b = binary.LittleEndian.AppendUint32(b, uint32(len(props)/3))
	for i := 0; i < len(props); i += 3 {
		id, kind, v := props[i].(int), props[i+1].(int), props[i+2].([]byte)
		b = binary.LittleEndian.AppendUint16(b, uint16(kind))
		b = binary.LittleEndian.AppendUint16(b, uint16(id))
		if id >= 0x8000 {
			b = append(b, make([]byte, 16)...)
			b = binary.LittleEndian.AppendUint32(b, 1)
			b = binary.LittleEndian.AppendUint32(b, 2)
			b = append(b, 'n', 0, 0, 0)
		}
		if kind == 3 {
			b = append(b, v...)
			continue
		}
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
		for len(v)%4 != 0 {
			v = append(v, 0)
			b = append(b, 0)
		}
	}
	return b
}

func manyTNEF(n int) []byte {
	b := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	for range n {
		b = append(b, tnefAttr(2, 0x00069002, make([]byte, 14))...)
		b = append(b, tnefAttr(2, 0x0006800f, []byte("x"))...)
	}
	return b
}

func TestWinmail(t *testing.T) {
	head := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	attr := func(attrs ...[]byte) []byte { return append(bytes.Clone(head), bytes.Join(attrs, nil)...) }
	utf16 := func(s string) []byte {
		var b []byte
		for _, r := range s {
			b = binary.LittleEndian.AppendUint16(b, uint16(r))
		}
		return append(b, 0, 0)
	}
	file := bytes.Join([][]byte{
		tnefAttr(2, 0x00069002, make([]byte, 14)), tnefAttr(2, 0x00018010, []byte("BILANC~1.PDF\x00")), tnefAttr(2, 0x0006800f, []byte("abc")),
		tnefAttr(2, 0x00069005, mapiProps(0x8001, 0x1e, []byte("x\x00"), 0x3705, 3, []byte{1, 0, 0, 0}, propLongName, 0x1f, utf16("Bilancio è.pdf"), propMIME, 0x1e, []byte("application/pdf\x00"), propContentID, 0x1e, []byte("a@b\x00"))),
	}, nil)
	codepage := tnefAttr(1, 0x00069007, []byte{0xe4, 0x04, 0, 0, 0, 0, 0, 0})
	rtf := append([]byte{}, "    "...)
	rtf = binary.LittleEndian.AppendUint32(rtf, 9)
	rtf = binary.LittleEndian.AppendUint32(rtf, 0x414c454d)
	rtf = append(rtf, "    {\\rtf1 a}"...)
	within := func(dat []byte) []byte { // as an attached message, after the id of its interface
		return bytes.Join([][]byte{tnefAttr(2, 0x00069002, make([]byte, 14)), tnefAttr(2, 0x00069005, mapiProps(propAttachData, 0x0d, append(make([]byte, 16), dat...)))}, nil)
	}
	inner := attr(codepage, tnefAttr(1, 0x00018004, []byte("Stampa\x00")), tnefAttr(1, 0x0002800c, []byte("perch\xe9\x00")))
	innerProps := attr(tnefAttr(1, 0x00069003, mapiProps(propSubject, 0x1f, utf16("Perché"), propFrom, 0x1f, utf16("Anna Bianchi"), propBody, 0x1f, utf16("due"))), file)
	for name, c := range map[string]struct {
		dat               []byte
		body, text, parts string
	}{
		"a file":                       {attr(codepage, file), "uno", "uno", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"two files":                    {attr(file, file), "uno", "uno", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat\nfile|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"a short name alone":           {attr(tnefAttr(2, 0x00069002, nil), tnefAttr(2, 0x00018010, []byte("A.TXT\x00")), tnefAttr(2, 0x0006800f, []byte("abc"))), "uno", "uno", "file|A.TXT|application/octet-stream|3|in winmail.dat"},
		"its text, if there is none":   {attr(codepage, tnefAttr(1, 0x0002800c, []byte("perch\xe9\x00"))), "", "perché", ""},
		"its text, if there is one":    {attr(codepage, tnefAttr(1, 0x0002800c, []byte("perch\xe9\x00")), file), "uno", "uno", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"a text in Unicode":            {attr(tnefAttr(1, 0x00069003, mapiProps(propBody, 0x1f, utf16("perché")))), "", "perché", ""},
		"RTF alone":                    {attr(tnefAttr(1, 0x00069003, mapiProps(propRTF, 0x102, rtf))), "", "", "file|message.rtf|application/rtf|9|in winmail.dat"},
		"it breaks off":                {attr(file, file)[:len(head)+len(file)+40], "uno", "uno", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"a mail inside":                {attr(within(inner)), "uno", "uno\n\nStampa\n\nperché", ""},
		"a mail inside, no other text": {attr(within(inner)), "", "Stampa\n\nperché", ""},
		"a mail inside, and who":       {attr(within(innerProps)), "uno", "uno\n\nAnna Bianchi\nPerché\n\ndue", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"two mails inside":             {attr(within(inner), within(inner)), "uno", "uno\n\nStampa\n\nperché\n\nStampa\n\nperché", ""},
		"a mail in a mail":             {attr(within(attr(codepage, tnefAttr(1, 0x0002800c, []byte("due\x00")), within(inner)))), "uno", "uno\n\ndue\n\nStampa\n\nperché", ""},
		"a mail and a file":            {attr(within(inner), file), "uno", "uno\n\nStampa\n\nperché", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"a mail without text":          {attr(within(attr(file))), "uno", "uno", "file|Bilancio è.pdf|application/pdf|3|a@b|in winmail.dat"},
		"mails too deep are a file":    {attr(within(attr(within(attr(within(attr(within(inner)))))))), "uno", "uno", "file|file-1|application/octet-stream|61|in winmail.dat"},
		"empty, it stays as it is":     {attr(codepage), "uno", "uno", "winmail|winmail.dat|application/ms-tnef|25"},
		"a name that leads elsewhere":  {attr(tnefAttr(2, 0x00069002, nil), tnefAttr(2, 0x00018010, []byte(`..\..\a.exe`)), tnefAttr(2, 0x0006800f, []byte("abc"))), "uno", "uno", "file|a.exe|application/octet-stream|3|in winmail.dat"},
	} {
		t.Run(name, func(t *testing.T) {
			m := read(t, []byte(letter("Content-Type: multipart/mixed; boundary=x", "--x\n\n"+c.body+"\n--x\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString(c.dat)+"\n--x--")), Options{})
			if m.Text != c.text {
				t.Errorf("text %q", m.Text)
			}
			if got := shape(m.Parts); got != c.parts {
				t.Errorf("parts\n%s\nwant\n%s", got, c.parts)
			}
		})
	}
	// "{\rtf1\ansi" from the dictionary, then letters, then the end.
	lz := []byte{0, 0, 0, 0, 13, 0, 0, 0, 'L', 'Z', 'F', 'u', 0, 0, 0, 0, 0b0000_0001, 0x00, 0x09, 'a', 'b'}
	if got := string(decompressRTF(lz)); got != `{\rtf1\ansiab` {
		t.Errorf("decompressed %q", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(nested(3, true))
	f.Add(manyParts(2))
	f.Add([]byte(letter("Content-Type: multipart/alternative; boundary=x", "--x\nContent-Type: text/calendar\n\nBEGIN:VEVENT\nDTSTART;TZID=x:20250101T000000\nEND:VEVENT\n--x\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<img src=3Dcid:a>\n--x--")))
	f.Add([]byte(letter("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString(manyTNEF(2)))))
	f.Add([]byte("From: MAILER-DAEMON\nReturn-Path: <>\nSubject: failure notice\n\n<a@b.it>:\n550 5.1.1 x\n"))
	f.Add([]byte(letter("Content-Type: multipart/report; report-type=delivery-status; boundary=x", "--x\nContent-Type: message/delivery-status\n\nA: b\n\nFinal-Recipient: rfc822; a@b.it\nAction: failed\n--x\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@b>\n--x--")))
	f.Add([]byte(letter("Content-Type: text/plain; charset=utf-7; format=flowed; delsp=yes", "a+AOk- \n> b \n")))
	f.Add([]byte(letter("X-Trasporto: posta-certificata\nContent-Type: multipart/signed; boundary=x", "--x\n\na\n--x\nContent-Type: application/pkcs7-signature\n\nb\n--x--")))
	ca := newAuthority(f, 0)
	o := Options{Servers: []string{"x"}, PECRoots: ca.pool(), Now: pecNow}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := read(t, raw, o)
		checkMessage(t, raw, m)
		if m.PEC != nil {
			t.Error("PEC without a signature")
		}
		// Line ends do not change a message, unless CR stands alone.
		if !bytes.Contains(raw, []byte{'\r'}) && m.Problem == "" {
			if again := read(t, bytes.ReplaceAll(raw, []byte{'\n'}, []byte("\r\n")), o); again.Subject != m.Subject || len(again.Parts) != len(m.Parts) {
				t.Errorf("with CR LF: %q, %d parts; with LF: %q, %d parts", again.Subject, len(again.Parts), m.Subject, len(m.Parts))
			}
		}
		if err := SplitMbox(bytes.NewReader(raw), func([]byte) error { return nil }); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkRead reads plain mail, mail in two forms, and mail with a file of 50 kB in turn.
func BenchmarkRead(b *testing.B) {
	text := strings.Repeat("Buongiorno, la stampa del registro non parte: la pagina resta bianca, è così da ieri.\n", 15)
	plain := letter("Content-Type: text/plain; charset=utf-8", text)
	rich := letter("Content-Type: multipart/alternative; boundary=x", "--x\nContent-Type: text/plain; charset=utf-8\n\n"+text+"\n--x\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"+strings.Repeat("<p>Buongiorno, la stampa =C3=A8 bianca.</p>\n", 200)+"\n--x--\n")
	file := letter("Content-Type: multipart/mixed; boundary=y", "--y\n\n"+text+"\n--y\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"+lines76(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("abcde"), 10_000)))+"\n--y--\n")
	received := strings.Repeat("Received: from mx.example.it (mx.example.it [192.0.2.1]) by mail.example.it with ESMTPS id 1234 for <aiuto@example.it>; Mon, 3 Mar 2025 10:12:13 +0100\n", 6)
	var raws [][]byte
	for _, s := range []string{plain, rich, file} {
		raws = append(raws, []byte(strings.ReplaceAll(received+s, "\n", "\r\n")))
	}
	o := Options{Servers: []string{"mx.example.it"}, PECRoots: newAuthority(b, 0).pool()}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		raw := raws[i%len(raws)]
		i++
		if m := read(b, raw, o); m.Text == "" {
			b.Fatal("no text")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func lines76(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\n")
		s = s[76:]
	}
	return b.String() + s
}
