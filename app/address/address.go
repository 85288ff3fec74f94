// Package address has the address of each noun's page, for pages, letters and the API, so that no address is written
// twice. Each function returns a path of the desk.
package address

import (
	"net/url"
	"strconv"
)

// Mails is the address where agents judge waiting mail.
const Mails = "/desk/mail"

// Ticket returns the address of a ticket's page.
func Ticket(number uint64) string { return "/tickets/" + itoa(number) }

// Message returns the address of a message or note in its ticket's page, which shows the piece of a long thread around it.
func Message(ticket, message uint64) string {
	return Ticket(ticket) + "?message=" + itoa(message) + "#m" + itoa(message)
}

// Release returns the address of a release's page.
func Release(number uint64) string { return "/releases/" + itoa(number) }

// ReleaseLink returns the address where a contact answers for a release, by the token of a letter.
func ReleaseLink(token string) string { return "/releases/link/" + token }

// Contact returns the address where a contact says that its address is right, by the token of a letter.
func Contact(token string) string { return "/contacts/" + token }

// NewsFeed returns the address of somebody's feed of updates, by its secret.
func NewsFeed(token string) string { return "/feeds/" + token + "/releases.atom" }

// CalendarFeed returns the address of somebody's calendar of stops and dates, by its secret.
func CalendarFeed(token string) string { return "/feeds/" + token + "/releases.ics" }

// ProblemFeed returns the address of somebody's feed of known problems, by its secret.
func ProblemFeed(token string) string { return "/feeds/" + token + "/problems.atom" }

// NewTicket returns the address of the form that opens a ticket about the module with the code.
func NewTicket(module string) string { return "/tickets/new?module=" + url.QueryEscape(module) }

// Original returns the address of the original mail of a ticket's message.
func Original(ticket, message uint64) string {
	return Ticket(ticket) + "/messages/" + itoa(message) + "/original"
}

// Article returns the address of an article's page.
func Article(slug string) string { return "/articles/" + url.PathEscape(slug) }

// Articles returns the address of the list of articles about the module with the code.
func Articles(module string) string { return "/articles/in/" + module }

// File returns the address of an attachment's content.
func File(id uint64) string { return "/files/" + itoa(id) }

// Mail returns the address of an original mail, for the people who judge it.
func Mail(id uint64) string { return Mails + "/" + itoa(id) + "/original" }

// View returns the address of a saved view's list.
func View(id uint64) string { return "/desk/views/" + itoa(id) }

// Person returns the address of a person's page in the administration.
func Person(id uint64) string { return "/admin/people/" + itoa(id) }

// Service returns the address of the page of a service account.
func Service(id uint64) string { return "/service-accounts/" + itoa(id) }

// Affiliations returns the address of the page with a person's affiliations.
func Affiliations(person uint64) string { return "/people/" + itoa(person) + "/affiliations" }

// Installations returns the address of what the organisation with the code has installed.
func Installations(code string) string {
	return "/organisations/" + url.PathEscape(code) + "/installations"
}

// AllInstallations is the address where those of the desk see which versions run where.
const AllInstallations = "/installations"

// InstallationsOf returns the address where they see those of the module with the code.
func InstallationsOf(code string) string {
	return AllInstallations + "?module=" + url.QueryEscape(code)
}

// Releases is the address of the list of updates.
const Releases = "/releases"

// ReleasesOf returns the address of the list of updates of the module with the code and of those below it.
func ReleasesOf(code string) string { return Releases + "?module=" + url.QueryEscape(code) }

// Picture is the address of the pictures: organisations down, updates across.
const Picture = Releases + "/picture"

// PictureOf returns the address of the picture of the module with the code.
func PictureOf(code string) string { return Picture + "?module=" + url.QueryEscape(code) }

// ReleaseReceipts returns the address where the organisation with the code says what became of an update there.
func ReleaseReceipts(number uint64, code string) string {
	return Release(number) + "/receipts/" + url.PathEscape(code)
}

