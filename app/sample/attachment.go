package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// attach returns the content of a file for a first message: a screenshot, an extract or a log.
func (s *stage) attach(name, window, subject, language string, at time.Time) ([]byte, error) {
	r := rand.New(rand.NewPCG(1, uint64(at.Unix()))) // #nosec G115 G404 -- a seed, for the same picture each time
	switch {
	case strings.HasSuffix(name, ".png"):
		return s.picture(Picture{Kind: "error", Language: language, Window: window, Caption: shorten(subject, 60), Message: quoted(subject)})
	case strings.HasSuffix(name, ".csv"):
		return extraction(r, at), nil
	}
	return serverLog(r, at), nil
}

// quoted returns the text in quotation marks: the message that the application showed.
func quoted(s string) string {
	if _, rest, ok := strings.Cut(s, "\""); ok {
		if inside, _, ok := strings.Cut(rest, "\""); ok {
			return inside
		}
	}
	return ""
}

func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

func extraction(r *rand.Rand, at time.Time) []byte {
	var b strings.Builder
	b.WriteString("\ufeffANNO;UNITA;NUMERO;DATA;DESCRIZIONE;IMPORTO;STATO\r\n")
	what := []string{"Fornitura materiale", "Missione", "Compenso", "Canone annuale", "Rimborso spese", "Contributo", "Borsa di studio"}
	states := []string{"Completo", "Da verificare", "Bozza", "Completo"}
	for i := range 24 + r.IntN(30) {
		day := at.AddDate(0, 0, -1-r.IntN(90))
		fmt.Fprintf(&b, "%d;UA.%03d;%d;%s;%s;%s;%s\r\n", day.Year(), 100+r.IntN(40), 10000+i*7+r.IntN(7), day.Format("02/01/2006"),
			what[r.IntN(len(what))], italianAmount(2000+r.IntN(900000)), states[r.IntN(len(states))])
	}
	return []byte(b.String())
}

func serverLog(r *rand.Rand, at time.Time) []byte {
	var b strings.Builder
	t := at.Add(-40 * time.Minute)
	jobs := []string{"sessione", "contatore", "stampa", "calcolo", "caricamento"}
	for range 60 {
		t = t.Add(time.Duration(2+r.IntN(50)) * time.Second)
		stamp := t.Format("2006-01-02 15:04:05,000")
		job := jobs[r.IntN(len(jobs))]
		switch r.IntN(14) {
		case 0:
			fmt.Fprintf(&b, "%s ERROR [%s-%d] attesa scaduta dopo 30000 ms: riga occupata da sessione %d\n", stamp, job, 1+r.IntN(8), 4000+r.IntN(900))
			for i := range 3 {
				fmt.Fprintf(&b, "\tin it.esempio.%s.Passo%d.esegui(Passo%d:%d)\n", job, 3-i, 3-i, 40+r.IntN(300))
			}
		case 1, 2:
			fmt.Fprintf(&b, "%s WARN  [%s-%d] risposta lenta: %d ms\n", stamp, job, 1+r.IntN(8), 2000+r.IntN(9000))
		default:
			fmt.Fprintf(&b, "%s INFO  [%s-%d] passo %d eseguito in %d ms\n", stamp, job, 1+r.IntN(8), 1+r.IntN(40), 5+r.IntN(600))
		}
	}
	return []byte(b.String())
}

// italianAmount formats cents in the Italian way: 1.284,50.
func italianAmount(cents int) string {
	euro := fmt.Sprint(cents / 100)
	var parts []string
	for len(euro) > 3 {
		parts = append([]string{euro[len(euro)-3:]}, parts...)
		euro = euro[:len(euro)-3]
	}
	return strings.Join(append([]string{euro}, parts...), ".") + fmt.Sprintf(",%02d", cents%100)
}
