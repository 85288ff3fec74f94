package app

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
	"sportello/store"
)

// who says for whom a route is. The desk's methods judge each act again; this only keeps whole parts apart.
type who uint8

const (
	guest         who = iota + 1 // everybody, signed in or not
	person                       // everybody who is signed in
	agent                        // agents, and administrators
	writer                       // who may write articles: agents, editors, administrators
	supervisor                   // supervisors, and administrators
	administrator                // administrators
	program                      // the API: a token, whoever it belongs to
)

var whoNames = map[who]string{guest: "guest", person: "person", agent: "agent", writer: "writer", supervisor: "supervisor",
	administrator: "administrator", program: "program"}

func (w who) String() string { return whoNames[w] }

// admits reports whether the actor is among those the route is for.
func (w who) admits(a desk.Actor) bool {
	switch p := a.Person; w {
	case guest:
		return true
	case person, program:
		return p != nil
	case agent:
		return p != nil && (p.IsAgent() || p.Administrator)
	case writer:
		return p != nil && (p.IsAgent() || p.Editor || p.Administrator)
	case supervisor:
		return p != nil && (p.IsSupervisor() || p.Administrator)
	case administrator:
		return p != nil && p.Administrator
	}
	return false
}

// route is one address of the desk.
type route struct {
	Method string
	Path   string
	Name   string // noun.act, unique
	Who    who
	Handle func(*Request) error
	Form   string   // of a POST: the page that has its form, with the same parameters
	Secret bool     // the address holds a secret and stays out of the log
	Text   int64    // bytes that the body may have, files apart; 0: smallBody
	Files  []string // fields of the form, or of the call, whose files are kept
	Inline bool     // the files are read at once and not kept

	Confirm confirmation // what counts as having shown lately who one is
}

// withText is the route for what people write at length.
func (r route) withText() route { r.Text = longBody; return r }

// withFiles is the route for a long text and files in the named fields.
func (r route) withFiles(fields ...string) route { r.Files = fields; return r.withText() }

// readAtOnce is the route for files that are read at once and not kept.
func (r route) readAtOnce() route { r.Inline = true; return r }

func (r *route) text() int64 { return max(r.Text, smallBody) }

// most is how many bytes the body may have at all.
func (r *route) most(s *Site) int64 {
	if len(r.Files) > 0 {
		return r.text() + int64(s.cfg.MaxFileMB)<<20
	}
	return r.text()
}

func get(path, name string, w who, h func(*Request) error) route {
	return route{Method: fiber.MethodGet, Path: path, Name: name, Who: w, Handle: h}
}

// post is a route that changes something; form is the page whose form leads to it.
func post(path, name string, w who, h func(*Request) error, form string) route {
	return route{Method: fiber.MethodPost, Path: path, Name: name, Who: w, Handle: h, Form: form}
}

// register adds the routes to the router. A GET is answered for HEAD as well.
func (s *Site) register(f *fiber.App, routes []route) {
	for i := range routes {
		to := &routes[i]
		h := func(c *fiber.Ctx) error {
			r := s.request(c)
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
func (r *Request) admit(to *route) error {
	if to.Who == guest && strings.HasPrefix(to.Path, "/assets/") {
		return nil // needs to know nobody
	}
	v := r.visit()
	v.route = to
	if to.Who.admits(v.actor) {
		switch to.Method {
		case fiber.MethodGet, fiber.MethodHead:
			return nil
		}
		return r.receive(to)
	}
	if v.refused != nil {
		return v.refused
	}
	if !v.actor.SignedIn() {
		if to.Method == fiber.MethodPost && !r.isAPI() && r.wantsPage() {
			r.receiveSome()
		}
		return store.Fail(store.SignIn, "error.sign-in-needed")
	}
	return store.Fail(store.Denied, "error.denied")
}

// routePath names the request's route for logs and figures: the pattern, never what stands in its parameters.
func (r *Request) routePath() string {
	if v := r.v; v != nil && v.route != nil {
		return v.route.Path
	}
	if to := r.c.Route(); to != nil && to.Path != "" && to.Path != "/" {
		return to.Path
	}
	if r.c.Path() == "/" {
		return "/"
	}
	return "-"
}

// formPage returns the page whose form was posted: what the route says, with the parameters of this request, else
// where the browser came from, else the home page.
func (r *Request) formPage() string {
	v := r.v
	if v != nil && v.route != nil && v.route.Form != "" {
		parts := strings.Split(v.route.Form, "/")
		for i, p := range parts {
			if name, ok := strings.CutPrefix(p, ":"); ok {
				parts[i] = r.c.Params(name)
			}
		}
		return localPath(strings.Join(parts, "/"))
	}
	return "/"
}

// number reads the parameter n of the address. What is no number is no page.
func (r *Request) number() (uint64, error) {
	n, err := strconv.ParseUint(r.c.Params("n"), 10, 64)
	if err != nil || n == 0 {
		return 0, store.Fail(store.NotFound, "error.not-found")
	}
	return n, nil
}
