package owndata

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/store"
	"sportello/store/db"
)

// page is a page of the archive. It is read from a disk, without the desk: no script, no picture, no address of elsewhere.
type page struct {
	Lang, Title, Who, At, Back string
	Text                       []string
	Links                      []link
	LeftOut                    string
}

// link leads to the page of a part.
type link struct {
	To, Title string
	Rows      int
}

var pages = template.Must(template.New("").Parse(`{{define "begin"}}<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}} · {{.Who}}</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1c; background: #fff }
article { border-top: 1px solid #767676; padding: 1rem 0 }
dt { font-weight: bold }
dd { margin: 0 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere }
</style>
</head>
<body>
{{if .Back}}<nav><a href="index.html">{{.Back}}</a></nav>
{{end}}<main>
<h1>{{.Title}}</h1>
{{end}}{{define "entry"}}<article>
<h2>{{.Head}}</h2>
<dl>
{{range .Lines}}<dt>{{.Name}}</dt>
<dd>{{.Text}}</dd>
{{end}}</dl>
</article>
{{end}}{{define "end"}}{{range .Text}}<p>{{.}}</p>
{{end}}{{if .Links}}<p>{{.Who}} · {{.At}}</p>
<ul>
{{range .Links}}<li><a href="{{.To}}">{{.Title}}</a> ({{.Rows}})</li>
{{end}}</ul>
<p>{{.LeftOut}}</p>
{{end}}</main>
</body>
</html>
{{end}}`))

func (p page) begin(w io.Writer) error  { return pages.ExecuteTemplate(w, "begin", p) }
func (p page) finish(w io.Writer) error { return pages.ExecuteTemplate(w, "end", p) }

func (p page) write(w io.Writer) error {
	if err := p.begin(w); err != nil {
		return err
	}
	return p.finish(w)
}

func (e entry) write(w io.Writer) error { return pages.ExecuteTemplate(w, "entry", e) }

// text is a value as people read it; of what is a number of something the desk has a name for, its name.
func (r *Archive) text(tx *db.Tx, field string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return r.say("own-data.yes")
		}
		return r.say("own-data.no")
	case json.Number:
		return r.named(tx, field, v)
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return r.written(t)
		}
		return v
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, r.text(tx, field, x))
		}
		return strings.Join(out, "\n")
	case map[string]any:
		if words, is := v[r.lang].(string); is && words != "" {
			return words
		}
		var out []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text := r.text(tx, name, v[name]); text != "" {
				out = append(out, r.fieldName(name)+": "+text)
			}
		}
		return strings.Join(out, "; ")
	}
	return fmt.Sprint(v)
}

// named is the name of what the number stands for, else the number.
func (r *Archive) named(tx *db.Tx, field string, n json.Number) string {
	id, err := strconv.ParseUint(n.String(), 10, 64)
	if err != nil || id == 0 {
		return n.String()
	}
	switch field {
	case "organisation":
		if o, err := store.Organisations.Peek(tx, id); err == nil {
			return o.Name
		}
	case "unit":
		if u, err := store.Units.Peek(tx, id); err == nil {
			return u.Name
		}
	case "module", "modules":
		if m, err := store.Modules.Peek(tx, id); err == nil {
			return m.Name.In(r.lang)
		}
	case "group":
		if g, err := store.Groups.Peek(tx, id); err == nil {
			return g.Name.In(r.lang)
		}
	}
	return n.String()
}

// fieldName is what a field is called; the others are called in the pages as in the JSON beside them.
func (r *Archive) fieldName(field string) string {
	if key := fieldNames[field]; key != "" {
		return r.say(key)
	}
	return field
}

var fieldNames = map[string]string{
	"created": "own-data.field-created", "email": "own-data.field-email", "name": "own-data.field-name", "phone": "own-data.field-phone", "language": "own-data.field-language",
	"organisation": "own-data.field-organisation", "unit": "own-data.field-unit", "module": "own-data.field-module", "modules": "own-data.field-module", "group": "own-data.field-group", "groups": "own-data.field-groups",
	"affiliations": "own-data.field-affiliations", "position": "own-data.field-position", "last_seen": "own-data.field-last-seen", "device": "own-data.field-device", "addr": "own-data.field-addr",
	"seen": "own-data.field-last-seen", "ends": "own-data.field-ends", "from": "own-data.field-from", "until": "own-data.field-until", "subject": "own-data.field-subject", "state": "own-data.field-state",
	"ticket": "own-data.field-ticket", "at": "own-data.field-at", "body": "own-data.field-text", "text": "own-data.field-text", "title": "own-data.field-title", "reason": "own-data.field-reason", "why": "own-data.field-reason",
	"kind": "own-data.field-kind", "path": "own-data.field-path", "size": "own-data.field-size", "sent": "own-data.field-sent", "to": "own-data.field-to", "release": "own-data.field-release", "plan": "own-data.field-plan",
	"problem": "own-data.field-problem", "opened": "own-data.field-opened", "closed": "own-data.field-closed", "what": "own-data.field-what", "event": "own-data.field-what", "act": "own-data.field-what",
}
