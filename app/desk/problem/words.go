package problem

import (
	"strings"

	"sportello/store"
)

// News is what a case of a known problem is told.
type News string

// What cases are told.
const (
	NewsPlanned    News = "planned"    // a version will mend it
	NewsIssued     News = "issued"     // the version is there to be installed
	NewsThere      News = "there"      // it runs where they work
	NewsOut        News = "out"        // it is published, and nobody knows what runs where they work
	NewsTakenBack  News = "taken-back" // the version was withdrawn
	NewsNever      News = "never"      // it will not be mended
	NewsNone       News = "none"       // it was no problem
	NewsUnhelped   News = "unhelped"   // the version does not mend it where they work
	NewsWorkaround News = "workaround" // there is a way around
)

// sentences are what the desk writes into the thread of a ticket and into letters. {name} names the problem to whom it is open, {why} is a
// reason, {version} the version, {way} the way around.
var sentences = map[News]store.Words{
	NewsPlanned: {IT: "Conosciamo questa anomalia{name}. La correzione è prevista nella versione {version}: ti scriviamo quando esce.",
		EN: "We know this malfunction{name}. It will be corrected in version {version}: we write to you when it is out."},
	NewsIssued: {IT: "È uscita la versione {version}, che corregge questa anomalia{name}. Quando sarà installata in produzione presso il tuo ente, ti chiederemo una conferma.",
		EN: "Version {version}, which corrects this malfunction{name}, is out. When it is installed in production at your organisation we will ask you to confirm."},
	NewsThere: {IT: "La versione {version}, che corregge questa anomalia{name}, è in uso presso il tuo ente. Prova: se ora va tutto bene, confermalo; se non va, rispondi e riprendiamo da qui.",
		EN: "Version {version}, which corrects this malfunction{name}, is in use at your organisation. Please try: if all is well now, confirm it; if it is not, answer and we go on from here."},
	NewsOut: {IT: "È uscita la versione {version}, che corregge questa anomalia{name}. Prova: se ora va tutto bene, confermalo; se non va, rispondi e riprendiamo da qui.",
		EN: "Version {version}, which corrects this malfunction{name}, is out. Please try: if all is well now, confirm it; if it is not, answer and we go on from here."},
	NewsTakenBack: {IT: "La versione {version}, che doveva correggere questa anomalia{name}, è stata ritirata{why}. Ti scriviamo quando c'è una nuova correzione.",
		EN: "Version {version}, which was to correct this malfunction{name}, was withdrawn{why}. We write to you when there is a new correction."},
	NewsNever: {IT: "Questa anomalia{name} non sarà corretta{why}.{way}",
		EN: "This malfunction{name} will not be corrected{why}.{way}"},
	NewsNone: {IT: "Quella che pensavamo fosse un'anomalia non lo è{why}.",
		EN: "What we thought to be a malfunction is none{why}."},
	NewsUnhelped: {IT: "La versione {version} non corregge questa anomalia{name} presso il tuo ente. Continuiamo a seguirla.",
		EN: "Version {version} does not correct this malfunction{name} at your organisation. We keep following it."},
	NewsWorkaround: {IT: "Per questa anomalia{name} c'è un modo di procedere intanto:{way}",
		EN: "There is a way around this malfunction{name} meanwhile:{way}"},
}

// several are those of the sentences that speak of versions, for more than one: somebody works where two branches are in use.
var several = map[News]store.Words{
	NewsPlanned: {IT: "Conosciamo questa anomalia{name}. La correzione è prevista nelle versioni {version}: ti scriviamo quando escono.",
		EN: "We know this malfunction{name}. It will be corrected in versions {version}: we write to you when they are out."},
	NewsIssued: {IT: "Sono uscite le versioni {version}, che correggono questa anomalia{name}. Quando saranno installate in produzione presso il tuo ente, ti chiederemo una conferma.",
		EN: "Versions {version}, which correct this malfunction{name}, are out. When they are installed in production at your organisation we will ask you to confirm."},
	NewsThere: {IT: "Le versioni {version}, che correggono questa anomalia{name}, sono in uso presso il tuo ente. Prova: se ora va tutto bene, confermalo; se non va, rispondi e riprendiamo da qui.",
		EN: "Versions {version}, which correct this malfunction{name}, are in use at your organisation. Please try: if all is well now, confirm it; if it is not, answer and we go on from here."},
	NewsOut: {IT: "Sono uscite le versioni {version}, che correggono questa anomalia{name}. Prova: se ora va tutto bene, confermalo; se non va, rispondi e riprendiamo da qui.",
		EN: "Versions {version}, which correct this malfunction{name}, are out. Please try: if all is well now, confirm it; if it is not, answer and we go on from here."},
	NewsTakenBack: {IT: "Le versioni {version}, che dovevano correggere questa anomalia{name}, sono state ritirate{why}. Ti scriviamo quando c'è una nuova correzione.",
		EN: "Versions {version}, which were to correct this malfunction{name}, were withdrawn{why}. We write to you when there is a new correction."},
	NewsUnhelped: {IT: "Le versioni {version} non correggono questa anomalia{name} presso il tuo ente. Continuiamo a seguirla.",
		EN: "Versions {version} do not correct this malfunction{name} at your organisation. We keep following it."},
}

// between stands between the versions of a ticket that waits for more than one.
const between = ", "

// Say returns the news of the problem in the language, as Markdown.
func Say(p *store.Problem, n News, version, language string) string {
	named := ""
	if p.Audience != store.Agents && !p.Gone() {
		named = " («" + p.Title.In(language) + "»)"
	}
	why := ""
	if p.Reason != "" {
		why = ": " + strings.TrimRight(p.Reason, ". ")
	}
	way := p.Workaround.In(language)
	if way != "" {
		way = "\n\n" + way
	}
	sentence := sentences[n]
	if i := strings.LastIndex(version, between); i >= 0 && several[n] != (store.Words{}) {
		and := store.Words{IT: " e ", EN: " and "}
		sentence, version = several[n], version[:i]+and.In(language)+version[i+len(between):]
	}
	return strings.NewReplacer("{name}", named, "{version}", version, "{why}", why, "{way}", way).Replace(sentence.In(language))
}
