package command

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"sportello/app"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/app/markup"
	"sportello/app/sheet"
	"sportello/app/web/schema"
	"sportello/store/door"
	"sportello/store/fault"
)

// importing is one import: its flags and the counts so far.
type importing struct {
	r        *runner
	app      *app.App
	strict   bool
	lang     string
	imported int
	updated  int
	refused  int
	passed   map[string]bool // names already reported as ignored
	progress *progress
}

// importActor is the actor of an import: the desk itself. Nobody is notified.
var importActor = policy.Actor{Via: door.Import, System: true, Language: "it"}

func importCommand(r *runner) *cobra.Command {
	in := &importing{r: r}
	c := &cobra.Command{Use: "import", Short: "Import tickets, mail, articles, people, releases, templates or the catalogue", Args: cobra.NoArgs, RunE: needsSubcommand}
	c.PersistentFlags().BoolVar(&in.strict, "strict", false, "exit with 1 when a record was refused")
	c.PersistentFlags().StringVar(&in.lang, "messages", "", "language of the reasons")
	_ = c.PersistentFlags().MarkHidden("messages") // a server does not know the caller's language

	c.AddCommand(in.command("tickets PATH", "Take tickets in from JSON Lines", in.tickets))
	c.AddCommand(in.command("people PATH", "Take people in from CSV: "+strings.Join(people.Columns, ", "), in.people))
	c.AddCommand(in.command("installations PATH", "Take in from CSV which versions are in use: "+strings.Join(installation.Columns, ", "), in.installations))
	c.AddCommand(in.command("catalogue PATH", "Take groups and modules in from TOML, as export catalogue writes them", in.catalogue))
	c.AddCommand(in.releasesCommand())
	c.AddCommand(in.templatesCommand())
	c.AddCommand(in.articlesCommand())
	c.AddCommand(in.mailCommands()...)
	return c
}

// command returns the command of one kind of import: it reads PATH, or standard input for -, to its end.
func (in *importing) command(use, short string, read func(context.Context, io.Reader) error) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		return in.run(c.Context(), func(ctx context.Context) error { return in.source(ctx, args[0], read) })
	}}
}

func (in *importing) source(ctx context.Context, path string, read func(context.Context, io.Reader) error) error {
	if path == "-" {
		return read(ctx, in.r.in)
	}
	f, err := os.Open(in.r.path(path))
	if err != nil {
		return err
	}
	defer f.Close()
	return read(ctx, f)
}

// run does the work on the desk and prints the counts at the end. It returns an error when the source could not be read
// or the desk could not be written, and with --strict also when a record was refused.
func (in *importing) run(ctx context.Context, work func(context.Context) error) error {
	if in.lang == "" {
		in.lang = messageLanguage(os.Getenv)
		in.r.args = append([]string{"--messages=" + in.lang}, in.r.args...)
	}
	return in.r.withDesk(ctx, func(ctx context.Context, a *app.App) error {
		if a.Words == nil {
			words, err := commandWords()
			if err != nil {
				return err
			}
			a.Words = words
		}
		in.app, in.progress = a, in.r.progress("importing")
		err := work(ctx)
		in.progress.end()
		fmt.Fprintf(in.r.out, "imported %d, updated %d, refused %d\n", in.imported, in.updated, in.refused)
		if err != nil {
			return err
		}
		if in.strict && in.refused > 0 {
			return fmt.Errorf("%d records were refused", in.refused)
		}
		return nil
	})
}

// messageLanguage returns the language of the person who runs the command, from the environment.
func messageLanguage(getenv func(string) string) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if strings.HasPrefix(v, "it") {
				return "it"
			}
			return "en"
		}
	}
	return "en"
}

