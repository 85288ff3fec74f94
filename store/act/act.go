// Package act is the one table of what can be done: each row says whom an act concerns, where it is a line, its icon and
// who is told.
package act

import (
	"slices"

	"sportello/store/event"
)

// Act is what was done: open, take, resolve, ... The change log keeps its code. Acts come from the table below and from
// nowhere else; of an act that only another release knows, its code is all there is to know.
type Act struct{ code string }

// reach is whom an act on a ticket concerns.
type reach uint8

const (
	public   reach = iota + 1 // the requester's side as well: its clock of the ticket moves
	internal                  // agents alone: nothing that the requester's side can fetch differs by a byte
	either                    // one or the other, as it happens
)

// line is where an act is read as a line of its own.
type line uint8

const (
	agents line = 1 << iota // in the history of the ticket, on the page of its agents
	side                    // there and on the page of the requester's side, unless the change is internal
	quiet                   // with side: that page shows what was done, and needs no sentence for it
	audit                   // in the log of the administration
)

// actRow is what the table says of an act.
type actRow struct {
	reach reach
	line  line
	icon  string
	tells []event.Told
}

var (
	acts    []Act
	actRows = map[string]actRow{}
)

// add adds a row to the table of acts.
func add(code string, reach reach, line line, icon string, tells ...event.Told) Act {
	if _, twice := actRows[code]; twice {
		panic("act: two acts " + code)
	}
	a := Act{code}
	acts, actRows[code] = append(acts, a), actRow{reach, line, icon, tells}
	return a
}

// audited adds an act of the administration: its line stands in the log.
func audited(code string) Act { return add(code, 0, audit, "") }

// unsaid adds an act that is no line anywhere: what it wrote is shown by itself, or is the desk's own business.
func unsaid(code string) Act { return add(code, 0, 0, "") }

// The acts on tickets: code, whom it concerns, where it is a line, the line's icon, and who is told. Sentences follow
// from the line: see Act.Sentences.
var (
	Open              = add("open", public, agents|side|quiet, "edit", event.Tell(event.Opened, event.ToRequester), event.Offer(event.New, event.ToGroup))
	Import            = add("import", public, agents|side|quiet|audit, "edit")
	Claim             = add("claim", public, agents|side|quiet, "edit")
	Take              = add("take", public, agents|side, "hand", event.Offer(event.Taken, event.ToSide))
	Assign            = add("assign", public, agents|side, "person", event.Offer(event.Taken, event.ToSide), event.Tell(event.Assigned, event.ToAssignee))
	GiveBack          = add("give-back", public, agents, "people") // its assignee may not hold it any more
	HandOn            = add("hand-on", public, agents, "people")   // with everything else of somebody who leaves
	Move              = add("move", public, agents|side, "right", event.Offer(event.Moved, event.ToSide), event.Offer(event.Group, event.ToGroup))
	Wait              = add("wait", public, agents|side, "clock", event.Tell(event.Waiting, event.ToSide))
	Resume            = add("resume", public, agents|side, "edit")
	Plan              = add("plan", public, agents|side, "pin", event.Tell(event.Planned, event.ToSide))
	Resolve           = add("resolve", public, agents|side, "check", event.Tell(event.Resolved, event.ToSide))
	Confirm           = add("confirm", public, agents|side, "check") // of a session too: that its person is there
	Remind            = add("remind", public, agents, "edit", event.Tell(event.Closing, event.ToSide))
	Close             = add("close", public, agents|side, "lock")
	Reopen            = add("reopen", public, agents|side, "reply")
	Priority          = add("priority", public, agents|side, "edit", event.Tell(event.Priority, event.ToSide), event.Offer(event.Priority, event.ToAssignee))
	Correct           = add("correct", public, agents|side, "edit")
	State             = add("state", public, agents|side, "edit") // a message that also moved the state is read as this
	Participant       = add("participant", public, agents|side, "people")
	RemoveParticipant = add("remove-participant", public, agents|side, "people")
	Narrow            = add("narrow", public, agents|side, "lock")
	Widen             = add("widen", public, agents|side, "people")
	Requester         = add("requester", public, agents, "people")
	Wish              = add("wish", public, agents, "people") // the requester's side reads the wishes themselves
	RefuseWish        = add("refuse-wish", public, agents, "people")
	Message           = add("message", public, 0, "") // the message is what is read
	Reply             = add("reply", public, 0, "", event.Tell(event.Message, event.ToReaders))
	Note              = add("note", internal, 0, "")
	Link              = add("link", either, agents, "link") // public between a closed ticket and the one that follows it
	Unlink            = add("unlink", internal, agents, "link")
	Merge             = add("merge", internal, agents, "link")
	Unmerge           = add("unmerge", internal, agents, "link")
	MoveMessage       = add("move-message", either, agents, "right") // as the message is
	Spam              = add("spam", internal, agents, "trash")
	NotSpam           = add("not-spam", internal, agents, "reply")
	Beside            = add("beside", internal, agents, "mail")
	LetIn             = add("let-in", public, agents, "mail")
	OwnTicket         = add("own-ticket", internal, agents, "mail")
	Dismiss           = add("dismiss", internal, agents, "mail")
	TakeBack          = add("take-back", public, agents, "reply") // a message to all of a known problem, that nobody has got
	Apart             = add("apart", internal, agents, "link")
	LookIn            = add("look-in", internal, agents|audit, "eye")
	Relocate          = add("relocate", internal, agents|audit, "right") // its place went to another organisation
)

