package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/app/version"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Level is one level of the catalogue with what it inherits from the levels above. The embedded row has the level's own
// values.
type Level struct {
	*store.Module
	Depth        int           // 0 product, 1 area or module, 2 module
	Path         store.Words   // "U-GOV › Ricerca › Gestione Progetti"
	Above        []uint64      // the levels above, the product first
	Channel      store.Channel // here, desk or email
	Address      string
	Reason       store.Words
	Group        uint64 // never 0: the general group when no level names one
	Versions     []string
	Questions    []store.Question // including those of the levels above, which come first
	Confidential bool
	Retired      bool
	Below        int // number of levels directly below it that are not retired
}

// Here reports whether this desk works on tickets about the level.
func (l *Level) Here() bool { return l.Channel == store.Here }

// PathSeparator stands between the names of a path.
const PathSeparator = " › "

// Levels returns all levels, including retired ones, each product followed by the levels below it, in the
// administrator's order and then by name.
func (ct *Catalogue) Levels() ([]Level, error) {
	var out []Level
	err := ct.st.View(func(tx *db.Tx) (err error) {
		out, err = All(tx)
		return err
	})
	return out, err
}

// Level returns the level with the id, or a NotFound error.
func (ct *Catalogue) Level(id uint64) (*Level, error) {
	return ct.level(func(l Level) bool { return l.ID == id })
}

// LevelByCode returns the level with the code, or a NotFound error.
func (ct *Catalogue) LevelByCode(code string) (*Level, error) {
	return ct.level(func(l Level) bool { return l.Code == code })
}

