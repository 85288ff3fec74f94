package api

import (
	"time"

	"sportello/app/desk"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/scope"
)

// apiToken is a token as programs see it: everything but its secret.
type apiToken struct {
	ID        uint64       `json:"id"`
	Name      string       `json:"name"`
	Access    scope.Access `json:"access"`
	Nouns     []scope.Noun `json:"nouns"`             // of a token for all nouns, those of this release
	Modules   []string     `json:"modules,omitempty"` // to which it is limited; left out: to none
	Addresses []string     `json:"addresses,omitempty"`
	Created   *time.Time   `json:"created_at"`
	Ends      *time.Time   `json:"ends_at"`
	Seen      *time.Time   `json:"last_used_at,omitempty"`
	From      string       `json:"last_used_from,omitempty"`
	Asleep    bool         `json:"asleep,omitempty"`
	This      bool         `json:"this,omitempty"` // the one that asks
}

type apiTokenList struct {
	Tokens []apiToken `json:"tokens"`
}

type apiService struct {
	ID       uint64      `json:"id"`
	Name     string      `json:"name"`
	Email    string      `json:"email"`
	Owners   []apiPerson `json:"owners"`
	Alone    bool        `json:"alone,omitempty"` // one of them may no longer sign in
	Disabled bool        `json:"disabled,omitempty"`
	Tokens   []apiToken  `json:"tokens"`
}

type apiServiceList struct {
	Services []apiService `json:"service_accounts"`
}

func tokenAnswer(n names, r *web.Request, t *store.Token) apiToken {
	out := apiToken{ID: t.ID, Name: t.Name, Access: t.Scope.Access, Nouns: t.Scope.Nouns, Addresses: t.Addresses, Created: program.Moment(t.Created), Ends: program.Moment(t.Ends),
		Seen: program.Moment(t.Seen), From: t.From, Asleep: !t.Asleep.IsZero(), This: r.Actor().Token != nil && r.Actor().Token.ID == t.ID}
	if t.Scope.All {
		out.Nouns = scope.Nouns()
	}
	if t.Scope.Modular {
		out.Modules = []string{}
	}
	for _, m := range t.Scope.Modules {
		if code := n.module(m); code != "" {
			out.Modules = append(out.Modules, code)
		}
	}
	return out
}

// tokensOf returns the person's tokens as answers.
func (a pages) tokensOf(r *web.Request, person uint64) ([]apiToken, error) {
	list, err := a.Desk.People.Tokens(r.Actor(), person)
	if err != nil {
		return nil, err
	}
	out := []apiToken{}
	err = a.Desk.Names(func(n desk.Names) {
		out = out[:0]
		for _, t := range list {
			out = append(out, tokenAnswer(names{n}, r, t))
		}
	})
	return out, err
}

// apiTokens lists the tokens of the token's person.
func (a pages) apiTokens(r *web.Request) error {
	list, err := a.tokensOf(r, r.Actor().ID())
	if err != nil {
		return err
	}
	return r.JSON(apiTokenList{list})
}

// apiEndToken ends a token. No call makes one: a program cannot prove who it is.
func (a pages) apiEndToken(r *web.Request) error {
	id, err := r.NumberOf("id")
	if err != nil {
		return err
	}
	if err := a.Desk.People.EndToken(r.Actor(), id); err != nil {
		return err
	}
	return r.JSON(struct{}{})
}

// apiServices lists the service accounts that the token's person may see.
func (a pages) apiServices(r *web.Request) error {
	list, err := a.Desk.People.Services(r.Actor())
	if err != nil {
		return err
	}
	out := apiServiceList{Services: []apiService{}}
	for _, s := range list {
		one := apiService{ID: s.ID, Name: s.Name, Email: s.Email, Alone: s.Alone, Disabled: s.Disabled}
		for _, o := range s.Belongs {
			one.Owners = append(one.Owners, apiPerson{Email: o.Email, Name: o.Name})
		}
		if one.Tokens, err = a.tokensOf(r, s.ID); err != nil {
			return err
		}
		out.Services = append(out.Services, one)
	}
	return r.JSON(out)
}
