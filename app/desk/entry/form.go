package entry

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/app/markup"
	"sportello/store"
)

// Limits of what the administration keeps, in characters: the store's.
var (
	MaxName  = store.People.Most("name")
	MaxShort = store.People.Most("phone")
	MaxWords = store.Groups.Most("description.it")
	maxEmail = store.People.Most("email")
	MaxURL   = store.Modules.Most("address")
)

// CleanLine cleans a field of one line and notes when it is longer than most characters.
func CleanLine(wrong *store.Problems, field, s string, most int) string {
	s = markup.Line(s)
	if n := utf8.RuneCountInString(s); n > most {
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
	return s
}

// cleanText cleans a field of several lines and notes when it is longer than most characters.
func cleanText(wrong *store.Problems, field, s string, most int) string {
	s = strings.TrimSpace(markup.Clean(s))
	if n := utf8.RuneCountInString(s); n > most {
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
	return s
}

// CleanWords cleans a short text in both languages; its fields are field-it and field-en.
func CleanWords(wrong *store.Problems, field string, w store.Words, most int) store.Words {
	return store.Words{IT: CleanLine(wrong, field+"-it", w.IT, most), EN: CleanLine(wrong, field+"-en", w.EN, most)}
}

// CleanName is words of which at least one language has to be there.
func CleanName(wrong *store.Problems, field string, w store.Words, most int) store.Words {
	w = CleanWords(wrong, field, w, most)
	if w == (store.Words{}) {
		wrong.Add(field+"-it", "error.required")
	}
	return w
}

// CleanTexts is a longer text of several lines in both languages.
func CleanTexts(wrong *store.Problems, field string, w store.Words, most int) store.Words {
	return store.Words{IT: cleanText(wrong, field+"-it", w.IT, most), EN: cleanText(wrong, field+"-en", w.EN, most)}
}

// CleanAddress cleans an e-mail address into the form in which it is kept, and notes when it is none.
func CleanAddress(wrong *store.Problems, field, s string) string {
	s = store.Address(s)
	switch {
	case s == "":
		wrong.Add(field, "error.required")
	case !IsAddress(s):
		wrong.Add(field, "error.email")
	}
	return s
}

// IsAddress reports whether s is one bare e-mail address with a domain and nothing else: no name, no comment, no
// quotes, no controls.
func IsAddress(s string) bool {
	if len(s) > maxEmail || !utf8.ValidString(s) || s != markup.Line(s) || strings.ContainsAny(s, " \"<>()[],;:\\") {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	local, domain, _ := strings.Cut(s, "@")
	return local != "" && len(local) <= 64 && IsDomain(domain)
}

var domainForm = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?(\.[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?)*$`)

// IsDomain reports whether s can be a mail domain, without a dot too and with an underscore: a desk may serve an internal
// network and its machines.
func IsDomain(s string) bool { return len(s) <= 253 && domainForm.MatchString(s) }

// WebAddress reports whether s is an absolute https address, or http where that is allowed.
func WebAddress(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= MaxURL && slices.Contains(schemes, u.Scheme) && u.Host != "" && u.User == nil && s == markup.Line(s) && !strings.ContainsAny(s, " \"<>`")
}

var codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CleanCode notes when s is no code: lower-case ASCII letters and digits in groups joined by single hyphens.
func CleanCode(wrong *store.Problems, field, s string, most int) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		wrong.Add(field, "error.required")
	case len(s) > most:
		wrong.Add(field, "error.too-long", "max", most, "have", len(s))
	case !codeForm.MatchString(s):
		wrong.Add(field, "error.code-form")
	}
	return s
}

// CleanLanguage keeps it, en and empty, and notes anything else.
func CleanLanguage(wrong *store.Problems, field, s string) string {
	if s != "" && s != "it" && s != "en" {
		wrong.Add(field, "error.language")
		return ""
	}
	return s
}

// CleanLines splits a text into its lines, cleaned, without empty and doubled ones.
func CleanLines(in []string) []string {
	var out []string
	for _, s := range in {
		if s = markup.Line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Conflict is a refusal because something else names the row or was there before.
func Conflict(key string, args ...any) *store.Error { return store.Fail(store.Conflict, key, args...) }

// SameRev returns a Conflict when the revision the actor saw is no longer the stored one; 0 asks nothing.
func SameRev(saw, stored uint64) error {
	if saw != 0 && saw != stored {
		return store.Fail(store.Conflict, "error.changed-meanwhile", "rev", stored)
	}
	return nil
}

// PlausibleAddress reports whether s is one bare mail address.
func PlausibleAddress(s string) bool {
	if len(s) > 254 || strings.ContainsAny(s, "\r\n\x00 <>") {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	_, domain, ok := strings.Cut(s, "@")
	return ok && domain != ""
}

// Cut returns the first n characters of s.
func Cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n])
}

// Limits of what is written, in characters and bytes: the store's.
var (
	MaxSubject = store.Tickets.Most("subject")
	MaxBody    = store.Messages.Most("body") // bytes
	MaxAnswer  = store.Tickets.MostOfEach("answers")
	MaxPeople  = store.Tickets.Most("participants")
)

// CheckText notes a text that is empty or has more characters than most.
func CheckText(wrong *store.Problems, field, s string, most int) {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		wrong.Add(field, "error.required")
	case n > most:
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
}

// CheckBody notes the body of a message that is empty or too long.
func CheckBody(wrong *store.Problems, body string) {
	switch {
	case strings.TrimSpace(body) == "":
		wrong.Add("body", "error.required")
	case len(body) > MaxBody:
		wrong.Add("body", "error.too-large", "megabytes", MaxBody>>20)
	}
}

// MaxExternal is how many characters the number has that another program gives a ticket or an article.
var MaxExternal = store.Tickets.Most("external")

// Coded reads the word of a field into the value it stands for, and notes a word that stands for none.
func Coded[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](wrong *store.Problems, field, word string) V {
	v, err := store.Parse[V, P](word)
	if err != nil {
		wrong.Add(field, "error.code", "value", Cut(markup.Line(word), 60))
	}
	return v
}

// Digits writes n as the digits of an address or a subject.
func Digits(n uint64) string { return strconv.FormatUint(n, 10) }

// PageSize returns how many rows a page has where n are asked for.
func PageSize(n int) int {
	if n <= 0 {
		return 50
	}
	return min(n, 200)
}

// BeginWords reports whether each of the wanted words begins a word of the title.
func BeginWords(title string, want []string) bool {
	have := strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, w := range want {
		if !slices.ContainsFunc(have, func(h string) bool { return strings.HasPrefix(h, w) }) {
			return false
		}
	}
	return true
}
