// Package event is the one table of what people are told, under the bell and by mail.
package event

import "slices"

// Event is what a person is told, under the bell and by mail. Notices and letters keep its code. Events come from the
// table below; of one that only another release knows, its code is all there is to know.
type Event struct{ code string }

// trait is what is particular to an event.
type trait uint16

const (
	byBell    trait = 1 << iota // it can stand behind the bell
	byMail                      // a letter tells of it, with a subject and a text of its own
	answered                    // the answer to its letter becomes a message; of the others a note
	ofNotes                     // only those who may read notes are told
	ofGroup                     // of what is the whole group's: people who want only their own are not told
	ofTicket                    // of a ticket as it came: its first message is what it tells of
	ofAccount                   // of the person's own account
	toOneself                   // also to whoever did it: who got hold of an account is to the desk its person
	withLink                    // its letter carries a link for choosing a password
	ofRelease                   // of a release
	ofProblem                   // of a known problem
	ofPlan                      // of a plan: the daily mail tells of it, whatever the reader chose
	mayBeOff                    // an administrator may switch its letter off
)

// eventRow is what the table says of an event.
type eventRow struct {
	weight int
	traits trait
}

var (
	events    []Event
	eventRows = map[string]eventRow{}
)

// add adds a row to the table of events.
func add(code string, weight int, traits trait) Event {
	if _, twice := eventRows[code]; twice {
		panic("event: two events " + code)
	}
	e := Event{code}
	events, eventRows[code] = append(events, e), eventRow{weight, traits}
	return e
}

