package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func example() Feed {
	return Feed{ID: "tag:d1f3,2026:releases", Title: "Aggiornamenti", Self: "https://desk.example/feed/s3cret", Page: "https://desk.example/releases", Language: "it", Entries: []Entry{
		{ID: "tag:d1f3,2026:release/42", Title: "U-GOV 23.10 & <altro>", Link: "https://desk.example/releases/42", Updated: noon.Add(90 * time.Minute).In(time.FixedZone("", 3600)), Published: noon,
			Summary: "Riguarda\nvoi", ContentHTML: "<p>Così</p>\r\n<p>\x0be & basta</p>", Categories: []Category{{"law", "di legge"}, {Term: "U-GOV"}}},
		{ID: "tag:d1f3,2026:release/41", Title: "Before", Link: "https://desk.example/releases/41", Updated: noon, Language: "en"},
	}}
}

func TestAFeedIsWrittenAsReadersOfFeedsWantIt(t *testing.T) {
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="it" xml:base="https://desk.example/releases">
 <id>tag:d1f3,2026:releases</id>
 <title>Aggiornamenti</title>
 <updated>2026-11-24T13:30:00Z</updated>
 <author>
  <name>Aggiornamenti</name>
 </author>
 <link rel="self" type="application/atom+xml" href="https://desk.example/feed/s3cret"></link>
 <link rel="alternate" type="text/html" href="https://desk.example/releases"></link>
 <entry>
  <id>tag:d1f3,2026:release/42</id>
  <title>U-GOV 23.10 &amp; &lt;altro&gt;</title>
  <link rel="alternate" type="text/html" href="https://desk.example/releases/42"></link>
  <updated>2026-11-24T13:30:00Z</updated>
  <published>2026-11-24T12:00:00Z</published>
  <category term="law" label="di legge"></category>
  <category term="U-GOV"></category>
  <summary type="text">Riguarda voi</summary>
  <content type="html">&lt;p&gt;Così&lt;/p&gt;&#xA;&lt;p&gt;e &amp; basta&lt;/p&gt;</content>
 </entry>
 <entry xml:lang="en">
  <id>tag:d1f3,2026:release/41</id>
  <title>Before</title>
  <link rel="alternate" type="text/html" href="https://desk.example/releases/41"></link>
  <updated>2026-11-24T12:00:00Z</updated>
 </entry>
</feed>
`
	got, err := Atom(example())
	if d := cmp.Diff(want, string(got)); d != "" || err != nil {
		t.Error(d, err)
	}
	again, _ := Atom(example())
	if !bytes.Equal(got, again) {
		t.Error("the same feed is not the same bytes")
	}
}

func TestAFeedThatReadersWouldTakeWronglyIsRefused(t *testing.T) {
	for rule, spoil := range map[string]func(*Feed){
		"no ID":                       func(f *Feed) { f.ID = "" },
		"an ID that is no address":    func(f *Feed) { f.ID = "42" },
		"no title":                    func(f *Feed) { f.Title = " \x01" },
		"no time":                     func(f *Feed) { f.Entries = nil },
		"an entry without ID":         func(f *Feed) { f.Entries[1].ID = "" },
		"an entry without title":      func(f *Feed) { f.Entries[1].Title = "\x00" },
		"an entry without link":       func(f *Feed) { f.Entries[1].Link = "" },
		"an entry without time":       func(f *Feed) { f.Entries[1].Updated = time.Time{} },
		"one ID for two entries":      func(f *Feed) { f.Entries[1].ID = f.Entries[0].ID },
		"one but for a control in it": func(f *Feed) { f.Entries[1].ID = f.Entries[0].ID + "\x02" },
	} {
		f := example()
		spoil(&f)
		if got, err := Atom(f); err == nil {
			t.Errorf("%s: written: %s", rule, got)
		}
	}
	f := example()
	f.Entries, f.Updated = nil, noon
	if _, err := Atom(f); err != nil {
		t.Errorf("a feed may be empty: %v", err)
	}
}

// node is any piece of XML.
type node struct {
	XMLName xml.Name
	Attr    []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

func (n node) find(name string) (out []node) {
	for _, c := range n.Nodes {
		if c.XMLName.Local == name {
			out = append(out, c)
		}
	}
	return out
}

func (n node) attr(name string) string {
	for _, a := range n.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parse reads a feed strictly, to its end.
func parse(raw []byte) (node, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	var n node
	if err := d.Decode(&n); err != nil {
		return n, err
	}
	if tok, err := d.Token(); !errors.Is(err, io.EOF) {
		if white, is := tok.(xml.CharData); !is || strings.TrimSpace(string(white)) != "" {
			return n, fmt.Errorf("more follows: %v", tok)
		}
	}
	return n, nil
}

// TestWhateverIsWrittenIsReadAgain writes hostile words, and reads them with a reader that knows XML alone.
func TestWhateverIsWrittenIsReadAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 4287))
	alphabet := []string{"a", "è", "€", "𝄞", "<", ">", "&", "&amp;", "]]>", "<!--", "\"", "'", "\n", "\r", "\r\n", "\t", " ", "\x00", "\x0b", "\x1f", "\x7f", "\u0085", "\ufffe", "\uffff", "\u202e", "\xff", "<script>", "%", "\U0001fffe"}
	words := func() string {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(alphabet[r.IntN(len(alphabet))])
		}
		return b.String()
	}
	for range 2000 {
		f := Feed{ID: "tag:x:" + words(), Title: "t" + words(), Subtitle: words(), Author: words(), Self: words(), Page: words(), Language: words(), Updated: noon}
		for n := range r.IntN(4) {
			f.Entries = append(f.Entries, Entry{ID: fmt.Sprintf("tag:x:%d/%s", n, words()), Title: "e" + words(), Link: "/" + words(), Updated: noon.Add(time.Duration(n) * time.Hour),
				Summary: words(), ContentHTML: words(), Categories: []Category{{words(), words()}}})
		}
		raw, err := Atom(f)
		if err != nil {
			t.Fatalf("%q: %v", f, err)
		}
		if bytes.ContainsAny(raw, "\x00\x0b\x1f\x7f\ufffe\uffff\r") || !utf8.Valid(raw) {
			t.Fatalf("%q holds what XML does not bear", raw)
		}
		n, err := parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		same := func(what, got, want string) {
			t.Helper()
			if got != want {
				t.Fatalf("%s: %q, not %q in %s", what, got, want, raw)
			}
		}
		same("title", n.find("title")[0].Text, line(f.Title))
		same("id", n.find("id")[0].Text, line(f.ID))
		same("language", n.attr("lang"), line(f.Language))
		entries := n.find("entry")
		if len(entries) != len(f.Entries) {
			t.Fatalf("%d entries of %d", len(entries), len(f.Entries))
		}
		for i, e := range f.Entries {
			got := entries[i]
			same("id", got.find("id")[0].Text, line(e.ID))
			same("title", got.find("title")[0].Text, line(e.Title))
			same("link", got.find("link")[0].attr("href"), line(e.Link))
			same("updated", got.find("updated")[0].Text, moment(e.Updated))
			text := func(name string) string {
				if c := got.find(name); len(c) > 0 {
					return c[0].Text
				}
				return ""
			}
			same("summary", text("summary"), line(e.Summary))
			same("content", text("content"), strings.TrimSpace(bearable(e.ContentHTML)))
			if c := got.find("category"); len(c) > 0 {
				same("category", c[0].attr("term")+"|"+c[0].attr("label"), line(e.Categories[0].Term)+"|"+line(e.Categories[0].Label))
			}
		}
	}
}