func (ct *Catalogue) level(is func(Level) bool) (*Level, error) {
	levels, err := ct.Levels()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(levels, is)
	if i < 0 {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return &levels[i], nil
}

// All returns the whole tree. It has a few dozen rows, which are looked at each time so that the result is always current;
// they are shared and must not be changed.
func All(tx *db.Tx) ([]Level, error) {
	out, err := allLevels.Get(tx, struct{}{}, func() ([]Level, error) { return read(tx) })
	return slices.Clone(out), err
}

// allLevels are the levels as the rows of modules and groups make them.
var allLevels = db.Keep[struct{}, []Level](store.Modules, store.Groups)

func read(tx *db.Tx) ([]Level, error) {
	general, err := store.GroupsByCode.PeekFirst(tx, store.GeneralGroup)
	if err != nil {
		return nil, err
	}
	below := map[uint64][]*store.Module{}
	for m, err := range store.Modules.PeekAll(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		below[m.Parent] = append(below[m.Parent], m)
	}
	for _, list := range below {
		slices.SortFunc(list, func(x, y *store.Module) int {
			return cmp.Or(cmp.Compare(x.Order, y.Order), cmp.Compare(spelling.Fold(x.Name.In("it")), spelling.Fold(y.Name.In("it"))), cmp.Compare(x.Code, y.Code))
		})
	}
	var out []Level
	top := Level{Depth: -1, Channel: store.Here, Group: general.ID, Module: &store.Module{}}
	var walk func(above *Level)
	walk = func(above *Level) {
		for _, m := range below[above.ID] {
			l := inherit(above, m)
			for _, b := range below[m.ID] {
				if !b.Retired {
					l.Below++
				}
			}
			out = append(out, l)
			if l.Depth < maxDepth {
				walk(&l)
			}
		}
	}
	walk(&top)
	return out, nil
}

const maxDepth = 2

// inherit returns the level with the values that it takes from above. An address and a reason go together with their
// channel.
func inherit(above *Level, m *store.Module) Level {
	l := Level{Module: m, Depth: above.Depth + 1, Channel: m.Channel, Address: m.Address, Reason: m.Reason, Group: m.Group, Versions: m.Versions,
		Questions: slices.Concat(above.Questions, m.Questions), Confidential: above.Confidential || m.Confidential, Retired: above.Retired || m.Retired}
	if m.Channel == store.ChannelAbove {
		l.Channel, l.Address, l.Reason = above.Channel, above.Address, above.Reason
	}
	if m.Group == 0 {
		l.Group = above.Group
	}
	if len(m.Versions) == 0 {
		l.Versions = above.Versions
	}
	l.Path = m.Name
	if above.ID != 0 {
		l.Above = append(slices.Clone(above.Above), above.ID)
		l.Path = store.Words{IT: above.Path.In("it") + PathSeparator + m.Name.In("it"), EN: above.Path.In("en") + PathSeparator + m.Name.In("en")}
	}
	return l
}

// ModuleForm is a level as the administration submits it. Code is the last part of its code, Parent the level above;
// both are fixed once the level exists, because tickets and programs refer to it.
type ModuleForm struct {
	Parent       uint64
	Code         string
	Name         store.Words
	Description  store.Words
	Channel      store.Channel
	Address      string
	Reason       store.Words
	Group        uint64
	Versions     []string
	Schemes      []string // ranges of versions, as FROM..UNTIL; see store.Module
	Questions    []store.Question
	Confidential bool
	Access       store.AccessRule
	Order        int
	Retired      bool
}

// ModuleFormOf returns the form that leaves the level unchanged.
func ModuleFormOf(m *store.Module) ModuleForm {
	return ModuleForm{Parent: m.Parent, Code: m.Code[strings.LastIndexByte(m.Code, '/')+1:], Name: m.Name, Description: m.Description, Channel: m.Channel,
		Address: m.Address, Reason: m.Reason, Group: m.Group, Versions: slices.Clone(m.Versions), Schemes: schemeLines(m.Schemes), Questions: slices.Clone(m.Questions),
		Confidential: m.Confidential, Access: m.Access, Order: m.Order, Retired: m.Retired}
}

// AddModule adds a level to the catalogue. Only administrators may call it. It returns all problems as fault.Problems.
func (ct *Catalogue) AddModule(a policy.Actor, f ModuleForm) (*store.Module, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Module
	err := ct.st.Update(a.By(act.AddModule), func(tx *db.Tx) error {
		var wrong fault.Problems
		m := &store.Module{Parent: f.Parent, Code: entry.CleanCode(&wrong, "code", f.Code, 40)}
		if f.Parent != 0 {
			above, err := store.Modules.Get(tx, f.Parent)
			switch {
			case err != nil:
				wrong.Add("parent", "error.module-unknown")
			case strings.Count(above.Code, "/") >= maxDepth:
				wrong.Add("parent", "error.module-depth")
			default:
				m.Code = above.Code + "/" + m.Code
			}
		}
		if store.ModulesByCode.Has(tx, m.Code) {
			wrong.Add("code", "error.code-taken")
		}
		fillModule(tx, m, f, &wrong)
		if err := wrong.Err(); err != nil {
			return err
		}
		out = m
		return store.Modules.Put(tx, m)
	})
	return out, err
}

// ChangeModule changes the level to match the form, except its place and code. Retired levels take no new tickets.
func (ct *Catalogue) ChangeModule(a policy.Actor, id, saw uint64, f ModuleForm) (*store.Module, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.Module
	err := ct.st.Update(a.By(act.ChangeModule), func(tx *db.Tx) error {
		m, err := store.Modules.Get(tx, id)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, m.Rev); err != nil {
			return err
		}
		var wrong fault.Problems
		if f.Code != "" && f.Code != m.Code[strings.LastIndexByte(m.Code, '/')+1:] {
			wrong.Add("code", "error.code-fixed")
		}
		fillModule(tx, m, f, &wrong)
		if err := wrong.Err(); err != nil {
			return err
		}
		out = m
		return store.Modules.Put(tx, m)
	})
	return out, err
}

func fillModule(tx *db.Tx, m *store.Module, f ModuleForm, wrong *fault.Problems) {
	m.Name = entry.CleanName(wrong, "name", f.Name, entry.MaxShort)
	m.Description = entry.CleanTexts(wrong, "description", f.Description, entry.MaxWords)
	m.Reason = entry.CleanTexts(wrong, "reason", f.Reason, entry.MaxWords)
	m.Channel, m.Address = f.Channel, checkChannel(wrong, f.Channel, f.Address)
	m.Group = f.Group
	if f.Group != 0 {
		if g, err := store.Groups.Get(tx, f.Group); err != nil || g.Retired {
			wrong.Add("group", "error.group-unknown")
		}
	}
	m.Versions = entry.CleanLines(f.Versions)
	if len(m.Versions) > 100 {
		wrong.Add("versions", "error.too-many-of", "max", store.Modules.Most("versions"))
	}
	for _, v := range m.Versions {
		entry.CleanLine(wrong, "versions", v, store.Modules.MostOfEach("versions"))
	}
	m.Schemes = checkSchemes(wrong, f.Schemes)
	m.Questions = checkQuestions(wrong, f.Questions)
	m.Confidential, m.Access, m.Order, m.Retired = f.Confidential, f.Access, f.Order, f.Retired
}

