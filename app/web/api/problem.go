package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiProblem is a known problem as the token's person may see it. What only the desk knows is left out for everybody else.
type apiProblem struct {
	Number      uint64             `json:"number"`
	Rev         uint64             `json:"rev"`
	Module      string             `json:"module"`
	Group       string             `json:"group"`
	Title       program.Words      `json:"title"`
	Text        program.Words      `json:"text,omitzero"` // Markdown, and so is the workaround
	Workaround  program.Words      `json:"workaround,omitzero"`
	Affected    []apiRange         `json:"affected"` // a range for each branch of versions; none: all
	FixedIn     []string           `json:"fixed_in"` // a version for each branch
	Environment string             `json:"environment,omitempty"`
	Severity    string             `json:"severity,omitempty"`
	State       store.ProblemState `json:"state"`
	Reason      string             `json:"reason,omitempty"` // why it will not be fixed, or why it was confirmed again
	Regression  *apiRegression     `json:"regression,omitempty"`
	Audience    string             `json:"audience"`
	Releases    []uint64           `json:"releases,omitzero"` // that correct it
	Concerns    *apiConcerns       `json:"concerns,omitempty"`
	Joined      bool               `json:"joined,omitempty"` // the person said that they met it
	Outage      *apiOutage         `json:"outage,omitempty"` // a service stands still because of it, or did
	MergedInto  uint64             `json:"merged_into,omitempty"`
	Owner       string             `json:"owner,omitempty"`    // the desk's, and so is the supplier
	Supplier    *apiSupplier       `json:"supplier,omitempty"` // what its supplier calls it
	Withdrawn   *time.Time         `json:"withdrawn_at,omitempty"`
	Doubtful    *time.Time         `json:"doubtful_at,omitempty"` // the desk's: since when too many say that it is not fixed
	Created     *time.Time         `json:"created_at"`
	Updated     *time.Time         `json:"updated_at"`
	Moves       []apiMoved         `json:"moves,omitzero"` // of one that is read: when it got to which state, the first first
}

type apiMoved struct {
	State store.ProblemState `json:"state"`
	At    *time.Time         `json:"at"`
}

// apiRange is a range of versions: from is included, until is not, an empty end is open.
type apiRange struct {
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty"`
}

type apiRegression struct {
	Good         string `json:"good,omitempty"` // the last version in which it worked
	IntroducedBy string `json:"introduced_by,omitempty"`
}

// apiOutage is since when a service stands still, until when that is expected, the last there is to say, and when it ended.
type apiOutage struct {
	From   *time.Time    `json:"from,omitempty"`
	Until  *time.Time    `json:"until,omitempty"`
	News   program.Words `json:"news,omitzero"`
	NewsAt *time.Time    `json:"news_at,omitempty"`
	Ended  *time.Time    `json:"ended_at,omitempty"`
}

type apiSupplier struct {
	Number  string `json:"number,omitempty"`
	Address string `json:"address,omitempty"`
}

// apiConcerns is how many a known problem concerns. Below three the number of organisations is the desk's alone.
type apiConcerns struct {
	Organisations int  `json:"organisations,omitempty"`
	Few           bool `json:"few,omitempty"`
	Persons       int  `json:"persons,omitempty"` // the desk's
	Tickets       int  `json:"tickets,omitempty"` // the desk's
	Back          int  `json:"back,omitempty"`    // the desk's: tickets that came back though it was to be mended
}

type apiProblemList struct {
	Total    int          `json:"total"`
	Next     *uint64      `json:"next"`
	Problems []apiProblem `json:"problems"`
}

