package search

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/mapping"
	index "github.com/blevesearch/bleve_index_api"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/search/segment"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// documentVersion goes into the fingerprint of an index: raise it with any change of what a document holds.
const documentVersion = 7

// stamp writes the minutes since 1970 as the field when has them.
const stamp = "%08x"

// The fields of a document. Whoever may see a document may match all its fields but the notes.
const (
	fieldTitle  = "title" // subject or title; also in text
	fieldText   = "text"  // everything the requester's side may read
	fieldNote   = "note"  // notes and the names of their files
	fieldFrom   = "from"  // the requester: words of the name, address, its local part, @domain
	fieldAccess = record.FieldAccess
	fieldTag    = record.FieldTag // name:code, what filters and counts go by
	fieldNumber = "number"        // ticket number
	fieldDay    = "day"           // opened or published: year, month, day
	fieldWhen   = "when"          // last public change
	fieldKey    = "key"           // of what there is in several languages: article.language, or type and number.language
	fieldWord   = "word"          // words of an article or a record, to be suggested and to correct with
	fieldNear   = "near"          // the text in short, to be read back
)

var fields = func() []field {
	out := []field{
		{name: fieldFrom},
		{name: fieldAccess},
		{name: fieldTag},
		{name: fieldNumber},
		{name: fieldDay},
		{name: fieldWhen, values: true},
		{name: fieldKey, values: true},
		{name: fieldWord},
		{name: fieldNear, kept: true},
	}
	for _, name := range []string{fieldTitle, fieldText, fieldNote} {
		// Texts are there to be matched; how often a word stands in them is told by the text in short.
		out = append(out, field{name: name, counted: name == fieldTitle})
		for _, l := range analysis.Languages {
			out = append(out, field{name: stemField(name, l), counted: name == fieldTitle})
		}
	}
	return out
}()

var fieldsByName = func() map[string]field {
	out := map[string]field{}
	for _, f := range fields {
		out[f.name] = f
	}
	return out
}()

// stemField names the field that holds the stems of another one's words.
func stemField(name, language string) string { return name + "_" + language }

// newMapping tells the engine nothing: documents come with their words.
func newMapping() *mapping.IndexMappingImpl {
	m := bleve.NewIndexMapping()
	m.StoreDynamic, m.IndexDynamic, m.DocValuesDynamic = false, false, false
	return m
}

// draft is a document being put together.
type draft struct {
	id    string
	doc   *document.Document // nil: there is nothing to be found under the id
	bytes int                // of text
	words *vocabulary
}

// set sets a field to terms that are separated by spaces.
func (d *draft) set(name, terms string) {
	if terms = analysis.CutBytes(terms, analysis.MaxField); terms == "" {
		return
	}
	d.doc.AddField(d.words.gather(fieldsByName[name], func(yield func(uint32) bool) {
		for t := range strings.FieldsSeq(terms) {
			if !yield(d.words.number(t)) {
				return
			}
		}
	}))
}

// keep sets the text in short.
func (d *draft) keep(near []byte) {
	d.doc.AddField(document.NewTextFieldCustom(fieldNear, nil, near, fieldsByName[fieldNear].options(), nil))
}

// text sets the field of the name to the words of the text, and the one of the language to their stems.
func (d *draft) text(name string, text *reading) {
	if len(text.tokens) == 0 {
		return
	}
	d.plain(name, text)
	d.doc.AddField(d.words.gather(fieldsByName[stemField(name, analysis.Languages[text.language])], func(yield func(uint32) bool) {
		for i := range text.tokens {
			if n := text.tokens[i].stem; n != 0 && !yield(n) {
				return
			}
		}
	}))
}

// plain sets the field to the words of the text, and to the forms of its identifiers where it is asked for what stands
// in it, not for words to offer.
func (d *draft) plain(name string, text *reading) {
	d.bytes += len(text.text)
	forms := name == fieldText || name == fieldNote
	d.doc.AddField(d.words.gather(fieldsByName[name], func(yield func(uint32) bool) {
		for i := range text.tokens {
			if (forms || !text.tokens[i].form) && !yield(text.tokens[i].word) {
				return
			}
		}
	}))
}

func (d *draft) days(t time.Time, loc *time.Location) {
	if t.IsZero() {
		return
	}
	t = t.In(loc)
	d.set(fieldDay, t.Format("2006 200601 20060102"))
}

func (d *draft) when(t time.Time) {
	minutes := max(0, t.Unix()/60) // also the zero time
	d.set(fieldWhen, fmt.Sprintf(stamp, uint32(min(minutes, 1<<32-1))))
}

