package ticket

import (
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// newTicketPage is the form that opens a ticket, in three parts. Its questions depend on the module: choosing one posts
// the form, which comes back with everything typed. If the module is served elsewhere, the page shows how to get there.
type newTicketPage struct {
	web.Page
	Stops      []show.StopLine
	Hats       []show.Choice // the reader's, the last worn first, when there are several
	ForOthers  bool          // the actor may open tickets in somebody else's name
	Modules    []show.ChoiceGroup
	NoModule   bool // "I do not know" was chosen
	Kinds      []show.Choice
	Severities []show.Choice
	Urgencies  []show.Choice
	About      string // of the module
	Questions  []askedQuestion
	Versions   []string
	Hatted     bool   // others of the reader's organisation may see what they open
	Known      string // the version that runs, filled into the form
	KnownWords string // and where that is said
	Guide      bool   // the guided set stands open
	Alike      alike
	Away       *show.AwayBox
	MayAnyway  bool          // agents may open a ticket for a module served elsewhere
	Carried    []web.Resumed // what was typed, while the page shows the way elsewhere
	Typed      string        // the same as text, for reading and copying
	ByMail     string        // mailto: address with what was typed
	Group      string
	Hours      string
	Times      string
	Today      string
	Deadline   string
	Refocus    bool // a module was just chosen: the focus returns to it
	KeepsDraft bool // the browser stores what is typed; not for agents, whose page of the ticket would not delete it
	DraftName  string
}

type askedQuestion struct {
	Field    web.FieldError // name and problem
	Label    string
	Type     string // text, number, date
	Value    string
	Choices  []show.Choice // for a question with a list of answers
	Required bool
}

// guide lists the fields that help to reproduce a malfunction, in the order in which they are written into the text.
var guide = []string{"doing", "expected", "example", "since"}

func (a pages) getNewTicket(r *web.Request) error {
	q := r.QueryForm()
	values := url.Values{"severity": {store.Medium.String()}, "urgency": {store.NoDate.String()}}
	for _, name := range []string{"module", "kind", "subject"} {
		if s := q.Text(name, 300); s != "" {
			values.Set(name, s)
		}
	}
	if s := q.Text("for", store.Most("people.email")); s != "" {
		address, err := a.requesterAddress(r.Actor(), s)
		if err != nil {
			return err
		}
		values.Set("requester", address)
	}
	return a.newTicketPage(r, &newTicketPage{Page: r.Page("new-ticket.title")}, values, nil, nil)
}

// newTicketPage shows the form with its initial values, or as it was posted, with its problems.
func (a pages) newTicketPage(r *web.Request, v *newTicketPage, first url.Values, f *web.Form, wrong error) error {
	v.Nav = "tickets"
	v.Crumb(v.T("own.title"), "/tickets")
	v.Crumb(v.Title, "")
	if f == nil && !v.Resume(r) {
		v.Fill(first)
	}
	if f != nil {
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	}
	actor := r.Actor()
	if err := a.hats(v, actor); err != nil {
		return err
	}
	v.Hatted = len(actor.Person.Hats(v.Now)) > 0
	v.ForOthers = actor.IsAgent() || actor.IsAdministrator() || v.IsCoordinator
	v.KeepsDraft, v.DraftName = !actor.IsAgent() && !actor.IsAdministrator(), fmt.Sprintf("%d-new-ticket", v.Person)
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	l := show.LevelByCode(levels, v.Value("module"))
	if l != nil && l.Retired {
		l = nil
	}
	v.NoModule = v.Value("module") == show.NoModule
	code := ""
	if l != nil {
		code = l.Code
	}
	v.Modules = show.ModuleChoices(&v.Page, levels, code, false)
	if l != nil && !l.Here() {
		if v.Away, err = show.Away(a.Site, &v.Page, l); err != nil {
			return err
		}
		v.MayAnyway = actor.IsAgent() || actor.IsAdministrator()
		v.carry()
	}
	v.offer()
	if v.Away == nil || v.MayAnyway {
		v.carryAnswers(l)
	}
	if l != nil {
		v.About, v.Versions = l.Description.In(v.Lang), l.Versions
		for _, q := range l.Questions {
			v.Questions = append(v.Questions, v.question(q))
		}
	}
	for _, name := range append([]string{"affected", "regression", "worked_in"}, guide...) {
		filled := name == "affected" && v.Value(name) == v.Value("known") // by the desk
		v.Guide = v.Guide || v.Value(name) != "" && !filled || v.Err(name) != ""
	}
	about := uint64(0)
	if l != nil {
		about = l.ID
	}
	if v.Stops, err = show.StopLines(a.Site, r, &v.Page, about); err != nil {
		return err
	}
	if err := a.knownVersion(r, v, l); err != nil {
		return err
	}
	v.Deadline = prefilled(&v.Page)
	if err := a.whoReads(r, v, l); err != nil {
		return err
	}
	if v.Away != nil && !v.MayAnyway {
		if err := show.House(a.Site, r, &v.Page, "/tickets/new"); err != nil {
			return err
		}
		return r.Render("page/ticket-new", v)
	}
	if v.Alike, err = a.alike(r, &v.Page, v.Value("subject"), code, v.Value("affected")); err != nil {
		return err
	}
	if err := show.House(a.Site, r, &v.Page, "/tickets/new"); err != nil {
		return err
	}
	return r.Render("page/ticket-new", v)
}

// offer fills the choices that do not depend on the module.
func (v *newTicketPage) offer() {
	for k := store.Clarification; k <= store.Access; k++ {
		code := k.String()
		if k == store.Access && !v.Chosen("kind", code) {
			continue // the page that requests credentials opens it
		}
		v.Kinds = append(v.Kinds, show.Choice{Value: code, Label: v.T("new-ticket.kind-" + code), Hint: v.T("new-ticket.says-" + code), Chosen: v.Chosen("kind", code)})
	}
	for s := store.Blocking; s <= store.Low; s++ {
		code := s.String()
		v.Severities = append(v.Severities, show.Choice{Value: code, Label: v.T("severity." + code), Hint: v.T("new-ticket.severity-" + code), Chosen: v.Chosen("severity", code)})
	}
	for u := store.Today; u <= store.NoDate; u++ {
		code := u.String()
		v.Urgencies = append(v.Urgencies, show.Choice{Value: code, Label: v.T("urgency." + code), Hint: v.T("new-ticket.urgency-" + code), Chosen: v.Chosen("urgency", code)})
	}
	v.Today = v.Now.Format(time.DateOnly)
}

func (v *newTicketPage) question(q store.Question) askedQuestion {
	name := "answer-" + q.Code
	field := askedQuestion{Field: v.FieldErr(name), Label: q.Label.In(v.Lang), Type: q.Type, Value: v.Value(name), Required: q.Required}
	switch q.Type {
	case "choice":
		field.Choices = []show.Choice{{Label: v.T("new-ticket.choose")}}
		for _, s := range q.Choices {
			field.Choices = append(field.Choices, show.Choice{Value: s, Label: s, Chosen: s == field.Value})
		}
	case "number":
		field.Type = "text" // a number field drops what it cannot read, and nothing typed may be lost
	}
	return field
}

// carry keeps what was typed while the page shows the way elsewhere, so that the person can read, copy and send it.
func (v *newTicketPage) carry() {
	if v.Form == nil {
		return
	}
	for name, all := range web.WithoutSecrets(v.Form.Values) {
		if slices.Contains([]string{"module", "kind", "requester", "act", "kept_file", "draft"}, name) {
			continue
		}
		for _, s := range all {
			if s != "" && len(v.Carried) < web.MaxCarried {
				v.Carried = append(v.Carried, web.Resumed{Name: name, Value: strings.ToValidUTF8(s, "\uFFFD")})
			}
		}
	}
	slices.SortFunc(v.Carried, func(x, y web.Resumed) int { return strings.Compare(x.Name, y.Name) })
	for _, f := range v.Kept() {
		v.Carried = append(v.Carried, web.Resumed{Name: "kept_file", Value: fmt.Sprint(f.ID)})
	}
	v.Typed = strings.TrimSpace(show.Joined("\n\n", v.Value("subject"), compose(&v.Page, v.Value)))
	if v.Away.Go == nil || !strings.HasPrefix(v.Away.Go.Address, "mailto:") {
		return
	}
	// Mail programs accept only short addresses: a long text must be copied.
	body := compose(&v.Page, v.Value)
	if len(body) > 1500 {
		body = ""
	}
	query := "?subject=" + url.PathEscape(v.Value("subject"))
	if body != "" {
		query += "&body=" + url.PathEscape(body)
	}
	v.Away.Go.Address += query
}

// carryAnswers keeps the answers to questions that the new module does not ask, because the choice may be undone.
func (v *newTicketPage) carryAnswers(l *catalogue.Level) {
	if v.Form == nil {
		return
	}
	v.Carried = nil
	for name, all := range v.Form.Values {
		code, ok := strings.CutPrefix(name, "answer-")
		asked := l != nil && slices.ContainsFunc(l.Questions, func(q store.Question) bool { return q.Code == code })
		if ok && !asked && all[0] != "" && len(v.Carried) < web.MaxCarried {
			v.Carried = append(v.Carried, web.Resumed{Name: name, Value: strings.ToValidUTF8(all[0], "\uFFFD")})
		}
	}
	slices.SortFunc(v.Carried, func(x, y web.Resumed) int { return strings.Compare(x.Name, y.Name) })
}

// compose writes the guided answers into the text, each below the name of its field.
func compose(p *web.Page, value func(string) string) string {
	parts := []string{value("body")}
	for _, name := range guide {
		if s := value(name); strings.TrimSpace(s) != "" {
			parts = append(parts, p.T("new-ticket.guide-"+name)+":\n"+s)
		}
	}
	return show.Joined("\n\n", parts...)
}

// whoReads fills in what happens next: which group reads the ticket, its working hours, and the usual times.
func (a pages) whoReads(r *web.Request, v *newTicketPage, l *catalogue.Level) error {
	set := r.Settings()
	v.Times = v.T("new-ticket.times", "least", set.WorkingHours["1"], "most", set.WorkingHours["4"])
	if l == nil && !v.NoModule {
		return nil
	}
	g, err := a.Desk.People.GroupByCode(store.GeneralGroup)
	if l != nil {
		g, err = a.Desk.People.Group(l.Group)
	}
	if err != nil {
		return err
	}
	v.Group, v.Hours = g.Name.In(v.Lang), g.Hours.In(v.Lang)
	if v.Hours == "" {
		v.Hours = set.Hours.In(v.Lang)
	}
	return nil
}

// postNewTicket opens the ticket, or only shows the form for another module if that button was pressed.
func (a pages) postNewTicket(r *web.Request) error {
	f := r.Form()
	v := &newTicketPage{Page: r.Page("new-ticket.title")}
	files := f.Files("files")
	if known, is := strings.CutPrefix(f.Raw("act"), "join-"); is {
		return a.joinKnown(r, f, known)
	}
	switch f.Raw("act") {
	case "choose":
		v.Refocus = true
		return a.newTicketPage(r, v, nil, f, f.Err())
	case "general":
		f.Values.Set("module", show.NoModule)
		return a.newTicketPage(r, v, nil, f, f.Err())
	}
	n, add, err := a.readNewTicket(r, v, f)
	n.Files = files
	if err == nil {
		err = f.Err()
	}
	var t *store.Ticket
	if err == nil {
		t, err = a.Desk.Tickets.Open(r.Actor(), n)
	}
	if err != nil {
		return a.newTicketPage(r, v, nil, f, err)
	}
	if len(add) > 0 {
		if _, err := a.Desk.Tickets.Do(r.Actor(), t.ID, ticket.Step{Add: add}); err != nil {
			a.Log.Warn("add participants to a new ticket", "ticket", t.ID, "err", err)
			return r.Done("flash.new-ticket-alone", address.Ticket(t.ID))
		}
	}
	return r.Done("flash.new-ticket", address.Ticket(t.ID))
}

// readNewTicket reads the form. It collects the problems in the form; the error is one that is not the person's fault.
func (a pages) readNewTicket(r *web.Request, v *newTicketPage, f *web.Form) (ticket.Opening, []string, error) {
	n := ticket.Opening{Kind: web.FormCode[store.TicketKind](f, "kind"), Severity: web.FormCode[store.Severity](f, "severity"), Urgency: web.FormCode[store.Urgency](f, "urgency"), Form: true}
	// Read in the order of the page, which is the order of the summary of problems.
	var err error
	if n.For, err = a.formRequester(r, f); err != nil {
		return n, nil, err
	}
	if n.For == 0 {
		n.Hat = hatChosen(r, f, a.Desk.Now())
	}
	level, err := a.formModule(f)
	if err != nil {
		return n, nil, err
	}
	if !f.Has("kind") {
		f.Refuse("kind", "error.choice")
	}
	if n.Subject = f.Text("subject", store.Most("tickets.subject")); n.Subject == "" {
		f.Refuse("subject", "error.subject-needed")
	}
	n.Body = compose(&v.Page, f.Body)
	if strings.TrimSpace(n.Body) == "" {
		f.Refuse("body", "error.body-needed")
	}
	if n.Narrowed = f.Bool("narrowed"); n.Narrowed && n.For != 0 {
		f.Refuse("narrowed", "error.narrow-own")
	}
	n.Affected, n.WorkedIn, n.Regression = f.Text("affected", store.Most("tickets.affected")), f.Text("worked_in", store.Most("tickets.worked_in")), f.Bool("regression")
	if level != nil {
		n.Module = level.ID
		n.Answers = map[string]string{}
		for _, q := range level.Questions {
			name := "answer-" + q.Code
			if n.Answers[q.Code] = f.Text(name, store.Tickets.MostOfEach("answers")); q.Required && n.Answers[q.Code] == "" {
				f.Refuse(name, "error.required")
			}
		}
	}
	n.Deadline = a.deadline(r, f, n.Urgency)
	if n.For == 0 {
		n.Browser = v.Lang
	}
	return n, formAddresses(f, "participants"), nil
}

// hats fills in the choice of the hat under which the reader opens the ticket, if there is one.
func (a pages) hats(v *newTicketPage, actor policy.Actor) error {
	hats := actor.Person.Hats(v.Now)
	if len(hats) < 2 {
		return nil
	}
	return a.Desk.Names(func(n desk.Names) {
		v.Hats = nil
		for _, h := range hats {
			value := show.HatValue(h.Hat())
			if slices.ContainsFunc(v.Hats, func(c show.Choice) bool { return c.Value == value }) {
				continue
			}
			label := ""
			if o := n.Organisation(h.Organisation); o != nil {
				label = o.Name
			}
			if h.Unit != 0 {
				label = show.Joined(catalogue.PathSeparator, label, n.Place(h.Organisation, h.Unit))
			}
			v.Hats = append(v.Hats, show.Choice{Value: value, Label: label, Chosen: v.Value("hat") == value})
		}
		if len(v.Hats) == 1 {
			v.Hats = nil
		}
	})
}

// knownVersion fills in the version that runs where the reader is, unless they wrote another one. It goes with the module
// and the hat: what was filled in for others is taken out again.
func (a pages) knownVersion(r *web.Request, v *newTicketPage, l *catalogue.Level) error {
	if v.Value("affected") == v.Value("known") {
		v.Form.Values.Del("affected")
	}
	if l == nil || v.Value("requester") != "" {
		return nil
	}
	hat := r.Actor().Person.Hat(v.Now)
	for _, h := range r.Actor().Person.Hats(v.Now) {
		if show.HatValue(h.Hat()) == v.Value("hat") {
			hat = h.Hat()
		}
	}
	i, err := a.Desk.Installations.Known(r.Actor(), hat, l.ID)
	if err != nil || i == nil {
		return err
	}
	v.Known = i.Version
	if v.Value("affected") == "" {
		v.Form.Values.Set("affected", i.Version)
	}
	return a.Desk.Names(func(n desk.Names) {
		v.KnownWords = v.T("new-ticket.known-version", "version", i.Version, "organisation", n.Place(i.Organisation, i.Unit))
	})
}

// hatChosen returns the hat chosen in the form, of those the reader has; zero when the form asks for none.
func hatChosen(r *web.Request, f *web.Form, now time.Time) store.Hat {
	value := f.Raw("hat")
	if value == "" {
		return store.Hat{}
	}
	for _, h := range r.Actor().Person.Hats(now) {
		if show.HatValue(h.Hat()) == value {
			return h.Hat()
		}
	}
	f.Refuse("hat", "error.hat")
	return store.Hat{}
}

// formModule returns the module chosen in the form, nil for "I do not know".
func (a pages) formModule(f *web.Form) (*catalogue.Level, error) {
	switch code := f.Raw("module"); code {
	case show.NoModule:
		return nil, nil
	case "":
		f.Refuse("module", "error.module-needed")
		return nil, nil
	default:
		l, err := a.Desk.Catalogue.LevelByCode(code)
		if fault.KindOf(err) == fault.NotFound {
			f.Refuse("module", "error.module-unknown")
			return nil, nil
		}
		return l, err
	}
}

// prefilled returns the date shown in the form: today if the urgency is today and no date was given.
func prefilled(p *web.Page) string {
	day := p.Value("deadline")
	if day == "" && p.Chosen("urgency", store.Today.String()) {
		return p.Now.Format(time.DateOnly)
	}
	return day
}

// deadline returns the date that belongs to an urgency; for today no date has to be given. A date without an hour means
// the end of that day's work, or the end of the day when today's work is over.
func (a pages) deadline(r *web.Request, f *web.Form, u store.Urgency) time.Time {
	if u != store.Today && u != store.Week {
		return time.Time{}
	}
	t := f.Time("deadline")
	if u == store.Today && f.Raw("deadline") == "" {
		t = a.Desk.Now().In(a.Desk.Location())
	}
	switch {
	case t.IsZero():
		if f.Raw("deadline") == "" {
			f.Refuse("deadline", "error.deadline-needed")
		}
		return t
	case len(f.Raw("deadline")) > len(time.DateOnly):
		return t
	}
	evening := time.Date(t.Year(), t.Month(), t.Day(), r.Settings().DayEnds, 0, 0, 0, t.Location())
	if now := a.Desk.Now(); evening.Before(now) {
		evening = time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 0, 0, t.Location())
	}
	return evening
}

