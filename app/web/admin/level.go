package admin

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// adminLevelPage is the form of one level of the catalogue.
type adminLevelPage struct {
	show.AdminPage
	New       bool
	ID        uint64
	Code      string
	Parents   []show.Choice
	Top       bool // a product, with no level above it
	Channels  []adminChannel
	Rules     []show.Choice // who must agree before somebody gets credentials
	Groups    []show.Choice
	Above     string   // name of the group of the level above
	Versions  string   // those of the level above
	Asked     []string // questions of the levels above
	Rows      []adminQuestion
	RowCount  int
	Below     []web.Link
	AddBelow  string
	Secret    bool // confidential because the level above is
	Retired   bool // retired because the level above is
	TypeWords []show.Choice
}

type adminChannel struct {
	show.Choice
	Hint string
}

// adminQuestion is a row of the questions; Field is the prefix of its field names.
type adminQuestion struct {
	Number                         int
	Field                          string
	Code, It, En, Choices, Place   string
	Types                          []show.Choice
	Required, Removed, Known, Open bool
}

// mostQuestionRows limits the rows of a posted form.
const mostQuestionRows = 40

func questionField(n int, part string) string { return "questions-" + strconv.Itoa(n) + part }

func levelValues(m *store.Module) url.Values {
	v := url.Values{"channel": {m.Channel.String()}, "address": {m.Address}, "group": {show.IDValue(m.Group)}, "versions": {strings.Join(m.Versions, "\n")}, "schemes": {strings.Join(catalogue.ModuleFormOf(m).Schemes, "\n")},
		"confidential": show.Boxed(m.Confidential), "access": {m.Access.String()}, "retired": show.Boxed(m.Retired), "order": {strconv.Itoa(m.Order)}, "rev": {strconv.FormatUint(m.Rev, 10)},
		"rows": {strconv.Itoa(len(m.Questions))}}
	setWords(v, "name", m.Name)
	setWords(v, "description", m.Description)
	setWords(v, "reason", m.Reason)
	for i, q := range m.Questions {
		n := i + 1
		v.Set(questionField(n, "-code"), q.Code)
		setWords(v, questionField(n, ""), q.Label)
		v.Set(questionField(n, "-type"), q.Type)
		v.Set(questionField(n, "-choices"), strings.Join(q.Choices, "\n"))
		v.Set(questionField(n, "-place"), strconv.Itoa(n))
		v[questionField(n, "-required")] = show.Boxed(q.Required)
	}
	return v
}

var levelFields = []show.AdminField{{Name: "name-it", Key: "admin.name-it"}, {Name: "name-en", Key: "admin.name-en"}, {Name: "description-it", Key: "admin.description-it"},
	{Name: "description-en", Key: "admin.description-en"}, {Name: "address", Key: "admin-catalogue.address"}, {Name: "reason-it", Key: "admin-catalogue.reason-it"},
	{Name: "reason-en", Key: "admin-catalogue.reason-en"}, {Name: "versions", Key: "admin-catalogue.versions"}, {Name: "schemes", Key: "admin-catalogue.schemes"}, {Name: "order", Key: "admin-catalogue.order"}}

func (a pages) getNewLevel(r *web.Request) error { return a.newLevelPage(r, nil, nil) }

func (a pages) newLevelPage(r *web.Request, f *web.Form, err error) error {
	v := &adminLevelPage{AdminPage: show.Admin(a.Site, r, "catalogue", "admin-catalogue.new"), New: true}
	v.End(v.Title)
	if f == nil && !v.Resume(r) {
		v.Fill(url.Values{"parent": {r.QueryForm().Raw("parent")}})
	}
	if f != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
	}
	return a.levelForm(r, v, nil)
}

func (a pages) getLevel(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	return a.levelPage(r, n, nil, nil)
}

func (a pages) levelPage(r *web.Request, id uint64, f *web.Form, err error) error {
	l, bad := a.Desk.Catalogue.Level(id)
	if bad != nil {
		return bad
	}
	v := &adminLevelPage{AdminPage: show.Admin(a.Site, r, "catalogue", "admin-catalogue.level", "name", l.Name.In(r.Lang())), ID: l.ID, Code: l.Code}
	v.Path = address.Admin("catalogue", l.ID)
	now := levelValues(l.Module)
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if f.Has("remove") {
			show.FieldUnder(f, now)
		}
		if err := v.Again(f, err, now, levelFields); err != nil {
			return err
		}
	}
	return a.levelForm(r, v, l)
}

