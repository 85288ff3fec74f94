package mail

import (
	"strings"
	"testing"
)

// FuzzAuthenticationResults checks what servers say about a sender. Without a trusted server, the word pass and the
// sender's domain nothing is proven.
func FuzzAuthenticationResults(f *testing.F) {
	for _, s := range []string{"mx.desk.it; dmarc=pass header.from=ateneo.it", "mx.desk.it 1; dkim=pass (ok) header.d=ateneo.it", `mx.desk.it; dkim=fail reason="x; dmarc=pass header.from=ateneo.it"`, "mx.desk.it; spf=fail (a (b) ; dmarc=pass header.from=ateneo.it)",
		"mx.ladro.it; dmarc=pass header.from=ateneo.it", ";", "mx.desk.it", "mx.desk.it; dmarc", "\"mx.desk.it\"; dmarc=pass header.from=ateneo.it", "mx.desk.it\r\n ; dmarc = pass header.from = \"ateneo.it\""} {
		f.Add(s, "")
		f.Add("mx.altro.it; none", s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		h := header{{"From", "ada@ateneo.it"}, {"Authentication-Results", first}, {"Authentication-Results", second}}
		ok, _ := proven(h, Address{Email: "ada@ateneo.it"}, []string{"mx.desk.it"})
		if all := strings.ToLower(first + " " + second); ok && (!strings.Contains(all, "pass") || !strings.Contains(all, "ateneo.it") || !strings.Contains(all, "mx.desk.it")) {
			t.Errorf("%q, %q prove the sender", first, second)
		}
		if ok, _ := proven(h, Address{Email: "ada@ateneo.it"}, []string{"mx.nessuno.example"}); ok && !strings.Contains(strings.ToLower(first+second), "mx.nessuno.example") {
			t.Errorf("%q, %q prove the sender to who trusts another server", first, second)
		}
		if ok, _ := proven(h, Address{Email: "ada@ateneo.it"}, nil); ok {
			t.Error("proven to who trusts nobody")
		}
	})
}
