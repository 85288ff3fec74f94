package people

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// openDomains are providers at which anybody gets an address, as Italian universities meet them. A list of thousands, with the
// throw-away ones of the week, would be a dependency to keep up to date for a mark that asks for a second pair of eyes and
// refuses nobody: whatever is not here is still no domain of an organisation, which those who decide read as well.
var openDomains = words(`
	gmail.com googlemail.com outlook.com outlook.it hotmail.com hotmail.it live.com live.it msn.com yahoo.com yahoo.it ymail.com
	rocketmail.com icloud.com me.com mac.com libero.it inwind.it iol.it blu.it giallo.it virgilio.it alice.it tim.it tin.it
	tiscali.it fastwebnet.it email.it poste.it aruba.it vodafone.it katamail.com supereva.it pec.it legalmail.it aol.com gmx.com
	gmx.net gmx.de web.de mail.com mail.ru yandex.com yandex.ru proton.me protonmail.com pm.me tutanota.com tuta.io zoho.com
	fastmail.com hey.com qq.com 163.com 126.com free.fr orange.fr laposte.net wanadoo.fr t-online.de mailinator.com
	guerrillamail.com yopmail.com temp-mail.org 10minutemail.com`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// IsOpen reports whether anybody can have an address of the domain of this one.
func IsOpen(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	if owned, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		domain = owned
	}
	return openDomains[domain]
}
