package changelog

import (
	"regexp"
	"strings"
	"time"
	"unicode"
)

// heading is what a heading says, taken apart.
type heading struct {
	looks                  looks
	version, name, title   string
	date                   date
	on                     time.Time
	isYanked, isUnreleased bool
}

// looks says how much a heading looks like a version.
type looks byte

const (
	other    looks = iota
	certain        // a version, whatever stands around it
	doubtful       // 5.6 Simone, or 1.2 Installing
	named          // an application's name before the version
	onlyDate       // a date and nothing else
	onlyWord       // a date and a word that is no version
)

// longestHeading is how long a heading of a version may be, in bytes.
const longestHeading = 500

var (
	image    = regexp.MustCompile(`!\[[^\[\]]*\](?:\([^()]*\)|\[[^\[\]]*\])`)
	link     = regexp.MustCompile(`\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])`)
	tag      = regexp.MustCompile(`</?[A-Za-z][^<>]*>|<!--.*?-->`)
	emoji    = regexp.MustCompile(`:[a-z][a-z0-9_+-]+:`)
	emphasis = regexp.MustCompile(`(^|[^0-9A-Za-z])_+|_+($|[^0-9A-Za-z])`)
	mark     = regexp.MustCompile(`\\([!-/:-@\[-` + "`" + `{-~])`)

	yanked     = regexp.MustCompile(`(?i)[\[(]\s*(?:yanked|withdrawn|ritirat[ao])\s*[\])]|\b(?:yanked|ritirat[ao])\s*$`)
	unreleased = regexp.MustCompile(`(?i)^[\[(]?(?:unreleased|not yet released|upcoming|next|head|main|master|non (?:ancora )?rilasciat[ao]|in (?:sviluppo|lavorazione|development)|prossim[ao](?: versione)?)\b[\])]?(?:[\s/:-]*[\[(]?unreleased[\])]?)?|[\[(\s/-](?:unreleased|tbd|tba|wip|not yet released|to be released|in (?:sviluppo|lavorazione|development|progress)|non (?:ancora )?rilasciat[ao]|(?:20)?[yx?]{2,4}-[mx?]{2}-[dgx?]{2})\s*[\])]?\s*$`)

	token     = regexp.MustCompile(`^[vVrR]?\.? ?\d[0-9A-Za-z]*(?:[._+~-]+[0-9A-Za-z]+)*\+?`)
	qualifier = regexp.MustCompile(`(?i)^(?:\s*\((?:build|hotfix|patch|sp|service pack|rc|beta|alpha)[ :.-]*\d*\)|\s+(?:(?:alpha|beta|rc|sp|psu|hf|hotfix|patch|update|build|milestone|preview|service pack)(?:[ .-]?\d+)?|bis|ter|quater|lts|ga|final)\b)`)
	ordinal   = regexp.MustCompile(`(?i)^\d+(?:st|nd|rd|th|x)$`)
	year      = regexp.MustCompile(`^(?:19|20)\d\d$`)

	wordBefore = regexp.MustCompile(`(?i)(?:^|[\s(\[/])(?:versione|version|release|rilascio|aggiornamento|ver\.?|rel\.?)[\s:#-]*$`)
	leads      = regexp.MustCompile(`(?i)\b(?:from|to|for|since|than|with|in|until|requires?|supports?|da|dalla|alla|per|con|fino|richiede)$`)
)

// plain returns what a reader sees of a line, brackets of links kept: they often hold the version.
func plain(s string) string {
	if strings.ContainsRune(s, '[') {
		s = image.ReplaceAllString(s, "")
		s = link.ReplaceAllString(s, "[$1]")
	}
	if strings.ContainsRune(s, '<') {
		s = tag.ReplaceAllString(s, "")
	}
	if strings.ContainsRune(s, '\\') {
		s = mark.ReplaceAllString(s, "$1")
	}
	s = marks.Replace(s)
	if strings.ContainsRune(s, '_') {
		s = emphasis.ReplaceAllString(s, "$1$2")
	}
	if strings.ContainsRune(s, ':') {
		s = emoji.ReplaceAllString(s, "")
	}
	return strings.Join(strings.Fields(s), " ")
}

var marks = strings.NewReplacer("*", "", "`", "", "[]", "")