// schemeLines returns the ways of numbering as people write them.
func schemeLines(in []store.Range) []string {
	var out []string
	for _, r := range in {
		out = append(out, r.From+".."+r.Until)
	}
	return out
}

// checkSchemes reads the ways of numbering, and adds their problems.
func checkSchemes(wrong *fault.Problems, lines []string) []store.Range {
	var out []store.Range
	for _, line := range entry.CleanLines(lines) {
		from, until, is := strings.Cut(line, "..")
		r := store.Range{From: entry.CleanLine(wrong, "schemes", from, store.Modules.Most("schemes.from")), Until: entry.CleanLine(wrong, "schemes", until, store.Modules.Most("schemes.until"))}
		switch {
		case !is || r.From == "" && r.Until == "":
			wrong.Add("schemes", "error.scheme", "line", line)
		case r.From != "" && r.Until != "" && version.Compare(r.From, r.Until) >= 0:
			wrong.Add("schemes", "error.range-empty", "from", r.From, "until", r.Until)
		default:
			out = append(out, r)
		}
	}
	if most := store.Modules.Most("schemes"); len(out) > most {
		wrong.Add("schemes", "error.too-many-of", "max", most)
	}
	return out
}

// checkChannel returns the cleaned address, and adds a problem if it does not fit the channel. The address may be
// missing: the page then says so and offers the general group.
func checkChannel(wrong *fault.Problems, channel store.Channel, address string) string {
	address = markup.Line(address)
	switch {
	case channel > store.ByEmail:
		wrong.Add("channel", "error.code", "value", channel.String())
	case address == "":
	case channel == store.OtherDesk:
		if !entry.WebAddress(address, "https") {
			wrong.Add("address", "error.address-https")
		}
	case channel == store.ByEmail:
		if address = spelling.Address(address); !entry.IsAddress(address) {
			wrong.Add("address", "error.email")
		}
	default:
		wrong.Add("address", "error.address-here")
	}
	return address
}

// QuestionTypes lists the types of questions.
var QuestionTypes = []string{"text", "choice", "number", "date"}

var maxQuestions = store.Modules.Most("questions")

// checkQuestions returns the cleaned questions and adds their problems as questions-N, counted from 1.
func checkQuestions(wrong *fault.Problems, in []store.Question) []store.Question {
	if len(in) > maxQuestions {
		wrong.Add("questions", "error.too-many-of", "max", maxQuestions)
		return nil
	}
	var out []store.Question
	for i, q := range in {
		field := "questions-" + strconv.Itoa(i+1)
		q.Code = entry.CleanCode(wrong, field, q.Code, store.Modules.Most("questions.code"))
		if slices.ContainsFunc(out, func(o store.Question) bool { return o.Code == q.Code }) {
			wrong.Add(field, "error.code-taken")
		}
		var label fault.Problems
		q.Label = entry.CleanName(&label, field, q.Label, entry.MaxName)
		for _, e := range label {
			*wrong = append(*wrong, e.At(field))
		}
		q.Choices = entry.CleanLines(q.Choices)
		switch {
		case !slices.Contains(QuestionTypes, q.Type):
			wrong.Add(field, "error.question-type", "value", q.Type)
		case q.Type == "choice" && (len(q.Choices) < 2 || len(q.Choices) > 50):
			wrong.Add(field, "error.question-choices", "max", 50)
		case q.Type != "choice":
			q.Choices = nil
		}
		for _, c := range q.Choices {
			entry.CleanLine(wrong, field, c, entry.MaxName)
		}
		out = append(out, q)
	}
	return out
}

