package markup

import (
	"html/template"
	"regexp"
	"strings"
)

// Passage is what somebody wrote: its text and, when it came as HTML, the HTML
// that MailHTML shows.
type Passage struct{ Text, HTML string }

// FromMail divides the body of a mail: own is what its sender wrote now, rest
// what they quoted, their signature and what their office puts under every
// mail. No word is lost between the two. The HTML is taken when it says
// anything; else both are the plain text, line by line as it was typed. own is
// only empty when the mail has no text.
func FromMail(text, html string) (own, rest Passage) {
	if len(html) > MaxHTML {
		// Nobody writes that; what can be read of it still is.
		if strings.TrimSpace(text) == "" {
			text = htmlText(Clean(html))
		}
		html = ""
	}
	if html != "" {
		own, rest = fromHTML(Clean(html))
		switch {
		case own.Text != "" && own.HTML != "", own.HTML != "" && strings.TrimSpace(text) == "":
			return own, rest
		case own.Text != "":
			return Passage{Text: own.Text}, Passage{Text: rest.Text}
		}
	}
	own.HTML, rest.HTML = "", ""
	own.Text, rest.Text = fromText(Clean(text))
	return own, rest
}

// fromText cuts plain text. Blank lines at the ends of what it cuts go.
func fromText(text string) (own, rest string) {
	var mine, theirs []string
	for _, p := range Split(text) {
		if p.Quoted {
			theirs = append(theirs, p.Text)
		} else if strings.TrimSpace(p.Text) != "" {
			mine = append(mine, p.Text)
		}
	}
	if len(mine) == 0 {
		mine, theirs = theirs, nil
	}
	return cutSignature(strings.Join(mine, "\n\n"), strings.Join(theirs, "\n\n"))
}

// cutSignature moves a signature, and what stands below it, from own to rest.
func cutSignature(own, rest string) (string, string) {
	own, rest = strings.Trim(own, "\n"), strings.Trim(rest, "\n")
	lines := strings.Split(own, "\n")
	at := signatureAt(lines)
	if at < 0 {
		return own, rest
	}
	signature := strings.Trim(strings.Join(lines[at:], "\n"), "\n")
	own = strings.TrimRight(strings.Join(lines[:at], "\n"), "\n ")
	if rest != "" {
		signature += "\n\n"
	}
	return own, signature + rest
}

// How long what is folded may be. A longer end of a mail is a part of it,
// whatever its first line looks like.
const (
	maxSignature  = 25 // lines below "-- "
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

// signatureAt returns the line where a signature begins, or what devices and
// offices write below one, -1 if there is none with something above it.
func signatureAt(lines []string) int {
	written := -1
	for i, l := range lines {
		if s := strings.TrimSpace(l); s != "" && !isDashes(s) {
			written = i
			break
		}
	}
	if written < 0 {
		return -1
	}
	for i := written + 1; i < len(lines); i++ {
		s := strings.TrimSpace(lines[i])
		if s == "" || len(s) > 2000 && len(lines)-i > maxDisclaimer {
			continue
		}
		left := len(lines) - i
		switch head := cutRunes(s, 300); {
		case s == "--" && left <= maxSignature:
			return i
		case left <= maxSignature && len(s) < 200 && deviceLine.MatchString(head):
			return i
		case left <= maxDisclaimer && disclaimerLine.MatchString(head):
			return ruleAbove(lines, i, written)
		}
	}
	return -1
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

// MailView says where the pictures of a mail are.
type MailView struct {
	// Picture returns the address of the inline picture of a Content-ID, a
	// path of this desk; "" when there is none. It may be nil.
	Picture func(cid string) string
	Remote  bool // load pictures from elsewhere
}

// MailHTML returns the HTML of a mail so that it may stand in a page, with
// everything its sender wrote: the same elements and attributes as an
// article, so no style, class, id or form. Inline pictures lead to where
// Picture says; pictures from elsewhere leave their alternative text unless
// Remote is set. Backgrounds and other ways to load something are always
// left out.
func MailHTML(html string, o MailView) template.HTML {
	html = Clean(html)
	if len(html) > MaxHTML {
		return template.HTML(textHTML(htmlText(html))) // #nosec G203 -- textHTML escapes
	}
	t := tidy{view: &o}
	t.run(html)
	t.level()
	return template.HTML(policy.Sanitize(string(t.out))) // #nosec G203 -- the policy is what makes it safe
}
