package search

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/store"
)

// identifiers are texts and what people remember of them. What others remember of others must not find them.
var identifiers = []struct {
	text  string
	finds []string
	not   []string
}{
	{"allego stampa_cedolino_v2.xlsx di ottobre",
		[]string{"stampa_cedolino", "stampa_cedolino_v2", "cedolino_v2", "stampa-cedolino", "stampa.cedolino", "stampacedolino", "StampaCedolino",
			"stampa cedolino", "stampa_cedolino_v2.xls", "cedolino_v2.xlsx", "stampa_ced", "v2.xlsx", "STAMPA_CEDOLINO_V2.XLSX", `"stampa_cedolino"`, "stampaCedolinoV2", "cedolino"},
		[]string{"stampa_v2", "cedolino_stampa", "stampa_cedolino_v3", "stampa_cedolino_v22", "v2_cedolino"}},
	{"dalla versione 23.11.02.00 non va",
		[]string{"23.11", "23.11.02", "23.11.02.00", "11.02", "23-11-02", "23_11_02_00", "v23.11 OR 23.11"},
		[]string{"23.1", "3.11", "11.23", "2311", "23.11.03", "23.12", "23.02"}},
	{"con 24.01.00b e v2.1-rc3 si blocca",
		[]string{"24.01.00b", "24.01.00", "24.01", "v2.1", "2.1", "2.1-rc3", "v2.1-rc3", "v2.1rc3", "rc3", "24.01.00B", "V2.1-RC3"},
		[]string{"24.01.00c", "24.01.001", "v2.2", "v2.1-rc4", "1.2", "rc4"}},
	{"la vista T_CED_VOCI e AN_ANAGRAFICA.COD_FISCALE",
		[]string{"ced_voci", "CED VOCI", "T_CED_VOCI", "t_ced", "CEDVOCI", "tcedvoci", "ced.voci", "ced-voci", "an_anagrafica", "cod_fiscale",
			"anagrafica.cod_fiscale", "t_ced_vo", "COD FISCALE", "codFiscale"},
		[]string{"voci_ced", "ced_cod", "t_voci", "fiscale_cod"}},
	{`è in C:\stipendi\ottobre\cedolino.xls e in /opt/u-gov/log/server.log, \\server01\condivisi\*.mdb`,
		[]string{`C:\stipendi\ottobre\cedolino.xls`, `stipendi\ottobre`, "stipendi/ottobre", "cedolino.xls", `ottobre\cedolino.xls`, "/opt/u-gov/log",
			"opt/u-gov", "u-gov/log", "server.log", `\\server01\condivisi`, "server01", `ottobre\ced`, "log/server"},
		[]string{`ottobre\stipendi`, "cedolino.doc", `server02\condivisi`, "log.server.opt/u-gov.xls"}},
	{"errore ORA-00942: table or view does not exist, poi HTTP500 e 0x80070005",
		[]string{"ORA-00942", "ora-00942", "ORA00942", "ora 942", "ORA 00942", "00942", "942", "ora_00942", "http500", "HTTP 500", "HTTP-500", "0x80070005"},
		[]string{"ORA-00943", "ORA-0094", "ora00042", "HTTP-501", "0x80070006"}},
	{"errore ORA 01722 sul conto",
		[]string{"ORA-01722", "ora01722", "1722", "ORA 01722"},
		[]string{"ORA-01723", "ORA-0172"}},
	{"IBAN IT60 X054 2811 1010 0000 0123 456 intestato",
		[]string{"IT60X0542811101000000123456", "it60x0542811101000000123456", "IT60 X054 2811 1010 0000 0123 456", "IT60-X054-2811-1010-0000-0123-456", "IBAN IT60X0542811101000000123456"},
		[]string{"IT60X0542811101000000123457", "IT61X0542811101000000123456"}},
	{"il conto è IT60X0542811101000000123456",
		[]string{"IT60 X054 2811 1010 0000 0123 456", "it60 x054 2811 1010 0000 0123 456", "IT60X0542811101000000123456", "IT60 X 05428 11101 000000123456", "conto IT60 X 05428 11101 000000123456"},
		[]string{"IT60 X054 2811 1010 0000 0123 457"}},
	{"importo 1.234,56 euro, prima 12.500 e 1.250.000,00",
		[]string{"1234,56", "1.234,56", "1234.56", "12500", "12.500", "1250000", "1.250.000", "1250000,00", "1,250,000.00"},
		[]string{"1234,57", "12501", "1.235,56", "34,561", "125000"}},
	{"importo 1234,56 o 98765.43 pagato",
		[]string{"1.234,56", "1,234.56", "1234.56", "98.765,43", "98765,43"},
		[]string{"1.234,65", "98.765,44"}},
	{"mi chiami allo 011 555 1234 o al +39 02/7654321",
		[]string{"0115551234", "011 5551234", "011-5551234", "011/5551234", "011.555.1234", "027654321", "02 7654321", "+39 027654321", "+39027654321", "5551234", "allo 0115551234", "allo 011 5551234"},
		[]string{"0115551235", "0125551234", "02 7654322"}},
	{"cell. +393471234567",
		[]string{"3471234567", "347 1234567", "347-123.4567", "+39 347 1234567", "00393471234567", "393471234567"},
		[]string{"3471234568"}},
	{"entro il 31/10/2026 e poi 2026-11-05",
		[]string{"31.10.2026", "31/10/2026", "31-10-2026", "2026-10-31", "31_10_2026", "5/11/2026", "05.11.2026", "31/10/26", "31/10"},
		[]string{"30.10.2026", "31/11/2026", "2026-10-30", "6/11/2026"}},
	{"il 1/3/2026 alle 9.30",
		[]string{"01/03/2026", "1.3.2026", "2026-03-01", "9:30", "9.30"},
		[]string{"03/01/2026", "11/3/2026"}},
	{"codice fiscale RSSMRA80A01L219M, CIG Z1A2B3C4D5, CUP D11B21003840007, matricola 004512",
		[]string{"rssmra80a01l219m", "RSSMRA80A01L219M", "z1a2b3c4d5", "cup d11b21003840007", "4512", "004512", "matricola 4512"},
		[]string{"rssmra80a01l219n", "z1a2b3c4d6", "4513"}},
	{"il metodo getVociCedolino di StampaMassivaBean, XMLParser e PagoPA",
		[]string{"getVociCedolino", "getvocicedolino", "voci cedolino", "vociCedolino", "get_voci_cedolino", "stampa massiva", "massivaBean", "stampamassiva",
			"StampaMassiva", "xml parser", "xmlparser", "XML_PARSER", "pago pa", "pagopa", "Pago-PA", "getvoci"},
		[]string{"getCedolinoVoci", "massiva_stampa", "parserXML", "voci_get"}},
	{"scrivo da mario.rossi@personale.ateneo.it",
		[]string{"mario.rossi@personale.ateneo.it", "mario.rossi", "rossi@personale", "personale.ateneo.it", "mario rossi", "mariorossi", "MARIO.ROSSI@PERSONALE.ATENEO.IT", "mario.ros", "@personale.ateneo.it", "rossi@personale.ateneo.it"},
		[]string{"rossi.mario@personale.ateneo.it", "mario.rossi@altro.ateneo.it"}},
	{"il collega D'Angelo e la dottoressa De Rosa con Müller, Dell’Acqua, dall'ufficio",
		[]string{"angelo", "dangelo", "d'angelo", "d’angelo", "d angelo", "D`Angelo", "de rosa", "derosa", "muller", "Müller", "dell'acqua", "dellacqua", "acqua", "ufficio"},
		[]string{"danieli", "dirosano"}},
	{"protocollo 2026/0012345-VII/4 e delibera n.45/2026, PR#778",
		[]string{"2026/0012345", "12345", "0012345", "2026-0012345-VII/4", "0012345-VII", "45/2026", "45-2026", "778"},
		[]string{"2026/0012346", "46/2026", "45/2027"}},
}