// The events, in the order in which a ticket lives through them, then those of an account: code, weight, traits. Of
// several events that one step causes, a person is told the weightiest; what is told by itself has no weight.
var (
	Opened           = add("opened", 1, byBell|byMail|answered|ofTicket|toOneself)
	Received         = add("received", 0, byMail|answered) // a mail arrived, and nothing else is said
	Cut              = add("cut", 0, byMail|answered)      // only the beginning of a mail was taken
	Message          = add("message", 5, byBell|byMail|answered)
	Taken            = add("taken", 3, byBell|byMail|answered)
	Moved            = add("moved", 7, byBell|byMail|answered)
	Waiting          = add("waiting", 11, byBell|byMail|answered)
	Planned          = add("planned", 12, byBell|byMail|answered)
	Resolved         = add("resolved", 17, byBell|byMail|answered)
	Closing          = add("closing", 10, byBell|byMail|answered)
	Priority         = add("priority", 6, byBell|byMail|answered)
	New              = add("new", 2, byBell|byMail|answered|ofGroup|ofTicket)
	Group            = add("group", 9, byBell|byMail|ofGroup|ofTicket)
	Assigned         = add("assigned", 8, byBell|byMail|ofTicket)
	Note             = add("note", 4, byBell|byMail|ofNotes)
	Beside           = add("beside", 13, byBell|byMail|ofNotes)
	Mention          = add("mention", 14, byBell|byMail|ofNotes)
	Bounce           = add("bounce", 15, byBell|byMail|ofNotes)
	Unconfirmed      = add("unconfirmed", 16, byBell|byMail|ofNotes|toOneself)
	Digest           = add("digest", 0, byMail)
	View             = add("view", 0, byBell|ofTicket) // a new ticket in a view of one's own
	Invited          = add("invited", 0, byBell|byMail|ofAccount|withLink)
	Link             = add("link", 0, byBell|byMail|ofAccount|withLink)
	Asked            = add("asked", 0, byBell|byMail|ofAccount|withLink) // by somebody who is not signed in
	Handed           = add("handed", 0, byBell|byMail|ofAccount)
	Rights           = add("rights", 0, byBell|byMail|ofAccount)
	Password         = add("password", 0, byBell|byMail|ofAccount|toOneself)
	Address          = add("address", 0, byBell|byMail|ofAccount|toOneself)
	Token            = add("token", 0, byBell|byMail|ofAccount|toOneself)
	Woken            = add("woken", 0, byBell|byMail|ofAccount|toOneself)
	Ending           = add("ending", 0, byBell|byMail|ofAccount)
	HatEnding        = add("affiliation", 0, byBell|byMail|ofAccount)             // of the reader
	HatsEnding       = add("affiliation-of", 0, byBell|byMail|ofAccount)          // of somebody whom the reader coordinates
	Kept             = add("kept", 0, byBell|byMail|ofAccount)                    // that tokens from before scopes have all rights
	Service          = add("service", 0, byBell|byMail|ofAccount)                 // a change of a service account
	ServiceEnds      = add("service-ending", 0, byBell|byMail|ofAccount)          // a token of it is near its end
	ServiceUsed      = add("service-used", 0, byBell|byMail|ofAccount|toOneself)  // it was used from a new address
	ServiceLeft      = add("service-alone", 0, byBell|byMail|ofAccount|toOneself) // the other person it belongs to left
	Returned         = add("returned", 0, byBell|byMail|ofAccount)                // tickets of somebody went back to a group that the reader supervises
	ListDue          = add("list-due", 0, byBell|byMail|ofAccount)                // to coordinators: the list of their people is to be confirmed
	ListFading       = add("list-fading", 0, byBell|byMail|ofAccount)             // nobody did: the affiliations of some end
	HatOffered       = add("affiliation-offered", 0, byBell|byMail|ofAccount)     // to the reader, who accepts it or declines
	HandedOn         = add("handed-on", 0, byBell|byMail|ofAccount)               // what somebody had is the reader's now
	Release          = add("release", 0, byBell|byMail|ofRelease)                 // it was published, or came to the reader's organisation
	ReleaseAgain     = add("release-again", 0, byBell|byMail|ofRelease)
	ReleaseDue       = add("release-due", 0, byBell|byMail|ofRelease) // its day is near or past, and nobody has answered
	ReleaseWithdrawn = add("release-withdrawn", 0, byBell|byMail|ofRelease)
	Problem          = add("problem", 0, byBell|byMail|ofProblem)            // news of a known problem that the reader met
	ProblemMessage   = add("problem-message", 0, byBell|byMail|ofProblem)    // somebody of the desk writes to everybody of it
	ProblemDoubt     = add("problem-doubt", 0, byBell|byMail|ofProblem)      // to its owner: it may not be fixed
	PlanBegun        = add("plan-begun", 0, byBell|ofPlan)                   // it runs, for the first time or again
	PlanStopped      = add("plan-stopped", 0, byBell|ofPlan)                 // it is paused or cancelled
	PlanClosed       = add("plan-closed", 0, byBell|ofPlan)                  // its record is there
	PlanMoved        = add("plan-moved", 0, byBell|ofPlan)                   // it begins or goes live on another day
	PlanProposed     = add("plan-proposed", 0, byBell|ofPlan)                // to who must decide
	PlanDecided      = add("plan-decided", 0, byBell|ofPlan)                 // to who looks after the plan, and who proposed
	PlanWaits        = add("plan-waits", 0, byBell|ofPlan)                   // decisions and steps that wait for the reader
	PlanNamed        = add("plan-named", 0, byBell|ofPlan)                   // the reader takes part in it, after it began
	PlanFreeze       = add("plan-freeze", 0, byBell|ofPlan)                  // something will stand still
	ReceiptUnclear   = add("receipt-unclear", 0, byMail)                     // an answer by mail that nobody can act upon
	ContactAsked     = add("contact-asked", 0, byMail)                       // whether an address is right
	AccessConfirm    = add("access-confirm", 0, byMail|ofAccount)            // whether somebody asks for credentials, or has them already
	AccessKnown      = add("access-known", 0, byMail|ofAccount)              // somebody asked for credentials for them, who have them
	AccessNew        = add("access-new", 0, byBell|byMail|ofAccount|ofGroup) // to coordinators: somebody asks for credentials
	AccessOpened     = add("access-opened", 0, byMail|ofAccount|withLink)    // they were granted, and a password is to be chosen
	AccessGranted    = add("access-granted", 0, byBell|byMail|ofAccount)
	AccessRefused    = add("access-refused", 0, byBell|byMail|ofAccount)
	Browser          = add("browser", 0, byMail|ofAccount|toOneself|mayBeOff)
)

// All returns every event there is.
func All() []Event { return slices.Clone(events) }

// Mailed returns the events of which a letter tells.
func Mailed() []Event {
	return slices.DeleteFunc(All(), func(e Event) bool { return !e.ByMail() })
}

// OfMail returns the event of the code, false when no letter tells of it.
func OfMail(code string) (Event, bool) {
	if e := (Event{code}); e.ByMail() {
		return e, true
	}
	return Event{}, false
}

func (e Event) String() string { return e.code }

// MarshalText writes the code.
func (e Event) MarshalText() ([]byte, error) { return []byte(e.code), nil }

