package command

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// percentiles sorts the times and returns a function that gives, in milliseconds, the time within which a share of them
// lies.
func percentiles(took []time.Duration) func(share float64) float64 {
	slices.Sort(took)
	return func(share float64) float64 {
		if len(took) == 0 {
			return 0
		}
		i := min(len(took)-1, max(0, int(share*float64(len(took))+0.5)-1))
		return float64(took[i].Microseconds()) / 1000
	}
}

// visitor is a person with a browser, or a program with a token, that uses the desk.
type visitor struct {
	target *url.URL
	client *http.Client
	seen   *timings
	r      *rand.Rand
	token  string
	agent  bool
	raw    bool      // answers stay compressed, as a browser takes them: nobody reads them
	due    time.Time // when the next request was due, if that is past

	tickets  []string // paths seen in lists
	articles []string
}

func newVisitor(target *url.URL, seen *timings) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic("app: no cookie jar: " + err.Error()) // New fails only for invalid options
	}
	return &visitor{target: target, seen: seen, r: rand.New(rand.NewPCG(1, 2)), client: &http.Client{Jar: jar, Timeout: 60 * time.Second, // #nosec G404 -- the same sequence each time; nothing secret
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: loopbackDialer().DialContext, MaxIdleConnsPerHost: 1000, IdleConnTimeout: time.Minute}}}
}

// again returns the same person in another window.
func (v *visitor) again(i uint64) *visitor {
	c := *v
	c.r = rand.New(rand.NewPCG(i, 3)) // #nosec G404 -- the same sequence each time; nothing secret
	c.tickets, c.articles = nil, nil
	return &c
}

// do requests a page, records the time under name, and returns status and content. It does not follow redirects.
func (v *visitor) do(ctx context.Context, name, method, path, kind string, body io.Reader) (int, []byte) {
	q, err := http.NewRequestWithContext(ctx, method, v.target.JoinPath("/").String(), body)
	if err != nil {
		return 0, nil
	}
	to, err := url.Parse(path)
	if err != nil || to.Host != "" || !strings.HasPrefix(to.Path, "/") {
		return 0, nil
	}
	q.URL.Path, q.URL.RawQuery = to.Path, to.RawQuery
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	if v.token != "" {
		q.Header.Set("Authorization", "Bearer "+v.token)
	} else {
		q.Header.Set("Accept", "text/html")
		q.Header.Set("Origin", v.target.String())
	}
	if v.raw {
		q.Header.Set("Accept-Encoding", "gzip, deflate, br")
	}
	began := v.due
	if began.IsZero() {
		began = time.Now()
	}
	res, err := v.client.Do(q)
	if err != nil {
		if ctx.Err() == nil {
			v.seen.add(name, 0, 0, "no answer")
		}
		return 0, nil
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	took := time.Since(began)
	switch {
	case ctx.Err() != nil:
		return 0, nil
	case err != nil:
		v.seen.add(name, 0, 0, "no answer")
		return 0, nil
	case res.StatusCode >= 400:
		v.seen.add(name, 0, 0, fmt.Sprint(res.StatusCode))
	default:
		v.seen.add(name, took, int64(len(text)), "")
	}
	return res.StatusCode, text
}

func (v *visitor) get(ctx context.Context, name, path string) []byte {
	status, text := v.do(ctx, "GET "+name, http.MethodGet, path, "", nil)
	if status != http.StatusOK {
		return nil
	}
	return text
}

// signIn opens a session and finds out whether it belongs to an agent.
func (v *visitor) signIn(ctx context.Context, email, password string) error {
	page := v.get(ctx, "/sign-in", "/sign-in")
	f, ok := findForm(page, "/sign-in")
	if !ok {
		return errors.New("no form for signing in was found")
	}
	f.Set("email", email)
	f.Set("password", password)
	if status, _ := v.post(ctx, "/sign-in", "/sign-in", f); status != http.StatusSeeOther {
		return fmt.Errorf("address or password are not right (status %d)", status)
	}
	status, _ := v.do(ctx, "GET /desk", http.MethodGet, "/desk", "", nil)
	v.agent = status == http.StatusOK || status/100 == 3
	return nil
}

func (v *visitor) post(ctx context.Context, name, path string, f url.Values) (int, []byte) {
	return v.do(ctx, "POST "+name, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(f.Encode()))
}

// loadFile is the file that visitors attach: a table of some kilobytes.
var loadFile = []byte(strings.Repeat("matricola;cognome;importo;mese\n", 600))

// postWith posts a form with a file, as a page does.
func (v *visitor) postWith(ctx context.Context, name, path string, f url.Values, file []byte) (int, []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for field, values := range f {
		for _, value := range values {
			_ = w.WriteField(field, value) // writing to a buffer cannot fail
		}
	}
	part, err := w.CreateFormFile("files", "prova-di-carico.csv")
	if err != nil {
		return 0, nil
	}
	_, _ = part.Write(file)
	_ = w.Close()
	return v.do(ctx, "POST "+name+" with a file", http.MethodPost, path, w.FormDataContentType(), &b)
}

// send posts the form, one time in four with a file.
func (v *visitor) send(ctx context.Context, name, path string, f url.Values) (int, []byte) {
	if v.r.IntN(4) == 0 {
		return v.postWith(ctx, name, path, f, loadFile)
	}
	return v.post(ctx, name, path, f)
}

// play uses the desk until the time is over. Pauses vary from half to one and a half times the given length, so that
// visitors do not act in step.
func (v *visitor) play(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(v.r.Int64N(int64(pause) + 1))):
	}
	for ctx.Err() == nil {
		switch {
		case v.token != "":
			v.program(ctx)
		case v.agent:
			v.work(ctx)
		default:
			v.ask(ctx)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + time.Duration(v.r.Int64N(int64(pause)+1))):
		}
	}
}

