// Package access serves requests for credentials to programs.
package access

import (
	"net/http"
	"slices"
	"time"

	"sportello/app/desk"
	"sportello/app/desk/access"
	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/scope"
)

// pages has what the handlers need.
type pages struct{ *web.Site }

// Routes returns the routes of the requests for credentials. Anybody may ask; who decides needs a token for people.
func Routes(s *web.Site) []web.Route {
	a := pages{s}
	do := program.Do
	return program.Describe([]web.Route{
		{Method: http.MethodPost, Path: program.Base + "/access-requests", Name: "api.access.ask", Who: web.Guest, Handle: a.apiAsk},
		do(http.MethodGet, "/access-requests", "access.list", program.Reads(scope.People), a.apiRequests),
		do(http.MethodGet, "/access-requests/:number<int>", "access.read", program.Reads(scope.People), a.apiRequest),
		do(http.MethodPost, "/access-requests/:number<int>/decision", "access.decide", program.Writes(scope.People), a.apiDecide),
	}, operations)
}

// operations describes each route by its name.
var operations = map[string]schema.Operation{
	"api.access.ask": {Summary: "Ask for credentials, as anybody may. The answer is 202 and the same for every address: a letter asks its owner to confirm, and nobody else is told before.", In: apiForm{}, Out: apiTaken{}},
	"api.access.list": {Summary: "Requests for credentials that the token's person may see, the newest first, those that wait before the others, at most 200 of each", Out: apiList{}, Query: []schema.Parameter{
		{Name: "state", Kind: "string", Text: "waiting, granted, refused, withdrawn or void"}}},
	"api.access.read":   {Summary: "One request for credentials", Out: apiAccess{}},
	"api.access.decide": {Summary: "Approve or refuse a module of a request, or ask back. Who must agree is the module's rule; refusing and asking need a reason, and only an administrator makes a coordinator.", In: apiDecision{}, Out: apiAccess{}},
}

// apiForm is a request as a program makes it.
type apiForm struct {
	Name         string   `json:"name"`
	Email        string   `json:"email"`
	Organisation string   `json:"organisation"` // code or name
	Unit         string   `json:"unit,omitempty"`
	Position     string   `json:"position,omitempty"` // code or name
	Modules      []string `json:"modules"`            // codes
	Why          string   `json:"why"`
	Voucher      string   `json:"voucher,omitempty"`  // a name
	Language     string   `json:"language,omitempty"` // of the letters: it or en
}

// apiTaken says that a request was taken.
type apiTaken struct {
	State string `json:"state"` // unconfirmed
}

func (a pages) apiAsk(r *web.Request) error {
	var in apiForm
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	f := access.Form{Name: in.Name, Email: in.Email, Language: in.Language, Organisation: in.Organisation, Unit: in.Unit, Position: in.Position, Modules: in.Modules, Why: in.Why, Voucher: in.Voucher}
	// Whoever's token it is: a token proves no address, and may not be for this.
	if _, err := a.Desk.Access.Ask(policy.Actor{Via: door.API}, f, r.ClientIP().String()); err != nil {
		return err
	}
	r.Status(http.StatusAccepted)
	return r.JSON(apiTaken{State: "unconfirmed"})
}

// apiAccess is a request as those who decide see it.
type apiAccess struct {
	Number       uint64     `json:"number"`
	Name         string     `json:"name"`
	Email        string     `json:"email"`
	OpenAddress  bool       `json:"open_address"`           // anybody can have an address of its domain
	Organisation string     `json:"organisation,omitempty"` // code; left out: nobody has said which one is meant
	Named        string     `json:"organisation_named"`     // as it was typed
	Unit         string     `json:"unit,omitempty"`         // as it was typed
	Position     string     `json:"position,omitempty"`
	Why          string     `json:"why"`
	Voucher      string     `json:"voucher,omitempty"`
	State        string     `json:"state"` // waiting, granted, refused, withdrawn, void
	Confirmed    *time.Time `json:"confirmed_at"`
	Modules      []apiAsk   `json:"modules"`
}

