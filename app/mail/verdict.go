package mail

import (
	"regexp"
	"slices"
	"strings"
)

// Verdict is what a refusal means for later mail to the same address.
type Verdict string

// The verdicts. Only Hard is about the address.
const (
	Soft    Verdict = ""        // another mail, or the same one later, may succeed
	Hard    Verdict = "hard"    // there is no such address or host
	Refused Verdict = "refused" // our server or domain is refused
)

// maxVerdict limits the text that is judged, in bytes.
const maxVerdict = 4000

// noSuch are the codes (RFC 3463, RFC 7505) for an address or host that does not exist. general are the codes that
// servers use for anything, so that the words decide.
var (
	noSuch  = []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"}
	general = []string{"5.0.0", "5.1.0", "5.4.0", "5.5.0"}
)

// What servers write in English and Italian, in lower case and with single spaces. Words saying that our server is
// refused, the mailbox full or the mail too large take precedence over any code, because many such answers have the
// code of an unknown user; words about temporary problems come after a code for an unknown user.
var (
	blocklist   = regexp.MustCompile(`spamhaus|spamcop|\bsorbs\b|barracudacentral|uceprotect|\bdnsbl\b|\brbl\b|dnsbl\.`)
	saysRefused = regexp.MustCompile(`(black|block|deny) ?-?list|\blisted (in|at|on|by)\b|blocked (using|by|at|for|from|due)|` +
		`(host|server|ip|address|client|network|domain|connection|mail|e-?mail)( \S+)? (is|was|has been|are|been) (temporarily |permanently )?blocked|` +
		`\bptr\b|reverse[- ]?(dns|lookup|hostname|name|address)|\brdns\b|(find|resolve) your (reverse )?(host|ip|name)|` +
		`\breputation\b|\bspam(mer|ming|my)?\b|\bunsolicited\b|\bjunk ?mail\b|\bu[bc]e\b|` +
		`\bspf\b|\bdkim\b|\bdmarc\b|unauthenticated|\b(helo|ehlo) |` +
		`(client host|sender|sender address|sender domain|connection|your (ip|host|server)( \S+)?( was| has been| is)?) (rejected|denied|not allowed)|sender('s)? (verif|e-?mail|address|domain)|domain of (the )?sender|` +
		`\b(local|security|site|server|administrative|mail|content|message|sending|domain) polic(y|ies)\b|policy (reasons?|violation|rejection|restriction)|` +
		`\bpolicy\b.{0,40}(reject|refus|den|prohibit|block)|(reject|refus|den|prohibit|block)\w*\b.{0,40}\bpolicy\b`)
	saysFull = regexp.MustCompile(`quota|\b(mailbox|mail box|inbox|box|folder|disk|account|store|user|storage|casella)\b.{0,30}\b(full|exceeded|pien[ao])\b|\bis full\b|full mailbox|` +
		`insufficient (system )?(storage|disk)|out of (storage|disk)|not enough (storage|space|disk)|storage (space|limit|allocation)|disk space|` +
		`(message|mail|size|file|attachment|recipients)\b.{0,20} too (large|big|long|many)|too (large|big|many)|size limit|exceed\w* (the )?(\S+ )?(size|limit|maximum)|(maximum|max) .{0,20}size|(limit|rate)( has been| is)? exceeded|rate limit|` +
		`gr[ae]y-?list|\bvirus|\bmalware|infected`)
	saysLater = regexp.MustCompile(`try (again|later)|retry|temporar|come back later|currently|timed? ?out|expired|deferred|throttl|\b(disabled|suspended|deactivated|inactive|inactivity|locked|frozen|closed|disabilitat[ao]|sospes[ao])\b`)
	saysHard  = regexp.MustCompile(`\b(unknown|no such|invalid|bad|non-?existent|illegal|unroutable|unrouteable) (or \S+ )?(local[ -]?(user|part|address|delivery|mailbox)|e-?mail (address|account)|mail ?box|user( ?name)?|recipient|address|account|domain|hosts?|person|addressee|destination|login|alias)|` +
		`\b(utente|indirizzo|casella|destinatario|dominio)\b[^.]{0,60} (inesistente|sconosciut[ao]|non (esiste|esistente|trovat[ao]|valid[ao]))|` +
		`\b(user|recipient|address|account|mail ?box|e-?mail|domain|host|alias|addressee|customer|name)\b[^.]{0,60}?(\bunknown|(\bnot|n't) (be )?(found|known|recogni[sz]ed|exist|valid|a valid|a known|in (the |our )?(\S+ )?(directory|table|database|address book))|no longer (exists|valid|available|in use)|non-?existent|\binvalid|unroutable|unrouteable)|` +
		`does(n't| not) have an? .{0,40}account|no (mail ?box|user|account|recipient|address|person)\b.{0,20} (here|by|with|named|called|found|exists)|(isn't|not) (a (valid|known|local) (\S+ )?(user|recipient|mail ?box|address|account)|our customer)|` +
		`unable to (find|look ?up|resolve) (the )?(\S+ )?(recipient|user|domain|host)|(can ?not|could ?n't|couldn't|could not) (find|resolve|look ?up) (any |the |a )?(\S+ )?(host|domain|recipient|user|address|mail ?box|mx)|` +
		`no (mx|a) (records?|hosts?)|nxdomain|name or service not known|null ?mx|\bno-d(est|ominio)\b|recipnotfound|\busrnf\b|nosuchuser|recipient(?: address)? rejected: unknown|not (found |listed )?in (the )?(domino )?(address book|directory)`)
	ofAddress = regexp.MustCompile(`https?://\S+|\S*\w@\S+|\b[\w-]+(\.[\w-]+)+\b`)

	enhancedCode = regexp.MustCompile(`(?:^|[^\w.])([245]\.[0-7]\.\d{1,3})(?:[^\w.]|\.(?:\W|$)|$)`)
	replyCode    = regexp.MustCompile(`(?:^|[\s:\-(#<>"'])([45]\d\d)(?:[\s\-:#<]|$)`)
)

