package policy

import (
	"fmt"
	"strings"
)

// The tables of rights stand here as people read them: under headings, a row for each act and a word for each relation.
// docs/rights.md says the same to people, and a test compares the two.

// rights is the table of rights over tickets. Relations add up; an act without a row is refused. The words: yes; no;
// fresh is until an agent takes charge; open is unless the group or module is confidential; reason is that of a
// confidential one only with a logged reason.
var rights = table[Act, cell](actNames[:], relationNames[:], words(cellNames[:]), `
act            requester  participant  coordinator  colleague  agent-here  agent-elsewhere  supervisor  editor  administrator

see            yes        yes          open         open       yes         open             yes         no      reason
see-notes      no         no           no           no         yes         open             yes         no      reason
write          yes        yes          yes          no         yes         no               yes         no      no
write-note     no         no           no           no         yes         open             yes         no      reason
add-person     yes        no           yes          no         yes         no               yes         no      reason
remove-person  no         no           yes          no         yes         no               yes         no      reason
arrange        no         no           no           no         yes         no               yes         no      reason
see-history    no         no           no           no         yes         open             yes         no      reason
correct        fresh      no           fresh        no         yes         no               yes         no      reason
take           no         no           no           no         yes         no               yes         no      reason
move-here      no         no           no           no         yes         open             yes         no      reason
work           no         no           no           no         yes         no               yes         no      no
settle         yes        no           yes          no         no          no               no          no      no
confirm        yes        no           yes          no         no          no               no          no      no
reopen         yes        no           yes          no         yes         no               yes         no      no
narrow         yes        no           no           no         no          no               no          no      no
`)

// accountRights is the table of rights over accounts. Relations add up; an act without a row is refused. The words: yes;
// no; group is of the group that the act is about; hat is of the organisation or unit that the act is about; new is
// while the person is being added and owns nothing yet; hands is if all rights of the person come from groups that the
// supervisor manages; unsent is if no mail can be sent to the person, else with a logged reason; alone is if the other
// person that the service account belongs to may no longer sign in.
var accountRights = table[AccountAct, accountCell](accountActNames[:], accountRelationNames[:],
	map[string]accountCell{"no": never, "yes": always, "group": ofGroup, "hat": ofHat, "new": newcomer, "hands": inHands, "unsent": notSent, "alone": alone}, `
act               self  owner  coordinator  supervisor  administrator

see-account       yes   no     no           group       yes
add-account       no    no     hat          group       yes
make-agent        no    no     no           group       yes
make-supervisor   no    no     no           no          yes
give-role         no    no     no           no          yes
give-hat          no    no     hat          new         yes
make-coordinator  no    no     no           no          yes
rename            yes   no     new          new         yes
change-address    no    no     new          new         yes
disable           no    no     no           no          yes
send-link         no    no     no           hands       yes
hand-link         no    no     no           new         unsent
wake-token        no    no     no           no          yes
make-token        yes   yes    no           no          no
end-token         yes   yes    no           no          yes
see-service       no    yes    no           no          yes
make-service      no    no     no           no          yes
name-owner        no    alone  no           no          yes
hand-on           no    no     no           group       yes
invite            no    no     hat          no          yes
answer-invite     yes   no     no           no          no
confirm-list      no    no     hat          no          yes
`)

// deskRights is the table of rights at the desk. Relations add up; an act without a row is refused. The words: yes; no; free
// is if the product needs no review.
var deskRights = table[DeskAct, deskCell](deskActNames[:], deskRelationNames[:], map[string]deskCell{"no": notAtDesk, "yes": atDesk, "free": unreviewed}, `
act             anybody  signed-in  agent  supervisor  editor  administrator

read-public     yes      yes        yes    yes         yes     yes
read-signed-in  no       yes        yes    yes         yes     yes
read-agents     no       no         yes    yes         yes     yes
read-draft      no       no         yes    yes         yes     yes
write-article   no       no         yes    yes         yes     yes
publish         no       no         free   yes         yes     yes
tend-group      no       no         no     yes         no      yes
run             no       no         no     no          no      yes
`)

// deskActNames are the words for the acts at the desk.
var deskActNames = [...]string{ReadPublic: "read-public", ReadSignedIn: "read-signed-in", ReadAgents: "read-agents", ReadDraft: "read-draft",
	WriteArticle: "write-article", Publish: "publish", TendGroup: "tend-group", Run: "run"}

// deskRelationNames are the headings of the table of rights at the desk.
var deskRelationNames = [deskRelations]string{asAnybody: "anybody", asSignedIn: "signed-in", asAgent: "agent", asTender: "supervisor", asDeskEditor: "editor", asDeskRunner: "administrator"}