// UnmarshalText reads a code, known or not.
func (e *Event) UnmarshalText(b []byte) error { e.code = string(b); return nil }

func (e Event) is(t trait) bool { return eventRows[e.code].traits&t != 0 }

// Weight orders the events that one step causes, the weightiest the highest.
func (e Event) Weight() int { return eventRows[e.code].weight }

// ByBell reports whether the event can stand behind the bell.
func (e Event) ByBell() bool { return e.is(byBell) }

// ByMail reports whether a letter tells of the event.
func (e Event) ByMail() bool { return e.is(byMail) }

// Answered reports whether the answer to the event's letter becomes a message, not a note.
func (e Event) Answered() bool { return e.is(answered) }

// OfNotes reports whether only those who may read notes are told.
func (e Event) OfNotes() bool { return e.is(ofNotes) }

// OfGroup reports whether the event is the whole group's, not one person's own.
func (e Event) OfGroup() bool { return e.is(ofGroup) }

// OfTicket reports whether the event tells of a ticket as it came, with its first message.
func (e Event) OfTicket() bool { return e.is(ofTicket) }

// OfAccount reports whether the event is about the person's own account, not about a ticket.
func (e Event) OfAccount() bool { return e.is(ofAccount) }

// OfRelease reports whether the event is about a release.
func (e Event) OfRelease() bool { return e.is(ofRelease) }

// OfProblem reports whether the event is about a known problem.
func (e Event) OfProblem() bool { return e.is(ofProblem) }

// OfPlan reports whether the event is about a plan.
func (e Event) OfPlan() bool { return e.is(ofPlan) }

// ToOneself reports whether people are told of it although they did it themselves.
func (e Event) ToOneself() bool { return e.is(toOneself) }

// OfService reports whether the event is about a service account, and told to those it belongs to.
func (e Event) OfService() bool {
	return e == Service || e == ServiceEnds || e == ServiceUsed || e == ServiceLeft
}

// OfWork reports whether the event is about the work of somebody who leaves.
func (e Event) OfWork() bool { return e == Returned || e == HandedOn }

// OfList reports whether the event is about the list of an organisation's people.
func (e Event) OfList() bool { return e == ListDue || e == ListFading }

// OfAccess reports whether the event is about a request for credentials.
func (e Event) OfAccess() bool {
	return e == AccessConfirm || e == AccessKnown || e == AccessNew || e == AccessOpened || e == AccessGranted || e == AccessRefused
}

// WithLink reports whether the event's letter carries a link for choosing a password.
func (e Event) WithLink() bool { return e.is(withLink) }

// MayBeOff reports whether an administrator may switch the event's letter off.
func (e Event) MayBeOff() bool { return e.is(mayBeOff) }

// Subject returns the name of the subject of the event's letter, among the texts of mail.
func (e Event) Subject() string { return e.code + ".subject" }

// Text returns the name of the text of the event's letter, among the texts of mail.
func (e Event) Text() string { return e.code + ".text" }

// InBell returns the key of the sentence behind the bell.
func (e Event) InBell() string { return "bell.event-" + e.code }

// Name returns the key of the name that the event has in the administration.
func (e Event) Name() string { return "mail-texts.event-" + e.code }

// When returns the key of the sentence that says when the event's letter goes out.
func (e Event) When() string { return "mail-texts.when-" + e.code }

// Sentences returns the keys of the sentences that the event needs in each language.
func (e Event) Sentences() []string {
	out := []string{e.Name()}
	if e.ByBell() {
		out = append(out, e.InBell())
	}
	if e.ByMail() {
		out = append(out, e.When(), "mail."+e.Subject(), "mail."+e.Text())
	}
	return out
}

// Whom says who is told of an act, as somebody stands to its ticket.
type Whom uint8

// Who may be told.
const (
	ToRequester Whom = iota + 1
	ToSide           // requester and participants
	ToAssignee
	ToGroup     // the members of the ticket's group
	ToKeeper    // the assignee; the group where nobody has the ticket
	ToAuthor    // of the message
	ToMentioned // in the message
	ToReaders   // those whom the message of the same step tells, by what it is
)

// Told is one row of who is told: whom, of which event, and whether they may turn that down.
type Told struct {
	Event    Event
	Whom     Whom
	Optional bool
}

// Tell tells people whether they like it or not.
func Tell(e Event, whom Whom) Told { return Told{e, whom, false} }

// Offer tells people who did not turn it down.
func Offer(e Event, whom Whom) Told { return Told{e, whom, true} }
