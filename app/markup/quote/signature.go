package quote

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/app/markup"
)

// How long a signature and a disclaimer may be. A longer end of a mail is a
// part of it, whatever its first line looks like.
const (
	maxSignature  = 16 // lines below "-- "
	maxDisclaimer = 60
)

var (
	deviceLine = regexp.MustCompile(`(?i)^\W{0,4}(inviato (da|dal|con|tramite) (il mio |un |mio )?(iphone|ipad|smartphone|cellulare|telefono|dispositivo|tablet|samsung|huawei|xiaomi|galaxy|android|blackberry|outlook|posta|libero|yahoo|gmail|windows|mail|tiscali|proton|thunderbird|posta elettronica)|` +
		`(ottieni|scarica|get) \[?outlook (per|for)|sent (from|with|via) (my |an? |the )?(iphone|ipad|android|samsung|galaxy|mobile|smartphone|phone|blackberry|outlook|mail|yahoo|windows|huawei|xiaomi|proton|gmail|thunderbird)|` +
		`von meinem .{2,30} gesendet|gesendet von|envoyé (de|depuis)|enviado desde)`)
	disclaimerLine = regexp.MustCompile(`(?i)^\W{0,6}((avviso|clausola|nota|informativa) (di |sulla |legale|privacy)|le informazioni contenute (in|nel)|(il presente|questo|questa|la presente) (messaggio|e-?mail|comunicazione|documento|posta)[^.]{0,80}(riserva|confidenzial|destinat|contien|contener|allegat|informazion)|` +
		`ai sensi (e per gli effetti )?(del|della|dell'|degli|dell’)[^.]{0,60}(d\.? ?lgs|decreto|regolamento|gdpr|2016/679|196/2003|privacy)|informativa (sulla )?privacy|(d\.? ?lgs\.?|regolamento) ?(ue )?[^.]{0,20}(196/2003|2016/679)|` +
		`this (e-?mail|message|communication|transmission)[^.]{0,100}(confidential|intended|privileged)|the information (contained )?in this|confidentiality (notice|note)|disclaimer\b|privileged (and|/) ?confidential|` +
		`(prima di stampare|rispetta l'ambiente|rispetta l’ambiente|salva un albero|please consider the environment|before printing|think before you print)|diese (e-?mail|nachricht) enthält|ce (message|courriel)[^.]{0,60}confidentiel|(dona|destina) il (tuo )?5 ?(x|per) ?mille)`)
)

// What only a disclaimer says, and what it says beside.
var (
	legalTerm  = regexp.MustCompile(`(?i)riservat|confiden[zt]ial|destinatari|intended|addressee|recipient|privileged|per errore|in error|vertraulich|confidentiel|ambiente|environment|stampare|printing|5 ?(x|per) ?mille`)
	legalWords = []*regexp.Regexp{
		regexp.MustCompile(`(?i)riserva|confiden[zt]i|vertraulich`), regexp.MustCompile(`(?i)destinatari|destinat[aoie]\b|intended|addressee|recipient|empfänger|destinataire`), regexp.MustCompile(`(?i)per errore|in error|irrtümlich|par erreur`),
		regexp.MustCompile(`(?i)vietat|proibit|non autorizzat|prohibited|unauthori[sz]ed|strictly`), regexp.MustCompile(`(?i)divulga|diffusion|diffonder|disclos|disseminat|distribution|copying`), regexp.MustCompile(`(?i)privileged|legally`),
		regexp.MustCompile(`(?i)d\. ?lgs|2016/679|196/2003|gdpr|privacy`), regexp.MustCompile(`(?i)informazioni contenute|information contained|contenut[oe] in quest`), regexp.MustCompile(`(?i)distrugger|eliminar|delete|destroy`),
	}
	shortLegal = regexp.MustCompile(`(?i)^\W{0,6}(prima di stampare|rispetta l.ambiente|salva un albero|please consider the environment|before printing|think before you print|avviso di riservatezza|clausola di riservatezza|nota di riservatezza|confidentiality (notice|note)|disclaimer\b|(dona|destina) il (tuo )?5 ?(x|per) ?mille)`)
	asking     = regexp.MustCompile(`(?i)\?|\b(chied[oi]|chiediamo|vorre[im]|potete|potreste|potrebbe|riuscite|aiut|non (va|funziona|riesco|vedo|trovo)|could you|can you|help|i (need|want|would|cannot|can't))\b`)
	postscript = regexp.MustCompile(`(?i)^\W{0,3}(p\.?\s?s\.?\s?[:.,–-]|p\.?\s?s\.\s|ps\s|p\.s\.|post\s?scriptum|n\.?\s?b\.?\s?[:.,–-]|n\.b\.|nota bene|edit:|update:|aggiornamento|aggiungo|dimenticavo|ah,)`)
	contact    = regexp.MustCompile(`(?i)\S@\S+\.\S|https?://|www\.|\b(tel|telefono|phone|fax|cell|mobile|mob|interno|e-?mail|pec|skype|web|ufficio)\b\.?\s?[:+\d]|\+\d{2}|\b0\d{1,3}[ ./-]?\d{4,}|\b3\d\d[ ./-]?\d{6,7}\b|\b(via|viale|piazza|corso|largo)\s\p{Lu}.{0,40}\d`)
	courtesy   = regexp.MustCompile(`(?i)^\W{0,3}(grazie|saluti|cordiali saluti|cordialmente|distinti saluti|un saluto|ciao|a presto|buona giornata|buon lavoro|thanks|thank you|regards|best|best regards|kind regards|cheers|sincerely)\b`)
	office     = regexp.MustCompile(`(?i)\b(ufficio|settore|dipartimento|servizi[o]?|direzione|segreteria|università|ateneo|facoltà|biblioteca|dott|dr|prof|ing|responsabile|department|office|university|faculty|manager|director|engineer)\b`)
)