// apiProblemForm is a known problem as a program writes it. A member that is left out stays as it is.
type apiProblemForm struct {
	Rev         uint64         `json:"rev,omitempty"` // of a PATCH: the revision that the change is for
	Module      *string        `json:"module,omitempty"`
	Title       *program.Words `json:"title,omitempty"`
	Text        *program.Words `json:"text,omitempty"`
	Workaround  *program.Words `json:"workaround,omitempty"`
	Affected    *[]apiRange    `json:"affected,omitempty"`
	FixedIn     *[]string      `json:"fixed_in,omitempty"`
	Environment *string        `json:"environment,omitempty"` // test or production
	Severity    *string        `json:"severity,omitempty"`
	State       *string        `json:"state,omitempty"` // suspected, confirmed, being-fixed, fixed or will-not-be-fixed
	Reason      *string        `json:"reason,omitempty"`
	Regression  *apiRegression `json:"regression,omitempty"`
	Audience    *string        `json:"audience,omitempty"` // public, signed-in or agents
	Owner       *string        `json:"owner,omitempty"`    // address of an agent of the group
	Supplier    *apiSupplier   `json:"supplier,omitempty"`
	Tickets     *[]uint64      `json:"tickets,omitempty"` // of a POST: tickets to be attached
}

// put puts what is given where it belongs.
func put[T any](in, out *T) {
	if in != nil {
		*out = *in
	}
}

func (in *apiProblemForm) putInto(f *problem.Form, lang string) error {
	var wrong fault.Problems
	put(in.Module, &f.Module)
	put(in.Reason, &f.Reason)
	put(in.Owner, &f.Owner)
	put(in.FixedIn, &f.FixedIn)
	put(in.Tickets, &f.Tickets)
	for _, part := range []struct {
		in  *program.Words
		out *store.Words
	}{{in.Title, &f.Title}, {in.Text, &f.Text}, {in.Workaround, &f.Workaround}} {
		if part.in != nil {
			*part.out = part.in.In(lang)
		}
	}
	if in.Affected != nil {
		f.Affected = nil
		for _, r := range *in.Affected {
			f.Affected = append(f.Affected, store.Range(r))
		}
	}
	if in.Environment != nil {
		f.Environment = entry.Coded[store.Environment](&wrong, "environment", *in.Environment)
	}
	if in.Severity != nil {
		f.Severity = entry.Coded[store.Severity](&wrong, "severity", *in.Severity)
	}
	if in.State != nil {
		f.State = entry.Coded[store.ProblemState](&wrong, "state", *in.State)
	}
	if in.Audience != nil {
		f.Audience = entry.Coded[store.Audience](&wrong, "audience", *in.Audience)
	}
	if in.Regression != nil {
		f.Regression = store.Regression(*in.Regression)
	}
	if in.Supplier != nil {
		f.Supplier = store.Supplier(*in.Supplier)
	}
	f.Rev = cmp.Or(in.Rev, f.Rev)
	return wrong.Err()
}

// problemLine returns what stands in lists; problemAnswer adds the rest.
func problemLine(v *problem.View) apiProblem {
	p := v.Problem
	out := apiProblem{Number: p.ID, Rev: p.Rev, Module: v.Module.Code, Group: v.Group.Code, Title: program.WordsOf(p.Title), Affected: []apiRange{}, FixedIn: append([]string{}, p.FixedIn...),
		Environment: p.Environment.String(), Severity: p.Severity.String(), State: p.State, Reason: p.Reason, Audience: p.Audience.String(),
		Withdrawn: program.Moment(p.Withdrawn), Doubtful: program.Moment(p.Doubtful), Created: program.Moment(p.Created), Updated: program.Moment(p.Updated)}
	for _, r := range p.Affected {
		out.Affected = append(out.Affected, apiRange(r))
	}
	if out.MergedInto = p.MergedInto; !p.Outage.From.IsZero() {
		out.Outage = &apiOutage{program.Moment(p.Outage.From), program.Moment(p.Outage.Expected), program.WordsOf(p.Outage.News), program.Moment(p.Outage.NewsAt), program.Moment(p.Outage.Ended)}
	}
	if p.Regression != (store.Regression{}) {
		out.Regression = &apiRegression{Good: p.Regression.Good, IntroducedBy: p.Regression.IntroducedBy}
	}
	return out
}