// The acts of the administration.
var (
	SetUp               = audited("set-up")
	Seed                = audited("seed")
	Restore             = audited("restore")
	Expire              = audited("expire")
	ChangeSettings      = audited("change-settings")
	AddPerson           = audited("add-person")
	ChangePerson        = audited("change-person")
	ChangeOwn           = audited("change-own")
	SendLink            = audited("send-link")
	HandLink            = audited("hand-link")
	UseLink             = audited("use-link")
	SetPassword         = audited("set-password")
	MakeToken           = audited("make-token")
	RevokeToken         = audited("revoke-token")
	WakeToken           = audited("wake-token")
	WakeTokens          = audited("wake-tokens")
	MakeFeed            = audited("make-feed")
	EndFeed             = audited("end-feed")
	ChangeHats          = audited("change-affiliations")
	Invite              = audited("invite")
	AcceptInvitation    = audited("accept-invitation")
	DeclineInvitation   = audited("decline-invitation")
	TakeInvitationBack  = audited("take-invitation-back")
	AskAccess           = audited("ask-access")
	ConfirmAccess       = audited("confirm-access")
	WithdrawAccess      = audited("withdraw-access")
	AgreeAccess         = audited("agree-access") // one of two who must
	GrantAccess         = audited("grant-access")
	RefuseAccess        = audited("refuse-access")
	AskBackAccess       = audited("ask-back-access")
	AssignAccess        = audited("assign-access")
	WarnHat             = audited("warn-affiliation")
	EndHat              = audited("end-affiliation")
	AskList             = audited("ask-list")
	ConfirmList         = audited("confirm-list")
	FadeHats            = audited("fade-affiliations") // because nobody confirmed the list
	KeepHats            = audited("keep-affiliations") // somebody did after all
	RemindToken         = audited("remind-token")
	TellKept            = audited("tell-kept")
	TokenElsewhere      = audited("token-elsewhere")
	AddService          = audited("add-service")
	ChangeService       = audited("change-service")
	EndService          = audited("end-service")
	HandOver            = audited("hand-over")
	MailFailed          = audited("mail-failed")
	ReachAgain          = audited("reach-again")
	ErasePerson         = audited("erase-person")
	EraseTicket         = audited("erase-ticket")
	EraseOld            = audited("erase-old") // the retention
	AddOrganisation     = audited("add-organisation")
	ChangeOrganisation  = audited("change-organisation")
	ShareOrganisation   = audited("share-organisation")
	RemoveOrganisation  = audited("remove-organisation")
	AddUnit             = audited("add-unit")
	ChangeUnit          = audited("change-unit")
	ShareUnit           = audited("share-unit")
	RemoveUnit          = audited("remove-unit")
	ExportConfidential  = audited("export-confidential")
	AddGroup            = audited("add-group")
	ChangeGroup         = audited("change-group")
	RemoveGroup         = audited("remove-group")
	AddMember           = audited("add-member")
	RemoveMember        = audited("remove-member")
	AddMailServer       = audited("add-mail-server")
	ChangeMailServer    = audited("change-mail-server")
	RemoveMailServer    = audited("remove-mail-server")
	ImportCatalogue     = audited("import-catalogue")
	AddModule           = audited("add-module")
	ChangeModule        = audited("change-module")
	RemoveModule        = audited("remove-module")
	ChangeSynonyms      = audited("change-synonyms")
	WriteArticle        = audited("write-article")
	PublishArticle      = audited("publish-article")
	DeleteArticle       = audited("delete-article")
	AddReply            = audited("add-reply")
	ChangeReply         = audited("change-reply")
	RemoveReply         = audited("remove-reply")
	_                   = audited("new-link") // of releases before
	ChangeInstallations = audited("change-installations")
	WriteRelease        = audited("write-release")
	DeleteRelease       = audited("delete-release")
	RewordRelease       = audited("reword-release")
	CheckRelease        = audited("check-release")
	TakeBackRelease     = audited("take-back-release")
	ScheduleRelease     = audited("schedule-release")
	PublishRelease      = audited("publish-release")
	WidenRelease        = audited("widen-release")
	TellRelease         = audited("tell-release")
	WithdrawRelease     = audited("withdraw-release")
	WriteTemplate       = audited("write-template")
	PublishTemplate     = audited("publish-template")
	RetireTemplate      = audited("retire-template")
	VerifyNorm          = audited("verify-norm")
	BeginPlan           = audited("begin-plan")
	ArrangePlan         = audited("arrange-plan")
	DecidePlan          = audited("decide-plan")
	DoPlanStep          = audited("do-plan-step")
	ReadPlanFreeze      = audited("read-plan-freeze")
	SayPlanFact         = audited("say-plan-fact")
	AttachRelease       = audited("attach-release")
	AnswerReceipt       = audited("answer-receipt")
	ChangeContacts      = audited("change-contacts")
	WriteProblem        = audited("write-problem")
	AttachCase          = audited("attach-case")
	DetachCase          = audited("detach-case")
	WithdrawProblem     = audited("withdraw-problem")
	MergeProblem        = audited("merge-problem")
	UnmergeProblem      = audited("unmerge-problem")
	TellProblem         = audited("tell-problem")      // all its cases
	TakeBackMessage     = audited("take-back-message") // to all cases of a problem
	HaltProblem         = audited("halt-problem")      // a service stands still because of it, or works again
	MendProblem         = audited("mend-problem")      // a release that corrects it was published, or withdrawn
	DoubtProblem        = audited("doubt-problem")     // too many say that it is not fixed
)

