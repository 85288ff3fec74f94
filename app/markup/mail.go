package markup

import "html/template"

// FromMail turns the body of a mail into a message: own is Markdown of what
// its sender wrote now, rest of what they quoted and of their signature.
// Nothing is lost between the two. The HTML is taken when there is one. own
// is only empty when the mail has no text.
func FromMail(text, html string) (own, rest string) { return text, "" }

// MailView says where the pictures of a mail are.
type MailView struct {
	Picture func(cid string) string // the address of an inline picture, "" when there is none
	Remote  bool                    // load pictures from elsewhere
}

// MailHTML returns the HTML of a mail so that it may stand in a page, with
// everything its sender wrote.
func MailHTML(html string, o MailView) template.HTML { return "" }

// HasRemote tells whether showing the HTML of a mail would load something
// from elsewhere.
func HasRemote(html string) bool { return false }