// formRequester returns the person in whose name the ticket is opened, 0 for the actor.
func (a pages) formRequester(r *web.Request, f *web.Form) (uint64, error) {
	text := f.Text("requester", store.Most("people.email"))
	if text == "" {
		return 0, nil
	}
	found, err := a.Desk.People.PickRequesters(r.Actor(), text, 10)
	if err != nil {
		return 0, err
	}
	for _, p := range found {
		if strings.EqualFold(p.Email, text) || len(found) == 1 {
			return p.ID, nil
		}
	}
	if len(found) == 0 {
		f.Refuse("requester", "error.requester-unknown")
		return 0, nil
	}
	var names []string
	for _, p := range found {
		names = append(names, p.Name+" ("+p.Email+")")
	}
	f.Refuse("requester", "error.requester-several", "names", strings.Join(names, ", "))
	return 0, nil
}

// requesterAddress returns the address of a person given by number, if the actor may open tickets in their name.
func (a pages) requesterAddress(actor policy.Actor, s string) (string, error) {
	var id uint64
	if _, err := fmt.Sscanf(s, "%d", &id); err != nil || fmt.Sprint(id) != s {
		return s, nil
	}
	p, err := a.Desk.People.Requester(actor, id)
	if fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return p.Email, err
}

// formAddresses returns several addresses, separated by commas, semicolons or white space.
func formAddresses(f *web.Form, name string) []string {
	var out []string
	for _, s := range strings.FieldsFunc(f.Body(name), func(r rune) bool { return strings.ContainsRune(",; \t\n", r) }) {
		parsed, err := mail.ParseAddress(s)
		if err != nil || parsed.Address != s {
			f.Refuse(name, "error.address-of", "address", s)
			continue
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