// The acts that are no line anywhere.
var (
	Change        = unsaid("change") // a step that does not say yet what it does
	Upload        = unsaid("upload")
	ForgetUpload  = unsaid("forget-upload")
	RemoveSpam    = unsaid("remove-spam")
	Mail          = unsaid("mail")
	TakeMail      = unsaid("take-mail")
	FailMail      = unsaid("fail-mail")
	AdoptMail     = unsaid("adopt-mail")
	ApproveMail   = unsaid("approve-mail")
	DropMail      = unsaid("drop-mail")
	Position      = unsaid("position")
	Probe         = unsaid("probe")
	Notify        = unsaid("notify")
	Digest        = unsaid("digest")
	Letter        = unsaid("letter")
	HoldLetter    = unsaid("hold-letter")
	RetryLetter   = unsaid("retry-letter")
	DropLetter    = unsaid("drop-letter")
	ReadNotices   = unsaid("read-notices")
	WithdrawLinks = unsaid("withdraw-links")
	ReadFile      = unsaid("read-file")
	ReadFiles     = unsaid("read-files")
	RetryFiles    = unsaid("retry-files")
	SaveView      = unsaid("save-view")
	ChangeView    = unsaid("change-view")
	RemoveView    = unsaid("remove-view")
	CountView     = unsaid("count-view")
	CountMisses   = unsaid("count-misses")
	EraseMisses   = unsaid("erase-misses")
	KeepAnswer    = unsaid("keep-answer")
	GoRound       = unsaid("go-round")
	JoinProblem   = unsaid("join-problem")
	FollowCase    = unsaid("follow-case") // a ticket of a known problem followed it
	TellCase      = unsaid("tell-case")   // a person of a known problem is to be told of it
	ReadRelease   = unsaid("read-release")
	FetchRelease  = unsaid("fetch-release")
	EraseFetched  = unsaid("erase-fetched")
	Follow        = unsaid("follow")
	KeepForm      = unsaid("keep-form")
	AskLink       = unsaid("ask-link")
	SignIn        = unsaid("sign-in")
	Seen          = unsaid("seen")
	SignOut       = unsaid("sign-out")
	EndSession    = unsaid("end-session")
	EndSessions   = unsaid("end-sessions")
	Sweep         = unsaid("sweep")
	EraseAudit    = unsaid("erase-audit")
	Clean         = unsaid("clean")      // a step of an erasure
	OpenAudit     = unsaid("open-audit") // this and the next the audit log tells of itself
	ExportAudit   = unsaid("export-audit")
	TakeOwn       = unsaid("take-own") // so does it of this: a person's own data were taken
)

