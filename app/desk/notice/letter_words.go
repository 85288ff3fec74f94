package notice

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/app/desk/entry"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// Letters repeat what others wrote: names, the subject, the text. An unproved mail may use anybody's address, and the
// desk confirms it to that address; what the letter repeats was then chosen by somebody other than its reader. So it is
// short, plain, and contains no link that can be followed.

// How much of the first message a confirmation repeats.
const (
	openingLines  = 12
	openingRunes  = 600
	doubtfulLines = 4
	doubtfulRunes = 200
	doubtfulTitle = 100 // of the subject
	greetedRunes  = 60
	shownRunes    = 100
	greetedWords  = 6
)

var (
	// nameShape matches names: letters with a space, an apostrophe, a hyphen or the dot of an initial or a title
	// between them. No address, number or sign matches.
	nameShape = regexp.MustCompile(`^\pL[\pL\pM]*\.?(?:[ '’ʼ-] ?\pL[\pL\pM]*\.?)*$`)
	// inParentheses matches what programs and departments add to a name.
	inParentheses = regexp.MustCompile(` ?[(\[][^()\[\]]*[)\]]$`)
	// machineWords matches names of senders that do not read their mail.
	machineWords = regexp.MustCompile(`(?i)\b(no[- ]?reply|do[- ]?not[- ]?reply|non rispondere|mailer|daemon|postmaster|hostmaster|webmaster|mailbot|bot|robot|script|cron|root|scanner|scansioni|stampante|printer|fax|copier|multifunzione|` +
		`notific[ah]e?|notifications?|newsletter|autorespond\w*|auto[- ]?reply|automatic[oa]?|system|sistema|server|alerts?|monitor(ing)?|posta certificata|per conto di|on behalf of|via)\b`)
)

// Greeted returns the name with which a letter greets its reader, "" when there is none: for an address, a program, or
// anything that is more than a name. It has at most 60 characters, all letters, and contains nothing that can be
// followed.
func Greeted(p *store.Person) string {
	name := strings.Trim(markup.Line(p.Name), `"'“”«» `)
	name = strings.TrimSpace(inParentheses.ReplaceAllString(name, ""))
	if last, first, ok := strings.Cut(name, ", "); ok && nameShape.MatchString(last) && nameShape.MatchString(first) && !strings.Contains(first, ".") && titled(first) {
		name = first + " " + last // as directories write it
	}
	local, _, _ := strings.Cut(p.Email, "@")
	switch {
	case utf8.RuneCountInString(name) < 2, utf8.RuneCountInString(name) > greetedRunes, len(strings.Fields(name)) > greetedWords:
		return ""
	case !nameShape.MatchString(name), markup.Inert(name) != name, machineWords.MatchString(name):
		return ""
	case !strings.Contains(name, " ") && (strings.EqualFold(name, local) && !titled(name) || name == strings.ToLower(name)):
		return "" // the name of an account
	}
	return name
}

// titled reports whether each word has a capital first letter and no other.
func titled(name string) bool {
	return !slices.ContainsFunc(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }), func(word string) bool {
		first, n := utf8.DecodeRuneInString(word)
		return !unicode.IsUpper(first) || strings.ToLower(word[n:]) != word[n:]
	})
}

// ShownName returns a person's name for a letter. Anyone can choose a display name, and one that contains an address
// may be an advertisement; the person's e-mail address then replaces it.
func ShownName(p *store.Person) string {
	name := markup.Excerpt(p.Name, shownRunes)
	if name == "" || name != p.Email && markup.Inert(name) != name {
		return p.Email
	}
	return name
}

// doubtful reports whether nothing proves that what the letters about the ticket say again to the reader is theirs: the
// ticket came by mail that proves nothing, and the reader is on the requester's side of it.
func doubtful(tx *db.Tx, t *store.Ticket, reader uint64) (bool, error) {
	if t.Via != door.Mail || !t.OnSide(reader) {
		return false, nil
	}
	m, err := opening(tx, t)
	return m != nil && m.NotVerified(), err
}

// letterSubject returns the subject of the ticket for a letter to the reader.
func letterSubject(tx *db.Tx, t *store.Ticket, reader uint64) (string, error) {
	is, err := doubtful(tx, t, reader)
	if is {
		return markup.Excerpt(markup.Inert(t.Subject), doubtfulTitle), err
	}
	return t.Subject, err
}

// openingWords returns the text for the confirmation to the requester: the beginning of the message that opened the
// ticket, if they may read it, else "".
func (ns *Notices) openingWords(tx *db.Tx, t *store.Ticket, reader uint64) (string, error) {
	if t.Requester != reader || t.Unclaimed {
		return "", nil
	}
	m, err := opening(tx, t)
	if err != nil || m == nil || m.Internal || m.Beside != "" || m.Automatic != "" {
		return "", err
	}
	words := entry.Words(m)
	if m.NotVerified() {
		return markup.Opening(markup.Inert(words), doubtfulLines, doubtfulRunes), nil
	}
	return markup.Opening(words, openingLines, openingRunes), nil
}
