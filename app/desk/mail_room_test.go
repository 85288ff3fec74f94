package desk

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sportello/app/desk/intake"
	"sportello/store"
	"sportello/store/event"
	"sportello/store/fault"
)

// TestStrangersFillNoDisk: strangers' held mail may use a tenth of the free disk space. Beyond that, a stranger's mail
// stays where it came from; of mail in one of our mailboxes the beginning is stored. Mail from known people is never
// refused.
func TestStrangersFillNoDisk(t *testing.T) {
	o := newMailOffice(t)
	free := int64(400_000)
	o.again(Options{Free: func() (int64, bool) { return free, true }})
	take := func(source, from string) (*store.Mail, error) {
		body := strings.Repeat(fmt.Sprintf("Riga di %s.\r\n", from), 1000)
		raw := fmt.Sprintf("From: %s\r\nTo: approvare@ateneo.example\r\nSubject: %d\r\nMessage-ID: <%d@x.example>\r\n\r\n%s", from, o.now.Load(), o.now.Load(), body)
		m, err := o.Intake.Take(intake.From{Source: source, Mailbox: "approvare@ateneo.example"}, strings.NewReader(raw))
		if err == nil {
			if err := o.Intake.Process(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		return m, err
	}
	taken := 0
	for range 10 {
		if _, err := take("lmtp", "sconosciuto@altrove.example"); err == nil {
			taken++
		} else if !errors.Is(err, intake.ErrMailRoom) || fault.KindOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
	}
	if taken == 0 || taken > 2 {
		t.Errorf("%d mails of 24 kB were taken into the 40 kB that are free for them", taken)
	}
	for _, from := range []string{"ada@ateneo.example", "nuovo@ateneo.example"} {
		if _, err := take("lmtp", from); err != nil {
			t.Errorf("%s is refused: %v", from, err)
		}
	}
	m, err := take("imap", "altro@altrove.example")
	if err != nil || !m.Cut || o.row(m.ID).State != store.MailHeld {
		t.Errorf("of a mail in a mailbox of ours: %+v, %v", m, err)
	}
	free = 400_000_000
	if _, err := take("lmtp", "sconosciuto@altrove.example"); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestWhoseMailWasCutIsTold: the sender of a mail of which only the beginning was stored is notified once, if proved.
func TestWhoseMailWasCutIsTold(t *testing.T) {
	for _, proven := range []bool{true, false} {
		o := newMailOffice(t)
		send := func(n int, more string) *store.Mail {
			proof := ""
			if proven {
				proof = "Authentication-Results: mx.ateneo.example; dmarc=pass header.from=ateneo.example\r\n"
			}
			m, err := o.Intake.Take(intake.From{Source: "pipe", Cut: true}, strings.NewReader(fmt.Sprintf("%s%sFrom: ada@ateneo.example\r\nTo: csa@ateneo.example\r\nSubject: Grande\r\nMessage-ID: <%d@x>\r\n\r\nIn allegato %d.\r\n", proof, more, n, n)))
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Intake.Process(t.Context()); err != nil {
				t.Fatal(err)
			}
			return o.row(m.ID)
		}
		first := send(1, "")
		second := send(2, "In-Reply-To: <1@x>\r\n")
		if first.State != store.MailDone || second.Ticket != first.Ticket {
			t.Fatalf("%+v, %+v", first, second)
		}
		o.post()
		told := 0
		for _, l := range o.sent {
			for _, line := range l.Lines {
				if line.Event == event.Cut {
					told++
				}
			}
		}
		if want := map[bool]int{true: 2}[proven]; told != want {
			t.Errorf("proven %v: told %d times of two mails, want %d", proven, told, want)
		}
	}
}