// loadWords are what people search for.
var loadWords = []string{"cedolino", "fattura elettronica", "missione rimborso", "timesheet", "budget variazione", "password", "conguaglio", "progetto", "ordinativo",
	"certificazione unica", "payslip", "refund", "project report", "catalogo doi", "chiusura esercizio"}

const loadText = "Buongiorno, scrivo per una prova di carico: la maschera si apre ma il documento non si salva. Grazie e buon lavoro."

func (v *visitor) oneOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[v.r.IntN(len(list))]
}

func (v *visitor) search(ctx context.Context) {
	v.get(ctx, "/search", "/search?q="+url.QueryEscape(v.oneOf(loadWords)))
}

func (v *visitor) read(ctx context.Context) {
	if path := v.oneOf(v.articles); path != "" && v.r.IntN(3) > 0 {
		v.get(ctx, "/articles/:slug", path)
		return
	}
	if page := v.get(ctx, "/articles", "/articles/in"); page != nil {
		v.articles = links(page, loadArticlePath, v.articles)
	}
}

// work does what an agent does next.
func (v *visitor) work(ctx context.Context) {
	n := v.r.IntN(100)
	path := v.oneOf(v.tickets)
	switch {
	case n < 30 || path == "":
		view := v.oneOf([]string{"mine", "group", "unassigned", "waiting", "all"})
		if page := v.get(ctx, "/desk/:view", "/desk/"+view); page != nil {
			v.tickets = links(page, loadTicketPath, v.tickets)
		}
	case n < 70:
		v.get(ctx, "/tickets/:n (agent)", path)
	case n < 82:
		v.search(ctx)
	case n < 90:
		v.read(ctx)
	case n < 93:
		v.get(ctx, "/notices", "/notices")
	default:
		v.reply(ctx, "/tickets/:n (agent)", path, "/step")
	}
}

// ask does what a requester does next.
func (v *visitor) ask(ctx context.Context) {
	n := v.r.IntN(100)
	path := v.oneOf(v.tickets)
	switch {
	case n < 20:
		v.get(ctx, "/", "/")
	case n < 40 || path == "" && n < 70:
		if page := v.get(ctx, "/tickets", "/tickets"); page != nil {
			v.tickets = links(page, loadTicketPath, v.tickets)
		}
	case n < 66:
		v.get(ctx, "/tickets/:n (requester)", path)
	case n < 80:
		v.search(ctx)
	case n < 91:
		v.read(ctx)
	case n < 96:
		v.open(ctx)
	case path != "":
		v.reply(ctx, "/tickets/:n (requester)", path, "/message")
	}
}

// open fills in and posts the form of a new ticket.
func (v *visitor) open(ctx context.Context) {
	page := v.get(ctx, "/tickets/new", "/tickets/new?module=-")
	f, ok := findForm(page, "/tickets/new")
	if !ok {
		return
	}
	f.Set("module", "-")
	f.Set("subject", "Prova di carico: "+v.oneOf(loadWords))
	f.Set("body", loadText)
	if status, text := v.send(ctx, "/tickets/new", "/tickets/new", f); status == http.StatusOK && text != nil {
		v.seen.add("POST /tickets/new", 0, 0, "form shown again")
	}
}