// refuse counts a refused record and prints the reasons, one a line. If err is not a refusal, it returns it, which ends
// the import.
func (in *importing) refuse(where string, err error) error {
	var many fault.Problems
	var one *fault.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		switch one.Kind {
		case fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.TooLarge:
			many = fault.Problems{one}
		default:
			return err
		}
	default:
		return err
	}
	in.refused++
	for _, e := range many {
		field := e.Field
		if field == "" {
			field = "record"
		}
		fmt.Fprintf(in.r.errOut, "%s: %s: %s\n", where, field, strings.Join(strings.Fields(in.app.Words.Explain(in.lang, e)), " "))
	}
	return nil
}

// passOver reports, once for each name, that the source contains something the desk does not know: a column, a member,
// a key of front matter. That is not a refusal. where is the first line or path that contains it.
func (in *importing) passOver(where, name string) {
	name = markup.Excerpt(name, 60)
	if in.passed[name] || len(in.passed) > 1000 {
		return
	}
	if in.passed == nil {
		in.passed = map[string]bool{}
	}
	in.passed[name] = true
	fmt.Fprintf(in.r.errOut, "%s %q: %s\n", where, name, in.app.Words.Text(in.lang, "command.passed-over"))
}

// count counts a record that was imported.
func (in *importing) count(created bool) {
	if created {
		in.imported++
	} else {
		in.updated++
	}
	in.progress.at(in.imported+in.updated+in.refused, 0)
}

const (
	maxLine     = 64 << 20 // bytes of one line of JSON Lines
	batchBytes  = 4 << 20  // bytes of the lines in one transaction
	batchTicket = 100
)

// jsonLine is one line of JSON Lines; wrong says why it is not valid.
type jsonLine struct {
	number int
	text   []byte
	wrong  error
}

// eachLine calls give with every line that is not blank. Its error is an error of reading, or of give.
func eachLine(src io.Reader, give func(jsonLine) error) error {
	text, err := sheet.OfficeText(src)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(text, 1<<20)
	for n := 1; ; n++ {
		line := jsonLine{number: n}
		long := false
		for {
			part, err := r.ReadSlice('\n')
			if !long {
				line.text = append(line.text, part...)
				long = len(line.text) > maxLine
			}
			if err == bufio.ErrBufferFull {
				continue
			}
			if err != nil && err != io.EOF {
				return fmt.Errorf("app: read line %d: %w", n, err)
			}
			line.text = bytes.TrimSpace(line.text)
			switch {
			case long:
				line.text, line.wrong = nil, fault.New(fault.TooLarge, "error.file-too-large", "megabytes", maxLine>>20)
			case !utf8.Valid(line.text):
				line.wrong = fault.New(fault.Invalid, "error.not-text")
			default:
				line.wrong = schema.WholeCharacters(line.text)
			}
			if len(line.text) > 0 || line.wrong != nil {
				if err := give(line); err != nil {
					return err
				}
			}
			if err == io.EOF {
				return nil
			}
			break
		}
	}
}

// decode decodes the line into v, a pointer to a zero struct. Members that v does not have are allowed, because other
// systems may write more; decode returns their names.
func (l jsonLine) decode(v any) (unknown []string, err error) {
	if l.wrong != nil {
		return nil, l.wrong
	}
	if len(l.text) == 0 || l.text[0] != '{' {
		return nil, fault.New(fault.Invalid, "error.json")
	}
	if err := json.Unmarshal(l.text, v); err != nil {
		return nil, schema.JSONProblem(err)
	}
	return unknownMembers(nil, l.text, reflect.TypeOf(v).Elem()), nil
}

// unknownMembers appends to names the members of the JSON object, and of the objects in its lists, for which the struct
// has no field.
func unknownMembers(names []string, object []byte, is reflect.Type) []string {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return names
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		i := slices.IndexFunc(reflect.VisibleFields(is), func(f reflect.StructField) bool {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			return strings.EqualFold(tag, name)
		})
		if i < 0 {
			names = append(names, name)
			continue
		}
		field := is.Field(i)
		if field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() != reflect.Struct {
			continue
		}
		var list []json.RawMessage
		if json.Unmarshal(members[name], &list) != nil {
			continue
		}
		for _, one := range list {
			for _, inner := range unknownMembers(nil, one, field.Type.Elem()) {
				if inner = name + "." + inner; !slices.Contains(names, inner) {
					names = append(names, inner)
				}
			}
		}
	}
	return names
}

