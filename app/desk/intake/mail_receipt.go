package intake

import (
	"sportello/app/desk/release"
	"sportello/store"
	"sportello/store/spelling"
)

// receipt takes the answer to a letter about a release, and reports whether the mail is dealt with. It counts if it is
// proven that it comes from whom the letter went to, and no program wrote it. What cannot be understood goes on like any
// other mail, so that nobody's words are lost, and its sender is shown the page where one answers by button.
func (j *joining) receipt() (done bool, err error) {
	to, ok := j.it.releases.OpenReply(recipients(j.row, j.in.Message))
	if !ok || j.machine || !j.row.Proven || j.in.form != "" {
		return false, nil
	}
	is, err := j.wentTo(to)
	if err != nil || !is {
		return false, err
	}
	understood, err := j.it.releases.AnswerByMail(j.tx, to, j.in.own)
	if err != nil || !understood {
		return false, err
	}
	j.row.State, j.row.Why, j.row.Text = store.MailReceipt, "", ""
	return true, store.Mails.Put(j.tx, j.row)
}

// wentTo reports whether the sender of the mail is whom the letter went to.
func (j *joining) wentTo(to release.ReplyTo) (bool, error) {
	if to.Person != 0 {
		return j.person != nil && j.person.ID == to.Person, nil
	}
	c, err := store.Contacts.Peek(j.tx, to.Contact)
	return err == nil && spelling.Address(j.in.From.Email) == c.Email, nil
}