// levelForm fills in what the form needs besides its values. l is nil for a new level.
func (a pages) levelForm(r *web.Request, v *adminLevelPage, l *catalogue.Level) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	s, err := a.surroundings(r)
	if err != nil {
		return err
	}
	byID := map[uint64]*catalogue.Level{}
	for i := range levels {
		byID[levels[i].ID] = &levels[i]
	}
	var above *catalogue.Level
	if l != nil {
		above = byID[l.Parent]
		for _, id := range l.Above {
			v.Crumb(byID[id].Name.In(v.Lang), address.Admin("catalogue", id))
		}
		v.End(l.Name.In(v.Lang))
	} else {
		parent, _ := strconv.ParseUint(v.Value("parent"), 10, 64)
		above = byID[parent]
		v.Parents = append(v.Parents, show.Choice{Value: "", Label: v.T("admin-catalogue.no-parent"), Chosen: above == nil})
	}
	v.Top = l != nil && above == nil
	for _, o := range levels {
		if l == nil && o.Depth < 2 && !o.Retired {
			v.Parents = append(v.Parents, show.Choice{Value: show.IDValue(o.ID), Label: o.Path.In(v.Lang), Chosen: above != nil && above.ID == o.ID})
		}
		if l != nil && o.Parent == l.ID {
			v.Below = append(v.Below, web.Link{Label: o.Name.In(v.Lang), Address: address.Admin("catalogue", o.ID)})
		}
	}
	if l != nil && l.Depth < 2 {
		v.AddBelow = "/admin/catalogue/new?parent=" + show.IDValue(l.ID)
	}
	v.inherited(s, above)
	v.channels(above)
	v.groups(s)
	v.questions()
	return r.Render("page/admin-level", v)
}

// inherited shows what the level takes from the one above where it has no value of its own.
func (v *adminLevelPage) inherited(s *surroundings, above *catalogue.Level) {
	if above == nil {
		for _, g := range s.groups {
			if g.Code == store.GeneralGroup {
				v.Above = g.Name.In(v.Lang)
			}
		}
		return
	}
	v.Above = s.group(above.Group)
	v.Versions = strings.Join(above.Versions, ", ")
	v.Secret, v.Retired = above.Confidential, above.Retired
	for _, q := range above.Questions {
		v.Asked = append(v.Asked, q.Label.In(v.Lang))
	}
}

func (v *adminLevelPage) channels(above *catalogue.Level) {
	chosen := v.Value("channel")
	add := func(code, label string) {
		v.Channels = append(v.Channels, adminChannel{show.Choice{Value: code, Label: label, Chosen: chosen == code}, v.T("admin-catalogue.channel-hint-" + cmp.Or(code, "above"))})
	}
	switch {
	case above != nil || v.New:
		label := v.T("admin-catalogue.channel-above")
		if above != nil {
			label = v.T("admin-catalogue.channel-above-is", "channel", v.T("admin-catalogue.channel-"+above.Channel.String()))
		}
		add("", label)
	case chosen == "":
		chosen = store.Here.String()
	}
	for _, ch := range []store.Channel{store.Here, store.OtherDesk, store.ByEmail} {
		add(ch.String(), v.T("admin-catalogue.channel-"+ch.String()))
	}
}

func (v *adminLevelPage) groups(s *surroundings) {
	chosen := v.Value("group")
	for _, rule := range store.AccessRules {
		code := rule.String()
		v.Rules = append(v.Rules, show.Choice{Value: code, Label: v.T("admin-catalogue.access-" + cmp.Or(code, "above")), Chosen: v.Value("access") == code})
	}
	v.Groups = append(v.Groups, show.Choice{Value: "", Label: v.T("admin-catalogue.group-above", "group", v.Above), Chosen: chosen == ""})
	for _, g := range s.groups {
		if id := show.IDValue(g.ID); !g.Retired || id == chosen {
			v.Groups = append(v.Groups, show.Choice{Value: id, Label: g.Name.In(v.Lang), Chosen: id == chosen})
		}
	}
}

// questions adds a row for each question of the form, and two empty ones.
func (v *adminLevelPage) questions() {
	for n := range rowCount(v.Form) {
		n++
		if row := v.question(n); row.Code != "" || row.It != "" || row.En != "" || row.Choices != "" {
			v.Rows = append(v.Rows, row)
			v.RowCount = n
		}
	}
	for range show.SpareRows {
		v.RowCount++
		row := v.question(v.RowCount)
		row.Code, row.It, row.En, row.Choices, row.Place, row.Required, row.Removed, row.Known = "", "", "", "", strconv.Itoa(v.RowCount), false, false, false
		v.Rows = append(v.Rows, row)
	}
}

func rowCount(f *web.Form) int {
	n, _ := strconv.Atoi(f.Values.Get("rows"))
	return max(0, min(n, mostQuestionRows))
}

