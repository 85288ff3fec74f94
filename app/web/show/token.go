package show

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"sportello/app/credential"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Tokens are somebody's tokens and the form that makes another, on the page of whoever may make and end them.
type Tokens struct {
	Address  string // of the tokens: the form posts there
	List     []TokenLine
	New      string // the secret of the one just made, shown once
	May      bool   // another may be made
	Lives    []Choice
	Accesses []Choice
	Nouns    []Choice
	Modules  []Choice
	Narrow   bool   // the part with modules and addresses is open
	Confirm  bool   // making one requires the password
	Asked    string // what was wrong with that password
}

// TokenLine is one token in a list.
type TokenLine struct {
	ID     uint64
	Name   string
	Reach  string // what it may do, in words
	Only   string // the modules it is limited to
	From   string // the addresses it is taken from
	Made   words.Moment
	Seen   words.Moment
	Used   string // the address it was last used from
	Ends   words.Moment
	Over   bool // it has expired
	Asleep bool // it waits for an administrator to wake it
}

// everyNoun is the choice of all nouns, those of later releases too.
const everyNoun = "*"

// tokenLives are the lifetimes that the form offers, in days; the first is preselected.
var tokenLives = []int{365, 90, 30, 7, 730}

// TokensOn fills in the tokens of a page whose tokens have the address.
func TokensOn(s *web.Site, r *web.Request, p *web.Page, address string, tokens []*store.Token) (Tokens, error) {
	out := Tokens{Address: address, May: true, Confirm: !r.IsConfirmed(web.Anew)}
	levels, err := s.Desk.Catalogue.Levels()
	if err != nil {
		return out, err
	}
	paths := LevelPaths(levels, p.Lang)
	for _, t := range tokens {
		out.List = append(out.List, tokenLine(p, t, paths))
	}
	first := func(field string) bool { return p.Value(field) == "" }
	for i, days := range tokenLives {
		value := strconv.Itoa(days)
		out.Lives = append(out.Lives, Choice{Value: value, Label: p.Plural("tokens.days", days), Chosen: p.Chosen("token_life", value) || i == 0 && first("token_life")})
	}
	for i, a := range []scope.Access{scope.Read, scope.Write} {
		out.Accesses = append(out.Accesses, Choice{Value: string(a), Label: p.T("tokens.access-" + string(a)), Chosen: p.Chosen("token_access", string(a)) || i == 0 && first("token_access")})
	}
	for _, n := range scope.Nouns() {
		out.Nouns = append(out.Nouns, Choice{Value: string(n), Label: p.T("tokens.noun-" + string(n)), Chosen: p.Chosen("token_nouns", string(n))})
	}
	out.Nouns = append(out.Nouns, Choice{Value: everyNoun, Label: p.T("tokens.noun-all"), Chosen: p.Chosen("token_nouns", everyNoun)})
	for _, l := range levels {
		if !l.Retired {
			c := LevelOption(l, p.Lang, p.Chosen("token_modules", strconv.FormatUint(l.ID, 10)))
			out.Modules, out.Narrow = append(out.Modules, c), out.Narrow || c.Chosen
		}
	}
	out.Narrow = out.Narrow || p.Value("token_addresses") != "" || p.Err("token_modules") != "" || p.Err("token_addresses") != ""
	out.Asked = p.Err(web.PasswordField)
	return out, nil
}

func tokenLine(p *web.Page, t *store.Token, paths map[uint64]string) TokenLine {
	line := TokenLine{ID: t.ID, Name: t.Name, Reach: reachOf(p, t.Scope), From: strings.Join(t.Addresses, ", "), Made: p.Moment(t.Created), Seen: p.Moment(t.Seen), Used: t.From,
		Ends: p.Moment(t.Ends), Over: !p.Site.Desk.Now().Before(t.Ends), Asleep: !t.Asleep.IsZero()}
	if line.Name == "" {
		line.Name = p.T("me.token-without-name")
	}
	if t.Scope.Modular {
		var only []string
		for _, m := range t.Scope.Modules {
			if path := paths[m]; path != "" {
				only = append(only, path)
			}
		}
		line.Only = p.T("tokens.only", "modules", strings.Join(only, ", "))
	}
	if line.From != "" {
		line.From = p.T("tokens.from", "addresses", line.From)
	}
	return line
}

// reachOf says what the scope admits.
func reachOf(p *web.Page, s scope.Scope) string {
	what := p.T("tokens.everything")
	if !s.All {
		var nouns []string
		for _, n := range s.Nouns {
			nouns = append(nouns, strings.ToLower(p.T("tokens.noun-"+string(n))))
		}
		what = strings.Join(nouns, ", ")
	}
	key := "tokens.reads"
	if s.Access == scope.Write {
		key = "tokens.writes"
	}
	return p.T(key, "what", what)
}

// ReadGrant reads the form of a new token. Problems are of its fields.
func ReadGrant(f *web.Form) credential.Grant {
	g := credential.Grant{Name: f.Text("token_name", store.Most("tokens.name")), Life: time.Duration(tokenLives[0]) * 24 * time.Hour}
	f.Need("token_name")
	if f.Has("token_life") {
		days, err := strconv.Atoi(f.Raw("token_life"))
		if err != nil || !slices.Contains(tokenLives, days) {
			f.Refuse("token_life", "error.choice")
		}
		g.Life = time.Duration(days) * 24 * time.Hour
	}
	switch a := scope.Access(f.Raw("token_access")); a {
	case scope.Read, scope.Write:
		g.Scope.Access = a
	case scope.None:
		g.Scope.Access = scope.Read
	default:
		f.Refuse("token_access", "error.choice")
	}
	for _, n := range f.List("token_nouns") {
		switch noun := scope.Noun(n); {
		case n == everyNoun:
			g.Scope.All = true
		case !slices.Contains(scope.Nouns(), noun):
			f.Refuse("token_nouns", "error.choice")
		case !slices.Contains(g.Scope.Nouns, noun):
			g.Scope.Nouns = append(g.Scope.Nouns, noun)
		}
	}
	if g.Scope.All {
		g.Scope.Nouns = nil
	} else if len(g.Scope.Nouns) == 0 {
		f.Refuse("token_nouns", "error.token-nothing")
	}
	g.Scope.Modules = f.IDs("token_modules")
	g.Scope.Modular = len(g.Scope.Modules) > 0
	addresses, err := credential.Addresses(f.Body("token_addresses"))
	if e, ok := err.(*fault.Error); ok {
		f.Problems = append(f.Problems, e.At("token_addresses"))
	}
	g.Addresses = addresses
	return g
}
