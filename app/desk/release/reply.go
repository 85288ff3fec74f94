package release

import (
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// A letter about a release may be answered by mail with one word. The reply address of the letter names the release and
// whom it went to; the answer counts if it is proven that it comes from there.

const (
	replyPurpose = "receipt"
	replyMAC     = 10
)

// ReplyWords are the words by which a letter is answered, as people of each language are told of them.
var ReplyWords = map[string][]string{
	"it": {"letto", "pianificato", "installato", "non applicabile", "non riuscito"},
	"en": {"read", "planned", "installed", "not applicable", "failed"},
}

// replyStates are what the words mean, in the order of ReplyWords.
var replyStates = []store.ReceiptState{store.ReceiptRead, store.ReceiptPlanned, store.ReceiptInstalled, store.ReceiptNotApplicable, store.ReceiptFailed}

var replyEnvironments = map[string]store.Environment{"prova": store.Test, "test": store.Test, "produzione": store.Production, "production": store.Production}

// ReplyTo is whom a letter went to, and what it was about.
type ReplyTo struct {
	Release, Person, Contact uint64
}

// ReplyAddress returns the address for the answer by mail to a letter, "" when the desk can make none.
func (rs *Releases) ReplyAddress(address string, to ReplyTo) string {
	local, host, ok := strings.Cut(address, "@")
	if !ok || len(rs.post.Mail().Key) == 0 {
		return ""
	}
	local, _, _ = strings.Cut(local, "+")
	token := rs.post.Token(replyPurpose, replyMAC, to.Release, to.Person, to.Contact)
	if len(local)+1+len(token) > 64 { // RFC 5321, 4.5.3.1.1
		return ""
	}
	return local + "+" + token + "@" + host
}

// OpenReply returns what the first reply address of a release among the addresses names, false when there is none.
func (rs *Releases) OpenReply(addresses []string) (ReplyTo, bool) {
	for _, address := range addresses {
		local, _, _ := strings.Cut(address, "@")
		if i := strings.LastIndexByte(local, '+'); i >= 0 {
			if n, ok := rs.post.OpenToken(replyPurpose, replyMAC, local[i+1:]); ok && len(n) == 3 {
				return ReplyTo{n[0], n[1], n[2]}, true
			}
		}
	}
	return ReplyTo{}, false
}

// said is an answer by mail as it was understood.
type said struct {
	state       store.ReceiptState
	environment store.Environment // none: not said
	date        time.Time
	reason      string
}

// understand reads an answer by mail: in the first line one of the words, of either language, alone or with the environment
// and a day; the lines below are the reason. It is false for anything else: a word inside a sentence, two different ones.
func understand(text string) (said, bool) {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line := strings.ToLower(strings.Join(strings.Fields(first), " "))
	line = strings.TrimRight(line, ".!")
	out := said{reason: strings.TrimSpace(rest)}
	for _, words := range ReplyWords {
		for i, word := range words {
			if after, is := strings.CutPrefix(line, word); is && (after == "" || after[0] == ' ') && out.state == 0 {
				out.state, line = replyStates[i], strings.TrimSpace(after)
			}
		}
	}
	for _, word := range strings.Fields(line) {
		environment, is := replyEnvironments[word]
		day, err := time.Parse(time.DateOnly, word)
		if err != nil {
			day, err = time.Parse("2/1/2006", word)
		}
		switch {
		case is && out.environment == store.EnvironmentNone:
			out.environment = environment
		case err == nil && out.date.IsZero():
			out.date = day
		default:
			return out, false
		}
	}
	return out, out.state != 0
}

// AnswerByMail takes what somebody answered to a letter about a release, proven to come from where the letter went. What is
// understood answers for the one place that it can be about; of everything else it changes nothing, plans a letter with the
// address of the page, and returns false.
func (rs *Releases) AnswerByMail(tx *db.Tx, to ReplyTo, text string) (understood bool, err error) {
	r, err := store.Releases.Get(tx, to.Release)
	if err != nil {
		return false, fault.IgnoreNotFound(err)
	}
	a := policy.Actor{Via: door.Mail}
	who := store.Statement{ByLink: to.Contact}
	letter := &store.Letter{Release: r.ID, Contact: to.Contact}
	mine := func(row *store.Receipt) (bool, error) { return false, nil }
	if to.Person != 0 {
		p, err := store.People.Get(tx, to.Person)
		if err != nil || p.Disabled {
			return false, fault.IgnoreNotFound(err)
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return false, err
		}
		a.Person, a.Language, who.By, letter.Person, letter.To = p, p.Language, p.ID, p.ID, p.Email
		if facts.May(tx, a, policy.SeeRelease, store.Hat{}) != nil {
			return false, nil
		}
		mine = func(row *store.Receipt) (bool, error) {
			return policy.AnswersFor(tx, p, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module) && facts.May(tx, a, policy.AnswerReceipt, store.Hat{Organisation: row.Organisation, Unit: row.Unit}) == nil, nil
		}
	} else {
		c, err := store.Contacts.Get(tx, to.Contact)
		if err != nil || c.Confirmed.IsZero() || !r.WentTo(c.Organisation) {
			return false, fault.IgnoreNotFound(err)
		}
		a.Language, letter.To, letter.Language = c.Language, c.Email, c.Language
		mine = func(row *store.Receipt) (bool, error) {
			return row.Organisation == c.Organisation && (c.Module == 0 || policy.Under(tx, row.Module, c.Module)), nil
		}
	}
	s, ok := understand(text)
	var at []Place
	for row, err := range store.ReceiptsByPlace.Rows(tx, db.Span{Prefix: key.Of(r.ID)}) {
		if err != nil {
			return false, err
		}
		is, err := mine(row)
		if err != nil {
			return false, err
		}
		if is && row.Asked && (s.environment == store.EnvironmentNone || s.environment == row.Environment) {
			at = append(at, Place{Hat: store.Hat{Organisation: row.Organisation, Unit: row.Unit}, Module: row.Module, Environment: row.Environment, Asked: true})
		}
	}
	reply := Reply{State: s.state, Date: s.date, Reason: s.reason}
	if !ok || len(at) != 1 || rs.check(tx, r, reply) != nil {
		n := &store.Notice{Release: r.ID, Event: event.ReceiptUnclear, At: tx.Now()}
		return false, rs.letter(tx, letter, n, false)
	}
	tx.As(a.ID())
	tx.Act(act.AnswerReceipt)
	_, err = rs.answer(tx, a, r, at[0], reply, who, &Replied{})
	return err == nil, err
}