func problemAnswer(v *problem.View) apiProblem {
	out := problemLine(v)
	out.Text, out.Workaround, out.Joined, out.Releases = program.WordsOf(v.Text), program.WordsOf(v.Workaround), v.Joined, []uint64{}
	for _, r := range v.Releases {
		out.Releases = append(out.Releases, r.ID)
	}
	out.Moves = []apiMoved{}
	for _, m := range v.Moves {
		out.Moves = append(out.Moves, apiMoved{m.To, program.Moment(m.At)})
	}
	out.Concerns = new(apiConcerns(v.Counts))
	if v.Owner != nil {
		out.Owner = v.Owner.Email
	}
	if v.Supplier != (store.Supplier{}) {
		out.Supplier = &apiSupplier{Number: v.Supplier.Number, Address: v.Supplier.Address}
	}
	return out
}

func answerProblem(r *web.Request, v *problem.View, status int) error {
	r.Status(status)
	if status == http.StatusCreated {
		r.SetLocation(program.Base + "/problems/" + strconv.FormatUint(v.ID, 10))
	}
	return r.JSON(problemAnswer(v))
}

// apiProblems lists the known problems that the token's person may see.
func (a pages) apiProblems(r *web.Request) error {
	q := program.QueryOf(r)
	f := problem.Filter{Limit: q.Limit(), After: q.ID("after"), State: web.FormCode[store.ProblemState](q.Form, "state"), Version: q.Raw("version")}
	who := r.Actor()
	if err := a.Desk.Names(func(n desk.Names) {
		if code := q.Raw("module"); code == "" {
			return
		} else if m := n.ModuleOf(code); m == nil || m.Retired && !who.IsAgent() && !who.IsAdministrator() {
			q.Refuse("module", "error.module-unknown")
		} else {
			f.Module = m.ID
		}
	}); err != nil {
		return err
	}
	if err := q.Err(); err != nil {
		return err
	}
	page, err := a.Desk.Problems.List(who, f)
	if err != nil {
		return err
	}
	out := apiProblemList{Total: page.Total, Problems: []apiProblem{}}
	if page.Next != 0 {
		out.Next = &page.Next
	}
	for _, v := range page.Problems {
		out.Problems = append(out.Problems, problemLine(v))
	}
	return r.JSON(out)
}

// problem reads the known problem of the address, for whoever may do what may says; nil is reading it.
func (a pages) problem(r *web.Request, may func(*problem.View) bool) (*problem.View, error) {
	number, err := r.NumberOf("number")
	if err != nil {
		return nil, err
	}
	v, err := a.Desk.Problems.Read(r.Actor(), number)
	if err == nil && may != nil && !may(v) {
		err = policy.Denied(r.Actor())
	}
	return v, err
}

func (a pages) apiProblem(r *web.Request) error {
	v, err := a.problem(r, nil)
	if err != nil {
		return err
	}
	return answerProblem(r, v, http.StatusOK)
}

// inProblemMembers returns the error with its problems at the members of the API, which pages write with hyphens alone.
func inProblemMembers(err error) error {
	var many fault.Problems
	if !errors.As(err, &many) {
		return err
	}
	out := make(fault.Problems, len(many))
	for i, p := range many {
		field := strings.NewReplacer("introduced-by", "introduced_by", "fixed-in", "fixed_in").Replace(p.Field)
		out[i] = p.At(strings.ReplaceAll(field, "-", "."))
	}
	return out
}

// apiPostProblem writes a new known problem.
func (a pages) apiPostProblem(r *web.Request) error {
	given, unreadable := a.membersOf(r)
	var module string
	_ = json.Unmarshal(given["module"], &module) // what is no code is said by the form
	if err := a.Desk.Problems.MayWrite(r.Actor(), module); err != nil {
		return err
	}
	if unreadable != nil {
		return unreadable
	}
	var in apiProblemForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var f problem.Form
	if err := in.putInto(&f, a.plainLanguage(r)); err != nil {
		return err
	}
	v, err := a.Desk.Problems.Save(r.Actor(), 0, f)
	if err != nil {
		return inProblemMembers(err)
	}
	return answerProblem(r, v, http.StatusCreated)
}

