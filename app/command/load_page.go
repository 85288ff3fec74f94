package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/html"
)

// pageLoads are the pages that load can read one at a time, by their names, each with the request it makes.
var pageLoads = map[string]func(*visitor, *findings) *request{
	"ticket":  func(v *visitor, f *findings) *request { return get("/tickets/" + f.ticket(v)) },
	"tickets": func(*visitor, *findings) *request { return get("/tickets") },
	"queue":   func(*visitor, *findings) *request { return get("/desk/all") },
	"home":    func(*visitor, *findings) *request { return get("/") },
	"article": func(v *visitor, f *findings) *request { return get(v.oneOf(f.articles)) },
	"search":  func(v *visitor, f *findings) *request { return get("/search?q=" + f.question(v)) },
	"api-ticket": func(v *visitor, f *findings) *request {
		return get("/api/v1/tickets/" + f.ticket(v))
	},
	"api-tickets": func(*visitor, *findings) *request { return get("/api/v1/tickets?limit=50") },
	"api-search":  func(v *visitor, f *findings) *request { return get("/api/v1/search?facets=1&q=" + f.question(v)) },
	"api-create": func(*visitor, *findings) *request {
		return &request{http.MethodPost, "/api/v1/tickets", "application/json", []byte(`{"subject":"Prova di carico","body":"` + loadText + `"}`)}
	},
}

// request is one request that a visitor makes.
type request struct {
	method, path, kind string
	body               []byte
}

func get(path string) *request { return &request{method: http.MethodGet, path: path} }

// findings are what a visitor found to ask for before the measuring began.
type findings struct {
	newest   uint64   // the highest number of a ticket seen: agents open any up to it
	own      []string // numbers of the tickets of somebody who is no agent
	articles []string
	words    []string // of subjects and titles
}

// ticket returns the number of a ticket at random.
func (f *findings) ticket(v *visitor) string {
	if v.agent || v.token != "" && len(f.own) == 0 {
		return strconv.FormatUint(1+v.r.Uint64N(max(1, f.newest)), 10)
	}
	return v.oneOf(f.own)
}

// question returns two words at random.
func (f *findings) question(v *visitor) string {
	return url.QueryEscape(v.oneOf(f.words) + " " + v.oneOf(f.words))
}

// look finds out what the visitor may ask for.
func (v *visitor) look(ctx context.Context) (*findings, error) {
	f := &findings{words: loadWords}
	if v.token != "" {
		var list struct {
			Tickets []struct {
				Number  uint64 `json:"number"`
				Subject string `json:"subject"`
			} `json:"tickets"`
		}
		status, text := v.do(ctx, "GET /api/v1/tickets", http.MethodGet, "/api/v1/tickets?limit=50", "", nil)
		if err := json.Unmarshal(text, &list); status != http.StatusOK || err != nil {
			return nil, fmt.Errorf("the list of tickets cannot be read: status %d, %v", status, err)
		}
		f.words = nil
		for _, t := range list.Tickets {
			f.newest = max(f.newest, t.Number)
			f.words = append(f.words, longWords(t.Subject)...)
		}
		return f, nil
	}
	lists := []string{"/tickets"}
	if v.agent {
		lists = []string{"/desk/all", "/desk/closed"}
	}
	var seen []string
	for _, path := range lists {
		page := v.get(ctx, path, path)
		seen = append(seen, links(page, loadTicketPath, nil)...)
		f.words = append(f.words, longWords(linkTexts(page, loadTicketPath))...)
	}
	for _, path := range seen {
		number := strings.TrimPrefix(path, "/tickets/")
		f.own = append(f.own, number)
		if n, err := strconv.ParseUint(number, 10, 64); err == nil {
			f.newest = max(f.newest, n)
		}
	}
	f.articles = links(v.get(ctx, "/articles", "/articles/in"), loadArticlePath, nil)
	return f, nil
}

var letters = regexp.MustCompile(`\p{L}{5,}`)

func longWords(text string) []string { return letters.FindAllString(text, -1) }

// linkTexts returns the texts of the page's links of one kind.
func linkTexts(page []byte, want *regexp.Regexp) string {
	var out strings.Builder
	z := html.NewTokenizer(bytes.NewReader(page))
	inside := false
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		t := z.Token()
		switch {
		case kind == html.TextToken && inside:
			out.WriteString(t.Data + " ")
		case t.Data == "a":
			inside = kind == html.StartTagToken && slices.ContainsFunc(t.Attr, func(a html.Attribute) bool {
				path, _, _ := strings.Cut(a.Val, "?")
				return a.Key == "href" && want.MatchString(path)
			})
		}
	}
	return out.String()
}

// readOne lets the visitors request the one page, at the rate in all or, without one, each as soon as it has its answer.
// With a rate, a request that could not be sent when it was due because every visitor still waited counts from when it
// was due: a slow desk is not asked less often than a fast one.
func (l *loading) readOne(ctx context.Context, cast []*visitor) error {
	ask := pageLoads[l.page]
	known := map[*http.Client]*findings{}
	var next atomic.Int64
	var all sync.WaitGroup
	var players []*visitor
	for i, c := range cast {
		if known[c.client] == nil {
			f, err := c.look(ctx)
			if err != nil {
				return err
			}
			known[c.client] = f
		}
		if r := ask(c.again(0), known[c.client]); r.path == "" || strings.HasSuffix(r.path, "/tickets/") {
			return errors.New("there is nothing of the kind to read")
		}
		players = append(players, c.again(uint64(i))) // #nosec G115 -- a small index
	}
	if len(players) == 0 {
		return errors.New("nobody to play")
	}
	players[0].seen.reset()
	playing, stop := context.WithTimeout(ctx, l.duration)
	defer stop()
	before := l.spent(ctx, players[0].target)
	began := time.Now()
	for _, v := range players {
		v.raw = true
		f := known[v.client]
		all.Go(func() {
			for playing.Err() == nil {
				v.due = time.Time{}
				if l.rate > 0 {
					due := began.Add(time.Duration(float64(next.Add(1)-1) / l.rate * float64(time.Second)))
					if left := time.Until(due); left > 0 {
						select {
						case <-playing.Done():
							return
						case <-time.After(left):
						}
					} else {
						v.due = due
					}
				}
				r := ask(v, f)
				var body io.Reader
				if r.body != nil {
					body = bytes.NewReader(r.body)
				}
				v.do(playing, l.page, r.method, r.path, r.kind, body)
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	if n := players[0].seen.count(); n > 0 && before >= 0 {
		fmt.Fprintf(l.r.out, "%s: %.3f ms of the desk's processor time an answer\n", l.page, (l.spent(ctx, players[0].target)-before)*1000/float64(n))
	}
	return players[0].seen.print(l.r.out, elapsed)
}

// spent returns the processor time in seconds that the desk has used so far, below 0 if it does not tell.
func (l *loading) spent(ctx context.Context, target *url.URL) float64 {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: loopbackDialer().DialContext}}
	defer client.CloseIdleConnections()
	figures, err := readFigures(ctx, client, target.JoinPath("/metrics").String(), "process_cpu_seconds_total")
	if err != nil {
		return -1
	}
	return figures[0]
}
