package catalogue

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/assets"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/enum"
	"sportello/store/fault"
)

// catalogueFile is the catalogue with the groups in the format of assets/catalogue.toml.
type catalogueFile struct {
	Groups  []groupRecord  `toml:"group"`
	Modules []moduleRecord `toml:"module"`
}

type groupRecord struct {
	Code         string       `toml:"code"`
	Name         store.Words  `toml:"name,inline"`
	Description  *store.Words `toml:"description,inline,omitempty"`
	Email        string       `toml:"email,omitempty"`
	Phone        string       `toml:"phone,omitempty"`
	Hours        *store.Words `toml:"hours,inline,omitempty"`
	Confidential bool         `toml:"confidential,omitempty"`
	Retired      bool         `toml:"retired,omitempty"`
}

type moduleRecord struct {
	Code         string           `toml:"code"`
	Name         store.Words      `toml:"name,inline"`
	Description  *store.Words     `toml:"description,inline,omitempty"`
	Channel      string           `toml:"channel,omitempty"`
	Address      string           `toml:"address,omitempty"`
	Reason       *store.Words     `toml:"reason,inline,omitempty"`
	Group        string           `toml:"group,omitempty"`
	Versions     []string         `toml:"versions,omitempty"`
	Schemes      []string         `toml:"schemes,omitempty"`
	Confidential bool             `toml:"confidential,omitempty"`
	Access       string           `toml:"access,omitempty"`
	Order        int              `toml:"order,omitempty"`
	Retired      bool             `toml:"retired,omitempty"`
	Questions    []questionRecord `toml:"questions,omitempty"`
}

type questionRecord struct {
	Code     string      `toml:"code"`
	Label    store.Words `toml:"label,inline"`
	Type     string      `toml:"type"`
	Choices  []string    `toml:"choices,omitempty"`
	Required bool        `toml:"required,omitempty"`
}

// Imported counts the rows that an import added and updated.
type Imported struct{ Added, Updated int }

const maxCatalogue = 4 << 20 // bytes

// Import reads groups and levels from a TOML file and adds or updates them by code, all or none. Rows that the file
// does not name stay unchanged. A level must come after the one above it. Only administrators may call it. It returns
// all problems as fault.Problems, with fields like "module u-gov/ricerca: channel".
func (ct *Catalogue) Import(a policy.Actor, r io.Reader) (Imported, error) {
	if err := policy.MayAdminister(a); err != nil {
		return Imported{}, err
	}
	f, err := readCatalogue(r)
	if err != nil {
		return Imported{}, err
	}
	var out Imported
	err = ct.st.Update(a.By(act.ImportCatalogue), func(tx *db.Tx) (err error) {
		out, err = f.put(tx)
		return err
	})
	return out, err
}

func readCatalogue(r io.Reader) (*catalogueFile, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxCatalogue+1))
	if err != nil {
		return nil, fmt.Errorf("desk: read catalogue: %w", err)
	}
	if len(raw) > maxCatalogue {
		return nil, fault.New(fault.TooLarge, "error.file-too-large", "megabytes", maxCatalogue>>20)
	}
	var f catalogueFile
	dec := toml.NewDecoder(strings.NewReader(string(raw))).DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		line := 0
		if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok && len(strict.Errors) > 0 {
			line, _ = strict.Errors[0].Position()
		} else if syntax, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, _ = syntax.Position()
		}
		e := fault.New(fault.Invalid, "error.catalogue-file", "line", line, "reason", err.Error()).At("file")
		e.Err = err
		return nil, e
	}
	return &f, nil
}

func (f *catalogueFile) put(tx *db.Tx) (Imported, error) {
	var n Imported
	var all fault.Problems
	collect := func(what, code string, wrong fault.Problems) {
		for _, e := range wrong {
			all = append(all, e.At(what+" "+code+": "+e.Field))
		}
	}
	for _, r := range f.Groups {
		var wrong fault.Problems
		if err := putGroup(tx, r, &wrong, &n); err != nil {
			return n, err
		}
		collect("group", r.Code, wrong)
	}
	for _, r := range f.Modules {
		var wrong fault.Problems
		if err := putModule(tx, r, &wrong, &n); err != nil {
			return n, err
		}
		collect("module", r.Code, wrong)
	}
	return n, all.Err()
}