// apiAsk is one module of a request.
type apiAsk struct {
	Module      string     `json:"module"`
	State       string     `json:"state"`
	Asked       bool       `json:"asked_back"` // an answer is waited for
	Needs       []string   `json:"needs"`      // coordinator, group, administrator: one of them with either, else all
	Either      bool       `json:"either"`
	Agreed      []string   `json:"agreed"` // coordinator, group
	Coordinator bool       `json:"coordinator"`
	Until       *time.Time `json:"until,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	Ticket      uint64     `json:"ticket,omitempty"`
}

type apiList struct {
	Requests []apiAccess `json:"access_requests"`
}

func answer(n desk.Names, v *access.View) apiAccess {
	out := apiAccess{Number: v.ID, Name: v.Name, Email: v.Email, OpenAddress: v.Open, Named: v.Named, Unit: v.UnitNamed, Position: v.Position, Why: v.Why, Voucher: v.Voucher,
		State: v.State().String(), Confirmed: program.Moment(v.Confirmed), Modules: []apiAsk{}}
	if o := n.Organisation(v.Organisation); o != nil {
		out.Organisation = o.Code
	}
	for _, k := range v.Asks {
		one := apiAsk{Module: k.Of.Code, State: k.State.String(), Asked: k.Asked, Needs: []string{}, Either: k.Needed.Either, Agreed: []string{}, Coordinator: k.Terms.Coordinator,
			Until: program.Moment(k.Terms.Until), Reason: k.Reason, Ticket: k.Ticket}
		switch {
		case k.Needed.Place && k.Needed.NoSpeaker:
			one.Needs = append(one.Needs, "administrator")
		case k.Needed.Place:
			one.Needs = append(one.Needs, "coordinator")
		}
		if k.Needed.Group {
			one.Needs = append(one.Needs, "group")
		}
		if k.AccessAsk.Coordinator != 0 {
			one.Agreed = append(one.Agreed, "coordinator")
		}
		if k.AccessAsk.Group != 0 {
			one.Agreed = append(one.Agreed, "group")
		}
		out.Modules = append(out.Modules, one)
	}
	return out
}

func (a pages) apiRequests(r *web.Request) error {
	q := program.QueryOf(r)
	state := q.Raw("state")
	var wrong fault.Problems
	only := entry.Coded[store.AskState](&wrong, "state", state)
	if err := wrong.Err(); err != nil {
		return err
	}
	list, err := a.Desk.Access.List(r.Actor(), 0)
	if err != nil {
		return err
	}
	out := apiList{Requests: []apiAccess{}}
	err = a.Desk.Names(func(n desk.Names) {
		out.Requests = out.Requests[:0]
		for _, v := range slices.Concat(list.Waiting, list.Folded, list.Done) {
			if state == "" || v.State() == only {
				out.Requests = append(out.Requests, answer(n, v))
			}
		}
	})
	return program.Sends(r)(out, err)
}

// send answers with the request.
func (a pages) send(r *web.Request, v *access.View, err error) error {
	if err != nil {
		return err
	}
	var out apiAccess
	err = a.Desk.Names(func(n desk.Names) { out = answer(n, v) })
	return program.Sends(r)(out, err)
}

func (a pages) apiRequest(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	v, err := a.Desk.Access.Read(r.Actor(), number)
	return a.send(r, v, err)
}

// apiDecision is what a program decides of one module.
type apiDecision struct {
	Module      string `json:"module"`
	Do          string `json:"do"`                    // approve, refuse or ask
	Unit        string `json:"unit,omitempty"`        // name, of the organisation
	Position    string `json:"position,omitempty"`    // code or name
	Coordinator bool   `json:"coordinator,omitempty"` // by administrators
	Until       string `json:"until,omitempty"`       // the last day, or the first moment at which it no longer holds
	Reason      string `json:"reason,omitempty"`      // why it is refused, or what is asked
}

func (a pages) apiDecide(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	is, err := a.Desk.Access.Read(r.Actor(), number)
	if err != nil {
		return err
	}
	var in apiDecision
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var wrong fault.Problems
	d := access.Decision{Module: in.Module, Do: entry.Coded[access.Do](&wrong, "do", in.Do), Position: in.Position, Coordinator: in.Coordinator, Reason: in.Reason}
	until, ok := people.Ends(in.Until, a.Desk.Location())
	if d.Until = until; !ok {
		wrong.Add("until", "error.date")
	}
	if in.Unit != "" {
		err := a.Desk.Names(func(n desk.Names) {
			if u := n.UnitOf(is.Organisation, in.Unit); u != nil {
				d.Unit = u.ID
			}
		})
		if err != nil {
			return err
		}
		if d.Unit == 0 {
			wrong.Add("unit", "error.unit-unknown")
		}
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	v, err := a.Desk.Access.Decide(r.Actor(), number, d)
	return a.send(r, v, err)
}
