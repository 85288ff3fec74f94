package sample

// extra has the sentences of the demo besides the conversations in text/tickets.toml, in both languages. {chi} is the
// first name of the person addressed, {n} the number of another ticket.
var extra = map[string]map[string]string{
	"it": {
		"duplicate": "Buongiorno, la stessa cosa è già stata segnalata dal tuo ufficio e ci stiamo lavorando. Unisco le due richieste, così la risposta arriva a entrambi.",
		"reopen":    "Riapro perché oggi è successo di nuovo, con gli stessi passaggi. Ieri invece andava.",
		"reopened":  "Hai ragione, la correzione non era arrivata su tutti i server. Ora è dappertutto: ho provato con il tuo caso e va. Esci e rientra prima di riprovare.",
		"mention":   "{chi}, puoi guardarci tu? Mi sembra lo stesso comportamento che avevi visto in collaudo.",
		"mentioned": "Guardato: sì, è quello. Ti lascio i passaggi nella pagina del gruppo.",
		"moved":     "La richiesta riguarda un'applicazione seguita da un altro gruppo: la passo a loro, non devi riscrivere nulla.",
		"priority":  "Esiste un modo per proseguire nel frattempo, lo abbiamo provato insieme al telefono.",
		"colleague": "Aggiungo la collega che segue con me questa pratica.",
		"linked":    "Simile alla #{n}, le collego.",
	},
	"en": {
		"duplicate": "Hello, your office has already reported the same thing and we are working on it. I am joining the two tickets, so that both of you get the answer.",
		"reopen":    "I am reopening this: it happened again today, with the same steps. Yesterday it worked.",
		"reopened":  "You are right, the correction had not reached all servers. It is everywhere now: I tried your case and it works. Please sign out and in again before you retry.",
		"mention":   "{chi}, puoi guardarci tu? Mi sembra lo stesso comportamento che avevi visto in collaudo.",
		"mentioned": "Guardato: sì, è quello. Ti lascio i passaggi nella pagina del gruppo.",
		"moved":     "This is about an application that another group looks after: I am passing it on, you need not write again.",
		"priority":  "There is a way to go on meanwhile, we tried it together on the telephone.",
		"colleague": "I am adding the colleague who works on this with me.",
		"linked":    "Simile alla #{n}, le collego.",
	},
}