func putGroup(tx *db.Tx, r groupRecord, wrong *fault.Problems, n *Imported) error {
	entry.CleanCode(wrong, "code", r.Code, 40)
	g, err := store.GroupsByCode.First(tx, r.Code)
	if errors.Is(err, fault.ErrNotFound) {
		g, err = &store.Group{Code: r.Code}, nil
	}
	if err != nil {
		return err
	}
	before := *g
	if r.Retired && g.Code == store.GeneralGroup {
		wrong.Add("retired", "error.group-general")
	}
	form := people.GroupForm{Name: r.Name, Description: deref(r.Description), Email: r.Email, Phone: r.Phone, Hours: deref(r.Hours), Confidential: r.Confidential, Retired: r.Retired}
	if people.FillGroup(g, form, wrong) != nil {
		return nil // the problems are in wrong
	}
	return putIfNew(tx, store.Groups, &before, g, g.ID, n)
}

func putModule(tx *db.Tx, r moduleRecord, wrong *fault.Problems, n *Imported) error {
	m, err := store.ModulesByCode.First(tx, r.Code)
	if errors.Is(err, fault.ErrNotFound) {
		m, err = &store.Module{Code: r.Code}, nil
	}
	if err != nil {
		return err
	}
	before := *m
	parts := strings.Split(r.Code, "/")
	for _, p := range parts {
		entry.CleanCode(wrong, "code", p, 40)
	}
	form := ModuleForm{Name: r.Name, Description: deref(r.Description), Address: r.Address, Reason: deref(r.Reason), Versions: r.Versions, Schemes: r.Schemes,
		Confidential: r.Confidential, Access: entry.Coded[store.AccessRule](wrong, "access", r.Access), Order: r.Order, Retired: r.Retired}
	switch {
	case len(parts) > maxDepth+1:
		wrong.Add("code", "error.module-depth")
	case len(parts) > 1:
		above, err := store.ModulesByCode.First(tx, strings.Join(parts[:len(parts)-1], "/"))
		if err != nil {
			wrong.Add("code", "error.module-above", "code", strings.Join(parts[:len(parts)-1], "/"))
		} else {
			m.Parent = above.ID
		}
	}
	if form.Channel, err = enum.Parse[store.Channel](r.Channel); err != nil {
		wrong.Add("channel", "error.code", "value", r.Channel)
	}
	if r.Group != "" {
		g, err := store.GroupsByCode.First(tx, r.Group)
		if err != nil {
			wrong.Add("group", "error.group-unknown")
		} else {
			form.Group = g.ID
		}
	}
	for _, q := range r.Questions {
		form.Questions = append(form.Questions, store.Question(q))
	}
	fillModule(tx, m, form, wrong)
	if len(*wrong) > 0 {
		return nil
	}
	return putIfNew(tx, store.Modules, &before, m, m.ID, n)
}

// putIfNew writes a row that is new or has changed, and counts it.
func putIfNew[T any](tx *db.Tx, table *db.Table[T], before, row *T, id uint64, n *Imported) error {
	switch {
	case id == 0:
		n.Added++
	case reflect.DeepEqual(before, row):
		return nil
	default:
		n.Updated++
	}
	return table.Put(tx, row)
}

func deref(w *store.Words) store.Words {
	if w == nil {
		return store.Words{}
	}
	return *w
}

func ref(w store.Words) *store.Words {
	if w == (store.Words{}) {
		return nil
	}
	return &w
}

// Export writes groups and levels in the format that Import reads. Only administrators may call it.
func (ct *Catalogue) Export(a policy.Actor, w io.Writer) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	var f catalogueFile
	err := ct.st.View(func(tx *db.Tx) error {
		f = catalogueFile{}
		rows, err := people.Groups(tx)
		if err != nil {
			return err
		}
		codes := map[uint64]string{}
		for _, g := range rows {
			codes[g.ID] = g.Code
			f.Groups = append(f.Groups, groupRecord{Code: g.Code, Name: g.Name, Description: ref(g.Description), Email: g.Email, Phone: g.Phone,
				Hours: ref(g.Hours), Confidential: g.Confidential, Retired: g.Retired})
		}
		levels, err := All(tx)
		if err != nil {
			return err
		}
		for _, l := range levels {
			m := l.Module
			r := moduleRecord{Code: m.Code, Name: m.Name, Description: ref(m.Description), Channel: m.Channel.String(), Address: m.Address, Reason: ref(m.Reason),
				Group: codes[m.Group], Versions: m.Versions, Schemes: schemeLines(m.Schemes), Confidential: m.Confidential, Access: m.Access.String(), Order: m.Order, Retired: m.Retired}
			for _, q := range m.Questions {
				r.Questions = append(r.Questions, questionRecord(q))
			}
			f.Modules = append(f.Modules, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	raw, err := toml.Marshal(f)
	if err != nil {
		return fmt.Errorf("desk: write catalogue: %w", err)
	}
	_, err = w.Write(raw)
	return err
}

// builtin returns the catalogue of a new desk.
func builtin() (*catalogueFile, error) {
	return readCatalogue(strings.NewReader(string(assets.Catalogue)))
}
