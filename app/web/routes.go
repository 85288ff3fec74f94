package web

import (
	"cmp"
	"io"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk/policy"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/scope"
)

// Who says who may use a route. It only separates whole areas; the desk's methods check every act again.
type Who uint8

const (
	Guest         Who = iota + 1 // everyone, signed in or not
	Person                       // everyone who is signed in
	Agent                        // agents, and administrators
	Writer                       // those who may write articles: agents, editors, administrators
	Supervisor                   // supervisors, and administrators
	Administrator                // administrators
	Program                      // the API: any valid token
)

// WhoNames are the words for each Who.
var WhoNames = map[Who]string{Guest: "guest", Person: "person", Agent: "agent", Writer: "writer", Supervisor: "supervisor",
	Administrator: "administrator", Program: "program"}

// String returns the word for w.
func (w Who) String() string { return WhoNames[w] }

// Admits reports whether the actor may use routes for w.
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

// Route is one address of the desk with its method and handler.
type Route struct {
	Method string
	Path   string
	Name   string // noun.act, unique
	Who    Who
	Handle func(*Request) error
	Form   string   // of a POST: the page with its form, with the same parameters
	Secret bool     // the address contains a secret and is not logged
	Text   int64    // maximum bytes of the body without files; 0 means SmallBody
	Files  []string // fields of the form, or of the call, whose files are stored
	Inline bool     // files are read into memory and not stored
	Most   int64    // bytes of files; 0 is what the configuration says

	// Keep stores a file of the form as its bytes come, and refuses whoever may not send it before the first of them; nil
	// keeps it as a pending file of its sender.
	Keep func(r *Request, name string, body io.Reader) (*store.File, error)

	Needs   scope.Need       // of the API: what it asks of a token
	Says    schema.Operation // of the API: its description
	Confirm confirmation     // the confirmation that the act requires
}

// WithText returns the route with the limit for long texts.
func (r Route) WithText() Route { r.Text = LongBody; return r }

// WithFiles returns the route with a long text and files in the named fields.
func (r Route) WithFiles(fields ...string) Route { r.Files = fields; return r.WithText() }

// KeptBy returns the route with files of together at most most bytes, which keep stores.
func (r Route) KeptBy(most int64, keep func(*Request, string, io.Reader) (*store.File, error)) Route {
	r.Most, r.Keep = most, keep
	return r
}

// ReadAtOnce returns the route with files that are read into memory and not stored.
func (r Route) ReadAtOnce() Route { r.Inline = true; return r }

func (r *Route) text() int64 { return max(r.Text, SmallBody) }

// most returns the maximum bytes of the whole body.
func (r *Route) most(s *Site) int64 {
	if len(r.Files) > 0 {
		return r.text() + cmp.Or(r.Most, int64(s.Config.MaxFileMB)<<20)
	}
	return r.text()
}

// Get returns a route that shows something.
func Get(path, name string, w Who, h func(*Request) error) Route {
	return Route{Method: fiber.MethodGet, Path: path, Name: name, Who: w, Handle: h}
}

// Post returns a route that changes something; form is the page with its form.
func Post(path, name string, w Who, h func(*Request) error, form string) Route {
	return Route{Method: fiber.MethodPost, Path: path, Name: name, Who: w, Handle: h, Form: form}
}

// register adds the routes to the router. HEAD is answered like GET.
func (s *Site) register(f *fiber.App, routes []Route) {
	for i := range routes {
		to := &routes[i]
		if (to.Who == Program) != to.Needs.Said() {
			panic("web: " + to.Name + " does not say what it needs of a token, or needs none")
		}
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

// admit records the route of the request and refuses people the route is not for.
func (r *Request) admit(to *Route) error {
	if to.Who == Guest && strings.HasPrefix(to.Path, "/assets/") {
		return nil // nobody needs to be known
	}
	v := r.Visit()
	v.Route = to
	if to.Who.Admits(v.Actor) {
		if to.Who == Program {
			if err := policy.MayCall(v.Actor, to.Needs); err != nil {
				return err
			}
		}
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
		return fault.New(fault.SignIn, "error.sign-in-needed")
	}
	return fault.New(fault.Denied, "error.denied")
}

// routePath returns the route of the request for logs and metrics: the pattern, never the parameters.
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

// FormPage returns the page whose form was posted: the one the route names, with the parameters of this request, else
// the page the browser came from, else the home page.
func (r *Request) FormPage() string {
	v := r.V
	if v != nil && v.Route != nil && v.Route.Form != "" {
		parts := strings.Split(v.Route.Form, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok || p == "*" {
				parts[i] = r.c.Params(name)
			}
		}
		return LocalPath(strings.Join(parts, "/"))
	}
	return "/"
}

// Number returns the parameter n of the address. It returns a NotFound error if that is not a number.
func (r *Request) Number() (uint64, error) { return r.NumberOf("n") }

// NumberOf returns the named parameter of the address. It returns a NotFound error if that is not a number.
func (r *Request) NumberOf(name string) (uint64, error) {
	n, err := strconv.ParseUint(r.c.Params(name), 10, 64)
	if err != nil || n == 0 {
		return 0, fault.New(fault.NotFound, "error.not-found")
	}
	return n, nil
}
