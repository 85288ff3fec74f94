package markup

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// element says what is kept of one kind of element.
type element struct {
	as    string   // the element it becomes, "" for itself
	attrs []string // attributes kept if their value is good
	block bool     // ends an open paragraph
	void  bool     // has no end tag
	in    []string // must stand inside one of these, else it becomes a div (table parts: goes)
}

var (
	inList  = []string{"ul", "ol"}
	inTable = []string{"table"}
)

// elements is everything that HTML may contain. What is not here loses its
// tags and keeps its text, except what hidden names.
var elements = func() map[string]element {
	m := map[string]element{
		"a":          {attrs: []string{"href", "title"}},
		"abbr":       {attrs: []string{"title"}},
		"img":        {attrs: []string{"src", "alt", "title", "width", "height"}, void: true},
		"br":         {void: true},
		"wbr":        {void: true},
		"hr":         {void: true, block: true},
		"ol":         {attrs: []string{"start", "reversed", "type"}, block: true},
		"li":         {attrs: []string{"value"}, block: true, in: inList},
		"dt":         {block: true, in: []string{"dl"}},
		"dd":         {block: true, in: []string{"dl"}},
		"details":    {attrs: []string{"open"}, block: true},
		"summary":    {block: true, in: []string{"details"}},
		"figcaption": {block: true, in: []string{"figure"}},
		"caption":    {block: true, in: inTable},
		"thead":      {block: true, in: inTable},
		"tbody":      {block: true, in: inTable},
		"tfoot":      {block: true, in: inTable},
		"tr":         {block: true, in: inTable},
		"td":         {attrs: []string{"colspan", "rowspan", "align"}, block: true, in: inTable},
		"th":         {attrs: []string{"colspan", "rowspan", "align", "scope"}, block: true, in: inTable},
		"center":     {as: "div", block: true},
		"strike":     {as: "s"},
		"tt":         {as: "code"},
		"acronym":    {as: "abbr", attrs: []string{"title"}},
		"dir":        {as: "ul", block: true},
		"menu":       {as: "ul", block: true},
	}
	for _, name := range strings.Fields("b strong i em u s del ins sub sup small mark code kbd samp var cite q dfn") {
		m[name] = element{}
	}
	for _, name := range strings.Fields("p div h1 h2 h3 h4 h5 h6 ul dl table blockquote pre figure") {
		m[name] = element{block: true}
	}
	for _, name := range strings.Fields("section article aside header footer main address nav form fieldset hgroup") {
		m[name] = element{as: "div", block: true}
	}
	return m
}()

// hidden elements go with their text. The tokenizer reads all of them as raw
// text, so that one without an end tag is the only one that swallows the rest,
// as it does in a browser.
var hidden = map[string]bool{"script": true, "style": true, "title": true, "noscript": true,
	"iframe": true, "noembed": true, "noframes": true}

