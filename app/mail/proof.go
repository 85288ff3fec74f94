package mail

import (
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// proven reports whether one of our own servers says that the mail comes from the domain in From: DMARC passed for it,
// or DKIM passed for a domain of the same organisation (relaxed alignment, RFC 7489 3.1). Only the first
// Authentication-Results field of a named server counts (RFC 8601 5): the sender may have written the ones below. The
// text is that result, or why it does not count.
func proven(h header, from Address, servers []string) (bool, string) {
	if len(servers) == 0 {
		return false, ""
	}
	fields := h.all("From")
	_, domain, ok := strings.Cut(from.Email, "@")
	if len(fields) != 1 || len(ParseAddresses(fields[0])) != 1 || !ok {
		return false, "From names not exactly one sender"
	}
	for _, v := range h.all("Authentication-Results") {
		results := strings.Split(withoutComments(v), ";")
		id, _, _ := strings.Cut(strings.TrimSpace(results[0]), " ")
		if !anyFold(servers, strings.Trim(id, `"`)) {
			continue
		}
		why := "none of its results is a pass for " + domain
		for _, r := range results[1:] {
			method, props := authResult(r)
			switch {
			case method == "dmarc=pass" && props["header.from"] != "" && strings.EqualFold(props["header.from"], domain):
				return true, "dmarc=pass header.from=" + domain
			case method == "dkim=pass":
				signer := props["header.d"]
				if signer == "" {
					_, signer, _ = strings.Cut(props["header.i"], "@")
				}
				if aligned(signer, domain) {
					return true, "dkim=pass header.d=" + strings.ToLower(signer)
				}
				why = "the DKIM signature is of another domain"
			}
		}
		return false, why
	}
	return false, "no Authentication-Results of our servers"
}

func anyFold(list []string, s string) bool {
	for _, v := range list {
		if v != "" && strings.EqualFold(strings.TrimSuffix(v, "."), strings.TrimSuffix(s, ".")) {
			return true
		}
	}
	return false
}

// authResult parses "dkim=pass reason=x header.d=a.it" into the method with its result, and the properties. A property
// named twice invalidates the result, because it is unclear which one counts.
func authResult(s string) (method string, props map[string]string) {
	props = map[string]string{}
	for i, w := range authWords(s) {
		k, v, ok := strings.Cut(w, "=")
		if !ok {
			continue
		}
		k, v = strings.ToLower(k), strings.Trim(v, `"`)
		if i == 0 {
			k, _, _ = strings.Cut(k, "/")
			method = k + "=" + strings.ToLower(v)
			continue
		}
		if _, twice := props[k]; twice {
			return "", nil
		}
		props[k] = v
	}
	return method, props
}

var equals = regexp.MustCompile(`[ \t]*=[ \t]*`)

// authWords splits at white space outside quotes, and removes white space around "=".
func authWords(s string) []string {
	var words []string
	var b strings.Builder
	quoted := false
	s = equals.ReplaceAllLiteralString(s, "=")
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			quoted = !quoted
		}
		if !quoted && (c == ' ' || c == '\t') {
			if b.Len() > 0 {
				words = append(words, b.String())
				b.Reset()
			}
			continue
		}
		b.WriteByte(c)
	}
	if b.Len() > 0 {
		words = append(words, b.String())
	}
	return words
}

// withoutComments removes comments in parentheses and semicolons in quotes, so that nothing a stranger put there
// separates results.
func withoutComments(s string) string {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case quoted:
			if c != ';' {
				b.WriteByte(c)
			}
		case c == '(':
			depth++
		case c == ')':
			depth = max(0, depth-1)
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// aligned reports whether two domains belong to one organisation.
func aligned(signer, from string) bool {
	signer, from = strings.ToLower(strings.TrimSuffix(signer, ".")), strings.ToLower(from)
	if signer == "" || from == "" {
		return false
	}
	if signer == from {
		return true
	}
	a, err := publicsuffix.EffectiveTLDPlusOne(signer)
	if err != nil {
		return false
	}
	b, err := publicsuffix.EffectiveTLDPlusOne(from)
	return err == nil && a == b
}
