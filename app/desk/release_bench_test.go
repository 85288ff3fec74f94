package desk

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// crowd adds organisations, each with so many coordinators and csa in production.
func (o *office) crowd(organisations, coordinators int) {
	o.t.Helper()
	err := o.st.Update(db.By{Via: door.Command, Act: act.Import}, func(tx *db.Tx) error {
		for i := range organisations {
			g := &store.Organisation{Code: fmt.Sprintf("ente-%d", i), Name: fmt.Sprintf("Ente %d", i)}
			if err := store.Organisations.Put(tx, g); err != nil {
				return err
			}
			if err := store.Installations.Put(tx, &store.Installation{Organisation: g.ID, Module: o.module["csa"], Environment: store.Production, Version: "1.0"}); err != nil {
				return err
			}
			for n := range coordinators {
				p := &store.Person{Email: fmt.Sprintf("r%d@ente%d.example", n, i), Name: "Referente", Affiliations: []store.Affiliation{{Organisation: g.ID, Coordinator: true}}}
				if err := store.People.Put(tx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// BenchmarkPicture draws the picture of 300 organisations by 60 releases.
func BenchmarkPicture(b *testing.B) {
	o := releasing(b)
	o.crowd(298, 1)
	for i := range 60 {
		o.published(draftOf(fmt.Sprintf("3.%d", i)))
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		p, err := o.Releases.Picture(o.as("agente"), "csa")
		if err != nil || len(p.Rows) < 300 {
			b.Fatal(len(p.Rows), err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkPublishingToMany publishes to 5,000 people and measures how long another write waits at most meanwhile.
func BenchmarkPublishingToMany(b *testing.B) {
	o := releasing(b)
	o.crowd(100, 50)
	n := 0
	for b.Loop() {
		n++
		v := o.drafted(draftOf(fmt.Sprintf("4.%d", n)))
		stop, longest := make(chan bool), make(chan time.Duration)
		go func() {
			var most time.Duration
			for {
				select {
				case <-stop:
					longest <- most
					return
				case <-time.After(time.Millisecond):
				}
				began := time.Now()
				if err := o.st.Update(db.By{Via: door.Desk, Act: act.KeepForm}, func(*db.Tx) error { return nil }); err != nil {
					b.Error(err)
				}
				most = max(most, time.Since(began))
			}
		}()
		seen, err := o.Releases.Preview(o.as("agente"), v.Release.ID)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if _, _, err := o.Releases.Publish(o.as("agente"), v.Release.ID, release.Publication{Audience: seen.Sum, Nobody: true}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "publish-ms")
		o.rounds()
		close(stop)
		b.ReportMetric(float64((<-longest).Microseconds())/1000, "longest-wait-ms")
		if told := len(o.toldOf(v.Release.ID)); told != 5001 {
			b.Fatalf("%d were told", told)
		}
	}
}
