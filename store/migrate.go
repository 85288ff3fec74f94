package store

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
)

// schema is what a file of this release holds.
var schema = db.Schema{Tables: tables, Steps: []db.Step{
	{Name: "tokens end", Run: endTokens},
	{Name: "files of articles belong to versions", Run: filesToVersions},
	{Name: "people are found by the forms of their names", Run: namesToForms},
	{Name: "messages stay with those whose they are", Run: messagesToSides},
	{Name: "what lists do not show is kept apart", Run: longFieldsApart},
	{Name: "queues stand by priority", Run: queuesByRank},
	{Name: "people have affiliations", Run: peopleToAffiliations},
	{Name: "organisations have codes", Run: organisationsToCodes},
	{Name: "tickets are found by the hat they were opened under", Run: ticketsByHat},
	{Name: "tokens have a scope", Run: tokensToScopes},
}}

// tokensToScopes keeps the rights of the tokens that were made before tokens had a scope, and notes that their owners are
// yet to be told.
func tokensToScopes(tx *db.Tx) error {
	whole, err := json.Marshal(scope.Whole())
	if err != nil {
		return err
	}
	return Tokens.RewriteFields(tx, func(row map[string]json.RawMessage) bool {
		if len(row["scope"]) > 0 {
			return false
		}
		row["scope"], row["kept"] = whole, json.RawMessage("true")
		return true
	})
}

// ticketsByHat makes one index of the two for organisations and for units.
func ticketsByHat(tx *db.Tx) error {
	return errors.Join(Tickets.DropIndex(tx, "organisation"), Tickets.DropIndex(tx, "unit"), Tickets.Derive(tx, TicketsByHat))
}

// organisationsToCodes gives each organisation a code made from its name.
func organisationsToCodes(tx *db.Tx) error {
	taken := map[string]bool{}
	err := Organisations.RewriteFields(tx, func(row map[string]json.RawMessage) bool {
		var name string
		if json.Unmarshal(row["name"], &name) != nil || len(row["code"]) > 0 {
			return false
		}
		code := freeCode(name, func(s string) bool { return taken[s] })
		taken[code] = true
		row["code"], _ = json.Marshal(code) // a string is always JSON
		return true
	})
	if err != nil {
		return err
	}
	return Organisations.Rebuild(tx)
}

// peopleToAffiliations makes affiliations of the one organisation and unit that a person had, and of the places they
// coordinated, which were apart: where both were the same it is one, so that nobody's eyes change.
func peopleToAffiliations(tx *db.Tx) error {
	type place struct {
		Organisation uint64 `json:"organisation"`
		Unit         uint64 `json:"unit"`
	}
	var wrong error
	err := People.RewriteFields(tx, func(row map[string]json.RawMessage) bool {
		var home place
		var coordinates []place
		for name, to := range map[string]any{"organisation": &home.Organisation, "unit": &home.Unit, "coordinates": &coordinates} {
			if raw := row[name]; len(raw) > 0 {
				wrong = errors.Join(wrong, json.Unmarshal(raw, to))
			}
			delete(row, name)
		}
		var hats []Affiliation
		if home.Organisation != 0 {
			hats = append(hats, Affiliation{Organisation: home.Organisation, Unit: home.Unit, Coordinator: slices.Contains(coordinates, home)})
		}
		for i, c := range coordinates {
			if c != home && !slices.Contains(coordinates[:i], c) {
				hats = append(hats, Affiliation{Organisation: c.Organisation, Unit: c.Unit, Coordinator: true})
			}
		}
		if len(hats) > 0 {
			raw, err := json.Marshal(hats)
			wrong = errors.Join(wrong, err)
			row["affiliations"] = raw
		}
		return len(hats) > 0
	})
	if err = errors.Join(err, wrong); err != nil {
		return err
	}
	return People.Rebuild(tx)
}

// queuesByRank makes the indexes of the queues anew: their keys have the priority now.
func queuesByRank(tx *db.Tx) error {
	return Tickets.Derive(tx, TicketsByGroup, TicketsByAssignee, TicketsUnassigned, TicketsByState)
}

// longFieldsApart rewrites the rows that have fields to keep apart.
func longFieldsApart(tx *db.Tx) error {
	return errors.Join(Tickets.Divide(tx), Versions.Divide(tx), Mails.Divide(tx), Mails.Rebuild(tx))
}

// messagesToSides notes of messages that a merge brought where they are from which ticket. Until now that was told by the
// ticket still being a duplicate; one that was taken up again since is found by the change that moved the message.
func messagesToSides(tx *db.Tx) error {
	err := Messages.Rewrite(tx, func(m *Message) (bool, error) {
		if m.Origin == 0 {
			return false, nil
		}
		o, err := Tickets.Get(tx, m.Origin)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return false, err
		}
		brought := err == nil && o.DuplicateOf == m.Ticket
		if !brought {
			changes, err := tx.TicketChanges(m.Ticket)
			if err != nil {
				return false, err
			}
			for _, c := range changes {
				if _, moved := c.Field("ticket"); moved && c.Table == Messages.Name() && c.ID == m.ID {
					brought = c.Act == act.Merge // the last one says it
				}
			}
		}
		if brought {
			m.Brought = []uint64{m.Origin}
		}
		return brought, nil
	})
	if err != nil {
		return err
	}
	return Messages.Rebuild(tx)
}

// namesToForms rebuilds the indexes of people: the keys of one have changed.
func namesToForms(tx *db.Tx) error { return People.Rebuild(tx) }

// filesToVersions gives each file of an article to versions of it: to those whose text names it, the published ones
// first; a file that no text names goes to the published version if it was there when that was published, else to the
// one that is still a draft.
func filesToVersions(tx *db.Tx) error {
	err := Files.Rewrite(tx, func(f *File) (bool, error) {
		if f.Article == 0 {
			return false, nil
		}
		versions, err := VersionsByArticle.Find(tx, f.Article)
		if err != nil {
			return false, err
		}
		slices.SortStableFunc(versions, func(x, y *Version) int { return cmp.Compare(y.Publication, x.Publication) })
		for _, v := range versions {
			if v.Names(f.ID) {
				f.Versions = append(f.Versions, v.ID)
			}
		}
		if len(f.Versions) == 0 && len(versions) > 0 {
			owner := versions[0]
			if owner.Publication == Published && f.Created.After(owner.Published) {
				owner = versions[len(versions)-1]
			}
			f.Versions = []uint64{owner.ID}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return Files.Rebuild(tx)
}

// endTokens sets an end, a year from now, on tokens made before tokens had one.
func endTokens(tx *db.Tx) error {
	ends, err := json.Marshal(tx.Now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	return Tokens.RewriteFields(tx, func(row map[string]json.RawMessage) bool {
		if _, has := row["ends"]; has {
			return false
		}
		row["ends"] = ends
		return true
	})
}
