package notice

import (
	"strings"
	"testing"

	"sportello/app/desk/post"
)

// FuzzReplyToken opens tokens of addresses and links. Only tokens made by this desk are valid, each for its purpose
// alone.
func FuzzReplyToken(f *testing.F) {
	po := post.New(nil)
	po.SetMail(post.Options{Key: []byte(strings.Repeat("k", 32))})
	ns := &Notices{post: po}
	reply, read := po.Token("reply", post.ReplyMAC, 7, 9), po.Token("read", post.ReadMAC, 7, 9, 1)
	for _, s := range []string{reply, read, strings.ToUpper(reply), reply + "a", reply[1:], "", "+", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", strings.Repeat("7", 120), "ab1=="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := ns.OpenReply([]string{"x@desk.example", "desk+" + s + "@desk.example"})
		if token.Ticket != 0 && (token.Ticket != 7 || token.Person != 9 || token.Purpose != PurposeUnknown) {
			t.Errorf("%q opened %+v", s, token)
		}
		if n, ok := po.OpenToken("read", post.ReadMAC, s); ok && len(n) == 3 && (n[0] != 7 || n[1] != 9 || n[2] != 1) {
			t.Errorf("%q opened %v", s, n)
		}
		if _, ok := po.OpenToken("read", post.ReadMAC, reply); ok {
			t.Error("the token of an address opens a link")
		}
		if address := post.WithoutTag("desk+" + s + "@desk.example"); strings.Count(s, "@") == 0 && address != "desk@desk.example" {
			t.Errorf("without its tag %q", address)
		}
	})
}