// reply writes in a ticket with the form of its page, if there is one.
func (v *visitor) reply(ctx context.Context, name, path, act string) {
	page := v.get(ctx, name, path)
	f, ok := findForm(page, path+act)
	if !ok {
		return // closed, or another group's
	}
	f.Set("body", loadText)
	v.send(ctx, "/tickets/:n"+act, path+act, f)
}

// program does what a program with a token does next.
func (v *visitor) program(ctx context.Context) {
	v.token = cmp.Or(v.token, "-")
	n := v.r.IntN(100)
	path := v.oneOf(v.tickets)
	const v1 = "/api/v1"
	switch {
	case n < 30:
		body := []byte(`{"subject":"Prova di carico","body":"` + loadText + `"}`)
		v.do(ctx, "POST "+v1+"/tickets", http.MethodPost, v1+"/tickets", "application/json", bytes.NewReader(body))
	case n < 50 || path == "":
		var list struct {
			Tickets []struct {
				Number uint64 `json:"number"`
			} `json:"tickets"`
		}
		if text := v.get(ctx, v1+"/tickets", v1+"/tickets?limit=50"); json.Unmarshal(text, &list) == nil {
			v.tickets = v.tickets[:0]
			for _, t := range list.Tickets {
				v.tickets = append(v.tickets, fmt.Sprintf("%s/tickets/%d", v1, t.Number))
			}
		}
	case n < 75:
		v.get(ctx, v1+"/tickets/:n", path)
	default:
		v.get(ctx, v1+"/search", v1+"/search?q="+url.QueryEscape(v.oneOf(loadWords)))
	}
}

var (
	loadTicketPath  = regexp.MustCompile(`^/tickets/[0-9]+$`)
	loadArticlePath = regexp.MustCompile(`^/articles/[a-z0-9-]+$`)
	// pages below /articles/ that are not articles
	noArticle = []string{"/articles/in", "/articles/new", "/articles/drafts", "/articles/pick"}
)

const mostLinks = 200

// links returns the page's links of one kind before those already known.
func links(page []byte, want *regexp.Regexp, had []string) []string {
	var out []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for z.Next() != html.ErrorToken {
		t := z.Token()
		if t.Data != "a" {
			continue
		}
		for _, a := range t.Attr {
			path, _, _ := strings.Cut(a.Val, "?")
			path, _, _ = strings.Cut(path, "#")
			if a.Key == "href" && want.MatchString(path) && !slices.Contains(out, path) && !slices.Contains(noArticle, path) {
				out = append(out, path)
			}
		}
	}
	for _, path := range had {
		if len(out) < mostLinks && !slices.Contains(out, path) {
			out = append(out, path)
		}
	}
	return out
}

// findForm returns what a browser would send of the form that posts to the path, with its current values. If no radio
// button of a group is chosen, it takes the first.
func findForm(page []byte, action string) (url.Values, bool) {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return nil, false
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "form" && attribute(n, "action") == action && strings.EqualFold(attribute(n, "method"), "post") {
			return formValues(n), true
		}
	}
	return nil, false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func formValues(form *html.Node) url.Values {
	out := url.Values{}
	first := map[string]string{} // by group of radio buttons
	main := false
	for n := range form.Descendants() {
		name := attribute(n, "name")
		if n.Type != html.ElementNode || name == "" || has(n, "disabled") {
			continue
		}
		switch n.Data {
		case "textarea":
			text := ""
			for c := range n.ChildNodes() {
				text += c.Data
			}
			out.Add(name, strings.TrimPrefix(text, "\n"))
		case "select":
			out.Add(name, selected(n))
		case "button":
			// A person would press the first of the main buttons.
			if !main && strings.Contains(attribute(n, "class"), "btn-main") {
				main = true
				out.Set(name, attribute(n, "value"))
			}
		case "input":
			value := attribute(n, "value")
			switch attribute(n, "type") {
			case "submit", "button", "reset", "image", "file":
			case "radio":
				if _, ok := first[name]; !ok {
					first[name] = value
				}
				if has(n, "checked") {
					out.Set(name, value)
				}
			case "checkbox":
				if has(n, "checked") {
					out.Add(name, cmp.Or(value, "on"))
				}
			default:
				out.Add(name, value)
			}
		}
	}
	for name, value := range first {
		if !out.Has(name) {
			out.Set(name, value)
		}
	}
	return out
}

func selected(n *html.Node) string {
	value, found := "", false
	for o := range n.Descendants() {
		if o.Type != html.ElementNode || o.Data != "option" {
			continue
		}
		if has(o, "selected") {
			return attribute(o, "value")
		}
		if !found {
			value, found = attribute(o, "value"), true
		}
	}
	return value
}
