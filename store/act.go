package store

import "slices"

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
	tells []Told
}

var (
	acts    []Act
	actRows = map[string]actRow{}
)

// act adds a row to the table of acts.
func act(code string, reach reach, line line, icon string, tells ...Told) Act {
	if _, twice := actRows[code]; twice {
		panic("store: two acts " + code)
	}
	a := Act{code}
	acts, actRows[code] = append(acts, a), actRow{reach, line, icon, tells}
	return a
}

// audited adds an act of the administration: its line stands in the log.
func audited(code string) Act { return act(code, 0, audit, "") }

// unsaid adds an act that is no line anywhere: what it wrote is shown by itself, or is the desk's own business.
func unsaid(code string) Act { return act(code, 0, 0, "") }

// The acts on tickets: code, whom it concerns, where it is a line, the line's icon, and who is told. Sentences follow
// from the line: see Act.Sentences.
var (
	ActOpen              = act("open", public, agents|side|quiet, "edit", tell(EventOpened, ToRequester), offer(EventNew, ToGroup))
	ActImport            = act("import", public, agents|side|quiet|audit, "edit")
	ActClaim             = act("claim", public, agents|side|quiet, "edit")
	ActTake              = act("take", public, agents|side, "hand", offer(EventTaken, ToSide))
	ActAssign            = act("assign", public, agents|side, "person", offer(EventTaken, ToSide), tell(EventAssigned, ToAssignee))
	ActMove              = act("move", public, agents|side, "right", offer(EventMoved, ToSide), offer(EventGroup, ToGroup))
	ActWait              = act("wait", public, agents|side, "clock", tell(EventWaiting, ToSide))
	ActResume            = act("resume", public, agents|side, "edit")
	ActPlan              = act("plan", public, agents|side, "pin", tell(EventPlanned, ToSide))
	ActResolve           = act("resolve", public, agents|side, "check", tell(EventResolved, ToSide))
	ActConfirm           = act("confirm", public, agents|side, "check") // of a session too: that its person is there
	ActRemind            = act("remind", public, agents, "edit", tell(EventClosing, ToSide))
	ActClose             = act("close", public, agents|side, "lock")
	ActReopen            = act("reopen", public, agents|side, "reply")
	ActPriority          = act("priority", public, agents|side, "edit", tell(EventPriority, ToSide), offer(EventPriority, ToAssignee))
	ActCorrect           = act("correct", public, agents|side, "edit")
	ActState             = act("state", public, agents|side, "edit") // a message that also moved the state is read as this
	ActParticipant       = act("participant", public, agents|side, "people")
	ActRemoveParticipant = act("remove-participant", public, agents|side, "people")
	ActRequester         = act("requester", public, agents, "people")
	ActWish              = act("wish", public, agents, "people") // the requester's side reads the wishes themselves
	ActRefuseWish        = act("refuse-wish", public, agents, "people")
	ActMessage           = act("message", public, 0, "") // the message is what is read
	ActReply             = act("reply", public, 0, "", tell(EventMessage, ToReaders))
	ActNote              = act("note", internal, 0, "")
	ActLink              = act("link", either, agents, "link") // public between a closed ticket and the one that follows it
	ActUnlink            = act("unlink", internal, agents, "link")
	ActMerge             = act("merge", internal, agents, "link")
	ActUnmerge           = act("unmerge", internal, agents, "link")
	ActMoveMessage       = act("move-message", either, agents, "right") // as the message is
	ActSpam              = act("spam", internal, agents, "trash")
	ActNotSpam           = act("not-spam", internal, agents, "reply")
	ActBeside            = act("beside", internal, agents, "mail")
	ActLetIn             = act("let-in", public, agents, "mail")
	ActOwnTicket         = act("own-ticket", internal, agents, "mail")
	ActDismiss           = act("dismiss", internal, agents, "mail")
	ActApart             = act("apart", internal, agents, "link")
	ActLookIn            = act("look-in", internal, agents, "eye")
)

