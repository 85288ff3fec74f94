package program

import (
	"encoding/json"
	"strings"
	"time"

	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
)

// Words is a text in Italian and English. A plain string is the text in one language.
type Words struct {
	IT    string `json:"it,omitempty"`
	EN    string `json:"en,omitempty"`
	plain string
}

// WordsOf returns the text as programs are told it.
func WordsOf(w store.Words) Words { return Words{IT: w.IT, EN: w.EN} }

// UnmarshalJSON also accepts a plain string.
func (w *Words) UnmarshalJSON(b []byte) error {
	*w = Words{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &w.plain)
	}
	type plain Words
	return Strictly(b, (*plain)(w))
}

// In returns the text. lang is of a plain string, which is Italian unless that says English.
func (w *Words) In(lang string) store.Words {
	if w.plain != "" && lang == "en" {
		return store.Words{EN: w.plain}
	}
	if w.plain != "" {
		return store.Words{IT: w.plain}
	}
	return store.Words{IT: w.IT, EN: w.EN}
}

// OpenSchema says that either is taken.
func (Words) OpenSchema(*schema.Set) object {
	text := object{"type": "string"}
	return object{"oneOf": []any{text, object{"type": "object", "properties": object{"it": text, "en": text}}}}
}

// Reason is the body of an act that says why.
type Reason struct {
	Rev    uint64 `json:"rev,omitempty"`
	Reason string `json:"reason"`
}

// DayOf reads a day, 2006-01-02.
func DayOf(wrong *fault.Problems, field, s string) time.Time {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 {
		wrong.Add(field, "error.date")
		return time.Time{}
	}
	return t
}

// MomentOf reads a moment as RFC 3339 writes it.
func MomentOf(wrong *fault.Problems, field, s string) time.Time {
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1900 {
		wrong.Add(field, "error.moment")
		return time.Time{}
	}
	return t.UTC()
}

// Date returns the day as programs are told it, empty for none.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}