func TestIdentifiersAreFoundAsTheyAreRemembered(t *testing.T) {
	f := newFixture(t)
	f.ticket(store.Ticket{Subject: "Altro", Requester: f.carla}, "testo qualsiasi senza niente")
	rows := make([]uint64, len(identifiers))
	for i, c := range identifiers {
		rows[i] = f.ticket(store.Ticket{Subject: "Caso", Requester: f.carla, Group: f.general}, c.text)
	}
	f.catchUp()
	for i, c := range identifiers {
		found := func(q string) bool {
			res := f.search(Query{Text: q, Access: f.all(), Limit: 100})
			if res.Corrected != "" {
				t.Errorf("%q is corrected to %q", q, res.Corrected)
			}
			return !res.Parsed.Any && slices.ContainsFunc(res.Hits[:min(res.All, len(res.Hits))], func(h Hit) bool { return h.ID == rows[i] })
		}
		for _, q := range c.finds {
			if !found(q) {
				t.Errorf("%q does not find %q", q, c.text)
				continue
			}
			p := f.search(Query{Text: q, Access: f.all()}).Parsed
			if s := string(query.Snippet(c.text, p, "it", 200)); !strings.Contains(s, "<mark>") {
				t.Errorf("%q is not marked in %q", q, s)
			}
			if n := query.Missing(c.text, p, "it"); n != 0 {
				t.Errorf("%q: %d are missing in %q", q, n, c.text)
			}
		}
		for _, q := range c.not {
			if found(q) {
				t.Errorf("%q finds %q", q, c.text)
			}
		}
	}
}

