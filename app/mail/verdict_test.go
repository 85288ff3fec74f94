package mail

import (
	"strings"
	"testing"
)

// TestNobodyIsUnreachableWhoseAddressExists: a person marked unreachable gets no more mail, so only an address or host
// that does not exist is a reason. The table has what servers write, with the code in the field, in the words, in
// neither, or one in each.
func TestNobodyIsUnreachableWhoseAddressExists(t *testing.T) {
	for _, c := range []struct {
		status, words string
		want          Verdict
	}{
		// Our server is refused.
		{"5.0.0", "550 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Refused},
		{"5.1.1", "550 5.1.1 Mail from 192.0.2.1 refused, see http://www.spamhaus.org/query", Refused},
		{"5.0.0", "554 Your IP (192.0.2.1) is on our blacklist", Refused},
		{"5.1.0", "550 5.1.0 192.0.2.1 has no PTR record", Refused},
		{"5.0.0", "550 Cannot find your reverse hostname, [192.0.2.1]", Refused},
		{"5.7.25", "550-5.7.25 The IP address sending this message does not have the record it needs", Refused},
		{"", "554 5.7.1 Service unavailable; sender address triggers rDNS filter", Refused},
		{"5.0.0", "554 Message rejected because of SPAM content", Refused},
		{"5.2.0", "550 5.2.0 This message looks like spam", Refused},
		{"5.0.0", "550 Message rejected by local policy", Refused},
		{"5.1.1", "550 rejected for policy reasons", Refused},
		{"5.0.0", "550 poor reputation of 192.0.2.1", Refused},
		{"5.7.26", "550 5.7.26 Unauthenticated email from ateneo.it is not accepted due to domain's DMARC policy", Refused},
		{"5.1.8", "553 5.1.8 <desk@ateneo.it>: Sender address rejected: Domain not found", Refused},
		{"5.0.0", "550 <desk@ateneo.it>: Sender address rejected: Domain name not found", Refused},
		{"4.7.1", "451 4.7.1 Client host rejected: cannot find your hostname", Refused},
		{"5.0.0", "554 HELO invalid domain", Refused},
		// The problem is the mail, the moment or the mailbox.
		{"5.5.3", "550 too many recipients", Soft},
		{"5.0.0", "550 Too many recipients", Soft},
		{"5.1.1", "552 message size exceeds fixed maximum message size", Soft},
		{"5.0.0", "554 Message too large", Soft},
		{"5.3.4", "552 5.3.4 Message size exceeds fixed limit", Soft},
		{"5.1.1", "550 mailbox full", Soft},
		{"5.0.0", "554 mailbox is full", Soft},
		{"5.1.1", "550 5.1.1 <luca@x.it> Over quota", Soft},
		{"5.2.2", "550 5.2.2 user unknown to have space", Soft},
		{"5.2.1", "550 5.2.1 The account is disabled: over quota", Soft},
		{"5.0.0", "550 Casella piena: spazio esaurito", Soft},
		{"5.0.0", "554 Account disabled", Soft},
		{"", "550 account suspended", Soft},
		{"5.3.0", "553 5.3.0 Other mail system problem", Soft},
		{"5.3.1", "system full", Soft},
		{"5.0.0", "450 4.2.0 Greylisted, see http://postgrey.example", Soft},
		{"5.4.7", "delivery time expired", Soft},
		{"4.1.1", "450 4.1.1 User unknown", Soft},
		{"5.0.0", "451 user unknown, verification pending", Soft},
		{"5.1.1", "550 5.7.1 You do not have permission to send to this recipient", Soft},
		{"5.7.1", "RESOLVER.RST.NotAuthorized; not authorized", Soft},
		{"5.7.133", "RESOLVER.RST.SenderNotAuthenticatedForGroup", Soft},
		{"5.1.1", "552 5.2.2 mailbox", Soft},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable", Soft}, // a blocklist answers the same
		{"5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Soft},
		{"5.0.0", "connect to mx.x.it[192.0.2.1]:25: Connection refused", Soft},
		{"5.4.6", "mail forwarding loop", Soft},
		{"5.4.5", "host is busy", Soft},
		{"5.0.0", "554 Virus found", Soft},
		{"5.6.0", "content not supported", Soft},
		{"5.9.9", "", Soft},
		{"", "", Soft},
		{"", "it did not work", Soft},
		{"", "Exchange 5.1.1234 at 5.1.1.20 and 192.5.1.1 says no", Soft}, // no codes
		// There is no such address or host.
		{"5.1.1", "", Hard},
		{"5.1.2", "", Hard},
		{"5.1.3", "bad syntax", Hard},
		{"5.1.6", "mailbox has moved", Hard},
		{"5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", Hard},
		{"5.4.4", "Host or domain name not found. Name service error for name=x.it type=A: Host not found", Hard},
		{"5.0.0", "550 5.1.1 <luca@x.it>: Recipient address rejected", Hard},
		{"5.7.1", "550 5.1.1 no", Hard},
		{"5.0.0", "550 5.0.0 no. 550-5.1.1 gone.", Hard},
		{"5.1.1", "550 5.1.1 User unknown, please check the address and try again", Hard},
		{"5.1.1", "host mx.antispam.example said: 550 5.1.1 no such user, see https://policy.example/spam", Hard},
		{"5.0.0", "550 quota@spam.example: User unknown", Hard},
		{"5.0.0", "550 User unknown", Hard},
		{"5.0.0", "550 unknown user", Hard},
		{"", "Unrouteable address", Hard},
		{"", "Domain name not found", Hard},
		{"5.0.0", "550 No such user here", Hard},
		{"5.0.0", "Sorry, no mailbox here by that name.", Hard},
		{"5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account (luca@yahoo.com)", Hard},
		{"", "Sorry, I couldn't find any host named x.invalid.", Hard},
		{"5.5.0", "550 5.5.0 mailbox not found", Hard},
		{"5.1.0", "550 5.1.0 Address rejected: unknown recipient", Hard},
		{"", "all relevant MX records point to non-existent hosts", Hard},
		{"", "User luca (luca@x.it) not listed in Domino Directory", Hard},
		{"5.0.0", "550 L'indirizzo del destinatario non esiste", Hard},
		{"", "The email account that you tried to reach does not exist", Hard},
		{"", "550 <luca@x.it> is not a valid mailbox", Hard},
		{"", "550 Invalid recipient", Hard},
		{"5.0.0", "550 Recipient address rejected: User unknown in virtual alias table", Hard},
	} {
		if got := (ReportLine{"luca@x.it", "failed", c.status, c.words}).Verdict(); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.status, c.words, got, c.want)
		}
		if got := (ReportLine{"luca@x.it", "delayed", c.status, c.words}).Verdict(); got != Soft {
			t.Errorf("delayed, %s, %q: %q", c.status, c.words, got)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("5.0.0", "550 5.1.1 user unknown")
	f.Add("", "host or domain name not found")
	f.Fuzz(func(t *testing.T, status, words string) {
		v := Judge(status, words)
		if v != Soft && v != Hard && v != Refused {
			t.Errorf("%q", v)
		}
		if code := codeOf(status, words); v == Hard && code != "" && !strings.HasPrefix(code, "5.") {
			t.Errorf("hard with %s", code)
		}
	})
}
