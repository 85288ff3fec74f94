// Package feed writes Atom (RFC 4287): the news that readers of feeds fetch again and again. It hides what such a reader
// must find in it, and what XML does not bear.
package feed

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ContentType is what a feed is served as.
const ContentType = "application/atom+xml; charset=utf-8"

// Feed is what is written, the newest entry first. ID and those of the entries stay the same for ever, whatever becomes of
// titles and addresses: by them a reader knows what it has shown.
type Feed struct {
	ID       string // tag:STORE,2026:releases
	Title    string
	Subtitle string // optional
	Author   string // a name; Title if empty
	Self     string // the address that the feed was fetched from; optional
	Page     string // the page that shows the same; optional. Links in the content of entries are meant from there
	Language string // it, en
	Updated  time.Time
	Entries  []Entry
}

// Entry is one piece of news. Updated moves only when its readers are to look again.
type Entry struct {
	ID          string // tag:STORE,2026:release/42
	Title       string
	Link        string // the page
	Updated     time.Time
	Published   time.Time // optional
	Summary     string    // plain words; optional
	ContentHTML string    // safe HTML; optional
	Language    string    // if it is not that of the feed
	Categories  []Category
}

// Category is what an entry is filed under: a word for programs, and one for people.
type Category struct {
	Term, Label string
}

// Atom returns the feed as bytes: the same for the same feed, so that an unchanged one can be known by them. Controls,
// which XML does not bear, are left out; titles and summaries become one line. A feed without Updated has that of its
// latest entry. It is an error if an ID or a title is missing, if an ID is no address with a scheme, if two entries have
// one ID (a reader would hide one of them), if an entry has no link, or if neither feed nor entry has a time.
func Atom(f Feed) ([]byte, error) {
	out := atomFeed{XMLNS: "http://www.w3.org/2005/Atom", Lang: line(f.Language), Base: line(f.Page),
		ID: line(f.ID), Title: line(f.Title), Subtitle: line(f.Subtitle), Author: atomPerson{Name: line(f.Author)}}
	if out.Author.Name == "" {
		out.Author.Name = out.Title
	}
	if f.Self != "" {
		out.Links = append(out.Links, atomLink{Rel: "self", Type: "application/atom+xml", Href: line(f.Self)})
	}
	if f.Page != "" {
		out.Links = append(out.Links, atomLink{Rel: "alternate", Type: "text/html", Href: line(f.Page)})
	}
	ids := map[string]bool{}
	latest := f.Updated
	for i, e := range f.Entries {
		a := atomEntry{Lang: line(e.Language), ID: line(e.ID), Title: line(e.Title), Link: atomLink{Rel: "alternate", Type: "text/html", Href: line(e.Link)},
			Updated: moment(e.Updated)}
		if a.Lang == out.Lang {
			a.Lang = ""
		}
		switch {
		case !strings.Contains(a.ID, ":"), a.Title == "", a.Link.Href == "", e.Updated.IsZero():
			return nil, fmt.Errorf("feed: entry %d lacks an ID, title, link or time", i)
		case ids[a.ID]:
			return nil, fmt.Errorf("feed: two entries have the ID %s", a.ID)
		}
		ids[a.ID] = true
		if !e.Published.IsZero() {
			a.Published = moment(e.Published)
		}
		if s := line(e.Summary); s != "" {
			a.Summary = &atomText{Type: "text", Text: s}
		}
		if s := strings.TrimSpace(bearable(e.ContentHTML)); s != "" {
			a.Content = &atomText{Type: "html", Text: s}
		}
		for _, c := range e.Categories {
			if term := line(c.Term); term != "" {
				a.Categories = append(a.Categories, atomCategory{Term: term, Label: line(c.Label)})
			}
		}
		if f.Updated.IsZero() && e.Updated.After(latest) {
			latest = e.Updated
		}
		out.Entries = append(out.Entries, a)
	}
	if !strings.Contains(out.ID, ":") || out.Title == "" || latest.IsZero() {
		return nil, errors.New("feed: an ID, a title or a time is missing")
	}
	out.Updated = moment(latest)
	var b bytes.Buffer
	b.WriteString(xml.Header)
	enc := xml.NewEncoder(&b)
	enc.Indent("", " ")
	if err := enc.Encode(out); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// bearable leaves out what XML 1.0 does not bear, and the controls that it does. Line ends are those of Unix: XML
// makes them so.
func bearable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "\uFFFD"))
}

func line(s string) string { return strings.Join(strings.Fields(bearable(s)), " ") }

type atomFeed struct {
	XMLName  xml.Name    `xml:"feed"`
	XMLNS    string      `xml:"xmlns,attr"`
	Lang     string      `xml:"xml:lang,attr,omitempty"`
	Base     string      `xml:"xml:base,attr,omitempty"`
	ID       string      `xml:"id"`
	Title    string      `xml:"title"`
	Subtitle string      `xml:"subtitle,omitempty"`
	Updated  string      `xml:"updated"`
	Author   atomPerson  `xml:"author"`
	Links    []atomLink  `xml:"link"`
	Entries  []atomEntry `xml:"entry"`
}

type atomEntry struct {
	Lang       string         `xml:"xml:lang,attr,omitempty"`
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Link       atomLink       `xml:"link"`
	Updated    string         `xml:"updated"`
	Published  string         `xml:"published,omitempty"`
	Categories []atomCategory `xml:"category"`
	Summary    *atomText      `xml:"summary"`
	Content    *atomText      `xml:"content"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomCategory struct {
	Term  string `xml:"term,attr"`
	Label string `xml:"label,attr,omitempty"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}
