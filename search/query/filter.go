package query

import (
	"encoding/hex"
	"strings"
	"time"

	"sportello/app/version"
	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/spelling"
)

// FilterNames are the names of filters in both languages, and what each is called inside.
var FilterNames = func() map[string]string {
	out := map[string]string{}
	for _, f := range FilterHelp {
		out[f.it], out[f.en] = f.Code, f.Code
	}
	out["type"] = "in"
	return out
}()

// filterWord is a filter as it is offered while somebody types it.
type filterWord struct {
	Code, it, en string
	valuesIT     string // separated by commas
	valuesEN     string
	Agents       bool // of use to agents alone
}

var FilterHelp = []filterWord{
	{Code: "state", it: "stato", en: "state", valuesIT: "nuova,aperta,attesa,pianificata,risolta,chiusa,attiva", valuesEN: "new,open,waiting,planned,resolved,closed,active"},
	{Code: "kind", it: "tipo", en: "kind", valuesIT: "chiarimento,anomalia,richiesta,consulenza,credenziali", valuesEN: "clarification,malfunction,request,guidance,access"},
	{Code: "in", it: "in", en: "in", valuesIT: "richieste,guida,aggiornamenti,anomalie,piani", valuesEN: "tickets,guides,updates,problems,plans"},
	{Code: "module", it: "modulo", en: "module"},
	{Code: "group", it: "gruppo", en: "group", Agents: true},
	{Code: "from", it: "da", en: "from", valuesIT: "me", valuesEN: "me"},
	{Code: "organisation", it: "ente", en: "organisation", Agents: true},
	{Code: "before", it: "prima", en: "before", valuesIT: "oggi,ieri", valuesEN: "today,yesterday"},
	{Code: "after", it: "dopo", en: "after", valuesIT: "oggi,ieri", valuesEN: "today,yesterday"},
	{Code: "year", it: "anno", en: "year"},
	{Code: "language", it: "lingua", en: "language", valuesIT: "italiano,inglese", valuesEN: "italian,english"},
	{Code: "files", it: "allegato", en: "attachment", valuesIT: "si,no", valuesEN: "yes,no"},
	{Code: "number", it: "numero", en: "number"},
	{Code: "version", it: "versione", en: "version"},
}

func (f filterWord) Name(language string) string {
	if language == "en" {
		return f.en
	}
	return f.it
}

func (f filterWord) Values(language string) []string {
	v := f.valuesIT
	if language == "en" {
		v = f.valuesEN
	}
	if v == "" {
		return nil
	}
	return strings.Split(v, ",")
}

// filterValues are the words for values that are not codes; several codes are separated by a bar.
var filterValues = map[string]map[string]string{
	"state": {"nuova": "new", "nuovo": "new", "nuove": "new", "ricevuta": "new", "aperta": "open", "aperto": "open", "aperte": "open",
		"in carico": "open", "in lavorazione": "open", "attesa": "waiting", "in attesa": "waiting", "in-attesa": "waiting", "pianificata": "planned",
		"pianificato": "planned", "pianificate": "planned", "risolta": "resolved", "risolto": "resolved", "risolte": "resolved",
		"chiusa": "closed", "chiuso": "closed", "chiuse": "closed", "active": "new|open|waiting|planned",
		"attiva": "new|open|waiting|planned", "attivo": "new|open|waiting|planned", "attive": "new|open|waiting|planned",
		"bozza": "draft", "bozze": "draft", "verificato": "checked", "programmato": "scheduled", "pubblicato": "published", "pubblicati": "published",
		"sostituito": "replaced", "ritirato": "withdrawn", "ritirati": "withdrawn", "sospetta": "suspected", "confermata": "confirmed",
		"in correzione": "being-fixed", "corretta": "fixed", "corrette": "fixed", "preparato": "prepared", "in corso": "running",
		"sospeso": "paused", "annullato": "cancelled"},
	"kind": {"chiarimento": "clarification", "domanda": "clarification", "question": "clarification", "anomalia": "malfunction",
		"anomalie": "malfunction", "malfunzionamento": "malfunction", "errore": "malfunction", "bug": "malfunction",
		"richiesta": "request", "richieste": "request", "consulenza": "guidance", "configurazione": "guidance",
		"credenziali": "access", "accesso": "access", "credentials": "access",
		"ordinario": "ordinary", "ordinari": "ordinary", "urgente": "urgent", "urgenti": "urgent", "legge": "law", "di legge": "law"},
	"in": {"ticket": TypeTicket, "tickets": TypeTicket, "richiesta": TypeTicket, "richieste": TypeTicket, "guide": TypeArticle, "guides": TypeArticle,
		"guida": TypeArticle, "article": TypeArticle, "articles": TypeArticle, "articolo": TypeArticle, "articoli": TypeArticle, "mail": TypeMail, "posta": TypeMail,
		"release": TypeRelease, "releases": TypeRelease, "update": TypeRelease, "updates": TypeRelease, "aggiornamento": TypeRelease, "aggiornamenti": TypeRelease,
		"rilascio": TypeRelease, "rilasci": TypeRelease, "problem": TypeProblem, "problems": TypeProblem, "anomalia": TypeProblem, "anomalie": TypeProblem,
		"plan": TypePlan, "plans": TypePlan, "piano": TypePlan, "piani": TypePlan},
	"language": {"it": "it", "italiano": "it", "italian": "it", "en": "en", "inglese": "en", "english": "en"},
	"files":    {"yes": "yes", "si": "yes", "no": "no"},
}