// checkForms holds that forms are added to what a text had, and that there is a bound to them.
func checkForms(t *testing.T, text string) {
	var plain, with []analysis.Token
	forms := 0
	analysis.Scan(text, func(k analysis.Token) { plain = append(plain, k) })
	analysis.ScanForms(text, func(k analysis.Token) {
		if k.Start < 0 || k.End > len(text) || k.Start >= k.End || k.Term == "" || len(k.Term) > analysis.MaxTerm || !utf8.ValidString(k.Term) {
			t.Fatalf("%q: token %+v", text, k)
		}
		if k.Form {
			forms++
			return
		}
		with = append(with, k)
	})
	if words := len(plain) + len(text)/2; forms > 5*words+8 {
		t.Fatalf("%q: %d forms", text, forms)
	}
	kept := plain[:0:0]
	for _, k := range plain {
		if !k.Loose {
			kept = append(kept, k)
		}
	}
	with = slices.DeleteFunc(with, func(k analysis.Token) bool { return k.Loose })
	if !slices.Equal(kept, with) {
		t.Fatalf("%q: %v, with forms %v", text, kept, with)
	}
}

func FuzzForms(f *testing.F) {
	for _, c := range identifiers {
		f.Add(c.text)
	}
	for _, s := range []string{"a_", "1.2.3.4.5.6.7.8.9.0.1.2.3", "1 2 3 4 5 6 7 8 9 0 1 2 3 4", strings.Repeat("aB", 200), strings.Repeat("1,", 50), "A1b2C3d4E5", "\u0301a\u0301B", "(+39) 011 . 5 /7 8 9 0", "x\u00a01234567 8\u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkForms(t, text)
		p := query.Parse(text, nil, time.UTC, time.Unix(1_790_000_000, 0), false)
		units := 0
		for _, c := range p.Clauses {
			for _, ch := range c.Choices {
				units += len(ch.Units)
				if len(ch.Units) == 0 {
					t.Fatalf("%q: an empty choice", text)
				}
			}
		}
		if units > query.MaxTerms*120 {
			t.Fatalf("%q: %d units", text, units)
		}
		_ = query.Snippet(text, p, "it", 80)
		if n := query.Missing(text, p, "it"); n < 0 {
			t.Fatalf("%q: %d", text, n)
		}
	})
}
