package sample

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"sportello/app/desk"
	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/worktime"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/enum"
	"sportello/store/spelling"
)

// stage is the desk being filled, with everybody in it.
type stage struct {
	ctx   context.Context
	d     *desk.Desk
	clock *Clock
	r     *rand.Rand
	now   time.Time
	loc   *time.Location
	cal   worktime.Calendar

	cast    Cast
	known   []*player // in the order of the file
	groups  map[string]*store.Group
	modules map[string]*catalogue.Level
	ids     map[uint64]*catalogue.Level
	tickets int // total number
	drawn   map[Picture][]byte
	stored  map[string]bool // sums of blobs written or being written
	storing errgroup.Group
	events  events
	order   int
	played  int // steps done
	left    int // steps skipped because their ticket no longer offered them
}

// player is a person of the demo with what the store does not contain about them.
type player struct {
	Person
	row *store.Person
}

func (p *player) actor() policy.Actor {
	return policy.Actor{Person: p.row, Via: door.Page, Language: p.Language}
}

// system is the actor for everything that exists before the first sign-in.
var system = policy.Actor{System: true, Via: door.Command, Language: "it"}

// scene creates organisations, units, people, saved replies and the texts of the home page.
func (s *stage) scene() error {
	var err error
	if s.cast, err = People(); err != nil {
		return err
	}
	for _, code := range []string{"generale", "ricerca", "contabilita", "risorse-umane", "pianificazione", "csa"} {
		if s.groups[code], err = s.d.People.GroupByCode(code); err != nil {
			return fmt.Errorf("sample: find group %s: %w", code, err)
		}
	}
	levels, err := s.d.Catalogue.Levels()
	if err != nil {
		return fmt.Errorf("sample: read catalogue: %w", err)
	}
	for i := range levels {
		s.modules[levels[i].Code], s.ids[levels[i].ID] = &levels[i], &levels[i]
	}
	if err := s.peoplePut(); err != nil {
		return err
	}
	admin := s.shown("administrator").actor()
	if err := s.texts(admin); err != nil {
		return err
	}
	return s.catalogue(admin)
}

// installations plans when the organisations say which versions they have in use: the first one its coordinator, who is a
// quarter behind in production and tries the newest, the others the desk.
func (s *stage) installations() {
	supplier := store.InstalledBySupplier
	for i, o := range s.cast.Organisations {
		by := system
		if i == 0 {
			by = s.shown("coordinator").actor()
		}
		say := func(days int, e installation.Entry) {
			at := s.now.AddDate(0, 0, -days-i)
			e.Since = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC)
			s.at(at, func() error {
				if _, err := s.d.Installations.Import(by, o.Name, e); err != nil {
					return fmt.Errorf("sample: installation at %s: %w", o.Code, err)
				}
				return nil
			})
		}
		say(75, installation.Entry{Module: "u-gov", Environment: store.Production, Version: versionAt("u-gov", s.now, -1-i%2)})
		say(60, installation.Entry{Module: "csa", Environment: store.Production, Version: versionAt("csa", s.now, -1), Installs: &supplier})
		say(6, installation.Entry{Module: "u-gov", Environment: store.Test, Version: versionAt("u-gov", s.now, 0)})
	}
}

