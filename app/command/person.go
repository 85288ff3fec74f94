package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/words"
	"sportello/assets"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/scope"
	"sportello/store/spelling"
)

var commandWords = sync.OnceValues(func() (*words.Dictionary, error) { return words.Load(assets.FS, nil) })

func personCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "person", Short: "Add people", Args: cobra.NoArgs, RunE: needsSubcommand}
	c.AddCommand(personAddCommand(r))
	return c
}

func needsSubcommand(c *cobra.Command, _ []string) error {
	return fmt.Errorf("%s needs one of its commands: sportello help %s lists them", c.Name(), c.Name())
}

// newPerson has the flags of person add.
type newPerson struct {
	email, name, organisation, unit, position, language string
	roles, groups                                       []string
	password                                            bool
}

func personAddCommand(r *runner) *cobra.Command {
	var n newPerson
	c := &cobra.Command{Use: "add --email E --name N --role ROLE", Short: "Add a person", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			roles, err := readRoles(n)
			if err != nil {
				return err
			}
			return r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error { return r.addPerson(a, n, roles) })
		}}
	f := c.Flags()
	f.StringVar(&n.email, "email", "", "e-mail address")
	f.StringVar(&n.name, "name", "", "name and surname")
	f.StringArrayVar(&n.roles, "role", nil, "`ROLE`: requester, coordinator, agent, supervisor, editor, administrator; may be repeated")
	f.StringArrayVar(&n.groups, "group", nil, "code of a support `GROUP` of an agent or supervisor; may be repeated")
	f.StringVar(&n.organisation, "organisation", "", "code or name of the organisation, the code first; added when it is not there")
	f.StringVar(&n.unit, "unit", "", "name of the unit of the organisation; added when it is not there")
	f.StringVar(&n.position, "position", "", "position in the organisation: student, teaching, technical-administrative, external")
	f.StringVar(&n.language, "language", "", "it or en")
	f.BoolVar(&n.password, "password-stdin", false, "read the password, one line, from standard input")
	_ = c.MarkFlagRequired("email")
	_ = c.MarkFlagRequired("name")
	_ = c.MarkFlagRequired("role")
	return c
}

type roles struct{ coordinator, agent, supervisor, editor, administrator bool }

func readRoles(n newPerson) (roles, error) {
	var out roles
	for _, word := range n.roles {
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "requester":
		case "coordinator":
			out.coordinator = true
		case "agent":
			out.agent = true
		case "supervisor":
			out.supervisor = true
		case "editor":
			out.editor = true
		case "administrator":
			out.administrator = true
		default:
			return out, fmt.Errorf("--role %q is none of requester, coordinator, agent, supervisor, editor, administrator", word)
		}
	}
	switch {
	case out.coordinator && n.organisation == "":
		return out, errors.New("a coordinator needs --organisation")
	case n.unit != "" && n.organisation == "":
		return out, errors.New("--unit needs --organisation")
	case len(n.groups) > 0 && !out.agent && !out.supervisor:
		return out, errors.New("--group needs --role agent or supervisor")
	}
	return out, nil
}