// ReleaseFile returns the address of a file of an update.
func ReleaseFile(number uint64, name string) string {
	return Release(number) + "/files/" + url.PathEscape(name)
}

// Problems is the address of the list of known problems.
const Problems = "/problems"

// Problem returns the address of a known problem's page.
func Problem(number uint64) string { return Problems + "/" + itoa(number) }

// ProblemsOf returns the address of the list of known problems of the module with the code and of those below it.
func ProblemsOf(code string) string { return Problems + "?module=" + url.QueryEscape(code) }

// NewProblem returns the address of the form that makes a known problem of the ticket.
func NewProblem(ticket uint64) string { return Problems + "/new?ticket=" + itoa(ticket) }

// NewRelease returns the address of the form that makes an update of the mail that the ticket came by.
func NewRelease(ticket uint64) string { return Releases + "/new?ticket=" + itoa(ticket) }

// AccessRequests is the address where those who decide requests for credentials see them.
const AccessRequests = "/access-requests"

// NewAccess is the address of the form that asks for credentials.
const NewAccess = AccessRequests + "/new"

// NewAccessTo returns the address of that form with the module of the code chosen.
func NewAccessTo(module string) string { return NewAccess + "?module=" + url.QueryEscape(module) }

// MoreAccess is the address by which somebody who has credentials signs in and asks for more modules.
const MoreAccess = "/sign-in?next=" + NewAccess

// AccessRequest returns the address of the page of a request for credentials, for those who decide it.
func AccessRequest(number uint64) string { return AccessRequests + "/" + itoa(number) }

// OwnAccess returns the address of the page of whoever made a request, by the token of a letter.
func OwnAccess(token string) string { return AccessRequests + "/own/" + token }

// Contacts returns the address of the technical contacts of the organisation with the code.
func Contacts(code string) string {
	return "/organisations/" + url.PathEscape(code) + "/contacts"
}

// OwnInvitations is where somebody who is signed in answers invitations.
const OwnInvitations = "/invitations"

// Invited returns the address where whoever reads a letter with the secret answers its invitation.
func Invited(secret string) string { return "/invited/" + secret }

// Invitations returns the address of the invitations into the organisation with the code.
func Invitations(code string) string { return Members(code) + "/invitations" }

// List returns the address on which that list is brought in line with a table.
func List(code string) string { return Members(code) + "/list" }

// Members returns the address of the list of the people of the organisation with the code.
func Members(code string) string { return "/organisations/" + url.PathEscape(code) + "/people" }

// Admin returns the address of one row in a part of the administration: groups, organisations, catalogue, letters.
func Admin(part string, id uint64) string { return "/admin/" + part + "/" + itoa(id) }

// Password returns the address where a person with the secret of a link chooses a password.
func Password(secret string) string { return "/password/" + secret }

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// Plans is the address of the list of plans.
const Plans = "/plans"

// Plan returns the address of a plan's page.
func Plan(number uint64) string { return Plans + "/" + itoa(number) }

// Decision returns the address where a decision of a plan is taken.
func Decision(plan uint64, code string) string {
	return Plan(plan) + "/decisions/" + url.PathEscape(code)
}

// Step returns the address of a step of a plan.
func Step(plan uint64, code string) string { return Plan(plan) + "/steps/" + url.PathEscape(code) }

// Freeze returns the address where somebody says that they read of a freeze of a plan.
func Freeze(plan uint64, code string) string { return Plan(plan) + "/freezes/" + url.PathEscape(code) }

// TicketStep returns the address where a ticket becomes a step of a plan.
func TicketStep(ticket uint64) string { return Ticket(ticket) + "/plan-step" }

// PlanFacts returns the address where facts of the organisation of a plan are said.
func PlanFacts(number uint64) string { return Plan(number) + "/facts" }

// Templates is the address of the list of the templates that plans are made from.
const Templates = "/templates"

// Template returns the address of a template's page.
func Template(code string) string { return Templates + "/" + url.PathEscape(code) }

// PlanRecord returns the address of the record of a plan.
func PlanRecord(number uint64) string { return Plan(number) + "/record" }
