package app_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/app/desk/template"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// longTemplate is a template of csa with so many steps in ten phases, of which each waits for the two before it in its
// phase, and ten decisions, each of which a tenth of the steps waits for.
func longTemplate(steps int) []byte {
	var b strings.Builder
	b.WriteString("code = \"lungo\"\nmodules = [\"csa\"]\nname = { it = \"Piano lungo\", en = \"Long plan\" }\n\n[[role]]\ncode = \"cda\"\nname = { it = \"CdA\", en = \"Board\" }\n\n[[role]]\ncode = \"desk\"\nname = { it = \"Sportello\", en = \"Desk\" }\nside = \"desk\"\n\n[[fact]]\ncode = \"staff\"\nname = { it = \"Personale\", en = \"Staff\" }\nkind = \"number\"\n")
	for p := range 10 {
		fmt.Fprintf(&b, "\n[[phase]]\ncode = \"p%d\"\nname = { it = \"Fase %d\", en = \"Phase %d\" }\n\n[[phase.decision]]\ncode = \"d%d\"\nquestion = { it = \"Domanda %d?\", en = \"Question %d?\" }\nwhy = { it = \"Perché sì.\", en = \"Because.\" }\nwho = [\"cda\"]\n[[phase.decision.option]]\ncode = \"yes-%d\"\nname = { it = \"Sì\", en = \"Yes\" }\nrecommended = \"staff>300\"\nbecause = { it = \"I casi sono molti.\", en = \"Cases are many.\" }\n[[phase.decision.option]]\ncode = \"no-%d\"\nname = { it = \"No\", en = \"No\" }\n", p, p, p, p, p, p, p, p)
		for s := range steps / 10 {
			n := p*steps/10 + s
			waits := fmt.Sprintf("\"d%d\"", p)
			if s > 1 {
				waits += fmt.Sprintf(", \"s%d\", \"s%d\"", n-1, n-2)
			}
			when := ""
			if s%10 == 9 {
				when = fmt.Sprintf("when = \"-d%d:no-%d\"\n", p, p)
			}
			fmt.Fprintf(&b, "\n[[phase.step]]\ncode = \"s%d\"\nname = { it = \"Passo numero %d\", en = \"Step number %d\" }\nwho = [\"%s\"]\nday = \"golive-%d\"\ntakes = 1\nwaits = [%s]\n%sdone_when = { it = \"È fatto.\", en = \"It is done.\" }\n",
				n, n, n, [2]string{"cda", "desk"}[n%2], (steps-n)/3, waits, when)
		}
	}
	return []byte(b.String())
}

