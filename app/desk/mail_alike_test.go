package desk

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/store"
)

// TestMailsAlikeButForAFileAreTwo: two mails that differ only in a file are two mails, and both files are kept; one
// mail that arrives in two ways is one.
func TestMailsAlikeButForAFileAreTwo(t *testing.T) {
	o := newMailOffice(t)
	send := func(file, via string) *store.Mail {
		t.Helper()
		raw := fmt.Sprintf("%sFrom: ada@ateneo.example\r\nTo: csa@ateneo.example\r\nSubject: Scansione\r\nDate: Mon, 9 Mar 2026 10:00:00 +0100\r\nMessage-ID: <scanner@ateneo.example>\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nIn allegato.\r\n--b\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n"+
			"Content-Disposition: attachment; filename=scan.pdf\r\n\r\n%s\r\n--b--\r\n", via, base64.StdEncoding.EncodeToString([]byte(file)))
		m, err := o.Intake.Take(intake.From{Source: "pipe"}, strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Intake.Process(t.Context()); err != nil {
			t.Fatal(err)
		}
		return o.row(m.ID)
	}
	first, again, second := send("%PDF uno", ""), send("%PDF uno", "X-Via: altrove\r\n"), send("%PDF due", "")
	if first.State != store.MailDone || again.State != store.MailSame || second.State != store.MailDone || first.Ticket == second.Ticket {
		t.Errorf("%s %s %s", first.State, again.State, second.State)
	}
	for _, m := range []*store.Mail{first, second} {
		if k := o.ticket(m.Ticket); k.Files != 1 {
			t.Errorf("ticket %d has %d files", k.ID, k.Files)
		}
	}
}
