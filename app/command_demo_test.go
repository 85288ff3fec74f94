package app_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sportello/app/command"
	"sportello/store"
	"sportello/store/db"
)

// lines collects what a command prints while it runs and tells when a text has come.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	want string
	come chan struct{}
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := strings.Contains(l.text.String(), l.want)
	l.text.Write(b)
	if !before && strings.Contains(l.text.String(), l.want) {
		close(l.come)
	}
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// runDemo runs the demo until the function returns, and gives it what was printed.
func runDemo(t *testing.T, args []string, use func(printed string)) (status int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errOut := &lines{want: "administrator ", come: make(chan struct{})}, &lines{want: "\x00", come: make(chan struct{})}
	ended := make(chan int, 1)
	go func() {
		ended <- command.Within(ctx, nil, "/", append([]string{"demo", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), out, errOut)
	}()
	select {
	case <-out.come:
		use(out.String())
		stop()
		status = <-ended
	case status = <-ended:
	}
	if status != 0 {
		t.Logf("%s\n%s", out, errOut)
	}
	return status
}

var demoAccount = regexp.MustCompile(`(?m)^(requester|coordinator|agent|supervisor|editor|administrator)\s+(\S+@\S+)\s+(\S+)$`)

func TestTheDemoServesADeskAndLeavesNothingBehind(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	var accounts [][]string
	status := runDemo(t, nil, func(printed string) {
		accounts = demoAccount.FindAllStringSubmatch(printed, -1)
		address, _, _ := strings.Cut(printed, "\n")
		res, err := http.Get(address + "/")
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), "Montevelino") {
			t.Errorf("%d %v\n%.300s", res.StatusCode, err, body)
		}
	})
	if status != 0 || len(accounts) != 6 {
		t.Errorf("status %d, accounts %v", status, accounts)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// look returns what an agent of the demo sees of the queue: tickets, and the times at which the page says things happened.
func look(t *testing.T, printed string) (list []string) {
	t.Helper()
	address, _, _ := strings.Cut(printed, "\n")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	agent := slices.IndexFunc(demoAccount.FindAllStringSubmatch(printed, -1), func(a []string) bool { return a[1] == "agent" })
	who := demoAccount.FindAllStringSubmatch(printed, -1)[agent]
	q, err := http.NewRequest(http.MethodPost, address+"/sign-in", strings.NewReader(url.Values{"email": {who[2]}, "password": {who[3]}, "next": {"/desk/all"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Origin", address)
	res, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v\n%.300s", res.StatusCode, err, body)
	}
	return regexp.MustCompile(`/tickets/\d+|\d{4}-\d\d-\d\dT[^"]*`).FindAllString(html.UnescapeString(string(body)), -1)
}

func TestTheSameTimeMakesTheSameDemo(t *testing.T) {
	var one, two []string
	const at = "2031-12-27T08:59:30+01:00"
	for _, list := range []*[]string{&one, &two} {
		t.Setenv("TMPDIR", t.TempDir()) // serving moves it
		if status := runDemo(t, []string{"--at", at}, func(s string) { *list = look(t, s) }); status != 0 {
			t.Fatalf("status %d", status)
		}
	}
	if !slices.Equal(one, two) {
		t.Errorf("an agent saw\n%v, then\n%v", one, two)
	}
	recent := slices.ContainsFunc(one, func(s string) bool { return s > "2031-12-1" && s < at })
	if len(one) < 20 || !recent {
		t.Errorf("on %s an agent sees %v", at, one)
	}
}

// TestTheDemoIsWrittenInSentences reads every ticket and message of a demo: what the desk itself writes is in words, not the
// key of a sentence.
func TestTheDemoIsWrittenInSentences(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	t.Setenv("TMPDIR", t.TempDir()) // serving moves it
	if status := runDemo(t, []string{"--data", dir}, func(string) {}); status != 0 {
		t.Fatalf("status %d", status)
	}
	st, err := store.Open(dir, db.Options{Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	tables, read, written := keyTables(), 0, 0
	judge := func(what string, id uint64, text string) {
		for line := range strings.SplitSeq(text, "\n") {
			table, _, _ := strings.Cut(line, ".")
			if likeKey.MatchString(line) && tables[table] {
				t.Errorf("%s %d: %q", what, id, line)
			}
		}
	}
	if err := st.View(func(tx *db.Tx) error {
		for k, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			read++
			if strings.HasPrefix(k.Subject, "Installazione non riuscita: ") {
				written++
			}
			judge("ticket", k.ID, k.Subject)
		}
		for m, err := range store.Messages.All(tx, 0, false) {
			if err != nil {
				return err
			}
			read++
			judge("message", m.ID, m.Body)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if read < 1000 || written == 0 {
		t.Errorf("%d tickets and messages, of which the desk wrote %d", read, written)
	}
}

func TestTheDemoStartsAtNoTimeThatIsNone(t *testing.T) {
	for _, at := range []string{"tomorrow", "2026-03-17", "2026-03-17T09:40:00", "2026-02-30T09:40:00Z", "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "1e9", " ", "9999999-01-01T00:00:00Z"} {
		if status := runDemo(t, []string{"--at", at}, func(string) {}); status != command.Usage {
			t.Errorf("--at %q: status %d", at, status)
		}
	}
}

func TestTheDemoKeepsAFolderOfItsOwnAndRefusesOthers(t *testing.T) {
	t.Setenv("TMPDIR", os.TempDir()) // serving moves it
	data := filepath.Join(t.TempDir(), "demo")
	first, second := "", ""
	if status := runDemo(t, []string{"--data", data}, func(s string) { first = s }); status != 0 {
		t.Fatalf("an empty folder: status %d", status)
	}
	if status := runDemo(t, []string{"--data", data}, func(s string) { second = s }); status != 0 {
		t.Fatalf("a demo's folder: status %d", status)
	}
	a, b := demoAccount.FindStringSubmatch(first), demoAccount.FindStringSubmatch(second)
	if a == nil || b == nil || a[2] != b[2] || a[3] == b[3] {
		t.Errorf("first %v, then %v: passwords are new each time", a, b)
	}
	full := filepath.Dir(write(t, "letter.txt", "keep me"))
	if status := runDemo(t, []string{"--data", full}, func(string) {}); status != 1 {
		t.Errorf("a folder with something else: status %d", status)
	}
	if entries, err := os.ReadDir(full); err != nil || len(entries) != 1 {
		t.Errorf("the folder was touched: %v %v", entries, err)
	}
}