// All returns every act there is.
func All() []Act { return slices.Clone(acts) }

func (a Act) String() string { return a.code }

// MarshalText writes the code.
func (a Act) MarshalText() ([]byte, error) { return []byte(a.code), nil }

// UnmarshalText reads a code, known or not.
func (a *Act) UnmarshalText(b []byte) error { a.code = string(b); return nil }

// Public reports whether the act always concerns the requester's side.
func (a Act) Public() bool { return actRows[a.code].reach == public }

// Internal reports whether the act always is the agents' own.
func (a Act) Internal() bool { return actRows[a.code].reach == internal }

// OfTicket reports whether the act is done to tickets.
func (a Act) OfTicket() bool { return actRows[a.code].reach != 0 }

// ForAgents reports whether agents read the act in the history of a ticket.
func (a Act) ForAgents() bool { return actRows[a.code].line&agents != 0 }

// ForSide reports whether the requester's side has the act in its history of a ticket, where the change is not internal.
func (a Act) ForSide() bool { return actRows[a.code].line&side != 0 }

// SaidToSide reports whether it is told there in a sentence.
func (a Act) SaidToSide() bool { return actRows[a.code].line&(side|quiet) == side }

// Audited reports whether the act is a line in the log of the administration.
func (a Act) Audited() bool { return actRows[a.code].line&audit != 0 }

// Icon returns the name of the icon beside the act's line in the history of a ticket.
func (a Act) Icon() string { return actRows[a.code].icon }

// Tells returns who is told of the act, and of which event.
func (a Act) Tells() []event.Told { return actRows[a.code].tells }

// History returns the key of the sentence that agents read.
func (a Act) History() string { return "history." + a.code }

// OnSide returns the key of the sentence that the requester's side reads.
func (a Act) OnSide() string { return "side.event-" + a.code }

// InLog returns the key of the sentence in the log of the administration.
func (a Act) InLog() string { return "audit.act." + a.code }

// Sentences returns the keys of the sentences that the act needs in each language.
func (a Act) Sentences() []string {
	var out []string
	for _, s := range []struct {
		needed bool
		key    string
	}{{a.ForAgents(), a.History()}, {a.SaidToSide(), a.OnSide()}, {a.Audited(), a.InLog()}} {
		if s.needed {
			out = append(out, s.key)
		}
	}
	return out
}