// filter reports whether the term is a filter, and which one.
func (r *reader) filter(t typed) (Filter, bool) {
	if t.quoted {
		return Filter{}, false
	}
	if digits, ok := strings.CutPrefix(t.text, "#"); ok && analysis.IsNumber(digits) {
		return Filter{Name: "number", Value: strings.TrimLeft(digits, "0"), Not: t.not}, true
	}
	f := Filter{Name: FilterNames[strings.ToLower(t.name)], Not: t.not}
	value := spelling.Fold(t.value)
	if f.Name == "" || value == "" {
		return f, false
	}
	switch f.Name {
	case "module":
		f.Value, f.Ids = r.cat.module(value)
		return f, len(f.Ids) > 0
	case "group":
		f.Value, f.Ids = r.cat.group(value)
		if r.outside {
			f.Value = value
		}
		return f, r.outside || len(f.Ids) > 0
	case "organisation":
		f.Value, f.Ids = r.cat.organisation(value)
		if r.outside {
			f.Value = value
		}
		return f, r.outside || len(f.Ids) > 0
	case "year":
		f.Value = value
		return f, len(value) == 4 && analysis.IsNumber(value)
	case "before", "after":
		var ok bool
		f.Day, f.Value, ok = r.date(value)
		return f, ok
	case "from":
		f.Value = strings.ToLower(t.value)
		return f, len(FromWords(f.Value)) > 0
	case "number":
		f.Value = strings.TrimLeft(strings.TrimPrefix(value, "#"), "0")
		return f, analysis.IsNumber(f.Value)
	}
	if f.Name == "version" {
		f.Value = value
		return f, true
	}
	f.Value = codesOf(f.Name, value)
	if f.Name == "kind" && f.Value == "" { // in Italian both are tipo:
		f.Name, f.Value = "in", codesOf("in", value)
	}
	return f, f.Value != ""
}

// codesOf returns the codes of values that are separated by bars, as people write them, again with bars; empty when one
// is not known.
func codesOf(name, values string) string {
	var out []string
	for _, v := range strings.Split(values, "|") {
		code := filterValues[name][v]
		switch name {
		case "state":
			if isCode[store.State](v) || isCode[store.ReleaseState](v) || isCode[store.ProblemState](v) || isCode[store.PlanState](v) {
				code = v
			}
		case "kind":
			if isCode[store.TicketKind](v) || isCode[store.ReleaseKind](v) {
				code = v
			}
		}
		if code == "" || len(out) == MaxTerms {
			return ""
		}
		out = append(out, code)
	}
	return strings.Join(out, "|")
}

// isCode reports whether the word is a code of the enumeration.
func isCode[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](word string) bool {
	_, err := enum.Parse[V, P](word)
	return err == nil && word != ""
}

// VersionTag is the tag of a version, the same however it is written.
func VersionTag(written string) string {
	return "version:" + hex.EncodeToString([]byte(version.KeyOf(written)))
}

// date understands a day, a month or a year as its first day.
func (r *reader) date(s string) (time.Time, string, bool) {
	today := r.now.In(r.loc)
	y, m, d := today.Date()
	switch s {
	case "oggi", "today":
		t := time.Date(y, m, d, 0, 0, 0, 0, r.loc)
		return t, t.Format(time.DateOnly), true
	case "ieri", "yesterday":
		t := time.Date(y, m, d-1, 0, 0, 0, 0, r.loc)
		return t, t.Format(time.DateOnly), true
	}
	for _, layout := range []string{"2006-1-2", "2/1/2006", "2.1.2006", "2006-1", "1/2006", "2006"} {
		if t, err := time.ParseInLocation(layout, s, r.loc); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			return t, t.Format(time.DateOnly), true
		}
	}
	return time.Time{}, "", false
}

// FromWords are the terms of a from: filter: an address or its beginning, or words of a name. "me" stays with the caller.
func FromWords(value string) []string {
	value = strings.TrimSuffix(value, "*")
	if strings.Contains(value, "@") {
		return []string{analysis.CutBytes(value, 200)}
	}
	var out []string
	for _, k := range analysis.Tokens(value) {
		if k.Parts == 0 && len(out) < 5 {
			out = append(out, k.Term)
		}
	}
	return out
}

// DayTerms returns the terms of the field day that cover all days before the given one: years, then months, then days.
// The end of time is the year in front of which the first index was made.
func DayTerms(before time.Time) []string {
	var out []string
	y, m, d := before.Date()
	for i := 1970; i < y; i++ {
		out = append(out, time.Date(i, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006"))
	}
	for i := time.January; i < m; i++ {
		out = append(out, time.Date(y, i, 1, 0, 0, 0, 0, time.UTC).Format("200601"))
	}
	for i := 1; i < d; i++ {
		out = append(out, time.Date(y, m, i, 0, 0, 0, 0, time.UTC).Format("20060102"))
	}
	return out
}