// installationRights is the table of rights over installations. Relations add up; an act without a row is refused.
var installationRights = table[InstallationAct, cell](installationActNames[:], installationRelationNames[:], words(cellNames[:]), `
act                 member  named  coordinator  agent-here  agent-elsewhere  supervisor  administrator

see-installations   yes     yes    yes          yes         yes              yes         yes
keep-installations  no      yes    yes          yes         no               yes         yes
`)

// releaseRights is the table of rights over releases and their receipts. Relations add up; an act without a row is refused. The words:
// yes; no; open is unless a module or group of the release is confidential; other is unless they wrote the release; free is if
// the product needs no check.
var releaseRights = table[ReleaseAct, releaseCell](releaseActNames[:], releaseRelationNames[:],
	map[string]releaseCell{"no": neverRelease, "yes": alwaysRelease, "open": openRelease, "other": secondPerson, "free": uncheckedRelease}, `
act              addressee  named  coordinator  agent-here  agent-elsewhere  supervisor  administrator

see-release      yes        yes    yes          yes         open             yes         yes
see-draft        no         no     no           yes         no               yes         yes
write-release    no         no     no           yes         no               yes         yes
check-release    no         no     no           other       no               other       other
publish-release  no         no     no           free        no               yes         yes
see-receipt      no         yes    yes          yes         no               yes         yes
answer-receipt   no         yes    yes          yes         no               yes         no
see-downloads    no         no     no           no          no               yes         yes
keep-contacts    no         no     yes          yes         no               yes         no
`)

// planRights is the table of rights over plans and templates. Relations add up; an act without a row is refused. The words:
// yes; no; reasoned is of a confidential plan only for an hour after giving a reason.
var planRights = table[PlanAct, planCell](planActNames[:], planRelationNames[:], map[string]planCell{"no": planNo, "yes": planYes, "reasoned": planReasoned}, `
act               named  coordinator  agent-here  agent-elsewhere  supervisor  editor  administrator

see-plan          yes    yes          yes         no               yes         no      reasoned
decide            yes    yes          no          no               no          no      no
propose           yes    yes          yes         no               yes         no      no
do-own-step       yes    yes          no          no               no          no      no
do-desk-step      no     no           yes         no               yes         no      reasoned
arrange-plan      no     no           yes         no               yes         no      reasoned
say-fact          yes    yes          yes         no               yes         no      reasoned
see-template      no     no           yes         yes              yes         yes     yes
write-template    no     no           yes         no               yes         no      yes
publish-template  no     no           no          no               yes         no      yes
verify-norm       no     no           no          no               no          yes     yes
`)

// accessRights is the table of rights over requests for credentials. Relations add up; an act without a row is refused.
// Nobody has a right over their own request. Whose word a module needs is said by its rule: see NeededFor.
var accessRights = table[AccessAct, cell](accessActNames[:], accessRelationNames[:], words(cellNames[:]), `
act           coordinator  agent-here  supervisor  administrator

see-access    yes          yes         yes         yes
ask-back      yes          yes         yes         yes
agree-place   yes          no          no          yes
agree-group   no           yes         yes         yes
agree-alone   no           no          no          yes
assign-place  no           no          yes         yes
`)

// planCell is the entry of the table for an act and a relation.
type planCell uint8

const (
	planNo planCell = iota
	planYes
	planReasoned
)

// planActNames are the words for the acts on plans and templates.
var planActNames = [...]string{SeePlan: "see-plan", Decide: "decide", Propose: "propose", DoOwnStep: "do-own-step", DoDeskStep: "do-desk-step", ArrangePlan: "arrange-plan",
	SayFact: "say-fact", SeeTemplate: "see-template", WriteTemplate: "write-template", PublishTemplate: "publish-template", VerifyNorm: "verify-norm"}

// planRelationNames are the headings of the table of rights over plans.
var planRelationNames = [planRelations]string{asNamed: "named", asPlanSpeaker: "coordinator", asPlanAgent: "agent-here", asPlanOutsider: "agent-elsewhere",
	asPlanSupervisor: "supervisor", asPlanEditor: "editor", asPlanRunner: "administrator"}

// releaseActNames are the words for the acts on releases.
var releaseActNames = [...]string{SeeRelease: "see-release", SeeDraft: "see-draft", WriteRelease: "write-release", CheckRelease: "check-release",
	PublishRelease: "publish-release", SeeReceipt: "see-receipt", AnswerReceipt: "answer-receipt", SeeDownloads: "see-downloads", KeepContacts: "keep-contacts"}

// releaseRelationNames are the headings of the table of rights over releases.
var releaseRelationNames = [releaseRelations]string{asAddressee: "addressee", asReleaseNamed: "named", asSpeaker: "coordinator", asReleaseAgent: "agent-here",
	asReleaseOutsider: "agent-elsewhere", asReleaseSupervisor: "supervisor", asReleaseRunner: "administrator"}