// BenchmarkPlans is what plans cost: the overview and the list of 300 plans of the built-in templates, half of each said and
// done, first as nothing changes and then with a step done before each reading; the page of a plan of 1,000 steps, a step of
// it done, and a decision tried.
func BenchmarkPlans(b *testing.B) {
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Trial.NoSync = b.TempDir(), "127.0.0.1:0", true
	a, err := openServer(cfg, cfg.Logger(io.Discard))
	if err != nil {
		b.Fatal(err)
	}
	url := served(b, a)
	raw := make([]byte, 32)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	system := policy.Actor{System: true, Language: "it"}
	must(b, a.Desk.Templates.Seed(b.Context()))
	draft, err := a.Desk.Templates.Save(system, "", template.Form{Source: longTemplate(1000)})
	must(b, err)
	_, err = a.Desk.Templates.Publish(system, "lungo", draft.Rev, "Prima")
	must(b, err)
	must(b, a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		p := &store.Person{Email: "capo@bench.example", Name: "Capo", Administrator: true}
		for g, err := range store.Groups.All(tx, 0, false) {
			if err != nil {
				return err
			}
			p.Groups = append(p.Groups, store.Membership{Group: g.ID, Supervisor: true})
		}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(secret))
		if err := store.Sessions.Put(tx, &store.Session{Hash: hex.EncodeToString(sum[:]), Person: p.ID, Seen: tx.Now(), Ends: tx.Now().Add(time.Hour)}); err != nil {
			return err
		}
		for n := range 301 {
			if err := store.Organisations.Put(tx, &store.Organisation{Code: fmt.Sprint("ente-", n), Name: fmt.Sprint("Ente numero ", n)}); err != nil {
				return err
			}
		}
		return nil
	}))
	templates, err := a.Desk.Templates.List(system)
	must(b, err)
	now := time.Now().UTC().Truncate(24 * time.Hour)
	var all []uint64
	var long uint64
	for n := range 301 {
		code := templates[n%len(templates)].Code
		if n == 300 {
			code = "lungo"
		} else if code == "lungo" {
			code = "contabilita"
		}
		v, err := a.Desk.Plans.Begin(system, plan.Beginning{Template: code, Organisation: fmt.Sprint("ente-", n), Start: now.AddDate(0, 0, -100-n%60), GoLive: now.AddDate(0, 0, 120+n%90), Facts: map[string][]string{"staff": {"800"}}})
		if err != nil { // a template without that fact
			v, err = a.Desk.Plans.Begin(system, plan.Beginning{Template: code, Organisation: fmt.Sprint("ente-", n), Start: now.AddDate(0, 0, -100-n%60), GoLive: now.AddDate(0, 0, 120+n%90)})
		}
		must(b, err)
		if n == 300 {
			long = v.Plan.ID
		} else {
			all = append(all, v.Plan.ID)
		}
		_, err = a.Desk.Plans.Arrange(system, v.Plan.ID, plan.Change{Rev: v.Plan.Rev, State: store.PlanRunning})
		must(b, err)
		must(b, a.Store.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
			i := 0
			for _, p := range v.Phases {
				for _, d := range p.Decisions {
					if i++; i%2 == 0 {
						if err := store.Decisions.Put(tx, &store.Decision{Plan: v.Plan.ID, Code: d.Code, State: store.DecisionDecided, Option: d.Options[0].Code, Reason: "Deciso in riunione", At: now, Number: 1}); err != nil {
							return err
						}
					}
				}
				for _, s := range p.Steps {
					if i++; i%2 == 0 {
						if err := store.Progresses.Put(tx, &store.Progress{Plan: v.Plan.ID, Code: s.Code, State: store.StepDone, Done: now.AddDate(0, 0, -n%30)}); err != nil {
							return err
						}
					}
				}
			}
			return nil
		}))
	}
	done := func(b *testing.B, number uint64) {
		v, err := a.Desk.Plans.Read(system, number)
		must(b, err)
		code := v.Phases[len(v.Phases)-1].Steps[0].Code
		_, err = a.Desk.Plans.Do(system, number, code, plan.Doing{State: store.StepBlocked, Reason: fmt.Sprint("Manca il file ", b.N)})
		must(b, err)
	}
	client := benchClient(1)
	for _, page := range []struct {
		name, address string
		before        func(*testing.B)
	}{
		{"list of 300", "/plans", nil},
		{"overview of 300", "/plans/overview", nil},
		{"overview of 300, one changed", "/plans/overview", func(b *testing.B) { done(b, all[b.N%len(all)]) }},
		{"1,000 steps, page", fmt.Sprint("/plans/", long), nil},
		{"1,000 steps, page, one changed", fmt.Sprint("/plans/", long), func(b *testing.B) { done(b, long) }},
	} {
		b.Run(page.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				if page.before != nil {
					page.before(b)
				}
				q, err := http.NewRequest("GET", url+page.address, nil)
				if err != nil {
					b.Fatal(err)
				}
				q.Header.Set("Cookie", "sportello="+secret)
				began := time.Now()
				resp, err := client.Do(q)
				if err != nil {
					b.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if times = append(times, time.Since(began)); err != nil || resp.StatusCode != http.StatusOK {
					b.Fatalf("%s: %d %v %.300s", page.address, resp.StatusCode, err, body)
				}
			}
			quantiles(b, times)
		})
	}
	for _, deed := range []struct {
		name string
		do   func(*testing.B)
	}{
		{"1,000 steps, read", func(b *testing.B) {
			_, err := a.Desk.Plans.Read(system, long)
			must(b, err)
		}},
		{"1,000 steps, an option tried", func(b *testing.B) {
			_, err := a.Desk.Plans.Preview(system, long, "d9", "no-9")
			must(b, err)
		}},
		{"1,000 steps, a step done", func(b *testing.B) {
			_, err := a.Desk.Plans.Do(system, long, "s999", plan.Doing{State: store.StepBlocked, Reason: "Manca il file"})
			must(b, err)
		}},
	} {
		b.Run(deed.name, func(b *testing.B) {
			var times []time.Duration
			for b.Loop() {
				began := time.Now()
				deed.do(b)
				times = append(times, time.Since(began))
			}
			quantiles(b, times)
		})
	}
}