func ticketID(id uint64) string  { return "t" + strconv.FormatUint(id, 10) }
func versionID(id uint64) string { return "v" + strconv.FormatUint(id, 10) }
func mailID(id uint64) string    { return "m" + strconv.FormatUint(id, 10) }

// parseID returns the type and number of a document's id, an empty type for an id that is not ours.
func parseID(id []byte) (string, uint64) {
	if len(id) < 2 {
		return "", 0
	}
	n, err := strconv.ParseUint(string(id[1:]), 10, 64)
	switch {
	case err != nil:
		return "", 0
	case id[0] == 't':
		return query.TypeTicket, n
	case id[0] == 'v':
		return query.TypeArticle, n
	case id[0] == 'm':
		return query.TypeMail, n
	}
	for _, noun := range record.Nouns {
		if id[0] == noun.Letter[0] {
			return noun.Type, n
		}
	}
	return "", 0
}

// maker makes documents from rows inside one View. What many documents need is read once.
type maker struct {
	tx     *db.Tx
	loc    *time.Location
	words  *vocabulary
	people map[uint64]*store.Person
	plans  record.PlanTexts
}

func newMaker(tx *db.Tx, loc *time.Location) *maker {
	return &maker{tx: tx, loc: loc, words: newVocabulary()}
}

func (m *maker) draft(id string) *draft {
	return &draft{id: id, doc: document.NewDocument(id), words: m.words}
}

func (m *maker) person(id uint64) (*store.Person, error) {
	if p, ok := m.people[id]; ok {
		return p, nil
	}
	p, err := store.People.Get(m.tx, id)
	if fault.KindOf(err) == fault.NotFound {
		p, err = &store.Person{}, nil
	}
	if err != nil {
		return nil, err
	}
	if m.people == nil {
		m.people = map[uint64]*store.Person{}
	}
	m.people[id] = p
	return p, nil
}