// problemRights is the table of rights over known problems. Relations add up; an act without a row is refused. The words: yes; no;
// for is if the audience of the problem includes them; open is unless its module or group is confidential.
var problemRights = table[ProblemAct, problemCell](problemActNames[:], problemRelationNames[:],
	map[string]problemCell{"no": neverProblem, "yes": alwaysProblem, "for": toAudience, "open": openProblem}, `
act            anybody  signed-in  agent-here  agent-elsewhere  supervisor  editor  administrator

see-problem    for      for        yes         open             yes         for     yes
see-supplier   no       no         yes         open             yes         no      yes
write-problem  no       no         yes         no               yes         no      yes
attach-ticket  no       no         yes         open             yes         no      yes
join-problem   no       for        yes         open             yes         for     no
join-for       no       no         yes         open             yes         no      no
see-cases      no       no         yes         open             yes         no      yes
`)

// problemActNames are the words for the acts on known problems.
var problemActNames = [...]string{SeeProblem: "see-problem", SeeSupplier: "see-supplier", WriteProblem: "write-problem", AttachTicket: "attach-ticket",
	JoinProblem: "join-problem", JoinFor: "join-for", SeeCases: "see-cases"}

// problemRelationNames are the headings of the table of rights over known problems.
var problemRelationNames = [problemRelations]string{asProblemReader: "anybody", asProblemMember: "signed-in", asProblemAgent: "agent-here",
	asProblemOutsider: "agent-elsewhere", asProblemSupervisor: "supervisor", asProblemEditor: "editor", asProblemRunner: "administrator"}

// actNames are the words for the acts on tickets.
var actNames = [...]string{See: "see", SeeNotes: "see-notes", Write: "write", WriteNote: "write-note", AddPerson: "add-person", RemovePerson: "remove-person",
	Arrange: "arrange", SeeHistory: "see-history", Correct: "correct", Take: "take", MoveHere: "move-here", Work: "work", Settle: "settle", Confirm: "confirm", Reopen: "reopen", Narrow: "narrow"}

// cellNames are the words of the table of rights over tickets.
var cellNames = [...]string{no: "no", yes: "yes", notTaken: "fresh", openOnly: "open", reasoned: "reason"}

func words(names []string) map[string]cell {
	out := map[string]cell{}
	for c, name := range names {
		out[name] = cell(c) // #nosec G115 -- there are five
	}
	return out
}

// relationNames are the headings of the table of rights over tickets.
var relationNames = [relations]string{AsRequester: "requester", AsParticipant: "participant", AsCoordinator: "coordinator", AsColleague: "colleague", AsAgentHere: "agent-here",
	AsAgentElsewhere: "agent-elsewhere", AsSupervisorHere: "supervisor", asEditor: "editor", AsAdministrator: "administrator"}

// accountActNames are the words for the acts on accounts.
var accountActNames = [...]string{SeeAccount: "see-account", AddAccount: "add-account", MakeAgent: "make-agent", MakeSupervisor: "make-supervisor", GiveRole: "give-role",
	GiveHat: "give-hat", MakeCoordinator: "make-coordinator", Rename: "rename", ChangeAddress: "change-address", Disable: "disable", SendLink: "send-link",
	HandLink: "hand-link", WakeToken: "wake-token", MakeToken: "make-token", EndToken: "end-token", SeeService: "see-service", MakeService: "make-service",
	NameOwner: "name-owner", HandOnWork: "hand-on", Invite: "invite", AnswerInvitation: "answer-invite", ConfirmList: "confirm-list"}

// accountRelationNames are the headings of the table of rights over accounts.
var accountRelationNames = [accountRelations]string{asSelf: "self", asOwner: "owner", asKeeper: "coordinator", asSupervisor: "supervisor", asRunner: "administrator"}

// table reads a table: its first line has the headings in their order, each other line an act and a word for each
// heading. A table that is not so is a fault of the program.
func table[A, C ~uint8](acts, headings []string, words map[string]C, text string) map[A][]C {
	out := map[A][]C{}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		cells := strings.Fields(line)
		switch {
		case len(cells) == 0:
			continue
		case len(cells) != len(headings)+1:
			panic("policy: a row of a table is too short or too long: " + line)
		case i == 0:
			if got := strings.Join(cells[1:], " "); got != strings.Join(headings, " ") {
				panic("policy: headings of a table: " + got)
			}
			continue
		}
		var act A
		for n, name := range acts {
			if name == cells[0] {
				act = A(n) // #nosec G115 -- there are a few dozen acts
			}
		}
		if act == 0 || out[act] != nil {
			panic("policy: no such act, or twice: " + cells[0])
		}
		for _, word := range cells[1:] {
			cell, ok := words[word]
			if !ok {
				panic(fmt.Sprintf("policy: %s: no such word: %s", cells[0], word))
			}
			out[act] = append(out[act], cell)
		}
	}
	return out
}
