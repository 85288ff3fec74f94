package web

import (
	"bytes"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	brotli "github.com/molecule-man/go-brrr"
	"github.com/valyala/fasthttp"
)

// How answers are compressed that are made anew each time. The quickest level but one takes half the time of the third,
// for a tenth more bytes; at that level a writer has no window of its own, which at the third was 4 MiB for each answer
// that is being compressed.
const (
	answerLevel  = 1
	answerWindow = 18 // as a power of two: longer than a page
	leastPacked  = 1024
	mostReused   = 256 << 10 // bytes of a buffer that is used again
)

// packer compresses one answer at a time.
type packer struct {
	out bytes.Buffer
	to  *brotli.Writer
}

// packers are used again, for making one costs more than compressing a page.
var packers = sync.Pool{New: func() any {
	p := &packer{}
	w, err := brotli.NewWriterOptions(&p.out, answerLevel, brotli.WriterOptions{LGWin: answerWindow})
	if err != nil {
		panic(err) // only a level that there is not
	}
	p.to = w
	return p
}}

// packedAnswer returns the body in brotli.
func packedAnswer(body []byte) ([]byte, error) {
	p := packers.Get().(*packer)
	defer func() {
		if p.out.Cap() <= mostReused {
			packers.Put(p)
		}
	}()
	p.out.Reset()
	p.to.ResetWithSizeHint(&p.out, uint(len(body)))
	if _, err := p.to.Write(body); err != nil {
		return nil, err
	}
	if err := p.to.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.out.Bytes()), nil
}

// compress encodes the response as the browser accepts it if it is text and long enough. It leaves streams and files
// alone.
func (r *Request) compress() {
	answer := r.c.Response()
	if answer.IsBodyStream() || len(answer.Header.Peek(fiber.HeaderContentEncoding)) > 0 || len(answer.Body()) < leastPacked {
		return
	}
	switch kind, _, _ := strings.Cut(string(answer.Header.ContentType()), ";"); kind {
	case "text/html", "application/json", "application/problem+json", "text/plain", "text/css":
	default:
		return
	}
	answer.Header.Add(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	switch BestEncoding(r.said(fiber.HeaderAcceptEncoding)) {
	case "br":
		b, err := packedAnswer(answer.Body())
		if err != nil {
			return // it is sent as it is
		}
		answer.SetBodyRaw(b)
		answer.Header.Set(fiber.HeaderContentEncoding, "br")
	case "gzip":
		answer.SetBodyRaw(fasthttp.AppendGzipBytesLevel(nil, answer.Body(), 4))
		answer.Header.Set(fiber.HeaderContentEncoding, "gzip")
	}
}

// BestEncoding returns "br", "gzip" or "" for an Accept-Encoding header; a quality of 0 refuses an encoding.
func BestEncoding(accepted string) string {
	best := ""
	for _, part := range strings.Split(accepted, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if q = strings.ReplaceAll(q, " ", ""); q == "q=0" || q == "q=0.0" || q == "q=0.00" || q == "q=0.000" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			best = "br"
		case "gzip":
			if best == "" {
				best = "gzip"
			}
		}
	}
	return best
}
