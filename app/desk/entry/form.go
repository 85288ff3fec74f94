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
	"sportello/store/enum"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// The limits of the administration's fields in characters, from the store.
var (
	MaxName  = store.People.Most("name")
	MaxShort = store.People.Most("phone")
	MaxWords = store.Groups.Most("description.it")
	maxEmail = store.People.Most("email")
	MaxURL   = store.Modules.Most("address")
)

// CleanLine returns the cleaned text of a one-line field, and adds a problem if it exceeds most characters.
func CleanLine(wrong *fault.Problems, field, s string, most int) string {
	s = markup.Line(s)
	if n := utf8.RuneCountInString(s); n > most {
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
	return s
}

// cleanText returns the cleaned text of a field of several lines, and adds a problem if it exceeds most characters.
func cleanText(wrong *fault.Problems, field, s string, most int) string {
	s = strings.TrimSpace(markup.Clean(s))
	if n := utf8.RuneCountInString(s); n > most {
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
	return s
}

// CleanWords is CleanLine for a short text in both languages; its fields are field-it and field-en.
func CleanWords(wrong *fault.Problems, field string, w store.Words, most int) store.Words {
	return store.Words{IT: CleanLine(wrong, field+"-it", w.IT, most), EN: CleanLine(wrong, field+"-en", w.EN, most)}
}

// CleanName is CleanWords for a text that must exist in at least one language.
func CleanName(wrong *fault.Problems, field string, w store.Words, most int) store.Words {
	w = CleanWords(wrong, field, w, most)
	if w == (store.Words{}) {
		wrong.Add(field+"-it", "error.required")
	}
	return w
}

// CleanTexts is CleanWords for a longer text of several lines.
func CleanTexts(wrong *fault.Problems, field string, w store.Words, most int) store.Words {
	return store.Words{IT: cleanText(wrong, field+"-it", w.IT, most), EN: cleanText(wrong, field+"-en", w.EN, most)}
}

// CleanAddress returns an e-mail address in the form in which it is stored, and adds a problem if it is invalid.
func CleanAddress(wrong *fault.Problems, field, s string) string {
	s = spelling.Address(s)
	switch {
	case s == "":
		wrong.Add(field, "error.required")
	case !IsAddress(s):
		wrong.Add(field, "error.email")
	}
	return s
}

// IsAddress reports whether s is exactly one e-mail address with a domain: no name, comment, quotes or controls.
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

// IsDomain reports whether s can be a mail domain. It may have no dot, or contain an underscore, because a desk may
// serve an internal network and its machines.
func IsDomain(s string) bool { return len(s) <= 253 && domainForm.MatchString(s) }

// WebAddress reports whether s is an absolute web address with one of the schemes, without a user name.
func WebAddress(s string, schemes ...string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= MaxURL && slices.Contains(schemes, u.Scheme) && u.Host != "" && u.User == nil && s == markup.Line(s) && !strings.ContainsAny(s, " \"<>`")
}

var codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CleanCode adds a problem unless s is a code: lower-case ASCII letters and digits in groups joined by single hyphens.
func CleanCode(wrong *fault.Problems, field, s string, most int) string {
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

// CleanLanguage accepts it, en and empty, and adds a problem for anything else.
func CleanLanguage(wrong *fault.Problems, field, s string) string {
	if s != "" && s != "it" && s != "en" {
		wrong.Add(field, "error.language")
		return ""
	}
	return s
}

// CleanLines returns the cleaned lines of a text without empty lines and duplicates.
func CleanLines(in []string) []string {
	var out []string
	for _, s := range in {
		if s = markup.Line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Conflict returns a refusal because something else uses the row or existed before.
func Conflict(key string, args ...any) *fault.Error { return fault.New(fault.Conflict, key, args...) }

// SameRev returns a Conflict error when the revision the actor saw is no longer the stored one; 0 skips the check.
func SameRev(saw, stored uint64) error {
	if saw != 0 && saw != stored {
		return fault.New(fault.Conflict, "error.changed-meanwhile", "rev", stored)
	}
	return nil
}

// PlausibleAddress reports whether s looks like exactly one e-mail address.
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

// The limits of written texts in characters and bytes, from the store.
var (
	MaxSubject = store.Tickets.Most("subject")
	MaxBody    = store.Messages.Most("body") // bytes
	MaxAnswer  = store.Tickets.MostOfEach("answers")
	MaxPeople  = store.Tickets.Most("participants")
)

// CheckText adds a problem for a text that is empty or exceeds most characters.
func CheckText(wrong *fault.Problems, field, s string, most int) {
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		wrong.Add(field, "error.required")
	case n > most:
		wrong.Add(field, "error.too-long", "max", most, "have", n)
	}
}

// CheckBody adds a problem for a message body that is empty or too long.
func CheckBody(wrong *fault.Problems, body string) {
	switch {
	case strings.TrimSpace(body) == "":
		wrong.Add("body", "error.required")
	case len(body) > MaxBody:
		wrong.Add("body", "error.too-large", "megabytes", MaxBody>>20)
	}
}

// MaxExternal is the maximum length of the number that another program gives a ticket or an article.
var MaxExternal = store.Tickets.Most("external")

// Coded returns the value of a word in a field, and adds a problem for an unknown word.
func Coded[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](wrong *fault.Problems, field, word string) V {
	v, err := enum.Parse[V, P](word)
	if err != nil {
		wrong.Add(field, "error.code", "value", Cut(markup.Line(word), 60))
	}
	return v
}

// Digits formats n in decimal for an address or a subject.
func Digits(n uint64) string { return strconv.FormatUint(n, 10) }

// PageSize returns the number of rows of a page when n are requested.
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
