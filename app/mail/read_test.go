package mail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// letter returns a message with the header lines and the body.
func letter(head, body string) string {
	if head != "" {
		head += "\n"
	}
	return "From: Anna Bianchi <anna@example.it>\nTo: aiuto@example.it\nSubject: Stampa\nDate: Mon, 3 Mar 2025 10:12:13 +0100\nMessage-ID: <1@example.it>\n" + head + "\n" + body
}

func TestBody(t *testing.T) {
	for name, c := range map[string]struct{ head, body, text, html string }{
		"plain":                          {"", "Non va.\n", "Non va.", ""},
		"empty":                          {"", "", "", ""},
		"quoted-printable":               {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", "Perch=C3=A9 =\nno=20\n=ZZ a=", "Perché no \n=ZZ a", ""},
		"base64":                         {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "UGVyY2jDqQ==\n", "Perché", ""},
		"base64, broken":                 {"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", "UGVy!Y2jD\nqQ", "Perché", ""},
		"base64 that is none":            {"Content-Transfer-Encoding: base64", "Questo testo non ha mai visto base64.\nDavvero.", "Questo testo non ha mai visto base64.\nDavvero.", ""},
		"an encoding nobody knows":       {"Content-Transfer-Encoding: x-mine", "a", "a", ""},
		"uuencode":                       {"Content-Transfer-Encoding: x-uuencode", "begin 644 x\n#86)C\n`\nend\n", "abc", ""},
		"iso-8859-1 that is windows":     {"Content-Type: text/plain; charset=iso-8859-1", "l\x92ateneo \x80 perch\xe9", "l’ateneo € perché", ""},
		"no character set, 8 bits":       {"", "perch\xe9", "perché", ""},
		"no character set, UTF-8":        {"", "perché", "perché", ""},
		"UTF-8 that is not":              {"Content-Type: text/plain; charset=utf-8", "perch\xe9", "perché", ""},
		"UTF-8 that was cut":             {"Content-Type: text/plain; charset=utf-8", "perché perché perché perché perché\xc3", "perché perché perché perché perché\uFFFD", ""},
		"utf-7":                          {"Content-Type: text/plain; charset=utf-7", "perch+AOk +- +2D3eAA-", "perché + 😀", ""},
		"utf-16":                         {"Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString([]byte("\xff\xfep\x00\xe8\x00")), "pè", ""},
		"koi8-r":                         {"Content-Type: text/plain; charset=koi8-r", "\xf0\xd2\xc9\xd7\xc5\xd4", "Привет", ""},
		"gb2312":                         {"Content-Type: text/plain; charset=gb2312", "\xc4\xe3\xba\xc3", "你好", ""},
		"hz":                             {"Content-Type: text/plain; charset=hz-gb-2312", "~{Dc:C~}", "你好", ""},
		"iso-2022-jp":                    {"Content-Type: text/plain; charset=iso-2022-jp", "\x1b$B$3$s\x1b(B", "こん", ""},
		"iso-2022-jp that nobody says":   {"", "\x1b$B$3$s\x1b(B", "こん", ""},
		"NUL and controls go":            {"", "a\x00b\x07c\x1b[0m\n", "abc[0m", ""},
		"flowed":                         {"Content-Type: text/plain; format=flowed", "una riga \nlunga\n  rientrata\n> citato \n> ancora\n>> più \n> meno\n-- \nAnna", "una riga lunga\n rientrata\n> citato ancora\n>> più \n> meno\n-- \nAnna", ""},
		"flowed, spaces deleted":         {"Content-Type: text/plain; format=flowed; delsp=yes", "una \nparola", "unaparola", ""},
		"HTML":                           {"Content-Type: text/html; charset=utf-8", "<p>è</p>", "", "<p>è</p>"},
		"HTML that says its set inside":  {"Content-Type: text/html", "<meta charset=iso-8859-5><p>\xdf</p>", "", "<meta charset=iso-8859-5><p>п</p>"},
		"both forms":                     {"Content-Type: multipart/alternative; boundary=x", "--x\n\nuno\n--x\nContent-Type: text/html\n\n<p>uno</p>\n--x--\n", "uno", "<p>uno</p>"},
		"forms inside mixed":             {"Content-Type: multipart/mixed; boundary=y", "--y\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nuno\n--x\nContent-Type: text/html\n\n<p>uno</p>\n--x--\n--y\n\nlista\n--y--\n", "uno\n\nlista", "<p>uno</p><div>lista</div>\n"},
		"text after the last boundary":   {"Content-Type: multipart/mixed; boundary=x", "--x\n\nuno\n--x--\nlista\n", "uno\n\nlista", ""},
		"what mail readers see is left":  {"Content-Type: multipart/mixed; boundary=x", "This is a MIME message.\n--x\n\nuno\n--x--\n", "uno", ""},
		"a boundary that never comes":    {"Content-Type: multipart/mixed; boundary=x", "uno\n", "uno", ""},
		"a boundary nobody named":        {"Content-Type: multipart/mixed", "--q\nContent-Type: text/plain\n\nuno\n--q\nContent-Type: text/plain\n\ndue\n--q--\n", "uno\n\ndue", ""},
		"a last boundary is missing":     {"Content-Type: multipart/mixed; boundary=x", "--x\n\nuno\n--x\n\ndue\n", "uno\n\ndue", ""},
		"a boundary with a longer name":  {"Content-Type: multipart/mixed; boundary=x", "--x\nContent-Type: multipart/mixed; boundary=xy\n\n--xy\n\nuno\n--xy--\n--x\n\ndue\n--x--", "uno\n\ndue", ""},
		"a boundary with spaces":         {"Content-Type: multipart/mixed; boundary=\"a b\"", "--a b  \n\nuno\n--a b--  \n", "uno", ""},
		"a line of dashes is text":       {"Content-Type: multipart/mixed; boundary=x", "--x\n\nuno\n--\n-- y\n---x\n--x--\n", "uno\n--\n-- y\n---x", ""},
		"the inner part breaks off":      {"Content-Type: multipart/mixed; boundary=x", "--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\nuno\n--x\n\ndue\n--x--", "uno\n\ndue", ""},
		"no blank line under the header": {"", "", "", ""},
		"richtext":                       {"Content-Type: text/enriched", "<bold>uno</bold> << due", "uno < due", ""},
		"a type nobody knows is a text":  {"Content-Type: text/x-mine", "uno", "uno", ""},
		"no type at all":                 {"Content-Type: ", "uno", "uno", ""},
		"a type without sense":           {"Content-Type: ;;;", "uno", "uno", ""},
	} {
		t.Run(name, func(t *testing.T) {
			raw := letter(c.head, c.body)
			for end, s := range map[string]string{"LF": raw, "CR LF": strings.ReplaceAll(raw, "\n", "\r\n"), "CR": strings.ReplaceAll(raw, "\n", "\r")} {
				if end != "LF" && strings.Contains(c.head, "uuencode") && end == "CR" {
					continue
				}
				m := read(t, []byte(s), Options{})
				if m.Text != c.text {
					t.Errorf("%s: text %q, want %q", end, m.Text, c.text)
				}
				if m.HTML != c.html {
					t.Errorf("%s: HTML %q, want %q", end, m.HTML, c.html)
				}
				if m.Subject != "Stampa" || m.From.Email != "anna@example.it" || m.Problem != "" {
					t.Errorf("%s: header %+v", end, m)
				}
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want Message
	}{
		"a line of a mailbox file in front":          {"From a@b Mon Mar  3 10:12:13 2025\n>From c\nFrom: a@b.it\nSubject: x\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "x", Text: "y"}},
		"blank lines in front":                       {"\n\nFrom: a@b.it\nSubject: x\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "x", Text: "y"}},
		"a byte order mark in front":                 {"\xef\xbb\xbfFrom: a@b.it\n\ny", Message{From: Address{"", "a@b.it"}, Text: "y"}},
		"no header at all":                           {"Buongiorno,\nnon va.", Message{Text: "Buongiorno,\nnon va.", Problem: Broken}},
		"an empty header":                            {"\nBuongiorno", Message{Text: "Buongiorno", Problem: Broken}},
		"nothing":                                    {"", Message{Problem: Broken}},
		"no blank line before the text":              {"From: a@b.it\nSubject: x\nBuongiorno,\nnon va.", Message{From: Address{"", "a@b.it"}, Subject: "x", Text: "Buongiorno,\nnon va."}},
		"a fold that lost its space":                 {"From: a@b.it\nSubject: uno\ndue\nTo: c@d.it\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno due", To: []Address{{"", "c@d.it"}}, Text: "y"}},
		"a line of blanks in a folded field":         {"From: a@b.it\nSubject: uno\n \n due\nTo: c@d.it\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno due", To: []Address{{"", "c@d.it"}}, Text: "y"}},
		"a line of blanks begins a value":            {"From: a@b.it\nSubject:\n\t\n uno\nMessage-ID: <1@x>\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno", MessageID: "1@x", Text: "y"}},
		"several lines of blanks":                    {"From: a@b.it\nSubject: uno\n \n\t \n due\n  \n tre\nTo: c@d.it\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno due tre", To: []Address{{"", "c@d.it"}}, Text: "y"}},
		"lines of blanks in the last field":          {"From: a@b.it\nSubject: uno\n \n due\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno due", Text: "y"}},
		"lines of blanks with CR LF":                 {"From: a@b.it\r\nSubject: uno\r\n \r\n due\r\nTo: c@d.it\r\n\r\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno due", To: []Address{{"", "c@d.it"}}, Text: "y"}},
		"a line of blanks between fields":            {"From: a@b.it\n \nSubject: uno\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno", Text: "y"}},
		"a line of blanks at the end":                {"From: a@b.it\nSubject: uno\n \n\ny", Message{From: Address{"", "a@b.it"}, Subject: "uno", Text: "y"}},
		"a line of blanks before the text":           {"From: a@b.it\nSubject: uno\n \nBuongiorno,\nnon va.", Message{From: Address{"", "a@b.it"}, Subject: "uno", Text: "Buongiorno,\nnon va."}},
		"a line of blanks before indented text":      {"From: a@b.it\nSubject: uno\n \n  Buongiorno,\nnon va.", Message{From: Address{"", "a@b.it"}, Subject: "uno", Text: "  Buongiorno,\nnon va."}},
		"a line of blanks, then indented text alone": {"From: a@b.it\nSubject: uno\n \n  Buongiorno", Message{From: Address{"", "a@b.it"}, Subject: "uno", Text: "  Buongiorno"}},
		"a machine of an internal network":           {"From: Stampante <root@stampante_2.ateneo.local>\nTo: csa@posta_1.ateneo.it\n\ny", Message{From: Address{"Stampante", "root@stampante_2.ateneo.local"}, To: []Address{{"", "csa@posta_1.ateneo.it"}}, Text: "y"}},
		"a space before the colon":                   {"From : a@b.it\nSubject : x\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "x", Text: "y"}},
		"a header alone":                             {"From: a@b.it\nSubject: x", Message{From: Address{"", "a@b.it"}, Subject: "x"}},
		"CR LF that the subject hides":               {"From: a@b.it\nSubject: =?utf-8?Q?x=0D=0ABcc:_c@d.it?=\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "x Bcc: c@d.it", Text: "y"}},
		"NUL in the subject":                         {"From: a@b.it\nSubject: a\x00b\n\ny", Message{From: Address{"", "a@b.it"}, Subject: "ab", Text: "y"}},
		"a language":                                 {"From: a@b.it\nContent-Language: it-IT, en\n\ny", Message{From: Address{"", "a@b.it"}, Language: "it", Text: "y"}},
		"a thread":                                   {"From: a@b.it\nMessage-ID: <1@x>\nIn-Reply-To: <2@x> (Anna)\nReferences: <3@x>\n\t<2@x>\n\ny", Message{From: Address{"", "a@b.it"}, MessageID: "1@x", InReplyTo: []string{"2@x"}, References: []string{"3@x", "2@x"}, Text: "y"}},
		"desks it went through":                      {"From: a@b.it\nX-Sportello-Desk: uno\nX-Sportello-Desk: due\n\ny", Message{From: Address{"", "a@b.it"}, Desk: []string{"uno", "due"}, Text: "y"}},
		"where it was delivered": {"Delivered-To: a@x.it\nReceived: from x (y) by z with ESMTP\n\tfor <b@x.it>; Mon, 3 Mar 2025 10:12:13 +0100\nX-Original-To: c@x.it\nEnvelope-To: a@x.it\nReturn-Path: <d@x.it>\nFrom: a@b.it\n\ny",
			Message{From: Address{"", "a@b.it"}, Delivered: []string{"a@x.it", "c@x.it", "b@x.it"}, Arrived: []string{"a@x.it"}, ReturnPath: "d@x.it", HasReturnPath: true, Text: "y"}},
		"who else": {"From: Anna <a@b.it>\nSender: s@b.it\nReply-To: r@b.it\nTo: c@d.it\nTo: e@f.it\nCc: G <g@h.it>\n\ny",
			Message{From: Address{"Anna", "a@b.it"}, Sender: Address{"", "s@b.it"}, ReplyTo: []Address{{"", "r@b.it"}}, To: []Address{{"", "c@d.it"}, {"", "e@f.it"}}, Cc: []Address{{"G", "g@h.it"}}, Text: "y"}},
		"a sender without address": {"From: Ufficio\n\ny", Message{From: Address{Name: "Ufficio"}, Text: "y"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(&c.want, read(t, []byte(c.raw), Options{})); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestDate(t *testing.T) {
	now := time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"Mon, 3 Mar 2025 10:12:13 +0100":       "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 +0100 (CET)": "2025-03-03T09:12:13Z",
		"3 Mar 2025 10:12:13 GMT":              "2025-03-03T10:12:13Z",
		"Mon, 03 Mar 2025 10:12 +0100":         "2025-03-03T09:12:00Z",
		"3 Mar 25 10:12:13 +0000":              "2025-03-03T10:12:13Z",
		"Mon Mar  3 10:12:13 2025":             "2025-03-03T10:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 GMT+0100":    "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10.12.13 +0100":       "2025-03-03T09:12:13Z",
		"2025-03-03T10:12:13+01:00":            "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13":             "2025-03-03T10:12:13Z",
		"Mon, 3 Mar 2035 10:12:13 +0100":       "",
		"Thu, 1 Jan 1970 00:00:00 +0000":       "",
		"Mon, 3 Mar 2025 10:12:13 EST":         "2025-03-03T15:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 MST":         "2025-03-03T17:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 CEST":        "2025-03-03T08:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 cet":         "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 PDT":         "2025-03-03T17:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 -600":        "2025-03-03T16:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 +100":        "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 +1":          "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 +01:00":      "2025-03-03T09:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 UTC+2":       "2025-03-03T08:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 +0200 CEST":  "2025-03-03T08:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 CEST +0200":  "2025-03-03T08:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 (CEST)":      "2025-03-03T08:12:13Z",
		"Mon, 3 Mar 2025 10:12:13 QXT":         "2025-03-03T10:12:13Z",
		"Mon, 3 Mar 2025 10:12 MST":            "2025-03-03T17:12:00Z",
		"3 Mar 25 10:12 -0500":                 "2025-03-03T15:12:00Z",
		"Mon Mar  3 10:12:13 EST 2025":         "2025-03-03T15:12:13Z",
		"Mon Mar  3 10:12:13 +0100 2025":       "2025-03-03T09:12:13Z",
		"Mon Mar  3 10:12 2025":                "2025-03-03T10:12:00Z",
		"Monday, 3 March 2025 10:12 CET":       "2025-03-03T09:12:00Z",
		"Monday, March 3, 2025 10:12:13 CET":   "2025-03-03T09:12:13Z",
		"2025-03-03 10:12":                     "2025-03-03T10:12:00Z",
		"Mon,3 Mar 2025 9:05:03 +0100":         "2025-03-03T08:05:03Z",
		"Mon, 3 Mar 2025":                      "",
		"EST":                                  "",
		"10:12:13":                             "",
		"+0100 -0100 CET":                      "",
		"ieri":                                 "",
		"":                                     "",
	} {
		got := ""
		if d := parseDate(in, now); !d.IsZero() {
			got = d.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// shape describes the parts for comparison in a test.
func shape(parts []Part) string {
	var list []string
	for _, p := range parts {
		s := fmt.Sprintf("%s|%s|%s|%d", p.Role, p.Name, p.Type, len(p.Content))
		if p.Inline {
			s += "|inline"
		}
		if p.ContentID != "" {
			s += "|" + p.ContentID
		}
		if p.Parent != "" {
			s += "|in " + p.Parent
		}
		list = append(list, s)
	}
	return strings.Join(list, "\n")
}

func TestParts(t *testing.T) {
	mixed := func(parts ...string) string {
		return letter("Content-Type: multipart/mixed; boundary=x", "--x\n"+strings.Join(parts, "\n--x\n")+"\n--x--\n")
	}
	for name, c := range map[string]struct{ raw, want string }{
		"a file":                        {mixed("\nuno", "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=b.pdf\nContent-Transfer-Encoding: base64\n\nYWJj"), "file|b.pdf|application/pdf|3"},
		"a text that is a file":         {mixed("\nuno", "Content-Type: text/plain; name=log.txt\n\nabc"), "file|log.txt|text/plain|3"},
		"an inline text with a name":    {mixed("\nuno", "Content-Disposition: inline; filename=log.txt\n\nabc"), "file|log.txt|text/plain|3|inline"},
		"a file without a name":         {mixed("\nuno", "Content-Type: image/png\n\nabc", "Content-Type: application/x-mine\n\nabcd"), "file|image-1.png|image/png|3\nfile|file-2|application/x-mine|4"},
		"an empty file keeps its name":  {mixed("\nuno", "Content-Type: a/b; name=c\n\n"), "file|c|a/b|0"},
		"directories go":                {mixed("\nuno", `Content-Disposition: attachment; filename="..\..\C:\x/y.pdf"`+"\n\nabc"), "file|y.pdf|text/plain|3"},
		"a name in two character sets":  {mixed("\nuno", "Content-Disposition: attachment;\n filename*0*=iso-8859-1''perch%E9;\n filename*1=.pdf\n\nabc"), "file|perché.pdf|text/plain|3"},
		"a name that hides line ends":   {mixed("\nuno", "Content-Disposition: attachment; filename*=utf-8''a%0D%0Ab.pdf\n\nabc"), "file|a b.pdf|text/plain|3"},
		"a name that turns around":      {mixed("\nuno", "Content-Disposition: attachment; filename*=utf-8''a%E2%80%AEfdp.exe\n\nabc"), "file|afdp.exe|text/plain|3"},
		"a mail, named by its subject":  {mixed("\nuno", "Content-Type: message/rfc822\n\nSubject: Guasto: rete\n\ndue"), "message|Guasto_ rete.eml|message/rfc822|25"},
		"a mail, encoded":               {mixed("\nuno", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte("Subject: a\n\nb"))), "message|a.eml|message/rfc822|13"},
		"mails of a digest":             {letter("Content-Type: multipart/digest; boundary=x", "--x\n\nSubject: a\n\nb\n--x\n\nSubject: c\n\nd\n--x--"), "message|a.eml|message/rfc822|13\nmessage|c.eml|message/rfc822|13"},
		"a signature of S/MIME":         {letter("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x", "--x\n\nuno\n--x\nContent-Type: application/pkcs7-signature; name=smime.p7s\n\nabc\n--x--"), "signature|smime.p7s|application/pkcs7-signature|3"},
		"a signature of PGP":            {letter("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=x", "--x\n\nuno\n--x\nContent-Type: application/pgp-signature; name=signature.asc\n\nabc\n--x--"), "signature|signature.asc|application/pgp-signature|3"},
		"an encrypted mail":             {letter("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x", "--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--x\nContent-Type: application/octet-stream; name=x.asc\n\nabc\n--x--"), "encrypted|encrypted-1|application/pgp-encrypted|10\nencrypted|x.asc|application/octet-stream|3"},
		"a signed document is a file":   {mixed("\nuno", "Content-Type: application/pkcs7-mime; name=contratto.pdf.p7m\n\nabc"), "file|contratto.pdf.p7m|application/pkcs7-mime|3"},
		"what Macintosh adds goes":      {mixed("\nuno", "Content-Type: multipart/appledouble; boundary=y\n\n--y\nContent-Type: application/applefile; name=a\n\nabc\n--y\nContent-Type: image/jpeg; name=a.jpg\n\nabcd\n--y--"), "file|a.jpg|image/jpeg|4"},
		"the whole mail is a file":      {letter("Content-Type: application/pdf; name=a.pdf", "abc"), "file|a.pdf|application/pdf|3"},
		"the whole mail is attached":    {letter("Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt", "abc"), "file|a.txt|text/plain|3"},
		"a winmail.dat that is none":    {mixed("\nuno", "Content-Type: application/ms-tnef; name=winmail.dat\n\nabc"), "winmail|winmail.dat|application/ms-tnef|3"},
		"a picture the HTML shows":      {letter("Content-Type: multipart/related; boundary=x", "--x\nContent-Type: text/html\n\n<img src=\"cid:A%40b\">\n--x\nContent-Type: image/png; name=a.png\nContent-ID: <a@b>\n\nabc\n--x--"), "picture|a.png|image/png|3|inline|a@b"},
		"a picture that nothing shows":  {letter("Content-Type: multipart/related; boundary=x", "--x\nContent-Type: text/html\n\n<p>\n--x\nContent-Type: image/png; name=a.png\nContent-ID: <a@b>\n\nabc\n--x--"), "file|a.png|image/png|3|a@b"},
		"a name as long as a book":      {mixed("\nuno", "Content-Disposition: attachment; filename=\""+strings.Repeat("è", 400)+".pdf\"\n\nabc"), "file|" + strings.Repeat("è", 73) + ".pdf|text/plain|3"},
		"a zip is not opened":           {mixed("\nuno", "Content-Type: application/zip; name=bomba.zip\n\nPK"), "file|bomba.zip|application/zip|2"},
		"a part with a broken encoding": {mixed("\nuno", "Content-Type: a/b; name=c\nContent-Transfer-Encoding: base64\n\nYW!!Jj\n\n"), "file|c|a/b|3"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, raw := range []string{c.raw, strings.ReplaceAll(c.raw, "\n", "\r\n")} {
				m := read(t, []byte(raw), Options{})
				got := shape(m.Parts)
				if strings.Contains(c.want, "message|") || strings.Contains(c.want, "encrypted-1") {
					// The size counts line ends.
					got, c.want = trimSizes(got), trimSizes(c.want)
				}
				if got != c.want {
					t.Errorf("parts are\n%s\nwant\n%s", got, c.want)
				}
				if strings.Contains(c.raw, "uno") && m.Text != "uno" && !strings.Contains(c.raw, "multipart/encrypted") {
					t.Errorf("text %q", m.Text)
				}
			}
		})
	}
}

func trimSizes(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		f := strings.Split(l, "|")
		f[3] = "n"
		out = append(out, strings.Join(f, "|"))
	}
	return strings.Join(out, "\n")
}

func TestSignedAndEncrypted(t *testing.T) {
	for name, c := range map[string]struct{ raw, signed, encrypted string }{
		"plain":            {letter("", "a"), "", ""},
		"signed, S/MIME":   {letter("Content-Type: multipart/signed; protocol=application/pkcs7-signature; boundary=x", "--x\n\na\n--x\n\nb\n--x--"), "smime", ""},
		"signed, PGP":      {letter("Content-Type: multipart/signed; protocol=application/pgp-signature; boundary=x", "--x\n\na\n--x\n\nb\n--x--"), "pgp", ""},
		"signed in words":  {letter("", "-----BEGIN PGP SIGNED MESSAGE-----\na"), "pgp", ""},
		"encrypted, PGP":   {letter("Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=x", "--x\n\na\n--x--"), "", "pgp"},
		"encrypted, words": {letter("", "-----BEGIN PGP MESSAGE-----\na"), "", "pgp"},
		"encrypted, CMS":   {letter("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "a"), "", "smime"},
	} {
		m := read(t, []byte(c.raw), Options{})
		if m.Signed != c.signed || m.Encrypted != c.encrypted {
			t.Errorf("%s: signed %q, encrypted %q", name, m.Signed, m.Encrypted)
		}
	}
}

func TestCalendar(t *testing.T) {
	const invitation = `BEGIN:VCALENDAR
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Altrove
BEGIN:STANDARD
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:u1
SUMMARY;LANGUAGE=it:Riunione\, stampe
 e modelli
DTSTART;TZID=W. Europe Standard Time:20250703T100000
DTEND;TZID="Altrove":20250703T103000
LOCATION:Sala\nB
ORGANIZER;CN="Bianchi, Anna":MAILTO:Anna@example.it
BEGIN:VALARM
SUMMARY:no
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20250704
SUMMARY:Festa
END:VEVENT
BEGIN:VEVENT
DTSTART:20250704T080000Z
DURATION:PT1H30M
END:VEVENT
END:VCALENDAR
`
	raw := letter("Content-Type: multipart/alternative; boundary=x", "--x\nContent-Type: text/calendar; method=REQUEST\n\n"+invitation+"\n--x--\n")
	m := read(t, []byte(strings.ReplaceAll(raw, "\n", "\r\n")), Options{})
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	if len(m.Calendar) != 3 {
		t.Fatalf("%d events", len(m.Calendar))
	}
	ev := m.Calendar[0]
	if want := time.Date(2025, 7, 3, 10, 0, 0, 0, rome); !ev.Start.Equal(want) {
		t.Errorf("begins %s, want %s", ev.Start, want)
	}
	if want := time.Date(2025, 7, 3, 9, 30, 0, 0, time.UTC); !ev.End.Equal(want) {
		t.Errorf("ends %s, want %s", ev.End, want)
	}
	if ev.Summary != "Riunione, stampee modelli" || ev.Where != "Sala B" || ev.Who != (Address{"Bianchi, Anna", "anna@example.it"}) || ev.Method != "request" || ev.UID != "u1" {
		t.Errorf("%+v", ev)
	}
	if !m.Calendar[1].AllDay || m.Calendar[2].End.Sub(m.Calendar[2].Start) != 90*time.Minute {
		t.Errorf("%+v", m.Calendar[1:])
	}
	if !strings.Contains(m.Text, "Riunione") || !strings.Contains(m.Text, "2025-07-04") {
		t.Errorf("text %q", m.Text)
	}
	if got := shape(m.Parts); !strings.HasPrefix(got, "calendar|invite-1.ics|text/calendar") {
		t.Errorf("parts %s", got)
	}
	m = read(t, []byte(letter("Content-Type: text/calendar", "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR")), Options{})
	if m.Automatic != Notification {
		t.Errorf("an answer to an invitation is %q", m.Automatic)
	}
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("disk on fire") }

func TestOnlyAReaderMakesReadFail(t *testing.T) {
	if _, err := Read(failing{}, 10, Options{}); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("error %v", err)
	}
	if _, err := Read(strings.NewReader("abc"), 10, Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if _, err := Read(bytes.NewReader(nil), 0, Options{}); err != nil {
		t.Errorf("error %v", err)
	}
}

// TestASoleNamedTextIsTextAndFile: a text file sent alone is read, and also kept as a file under its name; an
// alternative form of the text is not.
func TestASoleNamedTextIsTextAndFile(t *testing.T) {
	for head, want := range map[string]string{
		"Content-Type: text/plain; name=errori.log":                                  "errori.log",
		"Content-Type: text/plain; name=\"errori.txt\"\nContent-Disposition: inline": "errori.txt",
		"Content-Type: text/plain\nContent-Disposition: inline; filename=a.txt":      "a.txt",
		"Content-Type: text/csv; name=dati.csv":                                      "dati.csv",
		"Content-Type: text/plain; name*=utf-8''c%C3%A0.txt":                         "cà.txt",
		"Content-Type: text/html; name=pagina.html":                                  "pagina.html",
		"Content-Type: text/plain":                                                   "",
		"Content-Type: text/plain; charset=utf-8\nContent-Disposition: inline":       "",
		"Content-Type: text/plain; charset=utf-8\nContent-Description: il testo":     "",
	} {
		m := read(t, []byte(letter(head, "riga uno")), Options{})
		got := ""
		for _, p := range m.Parts {
			got += p.Name
			if strings.TrimSpace(string(p.Content)) != "riga uno" || p.Role != RoleFile {
				t.Errorf("%s: %+v", head, p)
			}
		}
		if got != want || m.Text+m.HTML == "" {
			t.Errorf("%s: files %q, want %q; text %q", head, got, want, m.Text+m.HTML)
		}
	}
	raw := letter("Content-Type: multipart/alternative; boundary=x", "--x\nContent-Type: text/plain; name=a.txt\n\nuno\n--x\nContent-Type: text/html; name=a.html\n\n<p>uno\n--x--")
	if m := read(t, []byte(raw), Options{}); m.Text != "uno" {
		t.Errorf("text %q", m.Text)
	}
}

// TestAnInvitationShowsWhatItSays: the link to a meeting is in the description of its invitation.
func TestAnInvitationShowsWhatItSays(t *testing.T) {
	for in, want := range map[string]string{
		"SUMMARY:Riunione\nDESCRIPTION:Partecipa:\\nhttps://meet.example/abc\\, grazie":    "Riunione\n\nPartecipa:\nhttps://meet.example/abc, grazie",
		"SUMMARY:Riunione\nDESCRIPTION;LANGUAGE=it:Partecipa: https://meet.exam\n ple/abc": "Riunione\n\nPartecipa: https://meet.example/abc",
		"SUMMARY:Riunione\nURL:https://meet.example/abc":                                   "Riunione\nhttps://meet.example/abc",
		"SUMMARY:Riunione\nURL:https://m.example/a\nDESCRIPTION:Vai a https://m.example/a": "Riunione\n\nVai a https://m.example/a",
		"DESCRIPTION:Solo questo":                                            "Solo questo",
		"SUMMARY:Riunione\nDESCRIPTION:\\n\\n":                               "Riunione",
		"SUMMARY:Riunione\nBEGIN:VALARM\nDESCRIPTION:Promemoria\nEND:VALARM": "Riunione",
		"SUMMARY:Riunione\nDESCRIPTION:uno\\n\\n\\n\\ndue":                   "Riunione\n\nuno\n\ndue",
		"SUMMARY:Riunione\nDESCRIPTION:a\x00b":                               "Riunione\n\nab",
		"SUMMARY:Riunione\nLOCATION:Sala B\nDESCRIPTION:Porta\\; il verbale": "Riunione\nSala B\n\nPorta; il verbale",
	} {
		raw := letter("Content-Type: text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nBEGIN:VEVENT\n"+in+"\nEND:VEVENT\nEND:VCALENDAR")
		m := read(t, []byte(raw), Options{})
		if strings.TrimSpace(m.Text) != want || len(m.Parts) != 1 || m.Parts[0].Role != RoleCalendar {
			t.Errorf("%q is shown as %q, want %q, parts %d", in, m.Text, want, len(m.Parts))
		}
	}
}
