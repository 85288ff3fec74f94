package analysis

import (
	"strconv"
	"strings"
)

// set makes a set of the words, folded as terms are.
func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[fold(strings.ReplaceAll(w, "'", ""))] = true
	}
	return out
}

// elisions are the words that stand in front of an apostrophe and say nothing by themselves.
var elisions = set(`l un d c m t s v n dell nell all dall sull coll pell quest quell bell sant gl com dov quand anch
	nient senz tutt mezz qualcun nessun ciascun degl negl agl dagl sugl cos quant`)

// contractions are what English leaves behind an apostrophe.
var contractions = set(`t re ve ll d m`)

// The small words of each language: not in the stemmed fields, and in a question worth little beside others. They stay
// in the neutral field, for "if", "for" or "it" may be what somebody is looking for.
var (
	ItalianStops = set(`a ad al allo ai agli alla alle anche ancora avere aveva avevo c che chi ci cio coi col come con
		contro cosa cosi cui da dal dallo dai dagli dalla dalle degli dei del dello della delle di dopo dove due e ed era
		erano essere fa fare fu fui gia gli ha hai hanno ho i il in io la le lei li lo loro lui ma me mentre mi mia mie
		miei mio molto ne negli nei nel nello nella nelle no noi non nostra nostre nostri nostro o od ogni oppure ora per
		perche piu po poi pero qua quale quali quando quanto quella quelle quelli quello questa queste questi questo qui
		quindi se sei sempre senza si sia siamo siete solo sono sopra sotto sta stata state stati stato su sua sue sugli
		sui sul sullo sulla sulle suo suoi te ti tra tu tua tue tuo tuoi tutta tutte tutti tutto un una uno va vi voi
		vostra vostre vostri vostro buongiorno salve grazie saluti cordiali gentile`)
	EnglishStops = set(`a about after all also am an and any are aren't as at be because been before being between both
		but by can can't could did didn't do does doesn't doing don't down each few for from further get had has hasn't
		have haven't having he her here hers him his how i if in into is isn't it its just me more most my no nor not now
		of off on once only or other our ours out over own same she should so some such than that the their theirs them
		then there these they this those through to too under until up very was wasn't we were weren't what when where
		which while who whom why will with won't would you your yours hello thanks regards dear`)
)

// particles stand in front of the name that people write together with them: De Rosa.
var particles = set(`de di del della dello dei degli da dal dalla la lo li le van von der mc mac san santa`)

func IsNumber(s string) bool {
	if s == "" || len(s) > 19 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// Decimal writes the number of a row as terms and filters have it.
func Decimal(n uint64) string { return strconv.FormatUint(n, 10) }