// addPerson adds the person with a password, or prints the link for choosing one.
func (r *runner) addPerson(a *app.App, n newPerson, is roles) error {
	password := ""
	if n.password {
		line, err := bufio.NewReader(io.LimitReader(r.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("app: read password: %w", err)
		}
		password = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		// Check this before writing anything: a person without the requested password would be half a person.
		if err := credential.Rule(password, spelling.Address(n.email), n.name); err != nil {
			return err
		}
	}
	f := people.Form{Email: n.email, Name: n.name, Language: n.language, Administrator: is.administrator, Editor: is.editor}
	if n.organisation != "" {
		hat, err := a.Desk.People.EnsurePlace(r.actor(), n.organisation, n.unit)
		if err != nil {
			return err
		}
		f.Affiliations = []store.Affiliation{{Organisation: hat.Organisation, Unit: hat.Unit, Position: n.position, Coordinator: is.coordinator}}
	}
	if (is.agent || is.supervisor) && len(n.groups) == 0 {
		n.groups = []string{store.GeneralGroup}
	}
	for _, code := range n.groups {
		g, err := a.Desk.People.GroupByCode(code)
		if err != nil {
			return fmt.Errorf("--group %s: %s", code, sayError(err))
		}
		f.Groups = append(f.Groups, store.Membership{Group: g.ID, Supervisor: is.supervisor})
	}
	p, link, err := a.Desk.People.Add(r.actor(), f)
	if err != nil {
		return err
	}
	if n.password {
		if err := a.Desk.Keeper().SetPassword(r.by(act.SetPassword), p.ID, password); err != nil {
			return err
		}
		fmt.Fprintf(r.out, "added %s\n", p.Email)
		return nil
	}
	fmt.Fprintf(r.out, "added %s\n", p.Email)
	base := a.Site.BaseURL()
	if base == "" {
		base = "http://" + a.Config.Listen
	}
	fmt.Fprintf(r.errOut, "to choose a password, within three days: %s/password/%s\n", base, link)
	return nil
}

func tokenCommand(r *runner) *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Create tokens for the API", Args: cobra.NoArgs, RunE: needsSubcommand}
	var email, name, expires, access string
	var nouns, modules, addresses []string
	create := &cobra.Command{Use: "create --person EMAIL", Short: "Create a token with a person's rights and print it, once", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			life, err := readLife(expires)
			if err != nil {
				return err
			}
			return r.withDesk(c.Context(), func(ctx context.Context, a *app.App) error {
				var p *store.Person
				err := a.Store.View(func(tx *db.Tx) (err error) {
					p, err = store.PeopleByEmail.First(tx, spelling.Address(email))
					return err
				})
				if errors.Is(err, fault.ErrNotFound) {
					return fmt.Errorf("nobody has the address %s", email)
				}
				if err != nil {
					return err
				}
				reach, err := scopeOf(a, access, nouns, modules)
				if err != nil {
					return err
				}
				from, err := credential.Addresses(strings.Join(addresses, " "))
				if err != nil {
					return fmt.Errorf("--from: %s", sayError(err))
				}
				secret, _, err := a.Desk.Keeper().NewTokenFor(r.by(act.MakeToken), p.ID, credential.Grant{Name: name, Scope: reach, Addresses: from, Life: life})
				if err != nil {
					return err
				}
				fmt.Fprintln(r.out, secret)
				return nil
			})
		}}
	create.Flags().StringVar(&email, "person", "", "`EMAIL` of the person")
	create.Flags().StringVar(&name, "name", "", "what the token is for")
	create.Flags().StringVar(&expires, "expires", "365d", "how `LONG` it is valid: days (90d), years (1y) or hours (12h), at most 2y")
	create.Flags().StringVar(&access, "access", "write", "what the token does: read, or write, which includes reading")
	create.Flags().StringArrayVar(&nouns, "noun", nil, "`NOUN` it serves: tickets, articles, organisations, people, tokens; may be repeated; all when left out")
	create.Flags().StringArrayVar(&modules, "module", nil, "code of a `MODULE` whose tickets and articles alone it reaches, with the modules below; may be repeated")
	create.Flags().StringArrayVar(&addresses, "from", nil, "`ADDRESS` or prefix (CIDR) from which it is taken; may be repeated")
	_ = create.MarkFlagRequired("person")
	c.AddCommand(create)
	return c
}

// scopeOf reads what a token is limited to from the flags of token create.
func scopeOf(a *app.App, access string, nouns, modules []string) (scope.Scope, error) {
	s := scope.Scope{Access: scope.Access(access), All: len(nouns) == 0, Modular: len(modules) > 0}
	if s.Access != scope.Read && s.Access != scope.Write {
		return s, fmt.Errorf("--access %q is neither read nor write", access)
	}
	for _, n := range nouns {
		if !slices.Contains(scope.Nouns(), scope.Noun(n)) {
			return s, fmt.Errorf("--noun %q is none of %s", n, scope.Nouns())
		}
		s.Nouns = append(s.Nouns, scope.Noun(n))
	}
	for _, code := range modules {
		l, err := a.Desk.Catalogue.LevelByCode(code)
		if err != nil {
			return s, fmt.Errorf("--module %s: %s", code, sayError(err))
		}
		s.Modules = append(s.Modules, l.ID)
	}
	return s, nil
}

// readLife parses the lifetime of a token: a number of days, years or hours.
func readLife(s string) (time.Duration, error) {
	units := map[string]time.Duration{"h": time.Hour, "d": 24 * time.Hour, "y": 365 * 24 * time.Hour}
	if s != "" {
		n, err := strconv.Atoi(s[:len(s)-1])
		unit := units[s[len(s)-1:]]
		if err == nil && unit > 0 && n > 0 && n <= int(credential.TokenLongest/unit) {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("--expires %q is not a time from 1h to 2y, as in 90d", s)
}
