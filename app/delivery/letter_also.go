package delivery

import (
	"sportello/app/address"
	"sportello/app/desk/notice"
)

// ofItsTicket tells the lines about the letter's own ticket from those about others, of which the same is told. In a letter about
// none, all are its own.
func ofItsTicket(o *notice.Outgoing) (own, also []notice.OutgoingLine) {
	if o.Ticket == nil {
		return o.Lines, nil
	}
	for _, l := range o.Lines {
		if l.Ticket == o.Ticket.ID || l.Ticket == 0 {
			own = append(own, l)
		} else {
			also = append(also, l)
		}
	}
	if len(own) == 0 {
		return also, nil
	}
	return own, also
}

// also names the other tickets of which the same is told.
func (w *letterWriter) also(lines []notice.OutgoingLine) []letterLine {
	if len(lines) == 0 {
		return nil
	}
	out := letterLine{Intro: []letterParagraph{w.paragraph(w.t("letter.also"), "")}}
	for _, l := range lines {
		address := w.base(address.Ticket(l.Ticket))
		out.Intro = append(out.Intro, w.paragraph(w.t("letter.also-line", "number", l.Ticket, "subject", l.Subject)+"\n"+address, address))
	}
	return []letterLine{out}
}