// RemoveModule removes a level that is not in use. It returns Conflict "error.module-in-use" while a level below, a
// ticket, an article, an installation, a release, a receipt, an invitation or a request for credentials refers to it; such a level can be retired.
// Affiliations forget it; who follows it and its technical contacts go with it.
func (ct *Catalogue) RemoveModule(a policy.Actor, id uint64) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	var wear []uint64
	since := ct.st.Last()
	err := ct.st.View(func(tx *db.Tx) error { // reads everybody: not while others wait to write
		wear = nil
		for p, err := range store.People.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if wears(p, id) {
				wear = append(wear, p.ID)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return ct.st.Update(a.By(act.RemoveModule), func(tx *db.Tx) error {
		if _, err := store.Modules.Get(tx, id); err != nil {
			return err
		}
		used := store.ModulesByParent.Has(tx, id) || store.TicketsByModule.Has(tx, id) || store.ArticlesByModule.Has(tx, id) ||
			store.InstallationsByModule.Has(tx, id) || store.ReleasesByModule.Has(tx, id) || store.ReceiptsByModule.Has(tx, id) ||
			store.TemplatesByModule.Has(tx, id) || store.PlansByModule.Has(tx, id) || store.AccessRequestsByModule.Has(tx, id) || store.ProblemsByModule.Has(tx, id)
		if !used {
			var err error
			if used, err = people.InSpam(tx, func(t *store.Ticket) bool { return t.Module == id }); err != nil {
				return err
			}
		}
		for i, err := range store.Invitations.All(tx, 0, false) {
			if err != nil {
				return err
			}
			used = used || slices.Contains(i.Modules, id)
		}
		if used {
			return entry.Conflict("error.module-in-use")
		}
		meanwhile := map[uint64]bool{}
		for c, err := range tx.Changes(since) {
			if err != nil {
				return err
			}
			if c.Table == store.People.Name() && c.Op != db.Remove {
				meanwhile[c.ID] = true
			}
		}
		if err := forget(tx, id, slices.AppendSeq(slices.Clone(wear), maps.Keys(meanwhile))); err != nil {
			return err
		}
		return store.Modules.Delete(tx, id)
	})
}

// wears reports whether an affiliation of the person names the module, also one that has ended.
func wears(p *store.Person, module uint64) bool {
	return slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool { return slices.Contains(h.Modules, module) })
}

// forget takes the module out of the affiliations of the people, and removes who follows it and its technical contacts.
func forget(tx *db.Tx, module uint64, among []uint64) error {
	for _, id := range among {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		if !wears(p, module) {
			continue
		}
		p.Affiliations = slices.Clone(p.Affiliations)
		for i := range p.Affiliations {
			h := &p.Affiliations[i]
			h.Modules = slices.DeleteFunc(slices.Clone(h.Modules), func(m uint64) bool { return m == module })
		}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
	}
	for _, e := range slices.Collect(store.FollowingsByModule.Entries(tx, db.Span{Prefix: key.Of(module)})) {
		if err := store.Followings.Delete(tx, e.ID); err != nil {
			return err
		}
	}
	var contacts []uint64
	for c, err := range store.Contacts.All(tx, 0, false) {
		if err != nil {
			return err
		}
		if c.Module == module {
			contacts = append(contacts, c.ID)
		}
	}
	for _, id := range contacts {
		if err := store.Contacts.Delete(tx, id); err != nil {
			return err
		}
	}
	return nil
}

// Contact says whom to ask for credentials for a product: its support group, or another desk or mailbox.
type Contact struct {
	Product *Level
	Group   *store.Group // nil when the product is served elsewhere and its address is known
	Areas   []Contact    // areas with another group, or served elsewhere
}

// Contacts returns, for each product and for areas that differ from it, who issues credentials and how to reach them.
// Everyone may call it, because the sign-in page shows the contacts.
func (ct *Catalogue) Contacts() ([]Contact, error) {
	var out []Contact
	err := ct.st.View(func(tx *db.Tx) error {
		out = nil
		levels, err := All(tx)
		if err != nil {
			return err
		}
		rows, err := people.Groups(tx)
		if err != nil {
			return err
		}
		byID := map[uint64]*store.Group{}
		for _, g := range rows {
			byID[g.ID] = g
		}
		for i := range levels {
			l := &levels[i]
			if l.Retired {
				continue
			}
			c := Contact{Product: l, Group: byID[l.Group]}
			if !l.Here() && l.Address != "" {
				c.Group = nil
			}
			switch {
			case l.Depth == 0:
				out = append(out, c)
			case l.Depth == 1 && len(out) > 0:
				p := &out[len(out)-1]
				if l.Module.Group != 0 && l.Group != p.Product.Group || l.Channel != p.Product.Channel || l.Address != p.Product.Address {
					p.Areas = append(p.Areas, c)
				}
			}
		}
		return nil
	})
	return out, err
}
