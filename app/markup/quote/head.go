package quote

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sportello/app/markup"
)

// The lines that programs write above what they quote or pass on, in the
// languages people here write in. What only looks like one is none: a line
// that hides what follows must be sure.

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.SplitSeq(s, "|") {
		m[w] = true
	}
	return m
}

var (
	forwardHeads = wordSet("messaggio inoltrato|forwarded message|forwarded mail|weitergeleitete nachricht|message transféré|message transmis|message réexpédié|mensaje reenviado|" +
		"mensagem encaminhada|mensagem reencaminhada|doorgestuurd bericht|wiadomość przekazana dalej|przekazana wiadomość|treść przekazanej wiadomości|пересылаемое сообщение|пересланное сообщение|" +
		"переадресованное сообщение|переслане повідомлення|пересилане повідомлення|vidarebefordrat mejl|vidarebefordrat meddelande|vidarebefordrat mail|videresendt meddelelse|videresendt melding|videresendt besked|" +
		"edelleenlähetetty viesti|välitetty viesti|messaggio girato")
	forwardBegins = wordSet("inizio messaggio inoltrato|inizio del messaggio inoltrato|begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié|début du message transféré|" +
		"inicio del mensaje reenviado|início da mensagem encaminhada|início da mensagem reencaminhada|begin doorgestuurd bericht|początek przekazywanej wiadomości|początek przekazanej wiadomości|" +
		"начало переадресованного сообщения|начало пересылаемого сообщения|початок листа, що пересилається|vidarebefordrat brev|start på videresendt besked|start på videresendt melding|välitetty viesti alkaa")
	originalHeads = wordSet("messaggio originale|original message|messaggio originario|reply message|ursprüngliche nachricht|originalnachricht|original-nachricht|message d'origine|message d’origine|message original|mensaje original|" +
		"mensagem original|oorspronkelijk bericht|originele bericht|origineel bericht|wiadomość oryginalna|oryginalna wiadomość|исходное сообщение|оригинальное сообщение|оригінальне повідомлення|вихідне повідомлення|ursprungligt meddelande|" +
		"originalmeddelande|oprindelig meddelelse|original meddelelse|opprinnelig melding|alkuperäinen viesti|original appointment|appuntamento originale")
)

const dashes = "-_‐‑–— *="

// ruledWords returns the words of a line that programs set between dashes,
// and whether it has them; a line without is its words.
func ruledWords(s string) (words string, ruled bool) {
	s = strings.TrimSpace(s)
	if len(s) > 200 {
		return "", false
	}
	bare := strings.ToLower(strings.TrimSpace(strings.TrimSuffix(strings.Trim(s, dashes), ":")))
	lead := strings.TrimLeft(s, " *")
	return bare, strings.HasPrefix(lead, "--") || strings.HasPrefix(lead, "__") || strings.HasPrefix(lead, "‐‐") || strings.HasPrefix(lead, "––") || strings.HasPrefix(lead, "——")
}

// forwarded tells the lines that mail programs write above what they pass on.
func forwarded(s string) bool {
	bare, ruled := ruledWords(s)
	return ruled && (forwardHeads[bare] || strings.HasPrefix(bare, "inoltrato da ") || strings.HasPrefix(bare, "forwarded by ") || strings.HasPrefix(bare, "messaggio inoltrato da ")) ||
		forwardBegins[bare]
}

// original tells the lines that they write above what is answered, and some
// above what is passed on.
func original(s string) bool {
	if s = strings.TrimSpace(s); s == "" || s[0] < utf8.RuneSelf && !strings.Contains(dashes, s[:1]) {
		return false // no rule, as nearly every line
	}
	bare, ruled := ruledWords(s)
	return ruled && originalHeads[bare]
}