// apiChangeProblem changes the members given and leaves the rest.
func (a pages) apiChangeProblem(r *web.Request) error {
	v, err := a.problem(r, func(v *problem.View) bool { return v.MayWrite })
	if err != nil {
		return err
	}
	var in apiProblemForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	f := problem.FormOf(v)
	if err := in.putInto(&f, a.plainLanguage(r)); err != nil {
		return err
	}
	if v, err = a.Desk.Problems.Save(r.Actor(), v.ID, f); err != nil {
		return inProblemMembers(err)
	}
	return answerProblem(r, v, http.StatusOK)
}

// apiCase is a ticket of a known problem, or a person who met it and opened none.
type apiCase struct {
	Ticket uint64      `json:"ticket,omitempty"`
	Person *apiPerson  `json:"person"`
	Text   string      `json:"text,omitempty"`
	State  store.State `json:"state,omitzero"` // of the ticket
	Since  *time.Time  `json:"since"`
}

type apiCaseList struct {
	Cases []apiCase `json:"cases"`
}

func (a pages) apiProblemTickets(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	list, err := a.Desk.Problems.Cases(r.Actor(), number)
	if err != nil {
		return err
	}
	out := apiCaseList{Cases: []apiCase{}}
	for _, c := range list {
		row := apiCase{Ticket: c.Case.Ticket, Text: c.Text, Since: program.Moment(c.Created)}
		if c.Person != nil {
			row.Person = &apiPerson{Email: c.Person.Email, Name: c.Person.Name}
		}
		if c.Ticket != nil {
			row.State = c.Ticket.State
		}
		out.Cases = append(out.Cases, row)
	}
	return r.JSON(out)
}

// doing returns the handler of an act on the known problem of the address: whoever may not do it is told before the body is read.
func doing[T any](a pages, may func(*problem.View) bool, read func(*web.Request, any) error, do func(policy.Actor, uint64, T) (*problem.View, error)) func(*web.Request) error {
	return func(r *web.Request) error {
		v, err := a.problem(r, may)
		if err != nil {
			return err
		}
		var in T
		if read != nil {
			if err := read(r, &in); err != nil {
				return err
			}
		}
		if v, err = do(r.Actor(), v.ID, in); err != nil {
			return inProblemMembers(err)
		}
		return answerProblem(r, v, http.StatusOK)
	}
}

func mayWriteProblem(v *problem.View) bool  { return v.MayWrite }
func mayAttachProblem(v *problem.View) bool { return v.MayAttach }

type apiAttached struct {
	Number uint64 `json:"number"` // of the ticket
}

func (a pages) apiAttachToProblem(r *web.Request) error {
	return doing(a, mayAttachProblem, program.ReadJSON, func(who policy.Actor, n uint64, in apiAttached) (*problem.View, error) {
		return a.Desk.Problems.Attach(who, n, in.Number)
	})(r)
}

func (a pages) apiDetachFromProblem(r *web.Request) error {
	return doing(a, mayAttachProblem, nil, func(who policy.Actor, n uint64, _ struct{}) (*problem.View, error) {
		ticket, err := r.NumberOf("ticket")
		if err != nil {
			return nil, err
		}
		return a.Desk.Problems.Detach(who, n, ticket)
	})(r)
}

type apiJoin struct {
	Text   string `json:"text,omitempty"`
	Person string `json:"person,omitempty"` // the address of somebody else, for agents
}

func (a pages) apiJoinProblem(r *web.Request) error {
	return doing(a, func(v *problem.View) bool { return v.MayJoin }, program.ReadSome, func(who policy.Actor, n uint64, in apiJoin) (*problem.View, error) {
		return a.Desk.Problems.Join(who, n, in.Person, in.Text)
	})(r)
}

func (a pages) apiWithdrawProblem(r *web.Request) error {
	return doing(a, mayWriteProblem, program.ReadJSON, func(who policy.Actor, n uint64, in program.Reason) (*problem.View, error) {
		return a.Desk.Problems.Withdraw(who, n, in.Rev, in.Reason)
	})(r)
}

type apiHalt struct {
	From  *time.Time     `json:"from,omitempty"`  // left out at the beginning: now
	Until *time.Time     `json:"until,omitempty"` // when it is expected to end
	News  *program.Words `json:"news,omitempty"`
	Ended bool           `json:"ended,omitempty"` // it works again
}

