package web

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk/policy"
	"sportello/store"
)

// Who says for whom a route is. The desk's methods judge each act again; this only keeps whole parts apart.
type Who uint8

const (
	Guest         Who = iota + 1 // everybody, signed in or not
	Person                       // everybody who is signed in
	Agent                        // agents, and administrators
	Writer                       // who may write articles: agents, editors, administrators
	Supervisor                   // supervisors, and administrators
	Administrator                // administrators
	Program                      // the API: a token, whoever it belongs to
)

// WhoNames are the words for those whom a route may be for.
var WhoNames = map[Who]string{Guest: "guest", Person: "person", Agent: "agent", Writer: "writer", Supervisor: "supervisor",
	Administrator: "administrator", Program: "program"}

// String returns the word.
func (w Who) String() string { return WhoNames[w] }

// Admits reports whether the actor is among those the route is for.
func (w Who) Admits(a policy.Actor) bool {
	switch p := a.Person; w {
	case Guest:
		return true
	case Person, Program:
		return p != nil
	case Agent:
		return p != nil && (p.IsAgent() || p.Administrator)
	case Writer:
		return p != nil && (p.IsAgent() || p.Editor || p.Administrator)
	case Supervisor:
		return p != nil && (p.IsSupervisor() || p.Administrator)
	case Administrator:
		return p != nil && p.Administrator
	}
	return false
}

// Route is one address of the desk.
type Route struct {
	Method string
	Path   string
	Name   string // noun.act, unique
	Who    Who
	Handle func(*Request) error
	Form   string   // of a POST: the page that has its form, with the same parameters
	Secret bool     // the address holds a secret and stays out of the log
	Text   int64    // bytes that the body may have, files apart; 0: smallBody
	Files  []string // fields of the form, or of the call, whose files are kept
	Inline bool     // the files are read at once and not kept

	Confirm confirmation // what counts as having shown lately who one is
}

// WithText is the route for what people write at length.
func (r Route) WithText() Route { r.Text = LongBody; return r }

// WithFiles is the route for a long text and files in the named fields.
func (r Route) WithFiles(fields ...string) Route { r.Files = fields; return r.WithText() }

// ReadAtOnce is the route for files that are read at once and not kept.
func (r Route) ReadAtOnce() Route { r.Inline = true; return r }

func (r *Route) text() int64 { return max(r.Text, SmallBody) }

// most is how many bytes the body may have at all.
func (r *Route) most(s *Site) int64 {
	if len(r.Files) > 0 {
		return r.text() + int64(s.Config.MaxFileMB)<<20
	}
	return r.text()
}

// Get is a route that shows something.
func Get(path, name string, w Who, h func(*Request) error) Route {
	return Route{Method: fiber.MethodGet, Path: path, Name: name, Who: w, Handle: h}
}

// Post is a route that changes something; form is the page whose form leads to it.
func Post(path, name string, w Who, h func(*Request) error, form string) Route {
	return Route{Method: fiber.MethodPost, Path: path, Name: name, Who: w, Handle: h, Form: form}
}

// register adds the routes to the router. A GET is answered for HEAD as well.
func (s *Site) register(f *fiber.App, routes []Route) {
	for i := range routes {
		to := &routes[i]
		h := func(c *fiber.Ctx) error {
			r := s.Request(c)
			if err := r.admit(to); err != nil {
				return err
			}
			if asked, err := r.confirmFirst(to); asked || err != nil {
				return err
			}
			return r.once(to)
		}
		f.Add(to.Method, to.Path, h)
		if to.Method == fiber.MethodGet {
			f.Add(fiber.MethodHead, to.Path, h)
		}
	}
}

// admit notes which route it is and refuses those it is not for.
func (r *Request) admit(to *Route) error {
	if to.Who == Guest && strings.HasPrefix(to.Path, "/assets/") {
		return nil // needs to know nobody
	}
	v := r.Visit()
	v.Route = to
	if to.Who.Admits(v.Actor) {
		switch to.Method {
		case fiber.MethodGet, fiber.MethodHead:
			return nil
		}
		return r.Receive(to)
	}
	if v.refused != nil {
		return v.refused
	}
	if !v.Actor.SignedIn() {
		if to.Method == fiber.MethodPost && !r.isAPI() && r.wantsPage() {
			r.receiveSome()
		}
		return store.Fail(store.SignIn, "error.sign-in-needed")
	}
	return store.Fail(store.Denied, "error.denied")
}

// routePath names the request's route for logs and figures: the pattern, never what stands in its parameters.
func (r *Request) routePath() string {
	if v := r.V; v != nil && v.Route != nil {
		return v.Route.Path
	}
	if to := r.c.Route(); to != nil && to.Path != "" && to.Path != "/" {
		return to.Path
	}
	if r.c.Path() == "/" {
		return "/"
	}
	return "-"
}

// FormPage returns the page whose form was posted: what the route says, with the parameters of this request, else
// where the browser came from, else the home page.
func (r *Request) FormPage() string {
	v := r.V
	if v != nil && v.Route != nil && v.Route.Form != "" {
		parts := strings.Split(v.Route.Form, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = r.c.Params(name)
			}
		}
		return LocalPath(strings.Join(parts, "/"))
	}
	return "/"
}

// Number reads the parameter n of the address. What is no number is no page.
func (r *Request) Number() (uint64, error) { return r.NumberOf("n") }

// NumberOf reads the parameter of the name. What is no number is no page.
func (r *Request) NumberOf(name string) (uint64, error) {
	n, err := strconv.ParseUint(r.c.Params(name), 10, 64)
	if err != nil || n == 0 {
		return 0, store.Fail(store.NotFound, "error.not-found")
	}
	return n, nil
}