// The names in the head of a mail that stands in the text of another.
var (
	fromNames    = wordSet("da|from|von|de|van|od|от|від|від кого|fra|från|lähettäjä|mittente|expéditeur|remetente|absender")
	dateNames    = wordSet("inviato|inviata|sent|data|date|gesendet|datum|envoyé|envoyé le|enviado|enviado el|enviada em|enviado em|fecha|verzonden|wysłano|wysłane|отправлено|дата|надіслано|skickat|sendt|dato|lähetetty|päivämäärä|päiväys|data invio")
	plainDates   = wordSet("data|date|datum|fecha|дата|dato|päivämäärä|päiväys") // which forms have too
	subjectNames = wordSet("oggetto|subject|betreff|objet|asunto|assunto|onderwerp|temat|тема|ämne|emne|aihe|sujet")
	toNames      = wordSet("a|to|an|à|para|aan|do|кому|till|til|vastaanottaja|destinatario|cc|копия|kopie")
)

// headerBlock tells whether "Da: ..." at line i is followed by the other
// lines that make it the head of another message. People write such lines
// too, so it is one only with an address, a time, or the word for "sent".
func headerBlock(lines []string, i int) bool {
	if !fromNames[headerName(lines[i])] {
		return false
	}
	sure := strings.Contains(lines[i], "@")
	date, to, wrapped := false, false, 0
	for k := i + 1; k < len(lines) && k <= i+12; k++ {
		s := strings.TrimSpace(lines[k])
		if s == "" {
			continue
		}
		name := headerName(lines[k])
		switch {
		case fromNames[name], forwarded(s), quoted(s):
			return false
		case dateNames[name]:
			date, sure = true, sure || hasTime(s) || !plainDates[name]
		case toNames[name], subjectNames[name]:
			to = true
		case strings.TrimSpace(lines[k-1]) == "": // not one of its lines
			return false
		default:
			if wrapped++; wrapped > 4 {
				return false
			}
		}
		if date && to && sure {
			return true
		}
	}
	return false
}

// headerName returns the lower-case word before the colon of a line such as
// "Inviato: lunedì" or "**Da:** Anna", "" if there is none.
func headerName(line string) string {
	s := strings.TrimLeft(line, " *_\t")
	i := strings.IndexByte(s[:min(len(s), 40)], ':')
	if i <= 0 {
		return ""
	}
	return strings.ToLower(strings.Trim(s[:i], " *_|\u00a0\u202f"))
}

var (
	// What the line "Il giorno ... ha scritto:" begins with.
	saidBegin = regexp.MustCompile(`(?i)^(il giorno|il|in data|on|am|le|el dia|el día|el|em|no dia|op|w dniu|dnia|den|på|vào lúc|vào|a)\s(.{0,40}?)\d`)
	// The day of the week, or the date itself.
	dayBegin = regexp.MustCompile(`(?i)^((lun|mar|mer|gio|ven|sab|dom|mon|tue|wed|thu|fri|sat|sun|man|tir|ons|tor|fre|lør|søn|lör|sön|mån|tis|pon|wt|śr|czw|pt|sob|niedz|ma|ti|ke|to|pe|la|su|пн|вт|ср|чт|пт|сб|вс|нд)[\p{L}]*[.,]{0,2}\s.{0,12}\d|` +
		`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b|\d{1,2}\.?\s[\p{L}]{3,12}\.?,?\s\d{4}\b)`)
	saidQuoting = regexp.MustCompile(`(?i)^(def\. quota|quota|quoting|citando|zitat von|citation de|zitiere|cytowanie|quota di)\s`)
	saidDashes  = regexp.MustCompile(`^-{3,}\s`)
	// The verb stands at the end, or where the languages of the north put it.
	saidVerb   = regexp.MustCompile(`(?i)(^|[\s>)\]"])(ha scritto|scrive|wrote|writes|a écrit|schrieb|schreef|skrev|escribió|escreveu|napisał|napisała|napisał\(a\)|pisze|пишет|писал|писала|писал\(а\)|написал|написала|написал\(а\)|пише|написав|написала|написав\(ла\)|писав|kirjoitti|đã viết|a scris|napsal|napsal\(a\)|írta)(\s|$|:)`)
	fullDate   = regexp.MustCompile(`(^|\D)((19|20)\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})($|\D)`)
	addressed  = regexp.MustCompile(`(?i)@[^<>\s]{1,100}>,?\s*(ha scritto|wrote|a écrit|escribió|escreveu)\s*:$`)
	angled     = regexp.MustCompile(`<[^<>\s]{0,100}@[^<>\s]{0,100}>|\([^()\s]{0,100}@[^()\s]{0,100}\)|\[?mailto:[^\s\]]{1,100}\]?`)
	smallNames = wordSet("di|de|del|della|dello|dei|da|van|von|der|den|und|el|la|le|y|e|and|on|behalf|of|per|conto|via|at|um|uhr|ore|alle|à|às|las|om|o|kl|kl.|klo|schrieb|schreef|skrev|am|pm|a.m.|p.m.|г.|р.|г|р|в|о|ha|scritto|scrive|wrote|writes|a|écrit|escribió|escreveu|" +
		"napisał|napisała|napisał(a)|pisze|пишет|писал|писала|писал(а)|написал|написала|написал(а)|пише|написав|написав(ла)|писав|kirjoitti|đã|viết|scris|napsal|napsal(a)|írta|vào|lúc|tháng")
)