func (a pages) apiHaltProblem(r *web.Request) error {
	return doing(a, mayWriteProblem, program.ReadSome, func(who policy.Actor, n uint64, in apiHalt) (*problem.View, error) {
		h := problem.Halt{From: in.From, Until: in.Until, Ended: in.Ended}
		if in.News != nil {
			news := in.News.In(a.plainLanguage(r))
			h.News = &news
		}
		return a.Desk.Problems.Halt(who, n, h)
	})(r)
}

type apiMerge struct {
	Into uint64 `json:"into"` // the number of the problem that it is
}

func (a pages) apiMergeProblem(r *web.Request) error {
	return doing(a, mayWriteProblem, program.ReadJSON, func(who policy.Actor, n uint64, in apiMerge) (*problem.View, error) {
		return a.Desk.Problems.Merge(who, n, in.Into)
	})(r)
}

func (a pages) apiUnmergeProblem(r *web.Request) error {
	return doing(a, mayWriteProblem, nil, func(who policy.Actor, n uint64, _ struct{}) (*problem.View, error) {
		return a.Desk.Problems.Unmerge(who, n)
	})(r)
}

type apiToAll struct {
	IT      string `json:"it,omitempty"` // Markdown; whoever reads the other language gets this one where there is none
	EN      string `json:"en,omitempty"`
	Preview bool   `json:"preview,omitempty"` // only say whom it would reach
}

// apiReach is whom a message to all reaches; what is confidential to the reader counts in none of the numbers.
type apiReach struct {
	Tickets   int            `json:"tickets"`
	Persons   int            `json:"persons"`
	Languages map[string]int `json:"languages"`
	Settled   int            `json:"settled"` // closed tickets, which it leaves alone
}

func (a pages) apiMessageToAll(r *web.Request) error {
	v, err := a.problem(r, mayWriteProblem)
	if err != nil {
		return err
	}
	var in apiToAll
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	reach, err := a.Desk.Problems.Reach(r.Actor(), v.ID)
	if err == nil && !in.Preview {
		_, err = a.Desk.Problems.Message(r.Actor(), v.ID, store.Words{IT: in.IT, EN: in.EN})
	}
	if err != nil {
		return err
	}
	return r.JSON(apiReach(reach))
}

// apiProblemMessage is a message to all, and what became of it.
type apiProblemMessage struct {
	Number uint64        `json:"number"`
	Text   program.Words `json:"text"`
	At     *time.Time    `json:"at"`
	By     string        `json:"by,omitempty"`
	Told   int           `json:"told"`                    // tickets, and people without one, that it reached
	Going  bool          `json:"going,omitempty"`         // on its way, or back
	Back   *time.Time    `json:"taken_back_at,omitempty"` // from whoever had not got it
	Kept   int           `json:"kept,omitempty"`          // tickets, and people without one, that had it by then
}

type apiProblemMessages struct {
	Messages []apiProblemMessage `json:"messages"`
}

func (a pages) apiProblemMessages(r *web.Request) error {
	v, err := a.problem(r, func(v *problem.View) bool { return v.MayWrite })
	if err != nil {
		return err
	}
	list, err := a.Desk.Problems.Messages(r.Actor(), v.ID)
	if err != nil {
		return err
	}
	out := apiProblemMessages{Messages: []apiProblemMessage{}}
	for _, m := range list {
		row := apiProblemMessage{Number: m.Number, Text: program.WordsOf(m.Text), At: program.Moment(m.At), Told: m.Told, Going: m.Going, Back: program.Moment(m.Back), Kept: m.Kept}
		if m.By != nil {
			row.By = m.By.Email
		}
		out.Messages = append(out.Messages, row)
	}
	return r.JSON(out)
}

func (a pages) apiTakeBackMessage(r *web.Request) error {
	return doing(a, mayWriteProblem, nil, func(who policy.Actor, n uint64, _ struct{}) (*problem.View, error) {
		message, err := r.NumberOf("message")
		if err != nil {
			return nil, err
		}
		return a.Desk.Problems.TakeBack(who, n, message)
	})(r)
}