// Judge returns what a refusal means, from its status code (RFC 3463, may be "") and the server's words. A code in the
// words takes precedence, because it comes from the refusing server. The result is Hard only when that is certain: a
// full mailbox, a mail too large, a refused server and a disabled account may be gone tomorrow.
func Judge(status, words string) Verdict {
	words = strings.ToLower(oneLine(cut(words, maxVerdict)))
	code := codeOf(status, words)
	// Names of machines and addresses mean nothing: mx.antispam.example may simply not know the user.
	bare := strings.Join(strings.Fields(ofAddress.ReplaceAllString(words, " x ")), " ")
	bare = strings.ReplaceAll(bare, "not listed", "not found")
	refused := saysRefused.MatchString(bare) || blocklist.MatchString(words)
	switch {
	case strings.HasPrefix(code, "2.") || strings.HasPrefix(code, "4."):
		if refused && !saysFull.MatchString(bare) {
			return Refused
		}
		return Soft
	case slices.Contains([]string{"5.7.7", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.1.7", "5.1.8"}, code):
		return Refused // SPF, DKIM, DMARC, no PTR; our sender address or domain
	case refused:
		return Refused
	case saysFull.MatchString(bare):
		return Soft
	case NoSuch(code):
		return Hard
	case saysLater.MatchString(bare):
		return Soft
	case (code == "" || slices.Contains(general, code)) && saysHard.MatchString(bare):
		return Hard
	}
	return Soft
}

// codeOf returns the most specific code: the first code in the words that is about something definite, else status,
// else the code that corresponds to the reply code (RFC 5321).
func codeOf(status, words string) string {
	code := ""
	for rest := words; ; {
		i := enhancedCode.FindStringSubmatchIndex(rest)
		if i == nil {
			break
		}
		c := rest[i[2]:i[3]]
		if !slices.Contains(general, c) && !strings.HasSuffix(c, ".0.0") {
			return c
		}
		if code == "" {
			code = c
		}
		rest = rest[i[3]:]
	}
	field := ""
	if f := enhancedCode.FindStringSubmatch(status); f != nil {
		field = f[1]
	}
	if field != "" && !slices.Contains(general, field) && !strings.HasSuffix(field, ".0.0") {
		return field
	}
	if code == "" {
		if r := replyCode.FindStringSubmatch(words); r != nil {
			switch {
			case r[1] == "552" || r[1] == "452":
				return r[1][:1] + ".2.2"
			case r[1][0] == '4':
				return "4.0.0"
			}
			code = r[1][:1] + ".0.0"
		}
	}
	if code == "" {
		code = field
	}
	return code
}

// Verdict returns what the report means for later mail to the recipient.
func (l ReportLine) Verdict() Verdict {
	if l.Action != "failed" {
		return Soft
	}
	return Judge(l.Status, l.Diagnostic)
}

// NoSuch reports whether a code alone means that the address does not exist.
func NoSuch(status string) bool { return slices.Contains(noSuch, status) }

// OfMessage reports whether a code means that the message itself is at fault, so that it will be refused every time.
func OfMessage(status string) bool {
	return status == "5.3.4" || status == "5.2.3" || strings.HasPrefix(status, "5.6.")
}
