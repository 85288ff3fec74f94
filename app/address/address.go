// Package address knows where each noun's page is: for pages, letters and the API alike, so that no address is written
// twice. Each function returns a path of the desk.
package address

import (
	"net/url"
	"strconv"
)

// Mails is where agents judge mail that waits.
const Mails = "/desk/mail"

// Ticket is a ticket's page.
func Ticket(number uint64) string { return "/tickets/" + itoa(number) }

// NewTicket is the form that opens a ticket about the module of the code.
func NewTicket(module string) string { return "/tickets/new?module=" + url.QueryEscape(module) }

// Original is the mail that a message of the ticket was.
func Original(ticket, message uint64) string {
	return Ticket(ticket) + "/messages/" + itoa(message) + "/original"
}

// Article is an article's page.
func Article(slug string) string { return "/articles/" + url.PathEscape(slug) }

// Articles lists the articles about the module of the code.
func Articles(module string) string { return "/articles/in/" + module }

// File is an attachment's bytes.
func File(id uint64) string { return "/files/" + itoa(id) }

// Mail is a mail as it came, for whoever judges it.
func Mail(id uint64) string { return Mails + "/" + itoa(id) + "/original" }

// View is the list of a saved view.
func View(id uint64) string { return "/desk/views/" + itoa(id) }

// Person is the administration's page of a person.
func Person(id uint64) string { return "/admin/people/" + itoa(id) }

// Admin is the page of one row in a part of the administration: groups, organisations, catalogue, letters.
func Admin(part string, id uint64) string { return "/admin/" + part + "/" + itoa(id) }

// Password is where somebody with the secret of a link chooses a password.
func Password(secret string) string { return "/password/" + secret }

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }
