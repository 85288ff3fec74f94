package people

import (
	"sportello/app/credential"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// MakeToken creates a token with which a program acts as the person, as far as the grant goes, and returns its secret,
// which cannot be read again. People make tokens for themselves and for service accounts that belong to them; for the
// actor a person of whom they may not is not there. It returns the errors of credential.Keeper.NewTokenFor, and Invalid
// "error.module-unknown" for a module that does not exist.
func (ps *People) MakeToken(a policy.Actor, person uint64, g credential.Grant) (string, *store.Token, error) {
	err := ps.st.View(func(tx *db.Tx) error {
		if _, err := mayToken(tx, a, policy.MakeToken, person); err != nil {
			return err
		}
		for _, m := range g.Scope.Modules {
			if _, err := store.Modules.Peek(tx, m); err != nil {
				return fault.New(fault.Invalid, "error.module-unknown").At("token_modules")
			}
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return ps.keeper.NewTokenFor(a.By(act.MakeToken), person, g)
}

// mayToken returns the person when the actor may do the act to their tokens, else a NotFound error.
func mayToken(tx *db.Tx, a policy.Actor, act policy.AccountAct, person uint64) (*store.Person, error) {
	p, err := store.People.Get(tx, person)
	if err != nil {
		return nil, err
	}
	if !policy.MayAccount(a, act, policy.Account{Person: p}) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	return p, nil
}

// EndToken ends a token at once and for good: one of the actor's own, of a service account that belongs to them, and any
// for an administrator. Other tokens are not there.
func (ps *People) EndToken(a policy.Actor, token uint64) error {
	return ps.st.Update(a.By(act.RevokeToken), func(tx *db.Tx) error {
		t, err := store.Tokens.Get(tx, token)
		if err != nil {
			return err
		}
		p, err := mayToken(tx, a, policy.EndToken, t.Person)
		if err != nil {
			return err
		}
		if err := store.Tokens.Delete(tx, token); err != nil {
			return err
		}
		if !p.IsService() {
			return nil
		}
		return TellOwners(tx, ps.post, p, store.Telling{Event: event.Service, By: a.ID(), Why: ServiceTokenEnded})
	})
}

// Tokens returns the tokens of the person, oldest first, for whoever may see them: the person, those to whom a service
// account belongs, and of a service account administrators. For others the person is not there.
func (ps *People) Tokens(a policy.Actor, person uint64) ([]*store.Token, error) {
	var out []*store.Token
	err := ps.st.View(func(tx *db.Tx) error {
		if a.ID() != person {
			if _, err := mayToken(tx, a, policy.SeeService, person); err != nil {
				return err
			}
		}
		var err error
		out, err = store.TokensByPerson.Find(tx, person)
		return err
	})
	return out, err
}

// TellKept tells the owners of tokens that were made before tokens had a scope, once for all of a person's, that they keep
// all rights, and returns how many were told. What was told is written with the telling: an interrupted call goes on where
// it was.
func (ps *People) TellKept() (int, error) {
	told := 0
	for after := uint64(0); ; {
		var due []uint64
		err := ps.st.View(func(tx *db.Tx) error {
			due = nil
			for t, err := range store.Tokens.All(tx, after, false) {
				if err != nil {
					return err
				}
				after = t.ID + 1
				if !t.Kept {
					continue
				}
				if due = append(due, t.Person); len(due) == remindAtOnce {
					break
				}
			}
			return nil
		})
		if err != nil || len(due) == 0 {
			return told, err
		}
		n := 0
		err = ps.st.Update(db.By{Via: door.Desk, Act: act.TellKept}, func(tx *db.Tx) error {
			n = 0
			for _, person := range due {
				one, err := ps.tellKept(tx, person)
				if err != nil {
					return err
				}
				if one {
					n++
				}
			}
			return nil
		})
		if told += n; err != nil {
			return told, err
		}
		ps.post.Wake()
	}
}

// tellKept tells one person, unless it was done.
func (ps *People) tellKept(tx *db.Tx, person uint64) (bool, error) {
	tokens, err := store.TokensByPerson.Find(tx, person)
	if err != nil {
		return false, err
	}
	found := false
	for _, t := range tokens {
		if !t.Kept {
			continue
		}
		found, t.Kept = true, false
		if err := store.Tokens.Put(tx, t); err != nil {
			return false, err
		}
	}
	if !found {
		return false, nil
	}
	p, err := store.People.Get(tx, person)
	if err != nil || p.Disabled {
		return false, fault.IgnoreNotFound(err)
	}
	return true, ps.post.TellAccount(tx, p, store.Telling{Event: event.Kept}, "")
}