var (
	goodNumber = regexp.MustCompile(`^[0-9]{1,4}$`)
	goodLang   = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$`)
	goodDir    = regexp.MustCompile(`^(ltr|rtl|auto)$`)
	goodAlign  = regexp.MustCompile(`^(left|right|center)$`)
	goodScope  = regexp.MustCompile(`^(row|col|rowgroup|colgroup)$`)
	goodID     = regexp.MustCompile(`^s-[a-z0-9-]+$`)
	goodType   = regexp.MustCompile(`^[1aAiI]$`)
	goodFlag   = regexp.MustCompile(`^$`)
	goodRel    = regexp.MustCompile(`^` + relExternal + `$`)
	goodText   = regexp.MustCompile(`(?s)^.*$`)
)

// attributeRules say which values an attribute may have; addresses are judged
// by kindOfLink and localPicture, and once more by the policy.
var attributeRules = map[string]*regexp.Regexp{
	"title": goodText, "alt": goodText, "width": goodNumber, "height": goodNumber, "start": goodNumber,
	"value": goodNumber, "colspan": goodNumber, "rowspan": goodNumber, "align": goodAlign, "scope": goodScope, "type": goodType,
	"reversed": goodFlag, "open": goodFlag, "href": goodText, "src": goodText,
}

// policy has the last word over everything that came in as HTML: a mistake in
// tidy may lose text, it cannot let anything through.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	for name, e := range elements {
		if e.as != "" {
			continue
		}
		p.AllowElements(name)
		p.AllowNoAttrs().OnElements(name)
		for _, a := range e.attrs {
			p.AllowAttrs(a).Matching(attributeRules[a]).OnElements(name)
		}
	}
	p.AllowAttrs("rel").Matching(goodRel).OnElements("a")
	p.AllowAttrs("id").Matching(goodID).OnElements("h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("lang").Matching(goodLang).Globally()
	p.AllowAttrs("dir").Matching(goodDir).Globally()
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	return p
}()

// cleanHTML returns safe, balanced HTML for HTML of any kind.
func cleanHTML(s string, ids bool) string {
	t := tidy{ids: ids}
	t.run(s)
	t.level()
	return policy.Sanitize(string(t.out))
}

// maxOpen bounds how deeply elements may stand inside each other. Tags beyond
// it go, their text stays.
const maxOpen = 100

// open is an element that has begun: its name in the source and in the
// output, where its tag begins in the output and where its content. One that
// is nothing in the output only has a look.
type open struct {
	name, as    string
	begin, body int
	look        look
}

// tidy writes elements so that each one ends where it must. It works on
// tokens and never builds a tree: repairing a tree as browsers do copies open
// formatting into every new paragraph, and a small text becomes a huge page.
type tidy struct {
	out   []byte
	stack []open
	ids   bool
	known headingIDs
	view  *MailView // set for the HTML of a mail, which has pictures of its own
	words bool      // pictures become their words
	keep  bool      // it is the HTML of a mail that is to be kept

	looks int // open elements with a look of their own that changes text

	heading     bool // one is open
	headingText strings.Builder
	headings    []headingPlace
}

// headingPlace is a finished heading: its level in the source and where the
// digits of its tags are in the output.
type headingPlace struct{ level, start, end int }

func (t *tidy) run(s string) {
	t.out = make([]byte, 0, len(s)+len(s)/8)
	z := html.NewTokenizer(strings.NewReader(s))
	skip := false
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			// Reading from a string, the only error is its end.
			t.closeTo(0)
			return
		case html.TextToken:
			if !skip {
				t.text(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tok := z.Token()
			skip = kind == html.StartTagToken && hidden[tok.Data]
			t.start(tok.Data, tok.Attr)
		case html.EndTagToken:
			skip = false
			name, _ := z.TagName()
			t.end(string(name))
		}
	}
}

func (t *tidy) text(s string) {
	// "&#11;" was hidden from Clean when the body came in.
	s = Clean(s)
	if t.heading {
		t.headingText.WriteString(s)
	}
	if t.looks > 0 {
		t.lookedText(s)
		return
	}
	t.out = append(t.out, html.EscapeString(s)...)
}

func (t *tidy) start(name string, attrs []html.Attribute) {
	if name == "input" {
		t.text(sign(attrs))
		return
	}
	if t.mail() {
		if t.mailStart(name, attrs) {
			return
		}
	}
	e, ok := elements[name]
	if !ok {
		return
	}
	as := name
	if e.as != "" {
		as = e.as
	}
	if name == "img" {
		t.image(attrs)
		return
	}
	if len(t.stack) >= maxOpen && !e.void {
		return
	}
	if len(e.in) > 0 && t.find(e.in, nil) < 0 {
		if e.in[0] == "table" {
			return
		}
		as = "div"
	}
	t.makeRoom(name, as, e.block)
	if name == "a" {
		t.link(attrs)
		return
	}
	if headingLevel(name) > 0 {
		t.startHeading(name)
		return
	}
	begin := len(t.out)
	t.out = append(append(t.out, '<'), as...)
	t.attributes(e, as, attrs)
	t.out = append(t.out, '>')
	if !e.void {
		t.push(name, as, begin)
		if t.mail() {
			t.dress(name, attrs)
		}
	}
}

// push notes an element whose tag was just written.
func (t *tidy) push(name, as string, begin int) {
	t.stack = append(t.stack, open{name: name, as: as, begin: begin, body: len(t.out)})
}

var cell = []string{"td", "th", "caption", "table"}

// makeRoom ends the elements that a new one ends in HTML, and opens the row
// that a cell needs.
func (t *tidy) makeRoom(name, as string, block bool) {
	if block {
		if i := t.find([]string{"p"}, cell); i >= 0 {
			t.closeTo(i)
		}
	}
	within := func(barrier string, names ...string) {
		last := -1
		for i := len(t.stack) - 1; i >= 0 && t.stack[i].name != barrier; i-- {
			if slices.Contains(names, t.stack[i].name) {
				last = i
			}
		}
		if last >= 0 {
			t.closeTo(last)
		}
	}
	switch name {
	case "li":
		if i := t.find([]string{"li"}, []string{"ul", "ol", "menu", "dir", "td", "th", "table"}); i >= 0 {
			t.closeTo(i)
		}
	case "dt", "dd":
		if i := t.find([]string{"dt", "dd"}, []string{"dl", "td", "th", "table"}); i >= 0 {
			t.closeTo(i)
		}
	case "a":
		if i := t.find([]string{"a"}, nil); i >= 0 {
			t.closeTo(i)
		}
	case "table":
		if i := t.find(cell, nil); i >= 0 && t.stack[i].name == "table" {
			t.closeTo(i)
		}
	case "caption", "thead", "tbody", "tfoot":
		within("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th")
	case "tr":
		within("table", "caption", "tr", "td", "th")
	case "td", "th":
		within("table", "caption", "td", "th")
		if i := t.find([]string{"tr"}, []string{"table"}); i < 0 {
			begin := len(t.out)
			t.out = append(t.out, "<tr>"...)
			t.push("tr", "tr", begin)
		}
	default:
		if headingLevel(name) > 0 && t.heading {
			t.closeTo(slices.IndexFunc(t.stack, func(o open) bool { return headingLevel(o.name) > 0 }))
		}
	}
}

// find returns the place of the innermost open element of these names, -1 if
// there is none inside the innermost barrier.
func (t *tidy) find(names, barrier []string) int {
	for i := len(t.stack) - 1; i >= 0; i-- {
		if slices.Contains(names, t.stack[i].name) || slices.Contains(names, t.stack[i].as) {
			return i
		}
		if slices.Contains(barrier, t.stack[i].name) {
			return -1
		}
	}
	return -1
}

func (t *tidy) end(name string) {
	e, ok := elements[name]
	if !ok && !(t.mail() && (name == "span" || name == "font")) || e.void {
		return
	}
	// A stray end tag inside a cell must not end what holds the table.
	var barrier []string
	switch {
	case len(e.in) > 0 && e.in[0] == "table":
		barrier = inTable
	case name != "table":
		barrier = cell
	}
	for i := len(t.stack) - 1; i >= 0; i-- {
		if t.stack[i].name == name {
			t.closeTo(i)
			return
		}
		if slices.Contains(barrier, t.stack[i].name) {
			return
		}
	}
}

// emptyElements are elements that mean something without content.
var emptyElements = []string{"td", "th", "tr", "li", "summary"}

// MayBeEmpty reports whether the element means something without content.
func MayBeEmpty(name string) bool { return slices.Contains(emptyElements, name) }

// closeTo ends all elements from the innermost to the one at place n. What
// turned out to hold nothing but white space loses its tags.
func (t *tidy) closeTo(n int) {
	for i := len(t.stack) - 1; i >= n; i-- {
		o := t.stack[i]
		t.stack = t.stack[:i]
		if o.look != (look{}) {
			t.looks--
		}
		if o.as == "" {
			continue
		}
		heading := headingLevel(o.name) > 0
		if heading {
			t.heading = false
		}
		if content := t.out[o.body:]; len(bytes.TrimSpace(content)) == 0 && !MayBeEmpty(o.as) {
			t.out = append(t.out[:o.begin], content...)
			continue
		}
		t.out = append(append(append(t.out, "</"...), o.as...), '>')
		if heading && t.ids {
			id := ` id="` + t.known.id(t.headingText.String()) + `"`
			t.out = slices.Insert(t.out, o.begin+len("<h2"), []byte(id)...)
		}
		if heading {
			t.headings = append(t.headings, headingPlace{headingLevel(o.name), o.begin + len("<h"), len(t.out) - len("2>")})
		}
	}
}

func (t *tidy) startHeading(name string) {
	begin := len(t.out)
	t.out = append(append(append(t.out, '<'), name...), '>')
	t.heading = true
	t.headingText.Reset()
	t.push(name, name, begin)
}

// level moves all headings so that the highest is an h2. Which one that is
// shows only at the end, when the empty ones have gone.
func (t *tidy) level() {
	highest := 6
	for _, h := range t.headings {
		highest = min(highest, h.level)
	}
	for _, h := range t.headings {
		digit := byte('0' + min(h.level-highest+2, 6)) // #nosec G115 -- a digit from 2 to 6
		t.out[h.start], t.out[h.end] = digit, digit
	}
}

func (t *tidy) link(attrs []html.Attribute) {
	href := strings.TrimSpace(Attr(attrs, "href"))
	kind := kindOfLink(href)
	if kind == linkRefused || t.keep && kind == linkLocal {
		return
	}
	begin := len(t.out)
	t.out = append(t.out, `<a href="`+html.EscapeString(href)+`"`...)
	if title := Clean(Attr(attrs, "title")); title != "" {
		t.out = append(t.out, ` title="`+html.EscapeString(title)+`"`...)
	}
	if kind == linkExternal {
		t.out = append(t.out, ` rel="`+relExternal+`"`...)
	}
	t.out = append(t.out, '>')
	t.push("a", "a", begin)
}

// image keeps a picture of this desk. From elsewhere only a link to it stays, because a picture that loads
// automatically tells its owner who read the mail.
func (t *tidy) image(attrs []html.Attribute) {
	src, alt := strings.TrimSpace(Attr(attrs, "src")), Line(Attr(attrs, "alt"))
	if t.words {
		t.text(" " + alt + " ")
		return
	}
	if t.keep {
		t.keepImage(attrs, src, alt)
		return
	}
	if t.view != nil {
		t.mailImage(attrs, alt)
		return
	}
	if localPicture(src) {
		t.out = append(t.out, "<img"...)
		t.out = append(t.out, ` src="`+html.EscapeString(src)+`" alt="`+html.EscapeString(alt)+`"`...)
		t.attributes(element{attrs: []string{"title", "width", "height"}}, "img", attrs)
		t.out = append(t.out, '>')
		if t.heading {
			t.headingText.WriteString(" " + alt + " ")
		}
		return
	}
	external := kindOfLink(src) == linkExternal
	if alt == "" && external {
		alt = src
	}
	if !external || t.find([]string{"a"}, nil) >= 0 || len(t.stack) >= maxOpen {
		t.text(alt)
		return
	}
	t.link([]html.Attribute{{Key: "href", Val: src}})
	t.text(alt)
	t.end("a")
}

func (t *tidy) attributes(e element, as string, attrs []html.Attribute) {
	seen := map[string]bool{}
	for _, a := range attrs {
		good := false
		switch {
		case seen[a.Key] || a.Namespace != "":
		case a.Key == "lang":
			good = goodLang.MatchString(a.Val)
		case a.Key == "dir":
			good = goodDir.MatchString(a.Val)
		case a.Key == "reversed" || a.Key == "open":
			a.Val, good = "", slices.Contains(e.attrs, a.Key)
		case as != "div" && slices.Contains(e.attrs, a.Key):
			good = attributeRules[a.Key].MatchString(a.Val)
		}
		if good {
			seen[a.Key] = true
			t.out = append(t.out, ` `+a.Key+`="`+html.EscapeString(Clean(a.Val))+`"`...)
		}
	}
}

// Relink returns HTML in which each link's address is what to returns for it;
// an address for which it returns "" is taken off, the text stays. Nothing
// else is changed or cleaned. It serves to point the links of an imported
// folder at the articles that its pages have become.
func Relink(body string, to func(href string) string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() == io.EOF {
				b.Write(z.Raw())
			}
			return b.String()
		case html.StartTagToken:
			raw := string(z.Raw())
			tok := z.Token()
			i := slices.IndexFunc(tok.Attr, func(a html.Attribute) bool { return a.Key == "href" })
			if tok.Data != "a" || i < 0 {
				b.WriteString(raw)
				continue
			}
			if tok.Attr[i].Val = to(tok.Attr[i].Val); tok.Attr[i].Val == "" {
				tok.Attr = slices.Delete(tok.Attr, i, i+1)
			}
			b.WriteString(tok.String())
		default:
			b.Write(z.Raw())
		}
	}
}
