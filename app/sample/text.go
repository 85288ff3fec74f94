// Package sample has the content of the demo: articles, conversations, people and saved replies of an invented
// university, written by hand so that people from such an office find them believable. The texts are embedded files
// under text/. This file reads them strictly: a key without a field is an error, so that no misspelt key goes
// unnoticed.
package sample

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

//go:embed text
var files embed.FS

// Placeholders are the words in braces that subjects, bodies, replies and versions of tickets may contain. One ticket
// has one value for each, wherever it occurs.
var Placeholders = []string{
	"cognome",    // surname of a third person, never of the requester
	"matricola",  // staff number, six digits
	"progetto",   // acronym of a project
	"importo",    // amount in Italian notation, without currency: 1.284,50
	"data",       // dd/mm/yyyy, some days before the ticket
	"codice",     // number of a document, four or five digits
	"versione",   // version in which the problem occurred
	"precedente", // version before it
	"prossima",   // version after it
	"anno",       // year of the ticket
	"annoprec",   // the year before
	"mese",       // month of the ticket, by name, lower case in Italian, in the language of the ticket
	"meseprec",   // the month before
}

// Article is one page of the knowledge base with its versions. Body is Markdown; pictures are written
// ![alt](picture:NAME) with a NAME from PictureNames.
type Article struct {
	Slug     string
	Module   string // code of the catalogue
	Audience string // public, signed-in or agents
	Versions []ArticleVersion
}

// ArticleVersion is an article in one language; the Italian one comes first and always exists.
type ArticleVersion struct {
	Language string // it or en
	Title    string
	State    string // published or draft
	Body     string
}

// PictureNames are the pictures that articles refer to.
var PictureNames = []string{"menu", "form", "list", "error", "flow"}

// Ticket is a scenario: a conversation that may be used several times with different values for its Placeholders.
type Ticket struct {
	Module     string   `toml:"module"` // "" is the general desk
	Kind       string   `toml:"kind"`
	Severity   string   `toml:"severity"`
	Urgency    string   `toml:"urgency"`
	Language   string   `toml:"lang"`   // it when left out
	From       []string `toml:"from"`   // codes of units whose people would write this; empty: any
	Who        string   `toml:"who"`    // staff (when left out), academic or anyone
	Months     []int    `toml:"months"` // months of the year it comes in; empty: all
	Subject    string   `toml:"subject"`
	Also       []string `toml:"also"` // other subjects for the same matter
	Body       string   `toml:"body"`
	Outcome    string   `toml:"outcome"`     // "" while it is open
	State      string   `toml:"state"`       // new, open, waiting or planned while Outcome is ""; else ""
	Attachment string   `toml:"attachment"`  // file that comes with the first message
	Version    string   `toml:"version"`     // version in which it was met
	LastWorked string   `toml:"last_worked"` // set for a regression: version in which it last worked
	FixedIn    string   `toml:"fixed_in"`    // set for a planned one: version that corrects it
	Replies    []Reply  `toml:"replies"`
}

// A Reply is what was written after the first message.
type Reply struct {
	By   string `toml:"by"`   // agent or requester
	Note bool   `toml:"note"` // internal; agents only
	Text string `toml:"text"`
}

// A Cast is everybody in the demo, and where they work.
type Cast struct {
	Organisations []Organisation `toml:"organisation"`
	Units         []Unit         `toml:"unit"`
	Persons       []Person       `toml:"person"`
}

// An Organisation is a university or body; Domain ends its people's addresses.
type Organisation struct {
	Code   string `toml:"code"`
	Name   string `toml:"name"`
	Short  string `toml:"short"`
	Domain string `toml:"domain"`
}

// A Unit belongs to the organisation whose code it names.
type Unit struct {
	Code         string `toml:"code"`
	Organisation string `toml:"organisation"`
	Name         string `toml:"name"`
}

// A Person is somebody with a record. Groups are set for agents and supervisors.
type Person struct {
	Name        string   `toml:"name"`
	Email       string   `toml:"email"`
	Unit        string   `toml:"unit"`
	Roles       []string `toml:"roles"`
	Groups      []string `toml:"groups"`
	Coordinates string   `toml:"coordinates"` // organisation or unit, for coordinators
	Language    string   `toml:"lang"`
	Academic    bool     `toml:"academic"` // teaches or does research
	Show        string   `toml:"show"`     // role for which the demo prints this account
	About       string   `toml:"about"`    // what the person does, in Italian
}

// A SavedReply is an answer ready for the agents of a group, in both languages.
type SavedReply struct {
	Group string         `toml:"group"`
	It    SavedReplyText `toml:"it"`
	En    SavedReplyText `toml:"en"`
}

