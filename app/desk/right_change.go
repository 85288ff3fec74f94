package desk

import (
	"encoding/json"
	"slices"

	"sportello/store"
)

// NamedRight is a right that somebody was given or lost, with the name of what it is over: a group, an organisation or
// a unit of one. The name is empty for rights over the desk.
type NamedRight struct {
	Right string // administrator, editor, agent, supervisor, coordinator
	Over  store.Words
	Taken bool
}

// rightChanges reads from a change of a person which rights it gave and took, those given first.
func rightChanges(c *store.Change) []store.RightChange {
	was, is := rightsIn(c, func(f store.Field) json.RawMessage { return f.Old }), rightsIn(c, func(f store.Field) json.RawMessage { return f.New })
	var out []store.RightChange
	for _, r := range is {
		if !slices.Contains(was, r) {
			out = append(out, r)
		}
	}
	for _, r := range was {
		if !slices.Contains(is, r) {
			r.Taken = true
			out = append(out, r)
		}
	}
	return out
}

// rightsIn lists the rights on one side of the change, among the fields that it touched.
func rightsIn(c *store.Change, side func(store.Field) json.RawMessage) []store.RightChange {
	var p struct {
		Administrator bool                 `json:"administrator"`
		Editor        bool                 `json:"editor"`
		Groups        []store.Membership   `json:"groups"`
		Coordinates   []store.Coordination `json:"coordinates"`
	}
	for name, to := range map[string]any{"administrator": &p.Administrator, "editor": &p.Editor, "groups": &p.Groups, "coordinates": &p.Coordinates} {
		if f, ok := c.Field(name); ok && len(side(f)) > 0 {
			_ = json.Unmarshal(side(f), to) // the log was written from the same types; what it says otherwise names no right
		}
	}
	var out []store.RightChange
	if p.Administrator {
		out = append(out, store.RightChange{Right: "administrator"})
	}
	if p.Editor {
		out = append(out, store.RightChange{Right: "editor"})
	}
	for _, m := range p.Groups {
		right := "agent"
		if m.Supervisor {
			right = "supervisor"
		}
		out = append(out, store.RightChange{Right: right, Group: m.Group})
	}
	for _, k := range p.Coordinates {
		out = append(out, store.RightChange{Right: "coordinator", Organisation: k.Organisation, Unit: k.Unit})
	}
	return out
}

// rightName is the name of what the right is over; what is gone has none.
func rightName(tx *store.Tx, c store.RightChange) (store.Words, error) {
	same := func(s string) store.Words { return store.Words{IT: s, EN: s} }
	switch {
	case c.Group != 0:
		g, err := store.Groups.Peek(tx, c.Group)
		if err != nil {
			return store.Words{}, ignoreNotFound(err)
		}
		return g.Name, nil
	case c.Organisation != 0:
		o, err := store.Organisations.Peek(tx, c.Organisation)
		if err != nil {
			return store.Words{}, ignoreNotFound(err)
		}
		if c.Unit == 0 {
			return same(o.Name), nil
		}
		u, err := store.Units.Peek(tx, c.Unit)
		if err != nil {
			return store.Words{}, ignoreNotFound(err)
		}
		return same(o.Name + ", " + u.Name), nil
	}
	return store.Words{}, nil
}