// The acts of the administration.
var (
	ActSetUp              = audited("set-up")
	ActSeed               = audited("seed")
	ActRestore            = audited("restore")
	ActExpire             = audited("expire")
	ActChangeSettings     = audited("change-settings")
	ActAddPerson          = audited("add-person")
	ActChangePerson       = audited("change-person")
	ActChangeOwn          = audited("change-own")
	ActSendLink           = audited("send-link")
	ActHandLink           = audited("hand-link")
	ActUseLink            = audited("use-link")
	ActSetPassword        = audited("set-password")
	ActMakeToken          = audited("make-token")
	ActRevokeToken        = audited("revoke-token")
	ActWakeToken          = audited("wake-token")
	ActWakeTokens         = audited("wake-tokens")
	ActRemindToken        = audited("remind-token")
	ActMailFailed         = audited("mail-failed")
	ActReachAgain         = audited("reach-again")
	ActAddOrganisation    = audited("add-organisation")
	ActChangeOrganisation = audited("change-organisation")
	ActRemoveOrganisation = audited("remove-organisation")
	ActAddUnit            = audited("add-unit")
	ActChangeUnit         = audited("change-unit")
	ActRemoveUnit         = audited("remove-unit")
	ActAddGroup           = audited("add-group")
	ActChangeGroup        = audited("change-group")
	ActRemoveGroup        = audited("remove-group")
	ActAddMember          = audited("add-member")
	ActRemoveMember       = audited("remove-member")
	ActAddMailServer      = audited("add-mail-server")
	ActChangeMailServer   = audited("change-mail-server")
	ActRemoveMailServer   = audited("remove-mail-server")
	ActImportCatalogue    = audited("import-catalogue")
	ActAddModule          = audited("add-module")
	ActChangeModule       = audited("change-module")
	ActRemoveModule       = audited("remove-module")
	ActChangeSynonyms     = audited("change-synonyms")
	ActWriteArticle       = audited("write-article")
	ActPublishArticle     = audited("publish-article")
	ActDeleteArticle      = audited("delete-article")
	ActAddReply           = audited("add-reply")
	ActChangeReply        = audited("change-reply")
	ActRemoveReply        = audited("remove-reply")
	_                     = audited("new-link") // of releases before
)

// The acts that are no line anywhere.
var (
	ActChange        = unsaid("change") // a step that does not say yet what it does
	ActUpload        = unsaid("upload")
	ActForgetUpload  = unsaid("forget-upload")
	ActRemoveSpam    = unsaid("remove-spam")
	ActMail          = unsaid("mail")
	ActTakeMail      = unsaid("take-mail")
	ActFailMail      = unsaid("fail-mail")
	ActAdoptMail     = unsaid("adopt-mail")
	ActApproveMail   = unsaid("approve-mail")
	ActDropMail      = unsaid("drop-mail")
	ActPosition      = unsaid("position")
	ActProbe         = unsaid("probe")
	ActNotify        = unsaid("notify")
	ActDigest        = unsaid("digest")
	ActLetter        = unsaid("letter")
	ActHoldLetter    = unsaid("hold-letter")
	ActRetryLetter   = unsaid("retry-letter")
	ActDropLetter    = unsaid("drop-letter")
	ActReadNotices   = unsaid("read-notices")
	ActWithdrawLinks = unsaid("withdraw-links")
	ActReadFile      = unsaid("read-file")
	ActReadFiles     = unsaid("read-files")
	ActRetryFiles    = unsaid("retry-files")
	ActSaveView      = unsaid("save-view")
	ActChangeView    = unsaid("change-view")
	ActRemoveView    = unsaid("remove-view")
	ActCountView     = unsaid("count-view")
	ActCountMisses   = unsaid("count-misses")
	ActEraseMisses   = unsaid("erase-misses")
	ActKeepAnswer    = unsaid("keep-answer")
	ActKeepForm      = unsaid("keep-form")
	ActAskLink       = unsaid("ask-link")
	ActSignIn        = unsaid("sign-in")
	ActSeen          = unsaid("seen")
	ActSignOut       = unsaid("sign-out")
	ActEndSession    = unsaid("end-session")
	ActEndSessions   = unsaid("end-sessions")
	ActSweep         = unsaid("sweep")
)

// Acts returns every act there is.
func Acts() []Act { return slices.Clone(acts) }

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
func (a Act) Tells() []Told { return actRows[a.code].tells }

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
