package sample

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strings"

	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/spelling"
)

// Account is a person of the demo who can sign in.
type Account struct {
	Role     string // requester, coordinator, agent, supervisor, editor or administrator
	Name     string
	Email    string
	Password string
}

// Accounts has one account for each role, in the order of the roles.
type Accounts []Account

// NewPasswords sets new passwords for the people presented by the demo, one for each role, and returns them. It ends
// their sessions. It returns a NotFound error when the desk is not a demo.
func NewPasswords(d *desk.Desk) (Accounts, error) {
	cast, err := People()
	if err != nil {
		return nil, err
	}
	var out Accounts
	for _, role := range people.Roles {
		for _, p := range cast.Persons {
			if p.Show == role {
				out = append(out, Account{Role: role, Name: p.Name, Email: p.Email, Password: password()})
			}
		}
	}
	return out, out.set(d)
}

// MostAgents and MostRequesters are how many people of each kind Generate creates.
const (
	MostAgents     = 6 * generatedAgents
	MostRequesters = generatedPeople
)

// GeneratedAccounts sets new passwords for agents and requesters created by Generate, and returns them, agents first.
func GeneratedAccounts(d *desk.Desk, agents, requesters int) (Accounts, error) {
	var out Accounts
	add := func(role string, first, n, most int) {
		for i := range min(n, most) {
			p := generatedPerson(first + i)
			out = append(out, Account{Role: role, Name: p.Name, Email: p.Email, Password: password()})
		}
	}
	add("agent", generatedPeople+1, agents, MostAgents-1)
	add("requester", 0, requesters, MostRequesters)
	return out, out.set(d)
}

// set gives the people the passwords of the accounts.
func (list Accounts) set(d *desk.Desk) error {
	for _, a := range list {
		var person *store.Person
		err := d.Store().View(func(tx *db.Tx) (err error) {
			person, err = store.PeopleByEmail.First(tx, spelling.Address(a.Email))
			return err
		})
		if err != nil {
			return fmt.Errorf("sample: find %s: %w", a.Email, err)
		}
		if err := d.Keeper().SetPassword(db.By{Via: door.Command, Act: act.SetPassword}, person.ID, a.Password); err != nil {
			return fmt.Errorf("sample: set password of %s: %w", a.Email, err)
		}
	}
	return nil
}

// password returns a password that can be read aloud and typed: three words of three syllables and two digits, 61 bits.
func password() string {
	pick := func(n int) int {
		v, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
		if err != nil {
			panic("sample: no random bytes: " + err.Error()) // crypto/rand never fails on the systems we run on
		}
		return int(v.Int64())
	}
	const consonants, vowels = "bdflmnprstvz", "aeiou"
	var words []string
	for range 3 {
		var w strings.Builder
		for range 3 {
			w.WriteByte(consonants[pick(len(consonants))])
			w.WriteByte(vowels[pick(len(vowels))])
		}
		words = append(words, w.String())
	}
	return strings.Join(words, "-") + "-" + fmt.Sprint(10+pick(90))
}
