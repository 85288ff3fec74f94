package desk

import (
	"strings"
	"time"

	"sportello/store"
)

const (
	returnMark = "b." // before the token: no reply address begins so
	// returnDays is how many days after a letter was made its token is good. Servers give up after five.
	returnDays = 30
	// probeWait is how long mail that tries an address may take. After that mail with a tag does not arrive there.
	probeWait = time.Hour
	probeDays = 7
)

// returnAddress is the sender of the letter's envelope: from itself where mail with a tag may not arrive.
func (ns *Notices) returnAddress(tx *store.Tx, from string, l *store.Letter) string {
	if box, err := store.MailboxesByName.PeekFirst(tx, from); err != nil || !tagsArrive(box, tx.Now()) {
		return from
	}
	return ns.tagged(from, ns.post.token("return", returnMAC, l.ID))
}

// tagged puts the token into the address, which comes back as it is where that cannot be.
func (ns *Notices) tagged(address, token string) string {
	local, host, ok := strings.Cut(address, "@")
	if !ok || len(ns.post.mail.Key) == 0 || len(local)+1+len(returnMark)+len(token) > 64 { // RFC 5321, 4.5.3.1.1
		return address
	}
	return local + "+" + returnMark + token + "@" + host
}

// returnToken is the token of an address made by tagged, "" of every other.
func returnToken(address string) string {
	local, _, _ := strings.Cut(address, "@")
	i := strings.LastIndexByte(local, '+')
	if i < 0 || !strings.HasPrefix(local[i+1:], returnMark) {
		return ""
	}
	return local[i+1+len(returnMark):]
}

// tagsArrive reports whether mail to the address with a tag arrives: it was seen to, and what was sent later to try it
// arrived as well.
func tagsArrive(box *store.Mailbox, now time.Time) bool {
	return !box.Tagged.IsZero() && (!box.Probed.After(box.Tagged) || now.Sub(box.Probed) < probeWait)
}
