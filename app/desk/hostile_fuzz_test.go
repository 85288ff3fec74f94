package desk

import (
	"strings"
	"testing"
)

// FuzzReplyToken opens tokens of addresses and links. Only what this desk made opens, for its purpose alone.
func FuzzReplyToken(f *testing.F) {
	po := NewPost(nil)
	po.SetMail(MailOptions{Key: []byte(strings.Repeat("k", 32))})
	ns := &Notices{post: po}
	reply, read := po.token("reply", replyMAC, 7, 9), po.token("read", readMAC, 7, 9, 1)
	for _, s := range []string{reply, read, strings.ToUpper(reply), reply + "a", reply[1:], "", "+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", strings.Repeat("7", 120), "ab1=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := ns.replyToken([]string{"x@desk.example", "desk+" + s + "@desk.example"})
		if token.ticket != 0 && (token.ticket != 7 || token.person != 9 || token.purpose != PurposeUnknown) {
			t.Errorf("%q opened %+v", s, token)
		}
		if n, ok := po.openToken("read", readMAC, s); ok && len(n) == 3 && (n[0] != 7 || n[1] != 9 || n[2] != 1) {
			t.Errorf("%q opened %v", s, n)
		}
		if _, ok := po.openToken("read", readMAC, reply); ok {
			t.Error("the token of an address opens a link")
		}
		if address := withoutTag("desk+" + s + "@desk.example"); strings.Count(s, "@") == 0 && address != "desk@desk.example" {
			t.Errorf("without its tag %q", address)
		}
	})
}
