package sample

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

var (
	surnames = []string{"Arcangeli", "Bonvesin", "Caldonazzo", "Dellavedova", "Fregonara", "Gualandris", "Lanzerotti", "Mezzadrelli", "Nottambuli",
		"Orsolatti", "Perissutti", "Quintavalla", "Rastignani", "Sammartano", "Tiraboschi Neri", "Umbertini", "Vercellati", "Zuanazzo"}
	acronyms = []string{"GEOVAL", "IDROMONT", "SELVANET", "TERRALAB", "CLIMALPE", "FONTIVIVE", "ARBORIS", "MINERVA-E", "LITORAL2", "PASCOLO", "RISONE", "ALTURA",
		"ECODIRITTO", "BILFUTURO", "SISMA-V"}
	months = map[string][]string{
		"it": {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
		"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	}
)

// values choose what the Placeholders of one ticket stand for.
func values(r *rand.Rand, language, module string, at time.Time) *strings.Replacer {
	name := months[language]
	month := int(at.Month()) - 1
	digits := 1000 + r.IntN(9000)
	if r.IntN(2) == 0 {
		digits = 10000 + r.IntN(90000)
	}
	return strings.NewReplacer(
		"{cognome}", surnames[r.IntN(len(surnames))],
		"{matricola}", fmt.Sprintf("%06d", 2000+r.IntN(180000)),
		"{progetto}", acronyms[r.IntN(len(acronyms))],
		"{importo}", italianAmount(8000+r.IntN(2400000)),
		"{data}", at.AddDate(0, 0, -3-r.IntN(12)).Format("02/01/2006"),
		"{codice}", fmt.Sprint(digits),
		"{versione}", versionAt(module, at, 0),
		"{precedente}", versionAt(module, at, -1),
		"{prossima}", versionAt(module, at, 1),
		"{anno}", fmt.Sprint(at.Year()),
		"{annoprec}", fmt.Sprint(at.Year()-1),
		"{mese}", name[month],
		"{meseprec}", name[(month+11)%12],
	)
}

// versionAt names the version of the module's product in use at the time, or one steps later: there is one for each
// quarter of a year. A later quarter has a later version also where the century turns: years count from 2000, and the
// quarters before it share a version 00.00 of their own.
func versionAt(module string, at time.Time, steps int) string {
	quarter := (at.Year()-2000)*4 + (int(at.Month())-1)/3 + steps
	v := fmt.Sprintf("%02d.%02d", quarter/4, quarter%4+1)
	if quarter < 0 {
		v = fmt.Sprintf("00.00.%03d", 400+quarter) // 400 quarters in a century
	}
	if product, _, _ := strings.Cut(module, "/"); product == "csa" || product == "cia" {
		return v
	}
	return v + ".00"
}