// attribution tells how many lines from i on say who wrote what follows, 0 if
// they do not; certain if there are a date and a time or an address in them,
// so that what follows is quoted even without ">". A sentence that says that
// somebody wrote something is none.
func attribution(lines []string, i int) (n int, certain bool) {
	if !strings.ContainsAny(lines[i], "0123456789@:") {
		return 0, false // neither a date, nor an address, nor what ends in a colon
	}
	joined := ""
	for n = 1; n <= 4 && i+n <= len(lines); n++ {
		s := strings.TrimSpace(lines[i+n-1])
		if s == "" || len(s) > 500 {
			return 0, false
		}
		if n > 1 {
			// A line wraps only when it begins like one, and ends where the
			// next begins.
			if n == 2 && !(fullDate.MatchString(joined) || strings.Contains(joined, "@")) || saidBegin.MatchString(s) && fullDate.MatchString(s) || dayBegin.MatchString(s) && fullDate.MatchString(s) && fullDate.MatchString(joined) {
				return 0, false
			}
			joined += " "
		}
		joined += s
		if n == 1 && strings.Contains(s, "@") && addressed.MatchString(s) && saidBegin.MatchString(s) && fullDate.MatchString(s) && hasTime(s) {
			return 1, true // whatever the name is
		}
		if said, sure := saidWho(joined); said {
			if i+n < len(lines) && !saidVerb.MatchString(joined) && len(lines[i+n]) < 40 && saidVerb.MatchString(lines[i+n]) {
				continue // a date and an address, and the verb on the next line
			}
			return n, sure
		}
		if n == 1 && !(isDated(s) && saidStarts(s)) {
			return 0, false
		}
	}
	return 0, false
}

// isDated tells a line that has a date or an address, without which nothing is
// looked for in the next.
func isDated(s string) bool {
	return strings.Contains(s, "@") || mayHaveDate(s) && fullDate.MatchString(s)
}

