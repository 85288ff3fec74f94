package mail

import (
	"regexp"
	"strconv"
	"strings"
)

// maxReferences limits the ids of one field: the first ones, which began the thread, and the last ones, which are
// nearest to the message.
const maxReferences = 200

// maxID is the maximum length of one line.
const maxID = 998

// MessageIDs returns the ids in a Message-ID, In-Reply-To or References value without <>, in order and without
// duplicates. It tolerates missing brackets, comments, and words around the ids; inside brackets an id needs no @. Of
// more than 200 it keeps the first and the last.
func MessageIDs(s string) []string {
	var list []string
	seen := map[string]bool{}
	add := func(id string) {
		id = strings.Map(func(r rune) rune {
			if r <= ' ' || r == 0x7f || r == '<' || r == '>' {
				return -1
			}
			return r
		}, id)
		if id == "" || len(id) > maxID || seen[id] {
			return
		}
		seen[id] = true
		list = append(list, id)
	}
	for s != "" {
		i := strings.IndexByte(s, '<')
		before := s
		if i >= 0 {
			before = s[:i]
		}
		for _, w := range strings.Fields(strings.NewReplacer("(", " (", ")", ") ", ",", " ").Replace(before)) {
			if strings.Contains(w, "@") && !strings.ContainsAny(w, `()"`) {
				add(strings.Trim(w, ">;"))
			}
		}
		if i < 0 {
			break
		}
		s = s[i+1:]
		end := strings.IndexAny(s, "<>")
		if end < 0 {
			end = len(s)
			if k := strings.IndexAny(s, " \t"); k >= 0 {
				end = k
			}
		}
		add(s[:end])
		s = s[min(end, len(s)):]
		s = strings.TrimPrefix(s, ">")
	}
	if len(list) > maxReferences {
		list = append(list[:1:1], list[len(list)-maxReferences+1:]...)
	}
	return list
}

var deskNumber = regexp.MustCompile(`^\[(?:([^\[\]#]{1,40}) )?#([1-9][0-9]{0,17})\]`)

// Number returns the ticket number in a subject, after the marks of replies and forwards, if it has the form that the
// desk with the short name writes: "[#12]", or "[Sportello #12]". It ignores other desks' numbers and numbers elsewhere
// in the subject.
func Number(subject, short string) (uint64, bool) {
	if len(subject) > 10_000 {
		subject = subject[:10_000]
	}
	subject = oneLine(subject)
	for {
		rest := strings.TrimSpace(replyMark.ReplaceAllLiteralString(subject, ""))
		if rest == subject {
			break
		}
		subject = rest
	}
	m := deskNumber.FindStringSubmatch(subject)
	if m == nil || m[1] != "" && (short == "" || !strings.EqualFold(m[1], short)) {
		return 0, false
	}
	n, err := strconv.ParseUint(m[2], 10, 64)
	return n, err == nil
}

var (
	// Marks of replies and forwards in Italian, English, German, French, Spanish, Portuguese, Dutch, Polish and the
	// Scandinavian languages.
	replyMark = regexp.MustCompile(`(?i)^(re|r|rif|risp|risposta|i|in|inoltro|inoltra|inoltrato|fw|fwd|forward|aw|antw|antwort|wg|sv|vs|vb|vl|tr|rép|rv|res|enc|odp|pd|doorst|bls|ynt|ref)\s?(\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})?\s?[:：]\s*`)
	// Marks of forwards. VS marks a forward in Scandinavia, but a reply in Finland.
	forwardMark = regexp.MustCompile(`(?i)^(i|inoltro|inoltra|inoltrato|fw|fwd|forward|wg|vs|vb|vl|tr|rv|enc|pd|doorst|ilt)\s?(\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})?\s?[:：]\s*`)
	blobMark    = regexp.MustCompile(`^\[[^\[\]]{1,60}\]\s*`)
	fwdTail     = regexp.MustCompile(`(?i)\s*\(fwd\)$`)
)

// Marked reports whether the outermost mark of a subject is that of a reply or of a forward: "R: I: x" is a reply, "I:
// R: x" a forward. Ticket numbers and the name of a list may precede it.
func Marked(subject string) (answer, forward bool) {
	s := oneLine(cut(subject, maxSubject))
	for range 3 {
		switch {
		case forwardMark.MatchString(s):
			return false, true
		case replyMark.MatchString(s):
			return !fwdTail.MatchString(s), fwdTail.MatchString(s)
		}
		blob := blobMark.FindString(s)
		if blob == "" {
			break
		}
		s = s[len(blob):]
	}
	return false, fwdTail.MatchString(s)
}

// BaseSubject returns a subject without the marks of replies and forwards that mail programs add, in any number and
// order, without the ticket numbers of the desk with the short name among them, and without "(fwd)" at the end, much
// like RFC 5256. It keeps the name of a list in brackets unless a mark follows, and another desk's number, by which
// people there refer to the matter.
func BaseSubject(s, short string) string {
	s = oneLine(s)
	for {
		before := s
		s = replyMark.ReplaceAllLiteralString(s, "")
		if m := deskNumber.FindStringSubmatch(s); m != nil && (m[1] == "" || short != "" && strings.EqualFold(m[1], short)) {
			s = s[len(m[0]):]
		}
		s = fwdTail.ReplaceAllLiteralString(s, "")
		if blob := blobMark.FindString(s); blob != "" && !deskNumber.MatchString(s) {
			if rest := s[len(blob):]; replyMark.MatchString(rest) {
				s = rest
			}
		}
		if s = strings.TrimSpace(s); s == before {
			return s
		}
	}
}

var absent = regexp.MustCompile(`(?i)^\s*(((re|r|aw)\s?:\s*)?(automatic reply|auto[- ]?reply|autoreply|auto[- ]?response|autoresponder|out of (the )?office( (auto[- ]?reply|message))?|ooo|vacation( reply| message)?|` +
	`risposta automatica|risponditore automatico|messaggio automatico di assenza|fuori (sede|ufficio)|assente dall'ufficio|assenza dall'ufficio|sono assente|assenza temporanea|messaggio di assenza|` +
	`automatische antwort|abwesenheitsnotiz|abwesend|abwesenheit|réponse automatique|absence du bureau|respuesta automática|fuera de (la )?oficina|resposta automática|automatisch antwoord|automatiskt svar)\s*([:：\[(\-–]|$)|auto: )`)

// OutOfOfficeSubject reports whether a subject begins like an absence note. Mentioning an absence is not enough.
func OutOfOfficeSubject(s string) bool { return absent.MatchString(cut(s, 1000)) }

// cut returns at most n bytes of s, cut before a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