func (s *stage) peoplePut() error {
	organisations, units := map[string]uint64{}, map[string]*store.Unit{}
	var domains = map[string]string{}
	for _, o := range s.cast.Organisations {
		row, err := s.d.People.AddOrganisation(system, people.OrganisationForm{Name: o.Name, Domains: []string{o.Domain}})
		if err != nil {
			return fmt.Errorf("sample: add organisation %s: %w", o.Code, err)
		}
		organisations[o.Code], domains[o.Code] = row.ID, o.Domain
	}
	for _, u := range s.cast.Units {
		row, err := s.d.People.AddUnit(system, organisations[u.Organisation], u.Name)
		if err != nil {
			return fmt.Errorf("sample: add unit %s: %w", u.Code, err)
		}
		units[u.Code] = row
	}
	seen := map[string]time.Time{}
	for _, p := range s.cast.Persons {
		seen[p.Email] = s.cal.Add(s.now, -time.Duration(s.r.IntN(60*60))*time.Minute)
	}
	// Write straight to the store: Add would create a link for each person, with a secret that differs from run to run.
	var rows []*store.Person
	err := s.d.Store().Update(db.By{Via: door.Command, Act: act.AddPerson}, func(tx *db.Tx) error {
		rows = nil
		for _, p := range s.cast.Persons {
			u := units[p.Unit]
			row := &store.Person{Email: spelling.Address(p.Email), Name: p.Name, Language: p.Language,
				Administrator: slices.Contains(p.Roles, "administrator"), Editor: slices.Contains(p.Roles, "editor"), LastSeen: seen[p.Email].UTC()}
			row.Affiliations = []store.Affiliation{{Organisation: u.Organisation, Unit: u.ID}}
			for _, g := range p.Groups {
				row.Groups = append(row.Groups, store.Membership{Group: s.groups[g].ID, Supervisor: slices.Contains(p.Roles, "supervisor")})
			}
			if slices.Contains(p.Roles, "coordinator") {
				c := store.Affiliation{Organisation: u.Organisation, Coordinator: true}
				if p.Coordinates == "unit" {
					row.Affiliations[0].Coordinator = true
				} else {
					row.Affiliations = append(row.Affiliations, c)
				}
			}
			if err := store.People.Put(tx, row); err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sample: add people: %w", err)
	}
	for i, p := range s.cast.Persons {
		s.known = append(s.known, &player{p, rows[i]})
	}
	return nil
}

func (s *stage) shown(role string) *player {
	i := slices.IndexFunc(s.known, func(p *player) bool { return p.Show == role })
	return s.known[i]
}

func (s *stage) texts(admin policy.Actor) error {
	replies, err := Replies()
	if err != nil {
		return err
	}
	for _, r := range replies {
		f := queue.ReplyForm{Group: s.groups[r.Group].ID, Title: store.Words{IT: r.It.Title, EN: r.En.Title}, Body: store.Words{IT: strings.TrimSpace(r.It.Body), EN: strings.TrimSpace(r.En.Body)}}
		if _, err := s.d.Queues.AddReply(admin, f); err != nil {
			return fmt.Errorf("sample: add reply %s: %w", r.It.Title, err)
		}
	}
	home, err := Home()
	if err != nil {
		return err
	}
	hours, more := home.hours()
	f := catalogue.SettingsForm{
		Branding: &catalogue.Branding{Name: "Sportello", Institution: s.cast.Organisations[0].Name, Colour: "#0b4f9e"},
		Home: &catalogue.Home{Welcome: store.Words{IT: home.It.Welcome, EN: home.En.Welcome}, Hours: hours, Searches: home.It.Searches,
			Text: store.Words{IT: home.It.Intro + "\n\n" + more.IT + "\n\n" + home.It.Contacts, EN: home.En.Intro + "\n\n" + more.EN + "\n\n" + home.En.Contacts}},
	}
	if _, err := s.d.Catalogue.ChangeSettings(admin, 0, f); err != nil {
		return fmt.Errorf("sample: write texts of the home page: %w", err)
	}
	return nil
}

// hours splits off the first line, the hours, from the explanation.
func (h HomeTexts) hours() (hours, more store.Words) {
	cut := func(s string) (string, string) {
		first, rest, _ := strings.Cut(strings.TrimSpace(s), "\n")
		return strings.ReplaceAll(first, "**", ""), strings.TrimSpace(rest)
	}
	hours.IT, more.IT = cut(h.It.Hours)
	hours.EN, more.EN = cut(h.En.Hours)
	return hours, more
}

// catalogue sets the versions of modules, and the addresses of the other desks and of the groups.
func (s *stage) catalogue(admin policy.Actor) error {
	domain := s.cast.Organisations[0].Domain
	addresses := map[string]string{"esse3": "https://segreteria." + domain + "/assistenza", "u-gov/programmazione-didattica": "https://didattica." + domain + "/assistenza",
		"u-gov/gestione-documentale": "https://archivio." + domain + "/assistenza", "cia": "cia@" + domain}
	for _, code := range []string{"u-gov", "csa", "esse3", "u-gov/programmazione-didattica", "u-gov/gestione-documentale", "cia"} {
		l := s.modules[code]
		f := catalogue.ModuleFormOf(l.Module)
		if a := addresses[code]; a != "" {
			f.Address = a
		}
		if code == "u-gov" || code == "csa" {
			f.Versions = nil
			for back := range 5 {
				f.Versions = append(f.Versions, versionAt(code, s.now, -back))
			}
		}
		if _, err := s.d.Catalogue.ChangeModule(admin, l.ID, 0, f); err != nil {
			return fmt.Errorf("sample: change module %s: %w", code, err)
		}
	}
	for i, code := range []string{"generale", "ricerca", "contabilita", "risorse-umane", "pianificazione", "csa"} {
		g := s.groups[code]
		f := people.GroupForm{Name: g.Name, Description: g.Description, Hours: g.Hours, Email: "sportello-" + code + "@" + domain, Phone: fmt.Sprintf("0999 555 0%d", 10+i)}
		if code == "generale" {
			f.Email = "sportello@" + domain
		}
		if _, err := s.d.People.ChangeGroup(admin, g.ID, 0, f); err != nil {
			return fmt.Errorf("sample: change group %s: %w", code, err)
		}
	}
	return nil
}

var pictureLink = regexp.MustCompile(`!\[([^\]]*)\]\(picture:([a-z]+)\)`)

// library plans when the articles are written: most before the first ticket, the others over the year.
func (s *stage) library(first time.Time) error {
	articles, err := Articles()
	if err != nil {
		return err
	}
	for i, a := range articles {
		at := s.cal.Add(first, -time.Duration(5+s.r.IntN(80*60))*time.Minute)
		if i%3 == 2 {
			at = s.cal.Add(first, time.Duration(s.r.Int64N(int64(s.now.Sub(first)*10/24*5/8))))
		}
		author := s.author(a)
		for _, v := range a.Versions {
			s.at(at, func() error { return s.write(author, a, v) })
			at = s.cal.Add(at, time.Duration(3+s.r.IntN(20))*time.Hour)
		}
	}
	return nil
}

// author returns the editor for every second article, else an agent of the module's group.
func (s *stage) author(a Article) *player {
	if s.r.IntN(2) == 0 {
		if l := s.modules[a.Module]; l != nil && l.Here() {
			return s.agent(l.Group, a.Versions[0].Language)
		}
	}
	return s.shown("editor")
}

func (s *stage) write(by *player, a Article, v ArticleVersion) error {
	f := article.Form{Slug: a.Slug, Language: v.Language, Title: v.Title, Format: store.Markdown}
	window := "Sportello"
	if l := s.modules[a.Module]; l != nil {
		f.Module, window = l.ID, l.Path.In(v.Language)
	}
	var err error
	if f.Audience, err = enum.Parse[store.Audience](a.Audience); err != nil {
		return err
	}
	if f.Publication, err = enum.Parse[store.Publication](v.State); err != nil {
		return err
	}
	var failed error
	f.Body = pictureLink.ReplaceAllStringFunc(v.Body, func(m string) string {
		parts := pictureLink.FindStringSubmatch(m)
		raw, err := s.picture(Picture{Kind: parts[2], Language: v.Language, Window: window, Caption: parts[1]})
		if err != nil {
			failed = err
			return m
		}
		id, err := s.upload(by, a.Slug+"-"+v.Language+".png", "image/png", raw)
		if err != nil {
			failed = err
			return m
		}
		f.Files = append(f.Files, id)
		return fmt.Sprintf("![%s](/files/%d)", parts[1], id)
	})
	if failed != nil {
		return fmt.Errorf("sample: picture of %s: %w", a.Slug, failed)
	}
	if _, err := s.d.Articles.Save(by.actor(), f); err != nil {
		return fmt.Errorf("sample: write article %s: %w", a.Slug, err)
	}
	return nil
}

// picture draws each picture only once.
func (s *stage) picture(p Picture) ([]byte, error) {
	if raw := s.drawn[p]; raw != nil {
		return raw, nil
	}
	raw, err := p.PNG()
	s.drawn[p] = raw
	return raw, err
}

// upload creates a pending file of the person. The bytes are written in the background, each content once, because
// syncing is slow; Demo waits for them before it returns.
func (s *stage) upload(by *player, name, kind string, raw []byte) (uint64, error) {
	sum := fmt.Sprintf("%x", sha256.Sum256(raw))
	if !s.stored[sum] {
		s.stored[sum] = true
		s.storing.Go(func() error {
			blob, err := s.d.Store().PutBlob(bytes.NewReader(raw), 0)
			if err == nil && blob.Sum != sum {
				err = fmt.Errorf("sample: %s was stored as %s", name, blob.Sum)
			}
			return err
		})
	}
	var id uint64
	err := s.d.Store().Update(db.By{Person: by.row.ID, Via: door.Page, Act: act.Upload}, func(tx *db.Tx) error {
		f := &store.File{Person: by.row.ID, Name: name, Type: kind, Size: int64(len(raw)), Sum: sum}
		err := store.Files.Put(tx, f)
		id = f.ID
		return err
	})
	return id, err
}