func (v *adminLevelPage) question(n int) adminQuestion {
	value := func(part string) string { return v.Value(questionField(n, part)) }
	row := adminQuestion{Number: n, Field: questionField(n, ""), Code: value("-code"), It: value("-it"), En: value("-en"), Choices: value("-choices"),
		Place: cmp.Or(value("-place"), strconv.Itoa(n)), Required: value("-required") != "", Removed: value("-remove") != ""}
	row.Known = row.Code != ""
	row.Open = v.Err(row.Field) != ""
	for _, t := range catalogue.QuestionTypes {
		row.Types = append(row.Types, show.Choice{Value: t, Label: v.T("admin-catalogue.type-" + t), Chosen: t == cmp.Or(value("-type"), "text")})
	}
	return row
}

// readLevel reads the form. rows has, for each question in the result, its row in the form.
func readLevel(f *web.Form) (form catalogue.ModuleForm, rows []int) {
	form = catalogue.ModuleForm{Parent: f.ID("parent"), Code: f.Text("code", store.Most("modules.code")), Name: wordsIn(f, "name", store.Most("modules.name.it")), Description: textsIn(f, "description"),
		Channel: web.FormCode[store.Channel](f, "channel"), Address: f.Text("address", store.Most("modules.address")), Reason: textsIn(f, "reason"), Group: f.ID("group"),
		Versions: f.Lines("versions"), Schemes: f.Lines("schemes"), Confidential: f.Bool("confidential"), Access: web.FormCode[store.AccessRule](f, "access"), Order: f.Int("order", -1000, 1000, 0), Retired: f.Bool("retired")}
	type placed struct {
		store.Question
		row, place int
	}
	var all []placed
	for n := range rowCount(f) {
		n++
		q := store.Question{Code: f.Text(questionField(n, "-code"), 40), Label: wordsIn(f, questionField(n, ""), 200), Type: f.Raw(questionField(n, "-type")),
			Choices: f.Lines(questionField(n, "-choices")), Required: f.Bool(questionField(n, "-required"))}
		empty := q.Code == "" && q.Label == (store.Words{}) && len(q.Choices) == 0
		if empty || f.Bool(questionField(n, "-remove")) {
			continue
		}
		all = append(all, placed{q, n, f.Int(questionField(n, "-place"), 0, 1000, n)})
	}
	slices.SortStableFunc(all, func(x, y placed) int { return cmp.Compare(x.place, y.place) })
	for _, q := range all {
		if q.Code == "" {
			q.Code = freeCode(q.Label, form.Questions)
		}
		form.Questions = append(form.Questions, q.Question)
		rows = append(rows, q.row)
	}
	return form, rows
}

// freeCode makes the code of a new question from its words. Programs use it; people never see it.
func freeCode(label store.Words, taken []store.Question) string {
	base := markup.Slug(label.In("it"))
	if base == "" {
		base = "domanda"
	}
	if len(base) > 36 {
		base = strings.Trim(base[:36], "-")
	}
	code := base
	for n := 2; slices.ContainsFunc(taken, func(q store.Question) bool { return q.Code == code }); n++ {
		code = base + "-" + strconv.Itoa(n)
	}
	return code
}

// toRows moves the problems of questions to their rows in the form. If rows is nil, the fields name rows already.
func toRows(err error, rows []int) error {
	return moveProblems(err, func(field string) string {
		rest, ok := strings.CutPrefix(field, "questions-")
		number, _, _ := strings.Cut(rest, "-")
		n, bad := strconv.Atoi(number)
		switch {
		case !ok || bad != nil || n < 1:
			return field
		case n <= len(rows):
			n = rows[n-1]
		}
		return questionField(n, "")
	})
}

func (a pages) postNewLevel(r *web.Request) error {
	f := r.Form()
	form, rows := readLevel(f)
	err := toRows(f.Err(), nil)
	var m *store.Module
	if err == nil {
		m, err = a.Desk.Catalogue.AddModule(r.Actor(), form)
		err = toRows(err, rows)
	}
	if err != nil {
		return a.newLevelPage(r, f, err)
	}
	return r.Done("flash.level-added", address.Admin("catalogue", m.ID), "name", m.Name.In(r.Lang()))
}

func (a pages) postLevel(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	f := r.Form()
	form, rows := readLevel(f)
	form.Code = "" // the code cannot be changed
	if err = toRows(f.Err(), nil); err == nil {
		_, err = a.Desk.Catalogue.ChangeModule(r.Actor(), n, f.ID("rev"), form)
		err = toRows(err, rows)
	}
	if err != nil {
		return a.levelPage(r, n, f, err)
	}
	return r.Done("flash.level-saved", address.Admin("catalogue", n), "name", form.Name.In(r.Lang()))
}

func (a pages) postRemoveLevel(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	if err := a.Desk.Catalogue.RemoveModule(r.Actor(), n); err != nil {
		return a.levelPage(r, n, r.Form(), err)
	}
	return r.Done("flash.level-removed", "/admin/catalogue")
}