// signatures returns the lines that are surely a signature, what a device
// wrote or a disclaimer, with something above them. What is passed on is left
// whole, and words that stand below a signature are the sender's.
func signatures(lines []string, sender string) (found [][2]int) {
	written := -1
	for i, l := range lines {
		s := strings.TrimSpace(l)
		if forwarded(l) || original(l) || headerBlock(lines, i) {
			lines = lines[:i]
			break
		}
		if written < 0 && s != "" && !isDashes(s) {
			written = i
		}
	}
	if written < 0 {
		return nil
	}
	for i := written + 1; i < len(lines); i++ {
		s := strings.TrimSpace(lines[i])
		if s == "" || len(s) > 20_000 {
			continue
		}
		end := i
		switch left := len(lines) - i; {
		case s == "--":
			end = signatureEnd(lines, i, strings.HasSuffix(lines[i], " "), sender)
		case device(s):
			end = i + 1
		case left <= maxDisclaimer && disclaimerLine.MatchString(markup.Cut(s, 300)):
			end = disclaimerEnd(lines, i)
		}
		if end == i {
			continue
		}
		from := i
		if s != "--" && (len(found) == 0 || found[len(found)-1][1] < i) {
			from = ruleAbove(lines, i, written)
		}
		found = append(found, [2]int{from, end})
		i = end - 1
	}
	return found
}

// device tells the line that a telephone or a mail program signs with, and no
// sentence that begins like it.
func device(s string) bool {
	at := deviceLine.FindStringIndex(s)
	return at != nil && len(s) < 160 && !running(s[at[1]:], 10) && !asking.MatchString(s)
}

// running tells whether a line is a sentence, or has more words than n.
func running(s string, n int) bool {
	words := strings.Fields(s)
	for _, w := range words {
		if w = strings.ToLower(strings.Trim(w, `.,;:!?"'()`)); runningWords[w] || strings.HasSuffix(w, "n't") || strings.HasSuffix(w, "n’t") {
			return true
		}
	}
	return len(words) > n
}

// signatureEnd returns the line after the signature below the dashes at i, i
// when what stands there is none. A signature reaches to the last line that
// has the sender's name, an office, or how they are reached, as far as every
// line looks like one; below the mark "-- " itself a name alone is enough.
func signatureEnd(lines []string, i int, marked bool, sender string) int {
	end, seen := i, 0
	for k := i + 1; k < len(lines) && seen <= maxSignature; {
		from := skipBlank(lines, k, len(lines))
		sure := end > i
		for k = from; k < len(lines) && strings.TrimSpace(lines[k]) != ""; k++ {
			s := strings.TrimSpace(lines[k])
			if isDashes(s) || saidStarts(s) && fullDate.MatchString(s) || postscript.MatchString(s) || device(s) || disclaimerLine.MatchString(markup.Cut(s, 300)) || !signatureLine(s) {
				return end
			}
			switch reached := contact.MatchString(s); {
			case reached, end == i && named(s, sender), sure && office.MatchString(s):
				end, sure = k+1, true
			case end == i && marked && k == from && nameAlone(s) && k+1 <= len(lines) && (k+1 == len(lines) || strings.TrimSpace(lines[k+1]) == ""):
				return k + 1
			}
			if seen++; k+1-end > 3 && end > i {
				return end
			}
		}
		if end != k {
			return end // what comes is no part of it
		}
	}
	return end
}

