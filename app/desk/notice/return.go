package notice

import (
	"strings"
	"time"

	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/db"
)

const (
	returnMark = "b." // before the token: no reply address begins so
	// ReturnDays is how many days after a letter was written its token is valid. Servers give up after five.
	ReturnDays = 30
	// probeWait is how long a test mail may take. After that, mail with a tag counts as not arriving.
	probeWait = time.Hour
	ProbeDays = 7
)

// returnAddress returns the envelope sender of the letter: from itself if mail with a tag may not arrive.
func (ns *Notices) returnAddress(tx *db.Tx, from string, l *store.Letter) string {
	if box, err := store.MailboxesByName.PeekFirst(tx, from); err != nil || !TagsArrive(box, tx.Now()) {
		return from
	}
	return ns.Tagged(from, ns.post.Token("return", post.ReturnMAC, l.ID))
}

// Tagged returns the address with the token in it, or unchanged where that is impossible.
func (ns *Notices) Tagged(address, token string) string {
	local, host, ok := strings.Cut(address, "@")
	if !ok || len(ns.post.Mail().Key) == 0 || len(local)+1+len(returnMark)+len(token) > 64 { // RFC 5321, 4.5.3.1.1
		return address
	}
	return local + "+" + returnMark + token + "@" + host
}

// ReturnToken returns the token in an address made by Tagged, "" for any other address.
func ReturnToken(address string) string {
	local, _, _ := strings.Cut(address, "@")
	i := strings.LastIndexByte(local, '+')
	if i < 0 || !strings.HasPrefix(local[i+1:], returnMark) {
		return ""
	}
	return local[i+1+len(returnMark):]
}

// TagsArrive reports whether mail to the address with a tag arrives: such mail was seen, and later test mail arrived
// too.
func TagsArrive(box *store.Mailbox, now time.Time) bool {
	return !box.Tagged.IsZero() && (!box.Probed.After(box.Tagged) || now.Sub(box.Probed) < probeWait)
}