// tickets imports JSON Lines, a hundred records in one transaction, in the order of the file.
func (in *importing) tickets(ctx context.Context, src io.Reader) error {
	var recs []ticket.Record
	var lines []int
	size := 0
	flush := func() error {
		results, err := in.app.Desk.Tickets.PutAll(importActor, recs)
		if err != nil {
			return err
		}
		for i, res := range results {
			if res.Refused == nil {
				in.count(res.Created)
			} else if err := in.refuse(fmt.Sprint(lines[i]), res.Refused); err != nil {
				return err
			}
		}
		recs, lines, size = recs[:0], lines[:0], 0
		return ctx.Err()
	}
	err := eachLine(src, func(l jsonLine) error {
		var rec ticket.Record
		unknown, err := l.decode(&rec)
		if err != nil {
			return in.refuse(fmt.Sprint(l.number), err)
		}
		for _, name := range unknown {
			in.passOver(fmt.Sprint(l.number), name)
		}
		if rec.RequesterEmail == "" {
			// The desk would take the actor for the requester; an import has no such person.
			return in.refuse(fmt.Sprint(l.number), fault.New(fault.Invalid, "error.required").At("requester_email"))
		}
		recs, lines, size = append(recs, rec), append(lines, l.number), size+len(l.text)
		if len(recs) == batchTicket || size > batchBytes {
			return flush()
		}
		return nil
	})
	// What was read is kept even if the rest cannot be read.
	return errors.Join(err, flush())
}

// personWords are other names that offices use for the columns of people.
var personWords = map[string]string{
	"e-mail": "email", "mail": "email", "posta elettronica": "email", "indirizzo e-mail": "email", "indirizzo email": "email",
	"nome": "name", "nome e cognome": "name", "nominativo": "name", "cognome e nome": "name",
	"lingua": "language", "ateneo": "organisation", "ente": "organisation", "organization": "organisation", "organizzazione": "organisation",
	"struttura": "unit", "ufficio": "unit", "role": "roles", "ruolo": "roles", "ruoli": "roles", "group": "groups", "gruppo": "groups", "gruppi": "groups",
}

// people imports a table of people.
func (in *importing) people(ctx context.Context, src io.Reader) error {
	return in.table(ctx, src, sheet.Form{Columns: people.Columns, Words: personWords, Needed: []string{"email"}}, func(where string, value func(string) string) error {
		list := func(name string) []string {
			return strings.FieldsFunc(value(name), func(r rune) bool { return r == ';' || r == ',' || r == '|' || r == ' ' })
		}
		_, created, err := in.app.Desk.People.Put(importActor, people.Record{Email: value("email"), Name: value("name"), Language: value("language"),
			Organisation: value("organisation"), Unit: value("unit"), Position: value("position"), From: value("from"), Until: value("until"),
			Roles: list("roles"), Groups: list("groups")})
		if err != nil {
			return in.refuse(where, err)
		}
		in.count(created)
		return nil
	})
}

// catalogue imports groups and modules, all of them or none.
func (in *importing) catalogue(_ context.Context, src io.Reader) error {
	text, err := sheet.OfficeText(src)
	if err != nil {
		return err
	}
	n, err := in.app.Desk.Catalogue.Import(importActor, text)
	var wrong fault.Problems
	switch {
	case errors.As(err, &wrong):
		// The field names the record: "module u-gov/ricerca: channel".
		seen := map[string]bool{}
		for _, e := range wrong {
			record, field, ok := strings.Cut(e.Field, ": ")
			if !ok {
				record, field = "catalogue", e.Field
			}
			before := in.refused
			if err := in.refuse(record, e.At(field)); err != nil {
				return err
			}
			if seen[record] {
				in.refused = before
			}
			seen[record] = true
		}
		return nil
	case err != nil:
		return err
	}
	in.imported, in.updated = n.Added, n.Updated
	return nil
}