// nameAlone tells a line of a name or two.
func nameAlone(s string) bool {
	words := strings.Fields(s)
	for _, w := range words {
		if r, _ := utf8.DecodeRuneInString(w); !unicode.IsUpper(r) && len(words) > 1 {
			return false
		}
	}
	return len(words) <= 3 && !courtesy.MatchString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune(" .'’-", r) }) < 0
}

// reachWords are those beside which a signature says how to reach somebody.
var reachWords = wordSet("tel|telefono|phone|fax|cell|cellulare|mobile|mob|interno|int|ext|mail|e-mail|email|pec|skype|web|sito|www|ufficio|stanza|piano|presso|degli|delle|dell|orario|ricevimento|of|for|the|in|t|m|c|ph|direct|main")

// signatureLine tells whether a line may belong to a signature.
func signatureLine(s string) bool {
	if utf8.RuneCountInString(s) > 120 || asking.MatchString(s) || strings.HasPrefix(s, ">") || running(s, 16) {
		return false
	}
	if contact.MatchString(s) {
		// "Chiamatemi al 049..." is none.
		for w := range strings.FieldsSeq(s) {
			w = strings.ToLower(strings.Trim(w, `.,;:()[]|<>"'-–—/`))
			r, _ := utf8.DecodeRuneInString(w)
			if unicode.IsLetter(r) && !smallNames[w] && !reachWords[w] && !strings.ContainsAny(w, "@/.:0123456789") && strings.Contains(s, " "+w) {
				return false
			}
		}
		return true
	}
	// A sentence ends like one, and a colon tells something.
	words := len(strings.Fields(s))
	return words <= 9 && !strings.Contains(s, ": ") && !strings.HasSuffix(s, ":") && !(strings.HasSuffix(s, ".") && words > 3)
}

// named tells whether a short line has a word of the sender's name or address.
func named(s, sender string) bool {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) > 6 {
		return false
	}
	account, _, _ := strings.Cut(strings.ToLower(sender), "@")
	for w := range strings.FieldsFuncSeq(account, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(w) > 2 && slices.Contains(words, w) {
			return true
		}
	}
	return false
}

// disclaimerEnd returns the line after a disclaimer that begins at i, i when
// what begins like one is something the sender says. A line below it belongs
// to it when it is the rest of a wrapped one, or speaks as one.
func disclaimerEnd(lines []string, i int) int {
	end := i
	for k := i; k < len(lines); {
		k = skipBlank(lines, k, 2)
		from := k
		for ; k < len(lines); k++ {
			s := strings.TrimSpace(lines[k])
			if s == "" || legalScore(s) == 0 && !(k > from && wraps(lines[k-1])) && !(k == from && (wraps(lines[k]) || shortLegal.MatchString(s))) {
				break
			}
		}
		s := strings.TrimSpace(strings.Join(lines[from:k], " "))
		if from == k || asking.MatchString(s) || postscript.MatchString(s) {
			break
		}
		if short := shortLegal.MatchString(s) && len(strings.Fields(s)) <= 25; !short && (legalScore(s) < 2 || !legalTerm.MatchString(s)) {
			break
		}
		end = k
	}
	return end
}

// wraps tells a line that goes on in the next one.
func wraps(line string) bool {
	s := strings.TrimSpace(line)
	return len(s) >= 55 && len(s) < 200 && !strings.ContainsRune(".!?:;", rune(s[len(s)-1]))
}

func legalScore(s string) int {
	score := 0
	for _, w := range legalWords {
		if w.MatchString(s) {
			score++
		}
	}
	return score
}

// ruleAbove returns the line of a rule that belongs to what begins at i, else
// i.
func ruleAbove(lines []string, i, written int) int {
	for k := i - 1; k > written && k >= i-2; k-- {
		s := strings.TrimSpace(lines[k])
		if s == "" {
			continue
		}
		if len(s) >= 3 && isDashes(s) {
			return k
		}
		break
	}
	return i
}

// isDashes tells a line of dashes, stars or underscores, escaped or not.
func isDashes(s string) bool { return strings.Trim(s, `\-_*=`) == "" }
