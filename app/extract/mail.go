package extract

import (
	"bufio"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"golang.org/x/net/html/charset"
)

const (
	maxMailDepth = 12
	maxMailParts = 500
)

var headerWords = mime.WordDecoder{CharsetReader: charset.NewReaderLabel}

func header(h textproto.MIMEHeader, name string) string {
	v := h.Get(name)
	if d, err := headerWords.DecodeHeader(v); err == nil {
		return d
	}
	return v
}

// readMail reads a message: its subject, sender and recipients, and its text. Of two forms of the same text it takes
// the plain one; of attached files it takes the names.
func readMail(r io.Reader, out *sink, depth int) error {
	m, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(r, maxFile)))
	if err != nil {
		return &Error{Damaged, err}
	}
	h := textproto.MIMEHeader(m.Header)
	for _, name := range []string{"Subject", "From", "To", "Cc"} {
		out.text(header(h, name))
		out.line()
	}
	parts := maxMailParts
	return mailPart(h, m.Body, out, depth, &parts)
}

func mailPart(h textproto.MIMEHeader, body io.Reader, out *sink, depth int, parts *int) error {
	if depth > maxMailDepth {
		return refuse(TooMuch, "nests deeper than %d", maxMailDepth)
	}
	if *parts--; *parts < 0 {
		return refuse(TooMuch, "more than %d parts", maxMailParts)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	disposition, dp, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	if err == nil && disposition == "attachment" || params["name"] != "" && !strings.HasPrefix(kind, "multipart/") {
		name := dp["filename"]
		if name == "" {
			name = params["name"]
		}
		if d, err := headerWords.DecodeHeader(name); err == nil {
			name = d
		}
		out.line()
		out.text(name)
		out.line()
		return nil
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	switch {
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		return mailParts(kind, multipart.NewReader(body, params["boundary"]), out, depth, parts)
	case kind == "message/rfc822":
		return readMail(body, out, depth+1)
	case kind == "text/html":
		b, _ := io.ReadAll(io.LimitReader(body, maxPlain)) // a truncated part yields what it has
		htmlText(decoded(b, params["charset"]), out)
	case strings.HasPrefix(kind, "text/"):
		b, _ := io.ReadAll(io.LimitReader(body, maxPlain))
		out.text(decoded(b, params["charset"]))
	}
	out.line()
	return nil
}

func mailParts(kind string, r *multipart.Reader, out *sink, depth int, parts *int) error {
	plain := false
	for !out.full {
		p, err := r.NextRawPart()
		if err != nil {
			return nil // the end, or a truncated message
		}
		t, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if kind == "multipart/alternative" && plain && t == "text/html" {
			continue
		}
		plain = plain || t == "text/plain" || t == ""
		if err := mailPart(p.Header, p, out, depth+1, parts); err != nil {
			return err
		}
	}
	return nil
}