// mayHaveDate is true wherever fullDate is, for far less.
func mayHaveDate(s string) bool {
	digit := func(i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
	for i := range len(s) {
		switch s[i] {
		case '-', '/', '.':
			if digit(i-1) && digit(i+1) {
				return true
			}
		case '9', '0':
			if digit(i-1) && digit(i+1) && digit(i+2) {
				return true
			}
		}
	}
	return false
}

func saidStarts(s string) bool {
	return saidBegin.MatchString(s) || dayBegin.MatchString(s) || saidQuoting.MatchString(s) || saidDashes.MatchString(s) || strings.Contains(s, "@") || saidVerb.MatchString(s)
}

// saidWho judges one line, unwrapped.
func saidWho(s string) (said, certain bool) {
	end := strings.TrimRight(s, " \u00a0\u202f*_")
	colon := strings.HasSuffix(end, ":")
	zoho := strings.HasSuffix(end, "---") && saidDashes.MatchString(s)
	address := strings.Contains(s, "@")
	if !colon && !address && !zoho {
		return false, false // as below, and nearly every line is such a one
	}
	date, at := mayHaveDate(s) && fullDate.MatchString(s), hasTime(s)
	verb := saidVerb.MatchString(s)
	switch {
	case zoho:
		return verb && address && (date || at), true
	case saidQuoting.MatchString(s):
		return colon && address, false
	case verb && colon:
		begins := saidBegin.MatchString(s) || dayBegin.MatchString(s)
		if !begins && !address && !(date && at) {
			return false, false
		}
	case dayBegin.MatchString(s) && address && date && (colon || angled.MatchString(s) && strings.HasSuffix(end, ">")):
		// An old Gmail, and one in Russian, say no verb.
		return sayName(s), at && colon
	default:
		return false, false
	}
	return sayName(s), date && (at || address) || at && address
}

// dateWord matches days, months and the other words of a date.
var dateWord = regexp.MustCompile(`^(lun|mar|mer|gio|ven|sab|dom|mon|tue|wed|thu|fri|sat|sun|man|tir|ons|tor|fre|lør|søn|lör|sön|mån|tis|pon|wt|śr|czw|pt|sob|niedz|jue|jeu|vie|qua|qui|seg|ter|sex|sáb|sam|dim|din|woe|don|vri|zat|zon|пн|вт|ср|чт|пт|сб|вс|нд|` +
	`jan|gen|ene|janv|sty|tammi|feb|fév|lut|helmi|mär|mrt|maalis|apr|avr|abr|kwi|huhti|mag|mai|may|maj|mei|touko|giu|jun|juin|cze|kesä|lug|jul|juil|lip|heinä|ago|aug|août|sie|elo|set|sep|wrz|syys|ott|okt|oct|out|paź|loka|nov|lis|marras|dic|dec|déc|dez|des|gru|joulu|` +
	`янв|фев|мар|апр|ма|июн|июл|авг|сен|окт|ноя|дек|січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру|giorno|data|lúc)\p{L}{0,8}$|^(lu|ma|mi|je|ve|sa|di|do|fr|mo|so|ti|ke|to|pe|la|su)$`)

// sayName tells whether the words of a line are those of a date and a name: a
// sentence has small words that no name has.
func sayName(s string) bool {
	most := 1
	if strings.Contains(s, "@") {
		most = 2
	}
	small := 0
	for k, w := range strings.Fields(saidVerb.ReplaceAllString(angled.ReplaceAllString(s, " "), " ")) {
		w = strings.Trim(w, `.,;:"'<>()[]*-–—`)
		low := strings.ToLower(w)
		if w == "" || k == 0 || smallNames[low] || strings.Contains(w, "@") {
			continue
		}
		if runningWords[low] && low != "ma" {
			return false
		}
		if r, _ := utf8.DecodeRuneInString(w); unicode.IsLower(r) && !dateWord.MatchString(low) {
			small++
		}
	}
	return small <= most
}

// runningWords are those of sentences, which neither a name, a role nor an
// address has.
var runningWords = wordSet("non|che|è|ho|hai|ha|abbiamo|avete|hanno|sono|siamo|siete|era|anche|ancora|mi|ti|vi|ci|si|se|ma|quando|come|dove|cosa|quale|quali|questo|questa|questi|queste|quello|quella|dimenticavo|scusate|scusi|vorrei|potete|può|puoi|chiedo|" +
	"perché|quindi|però|già|più|poi|dopo|prima|oggi|ieri|domani|adesso|ora|mio|mia|un|una|qui|sotto|allego|allegato|funziona|va|serve|grazie|not|is|are|was|were|have|has|had|i|you|we|it|please|also|still|if|but|when|how|this|that|these|those|don't|can|can't|could|would|" +
	"should|will|my|me|an|now|then|here|there|thanks|forgot|below|because|ich|nicht|ist|sind|bitte|auch|je|pas|est|aussi|merci|no|también|gracias|não")

// maxHeadLines bounds how far the sender is looked for below the line that a
// program writes above what it passes on.
const maxHeadLines = 14

// Inner is the author of a forwarded mail, as the forwarding mail names them.
type Inner struct{ Name, Email, Date string }

// Called is the name, or the address where there is no name.
func (in Inner) Called() string { return cmp.Or(in.Name, in.Email) }

// Words are the name and the address.
func (in Inner) Words() string {
	if in.Name == "" {
		return in.Email
	}
	return in.Name + " <" + in.Email + ">"
}

var innerAddress = regexp.MustCompile(`[\p{L}\p{N}._%+'&/=-]{1,64}@[\p{L}\p{N}_-]{1,63}(\.[\p{L}\p{N}_-]{1,63}){1,8}`)

// Forwarded returns who wrote the mail that the text of another one shows
// below its own words, and when, in its own words. Nothing proves it.
func Forwarded(text string) (Inner, bool) {
	lines := strings.Split(markup.Clean(text), "\n")
	for i, l := range lines {
		switch {
		case len(l) > 500:
		case forwarded(strings.TrimLeft(l, "> ")) || original(l):
			for k := i + 1; k < len(lines) && k <= i+maxHeadLines; k++ {
				if fromNames[headerName(strings.TrimLeft(lines[k], "> "))] {
					return innerHead(lines, k)
				}
			}
			return Inner{}, false
		case headerBlock(lines, i):
			return innerHead(lines, i)
		}
	}
	return Inner{}, false
}

func innerHead(lines []string, i int) (Inner, bool) {
	value := func(l string) string {
		_, v, _ := strings.Cut(l, ":")
		return strings.Trim(v, " *_|\t\u00a0")
	}
	var in Inner
	for k := i; k < len(lines) && k <= i+8; k++ {
		l := strings.TrimLeft(lines[k], "> ")
		switch name := headerName(l); {
		case k == i:
			v := value(l)
			if !strings.Contains(v, "@") && k+1 < len(lines) && headerName(lines[k+1]) == "" {
				v += " " + strings.TrimSpace(lines[k+1])
			}
			v = markup.Cut(v, 400)
			at := innerAddress.FindStringIndex(v)
			if at == nil {
				return Inner{}, false
			}
			in.Email = strings.ToLower(v[at[0]:at[1]])
			before := strings.TrimSpace(strings.NewReplacer("mailto:", "", "<", "", "[", "", "(", "", `"`, "", "*", "").Replace(v[:at[0]]))
			in.Name = markup.Line(strings.Trim(before, " '.,;:-"))
		case dateNames[name] && in.Date == "":
			in.Date = markup.Cut(markup.Line(value(l)), 80)
		}
	}
	return in, true
}

// answersWithin are the words with which people say that their answers stand
// in what they quote.
var answersWithin = regexp.MustCompile(`(?i)(rispost[aeo]|rispondo|risposto|risponder[òe]|commenti|comment[oi]|osservazioni|note|integro|vedi|veda|vedere|scritto|answers?|repl(y|ies|ied)|comments?|see|antworten?|réponses?|respuestas?)\b[^.\n]{0,60}\b(sotto|di seguito|nel testo|in rosso|in blu|in verde|in grassetto|in maiuscolo|inline|in[- ]line|tra le righe|fra le righe|punto per punto|qui sotto|below|in red|in blue|in bold|in green|inline|interlinea|unten|ci-dessous|abajo|nella tua|nella sua)\b|` +
	`\b(in rosso|in blu|in verde|in red|in blue|in green)\b[^.\n]{0,40}\b(rispost|rispondo|comment|answer|repl|note)`)

// answersInside tells whether the words of a sender say so.
func answersInside(lines []string) bool {
	return slices.ContainsFunc(lines, func(s string) bool { return len(s) < 2000 && answersWithin.MatchString(s) })
}