// A SavedReplyText is a saved reply in one language. Body is Markdown.
type SavedReplyText struct {
	Title string `toml:"title"`
	Body  string `toml:"body"`
}

// HomeTexts are the texts of the portal's home page in both languages.
type HomeTexts struct {
	It HomeText `toml:"it"`
	En HomeText `toml:"en"`
}

// A HomeText is the home page in one language. Hours and Contacts are Markdown; Searches are what
// people often look for.
type HomeText struct {
	Welcome  string   `toml:"welcome"`
	Intro    string   `toml:"intro"`
	Hours    string   `toml:"hours"`
	Contacts string   `toml:"contacts"`
	Searches []string `toml:"searches"`
}

// Articles returns all articles, sorted by slug. An English version without an Italian one is an error.
func Articles() ([]Article, error) {
	const dir = "text/articles"
	names, err := fs.Glob(files, dir+"/*.it.md")
	if err != nil {
		return nil, fmt.Errorf("sample: list articles: %w", err)
	}
	english, err := fs.Glob(files, dir+"/*.en.md")
	if err != nil {
		return nil, fmt.Errorf("sample: list articles: %w", err)
	}
	rest := make(map[string]bool, len(english))
	for _, name := range english {
		rest[name] = true
	}
	sort.Strings(names)
	articles := make([]Article, 0, len(names))
	for _, name := range names {
		a := Article{Slug: strings.TrimSuffix(path.Base(name), ".it.md")}
		var front struct {
			Title    string `toml:"title"`
			Module   string `toml:"module"`
			Audience string `toml:"audience"`
			State    string `toml:"state"`
		}
		body, err := page(name, &front)
		if err != nil {
			return nil, err
		}
		a.Module, a.Audience = front.Module, front.Audience
		a.Versions = []ArticleVersion{{Language: "it", Title: front.Title, State: front.State, Body: body}}
		if other := dir + "/" + a.Slug + ".en.md"; rest[other] {
			delete(rest, other)
			var front struct {
				Title string `toml:"title"`
				State string `toml:"state"`
			}
			body, err := page(other, &front)
			if err != nil {
				return nil, err
			}
			a.Versions = append(a.Versions, ArticleVersion{Language: "en", Title: front.Title, State: front.State, Body: body})
		}
		articles = append(articles, a)
	}
	for name := range rest {
		return nil, fmt.Errorf("sample: read %s: no Italian version", name)
	}
	return articles, nil
}

// Tickets returns all scenarios in the order of the file, with defaults filled in.
func Tickets() ([]Ticket, error) {
	var all struct {
		Ticket []Ticket `toml:"ticket"`
	}
	if err := decodeFile("text/tickets.toml", &all); err != nil {
		return nil, err
	}
	for i := range all.Ticket {
		t := &all.Ticket[i]
		if t.Language == "" {
			t.Language = "it"
		}
		if t.Who == "" {
			t.Who = "staff"
		}
	}
	return all.Ticket, nil
}

// People returns the organisations, units and persons of the demo.
func People() (Cast, error) {
	var c Cast
	err := decodeFile("text/people.toml", &c)
	return c, err
}

// Replies returns the saved replies in the order of the file.
func Replies() ([]SavedReply, error) {
	var all struct {
		Reply []SavedReply `toml:"reply"`
	}
	err := decodeFile("text/replies.toml", &all)
	return all.Reply, err
}

// Home returns the texts of the home page.
func Home() (HomeTexts, error) {
	var h HomeTexts
	err := decodeFile("text/home.toml", &h)
	return h, err
}

// page reads an article file: TOML between two lines of +++, then the body.
func page(name string, front any) (string, error) {
	data, err := files.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("sample: read %s: %w", name, err)
	}
	rest, ok := bytes.CutPrefix(data, []byte("+++\n"))
	head, body, found := bytes.Cut(rest, []byte("\n+++\n"))
	if !ok || !found {
		return "", fmt.Errorf("sample: read %s: no front matter between +++ lines", name)
	}
	if err := decode(name, string(head), front); err != nil {
		return "", err
	}
	return strings.TrimSpace(string(body)) + "\n", nil
}

func decodeFile(name string, into any) error {
	data, err := files.ReadFile(name)
	if err != nil {
		return fmt.Errorf("sample: read %s: %w", name, err)
	}
	return decode(name, string(data), into)
}

func decode(name, text string, into any) error {
	if err := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields().Decode(into); err != nil {
		var unknown *toml.StrictMissingError
		if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
			return fmt.Errorf("sample: decode %s: unknown key %s", name, strings.Join(unknown.Errors[0].Key(), "."))
		}
		return fmt.Errorf("sample: decode %s: %w", name, err)
	}
	return nil
}
