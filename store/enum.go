package store

import "sportello/store/enum"

// Each type here is a small closed set of words of the domain. In rows, in the API and in files a value is its code; in
// index keys it is one byte.

// TicketKind is what a ticket is about. KindNone means that nothing was chosen yet.
type TicketKind uint8

// The kinds of ticket.
const (
	KindNone TicketKind = iota
	Clarification
	Malfunction
	Request
	Guidance
	Access
)

var ticketKinds = []string{"", "clarification", "malfunction", "request", "guidance", "access"}

// State is how far a ticket has got.
type State uint8

// The states of a ticket, in the order of their life.
const (
	StateNone State = iota
	StateNew
	StateOpen
	StateWaiting
	StatePlanned
	StateResolved
	StateClosed
)

var states = []string{"", "new", "open", "waiting", "planned", "resolved", "closed"}

// Active reports whether the ticket still wants work: new, open, waiting or planned.
func (s State) Active() bool { return s >= StateNew && s <= StatePlanned }

// ActiveStates are the states in which a ticket still wants work.
var ActiveStates = []State{StateNew, StateOpen, StateWaiting, StatePlanned}

// Outcome is how a ticket was resolved.
type Outcome uint8

// The outcomes.
const (
	OutcomeNone Outcome = iota
	Solved
	Answered
	KnownProblem
	Duplicate
	NotReproducible
	Refused
	Withdrawn
	Spam
)

var outcomes = []string{"", "solved", "answered", "known-problem", "duplicate", "not-reproducible", "refused", "withdrawn", "spam"}

// Severity is how much the matter hinders work.
type Severity uint8

// The severities, worst first.
const (
	SeverityNone Severity = iota
	Blocking
	High
	Medium
	Low
)

var severities = []string{"", "blocking", "high", "medium", "low"}

// Urgency is by when it matters.
type Urgency uint8

// The urgencies. NoDate is the code "none".
const (
	UrgencyNone Urgency = iota
	Today
	Week
	NoDate
)

var urgencies = []string{"", "today", "week", "none"}

// Approach is how the requester reached the agent who opened the ticket for them.
type Approach uint8

// The ways to reach an agent. ApproachNone says nothing about it.
const (
	ApproachNone Approach = iota
	Phone
	InPerson
)

var approaches = []string{"", "phone", "in-person"}

// Channel is how a module is served. ChannelAbove takes what the level above says.
type Channel uint8

// The channels.
const (
	ChannelAbove Channel = iota
	Here
	OtherDesk
	ByEmail
)

var channels = []string{"", "here", "desk", "email"}

// Audience is who may read an article.
type Audience uint8

// The audiences, widest first.
const (
	AudienceNone Audience = iota
	Public
	SignedIn
	Agents
)

var audiences = []string{"", "public", "signed-in", "agents"}

// Format is how a body is written.
type Format uint8

// The formats.
const (
	FormatNone Format = iota
	Markdown
	HTML
	Text
)

var formats = []string{"", "markdown", "html", "text"}

// Publication is the state of one language version of an article: draft or published.
type Publication uint8

// The publications.
const (
	PublicationNone Publication = iota
	Draft
	Published
)

var publications = []string{"", "draft", "published"}

// NoticeChoice is which notices a person wants.
type NoticeChoice uint8

// The choices; the zero value is everything.
const (
	NoticeAll NoticeChoice = iota
	NoticeOwn
	NoticeDigest
	NoticeAnswers
)

var noticeChoices = []string{"all", "own", "digest", "answers"}

func (v TicketKind) Byte() byte   { return byte(v) }
func (v State) Byte() byte        { return byte(v) }
func (v Outcome) Byte() byte      { return byte(v) }
func (v Severity) Byte() byte     { return byte(v) }
func (v Urgency) Byte() byte      { return byte(v) }
func (v Approach) Byte() byte     { return byte(v) }
func (v Channel) Byte() byte      { return byte(v) }
func (v Audience) Byte() byte     { return byte(v) }
func (v Format) Byte() byte       { return byte(v) }
func (v Publication) Byte() byte  { return byte(v) }
func (v NoticeChoice) Byte() byte { return byte(v) }
func (v Source) Byte() byte       { return byte(v) }

func (v TicketKind) String() string   { return enum.Word(ticketKinds, byte(v)) }
func (v State) String() string        { return enum.Word(states, byte(v)) }
func (v Outcome) String() string      { return enum.Word(outcomes, byte(v)) }
func (v Severity) String() string     { return enum.Word(severities, byte(v)) }
func (v Urgency) String() string      { return enum.Word(urgencies, byte(v)) }
func (v Approach) String() string     { return enum.Word(approaches, byte(v)) }
func (v Channel) String() string      { return enum.Word(channels, byte(v)) }
func (v Audience) String() string     { return enum.Word(audiences, byte(v)) }
func (v Format) String() string       { return enum.Word(formats, byte(v)) }
func (v Publication) String() string  { return enum.Word(publications, byte(v)) }
func (v NoticeChoice) String() string { return enum.Word(noticeChoices, byte(v)) }
func (v Source) String() string       { return enum.Word(sources, byte(v)) }

// MarshalText writes the code.
func (v TicketKind) MarshalText() ([]byte, error)   { return []byte(v.String()), nil }
func (v State) MarshalText() ([]byte, error)        { return []byte(v.String()), nil }
func (v Outcome) MarshalText() ([]byte, error)      { return []byte(v.String()), nil }
func (v Severity) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }
func (v Urgency) MarshalText() ([]byte, error)      { return []byte(v.String()), nil }
func (v Approach) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }
func (v Channel) MarshalText() ([]byte, error)      { return []byte(v.String()), nil }
func (v Audience) MarshalText() ([]byte, error)     { return []byte(v.String()), nil }
func (v Format) MarshalText() ([]byte, error)       { return []byte(v.String()), nil }
func (v Publication) MarshalText() ([]byte, error)  { return []byte(v.String()), nil }
func (v NoticeChoice) MarshalText() ([]byte, error) { return []byte(v.String()), nil }
func (v Source) MarshalText() ([]byte, error)       { return []byte(v.String()), nil }

// UnmarshalText reads a code and refuses any other word with an Invalid error "error.code".
func (v *TicketKind) UnmarshalText(b []byte) error   { return enum.Read(ticketKinds, b, v) }
func (v *State) UnmarshalText(b []byte) error        { return enum.Read(states, b, v) }
func (v *Outcome) UnmarshalText(b []byte) error      { return enum.Read(outcomes, b, v) }
func (v *Severity) UnmarshalText(b []byte) error     { return enum.Read(severities, b, v) }
func (v *Urgency) UnmarshalText(b []byte) error      { return enum.Read(urgencies, b, v) }
func (v *Approach) UnmarshalText(b []byte) error     { return enum.Read(approaches, b, v) }
func (v *Channel) UnmarshalText(b []byte) error      { return enum.Read(channels, b, v) }
func (v *Audience) UnmarshalText(b []byte) error     { return enum.Read(audiences, b, v) }
func (v *Format) UnmarshalText(b []byte) error       { return enum.Read(formats, b, v) }
func (v *Publication) UnmarshalText(b []byte) error  { return enum.Read(publications, b, v) }
func (v *NoticeChoice) UnmarshalText(b []byte) error { return enum.Read(noticeChoices, b, v) }
func (v *Source) UnmarshalText(b []byte) error       { return enum.Read(sources, b, v) }