// take takes a heading apart.
func take(source string) heading {
	if len(source) > longestHeading {
		return heading{}
	}
	s := strings.TrimFunc(plain(source), func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.So, r) || r == 0xfe0f })
	var h heading
	if m := yanked.FindStringIndex(s); m != nil {
		h.isYanked = true
		s = s[:m[0]] + " " + s[m[1]:]
	}
	if m := unreleased.FindStringIndex(s); m != nil {
		rest := strings.Trim(s[:m[0]]+" "+s[m[1]:], "[]() /-–—:")
		v := h
		if rest == "" || v.number(rest) && v.name == "" && v.title == "" {
			v.isUnreleased, v.looks = true, certain
			return v
		}
	}
	if !strings.ContainsAny(s, "0123456789") {
		return h
	}
	for _, dotted := range []bool{false, true} {
		d, before, after := findDate(s, dotted)
		if !d.there {
			continue
		}
		h.date = d
		for _, rest := range []string{unpair(before) + "\x00" + after, after} {
			if v := h; v.number(rest) {
				return v
			}
		}
		if rest := strings.Trim(before+after, "[]() .,"); !dotted && (rest == "" || saysOfDate.ReplaceAllString(rest, "") == "") {
			h.looks = onlyDate
			return h
		} else if len(strings.Fields(strings.Trim(rest, " /-–—:"))) == 1 && !dotted {
			h.looks = onlyWord
			return h
		}
		h.date = date{}
	}
	h.number(s)
	return h
}

// unpair drops an open bracket at the end, and words that only lead to a date.
func unpair(s string) string {
	s = strings.TrimRight(s, " ([,")
	for _, w := range []string{"released on", "released", "rilasciata il", "rilasciato il", "rilasciata", "rilasciato", "del", "on", "il", "of", "date:", "data:"} {
		if rest, is := cutEnd(s, w); is {
			s = rest
			break
		}
	}
	return s
}

func cutEnd(s, word string) (string, bool) {
	if n := len(s) - len(word); n > 0 && strings.EqualFold(s[n:], word) && !inWord(s[n-1]) {
		return s[:n], true
	}
	return s, false
}

// number looks for the version in what a heading says beside its date, whose place a NUL shows, and reports whether
// there is one.
func (h *heading) number(s string) bool {
	for i := 0; i < len(s); i++ {
		dash := i > 1 && s[i-1] == '-' && letter(s[i-2])
		if i > 0 && !strings.ContainsRune(" [(@/\"\x00", rune(s[i-1])) && !dash {
			continue
		}
		m := token.FindString(s[i:])
		if m == "" {
			continue
		}
		stop := i + len(m)
		if stop < len(s) && !strings.ContainsRune(" ])([,:;/|\"\x00", rune(s[stop])) && !strings.HasPrefix(s[stop:], "–") && !strings.HasPrefix(s[stop:], "—") {
			return false
		}
		marked := m[0] > '9' || i > 0 && s[i-1] == '['
		v := strings.TrimLeft(m, "vV. ")
		dots := strings.Count(v, ".")
		before := s[:i]
		if loc := wordBefore.FindStringIndex(before); loc != nil {
			marked = true
			before = before[:loc[0]]
		}
		name := strings.ToLower(strings.Trim(before, " [](){}@/:-–—\"\x00"))
		if dash && dots == 0 || ordinal.MatchString(v) || leads.MatchString(name) || len(v) > 100 {
			return false
		}
		if q := qualifier.FindString(s[stop:]); q != "" {
			v += q
			stop += len(q)
		}
		tail := s[stop:]
		rest := strings.TrimLeft(tail, " ])\"")
		apart := rest != "" && (strings.ContainsRune("-:/|,(\x00", rune(rest[0])) || strings.HasPrefix(rest, "–") || strings.HasPrefix(rest, "—"))
		title := strings.Trim(strings.ReplaceAll(rest, "\x00", " "), " -–—:/|,;()[].")
		h.version, h.name, h.title = v, name, strings.Join(strings.Fields(title), " ")
		switch {
		case name != "":
			if title != "" && !h.date.there || dots == 0 && !marked {
				return false
			}
			h.looks = named
		case year.MatchString(v) && !marked && !h.date.there && title == "":
			return false
		case h.date.there:
			h.looks = certain
		case title == "" && (dots > 0 || marked):
			h.looks = certain
		case title != "" && apart && (dots > 1 || marked):
			h.looks = certain
		case title == "" || dots > 0 || marked:
			h.looks = doubtful
		default:
			return false
		}
		return true
	}
	return false
}

func letter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
