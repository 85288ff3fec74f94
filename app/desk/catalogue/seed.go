package catalogue

import (
	"context"
	"fmt"

	"github.com/pelletier/go-toml/v2"

	"sportello/assets"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

type homeFile struct {
	Name        string      `toml:"name"`
	Institution string      `toml:"institution"`
	Colour      string      `toml:"colour"`
	Searches    []string    `toml:"searches"`
	Welcome     store.Words `toml:"welcome"`
	Text        store.Words `toml:"text"`
	Hours       store.Words `toml:"hours"`
}

// Seed gives a new data folder its settings, groups and catalogue in one transaction. If there are settings already, it
// does nothing.
func (ct *Catalogue) Seed(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	seeded := false
	err := ct.st.View(func(tx *db.Tx) error {
		seeded = store.SettingsTable.Last(tx) > 0
		return nil
	})
	if err != nil || seeded {
		return err
	}
	var home homeFile
	if err := toml.Unmarshal(assets.Home, &home); err != nil {
		return fmt.Errorf("desk: read built-in texts: %w", err)
	}
	file, err := builtin()
	if err != nil {
		return fmt.Errorf("desk: read built-in catalogue: %w", err)
	}
	return ct.st.Update(db.By{Via: door.Desk, Act: act.Seed}, func(tx *db.Tx) error {
		if store.SettingsTable.Last(tx) > 0 {
			return nil
		}
		if _, err := file.put(tx); err != nil {
			return fmt.Errorf("desk: write built-in catalogue: %w", err)
		}
		if err := seedSynonyms(tx); err != nil {
			return err
		}
		var wrong fault.Problems
		set := &store.Settings{}
		(&Branding{Name: home.Name, Institution: home.Institution, Colour: home.Colour}).fill(set, "", "", &wrong)
		(&Home{Welcome: home.Welcome, Text: home.Text, Searches: home.Searches, Hours: home.Hours}).fill(set, &wrong)
		if err := wrong.Err(); err != nil {
			return fmt.Errorf("desk: built-in texts: %w", err)
		}
		return store.SettingsTable.Put(tx, set)
	})
}