// ticket returns the document of the ticket, an empty draft when there is nothing to find: no row, or spam.
func (m *maker) ticket(id uint64) (*draft, error) {
	t, err := store.Tickets.Get(m.tx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && t.IsSpam() {
		return &draft{id: ticketID(id)}, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := record.OfTicket(m.tx, t)
	if err != nil {
		return nil, fmt.Errorf("search: read ticket %d: %w", id, err)
	}
	requester, err := m.person(t.Requester)
	if err != nil {
		return nil, fmt.Errorf("search: read requester of ticket %d: %w", id, err)
	}
	text := strings.Join(p.Public, pieceEnd)
	language := analysis.LanguageOf(t.Language, text)
	public, notes := m.words.read(0, text, language), m.words.read(1, strings.Join(p.Notes, pieceEnd), language)

	d := m.draft(ticketID(id))
	d.text(fieldTitle, public.until(len(t.Subject)))
	d.text(fieldText, public)
	d.text(fieldNote, notes)
	d.set(fieldFrom, fromTerms(requester))
	d.keep(near(public, len(t.Subject), notes, changedOf(t)))
	d.set(fieldNumber, analysis.Decimal(id))
	d.days(t.Opened, m.loc)
	d.when(t.PublicUpdated)

	access := "g" + analysis.Decimal(t.Group)
	if !t.Unclaimed {
		access += " p" + analysis.Decimal(t.Requester)
	}
	for _, p := range t.Participants {
		access += " p" + analysis.Decimal(p)
	}
	if t.Organisation != 0 {
		access += " o" + analysis.Decimal(t.Organisation)
	}
	if t.Unit != 0 {
		access += " u" + analysis.Decimal(t.Unit)
	}
	if t.Narrowed {
		access += " " + accessNarrowed
	}
	d.set(fieldAccess, access)

	tags := "type:ticket state:" + t.State.String() + " kind:" + t.Kind.String() + " group:" + analysis.Decimal(t.Group) + " lang:" + language
	if t.Module != 0 {
		tags += " module:" + analysis.Decimal(t.Module)
	}
	if p.Files || t.Files > p.Foreign {
		tags += " files:yes"
	}
	d.set(fieldTag, tags)
	return d, nil
}

// fromTerms returns what the requester can be found by.
func fromTerms(p *store.Person) string {
	terms := strings.Join(strings.Fields(p.Email), "")
	if local, domain, ok := strings.Cut(terms, "@"); ok {
		terms += " " + local + " @" + domain
	}
	analysis.ScanForms(p.Email, func(t analysis.Token) { terms += " " + t.Term })
	for _, w := range spelling.Forms(p.Name) {
		terms += " " + w
	}
	analysis.Scan(p.Name, func(t analysis.Token) { terms += " " + t.Term })
	return terms
}

// mail returns the document of a mail that somebody has to judge, an empty draft for every other: what became a message
// is found in its ticket. Who judges reads all of it; nobody else finds any.
func (m *maker) mail(id uint64) (*draft, error) {
	row, err := store.Mails.Glance(m.tx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && !row.Judged() {
		return &draft{id: mailID(id)}, nil
	}
	if err == nil {
		row, err = store.Mails.Get(m.tx, id)
	}
	if err != nil {
		return nil, err
	}
	text := strings.Join(record.OfMail(row).Public, pieceEnd)
	language := analysis.LanguageOf("", text)
	public := m.words.read(0, text, language)
	d := m.draft(mailID(id))
	d.text(fieldTitle, public.until(len(row.Subject)))
	d.text(fieldText, public)
	d.set(fieldFrom, fromTerms(&store.Person{Email: row.From, Name: row.FromName}))
	d.keep(near(public, len(row.Subject), nil, row.Created))
	d.days(row.Created, m.loc)
	d.when(row.Created)
	d.set(fieldAccess, "g"+analysis.Decimal(row.Group))
	d.set(fieldTag, "type:mail group:"+analysis.Decimal(row.Group)+" lang:"+language)
	return d, nil
}

// version returns the document of an article's version, an empty draft when it is not there.
func (m *maker) version(id uint64) (*draft, error) {
	v, err := store.Versions.Get(m.tx, id)
	if fault.KindOf(err) == fault.NotFound {
		return &draft{id: versionID(id)}, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := store.Articles.Get(m.tx, v.Article)
	if fault.KindOf(err) == fault.NotFound {
		return &draft{id: versionID(id)}, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := record.OfVersion(m.tx, v)
	if err != nil {
		return nil, fmt.Errorf("search: read article %d: %w", v.Article, err)
	}
	text := strings.Join(p.Public, pieceEnd)
	language := analysis.LanguageOf(v.Language, text)
	public := m.words.read(0, text, language)
	d := m.draft(versionID(id))
	d.text(fieldTitle, public.until(len(v.Title)))
	d.text(fieldText, public)
	if len(public.tokens) > 0 {
		d.plain(fieldWord, public)
	}
	d.keep(near(public, len(v.Title), nil, time.Time{}))
	d.days(v.Created, m.loc)
	d.when(v.Updated)
	d.set(fieldKey, analysis.Decimal(v.Article)+"."+v.Language)

	tags := "type:article lang:" + language + " publication:" + v.Publication.String()
	if a.Module != 0 {
		tags += " module:" + analysis.Decimal(a.Module)
	}
	d.set(fieldTag, tags)
	if v.Publication == store.Published {
		d.set(fieldAccess, "audience:"+a.Audience.String())
	}
	return d, nil
}

// record returns the document of a record, an empty draft when there is nothing to be read under its id.
func (m *maker) record(n record.Noun, id uint64) (*draft, error) {
	name := n.Letter + strconv.FormatUint(id, 10)
	r, err := n.Read(m.tx, id, m.plans)
	if err != nil || r == nil {
		return &draft{id: name}, err
	}
	texts := r.Pieces()
	public := m.words.read(0, strings.Join(texts.Public, pieceEnd), r.Language)
	notes := m.words.read(1, strings.Join(texts.Notes, pieceEnd), r.Language)
	title := len(strings.Join(r.Heading(), pieceEnd))
	d := m.draft(name)
	d.text(fieldTitle, public.until(title))
	d.text(fieldText, public)
	d.text(fieldNote, notes)
	if len(public.tokens) > 0 {
		d.plain(fieldWord, public)
	}
	d.keep(near(public, title, notes, r.Changed))
	d.days(r.Day, m.loc)
	d.when(r.Changed)
	d.set(fieldKey, r.Type+analysis.Decimal(r.Number)+"."+r.Language)
	d.set(fieldTag, strings.Join(r.Tags, " "))
	d.set(fieldAccess, strings.Join(r.Access, " "))
	return d, nil
}

// rowID returns the type and the number of the row a document was made from.
func rowID(p *segment.Part, doc uint32) (string, uint64, error) {
	b, err := p.Segment.DocID(uint64(doc))
	if err != nil {
		return "", 0, fmt.Errorf("search: read document id: %w", err)
	}
	kind, n := parseID(b)
	if kind == "" {
		return "", 0, fmt.Errorf("search: foreign document %q", b)
	}
	return kind, n, nil
}

// field declares what a field is for.
type field struct {
	name    string
	counted bool // how often and in how long a text, for ranking
	values  bool // read back by document, for order
	kept    bool // stored as it is, and not looked up
}

func (f field) options() index.FieldIndexingOptions {
	if f.kept {
		return index.StoreField
	}
	o := index.IndexField
	if !f.counted {
		o |= index.SkipFreqNorm
	}
	if f.values {
		o |= index.DocValues
	}
	return o
}
