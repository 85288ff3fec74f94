package notice

import (
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// NamedRight is a right that a person was given or lost, with the name of its object: a group, an organisation or a
// unit. The name is empty for rights over the desk.
type NamedRight struct {
	Right string // administrator, editor, agent, supervisor, coordinator
	Over  store.Words
	Taken bool
}

// rightName returns the name of the right's object, empty if it no longer exists.
func rightName(tx *db.Tx, c store.RightChange) (store.Words, error) {
	same := func(s string) store.Words { return store.Words{IT: s, EN: s} }
	switch {
	case c.Group != 0:
		g, err := store.Groups.Peek(tx, c.Group)
		if err != nil {
			return store.Words{}, fault.IgnoreNotFound(err)
		}
		return g.Name, nil
	case c.Organisation != 0:
		o, err := store.Organisations.Peek(tx, c.Organisation)
		if err != nil {
			return store.Words{}, fault.IgnoreNotFound(err)
		}
		if c.Unit == 0 {
			return same(o.Name), nil
		}
		u, err := store.Units.Peek(tx, c.Unit)
		if err != nil {
			return store.Words{}, fault.IgnoreNotFound(err)
		}
		return same(o.Name + ", " + u.Name), nil
	}
	return store.Words{}, nil
}
