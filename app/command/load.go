package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// loading has the flags of the load tool.
type loading struct {
	r        *runner
	target   string
	accounts string
	tokens   []string
	clients  int
	people   [2]int // requesters and agents; if both are 0: clients, in the order of the accounts
	duration time.Duration
	pause    time.Duration
	page     string  // read this one alone
	rate     float64 // a second, in all
}

func loadCommand(r *runner) *cobra.Command {
	l := &loading{r: r}
	c := &cobra.Command{Use: "load", Short: "Act as requesters and agents of a desk on this machine and report how fast it answers", Args: cobra.NoArgs,
		Long: `Act as requesters and agents of a desk on this machine and report how fast it answers.

It reads pages, opens tickets and answers them, so the desk should be a demo or one that generate filled. Accounts are
read from a file, one in each line, as demo and generate print them: something with an @, then the password.`,
		RunE: func(c *cobra.Command, _ []string) error {
			target, err := localTarget(l.target)
			if err != nil {
				return err
			}
			switch {
			case l.accounts == "" && len(l.tokens) == 0:
				return errors.New("nobody to play: name --accounts FILE or --token TOKEN")
			case l.clients < 1 || l.clients > 1000:
				return fmt.Errorf("--clients %d is not between 1 and 1000", l.clients)
			case min(l.people[0], l.people[1]) < 0 || l.people[0]+l.people[1] > 1000:
				return fmt.Errorf("--requesters and --agents are not between 0 and 1000 together")
			case l.duration < time.Second || l.duration > time.Hour:
				return fmt.Errorf("--duration %s is not between 1s and 1h", l.duration)
			case l.pause < 0:
				return fmt.Errorf("--pause %s is below 0", l.pause)
			case l.page != "" && pageLoads[l.page] == nil:
				return fmt.Errorf("--page %s is none of %s", l.page, strings.Join(sortedKeys(pageLoads), ", "))
			case l.rate < 0 || l.rate > 0 && l.page == "":
				return fmt.Errorf("--rate %g is below 0, or there is no --page", l.rate)
			}
			r.begin()
			return l.run(c.Context(), target)
		}}
	f := c.Flags()
	f.StringVar(&l.target, "url", "http://127.0.0.1:8080", "`ADDRESS` of the desk, on this machine alone")
	f.StringVar(&l.accounts, "accounts", "", "`FILE` with addresses and passwords; - is standard input")
	f.StringArrayVar(&l.tokens, "token", nil, "`TOKEN` of somebody who uses the API; may be repeated")
	f.IntVar(&l.clients, "clients", 16, "how many play at once, `N`")
	f.IntVar(&l.people[0], "requesters", 0, "instead of clients: how many requesters, `N`")
	f.IntVar(&l.people[1], "agents", 0, "and how many agents, `M`")
	f.DurationVar(&l.duration, "duration", 30*time.Second, "for how long")
	f.StringVar(&l.page, "page", "", "instead of playing, read one `PAGE` all the time: "+strings.Join(sortedKeys(pageLoads), ", "))
	f.Float64Var(&l.rate, "rate", 0, "with --page: `N` a second whatever the desk does, timed from when each was due; 0: as fast as it answers")
	f.DurationVar(&l.pause, "pause", 0, "how long each waits between two pages")
	return c
}

// localTarget returns an error for every address that is not on this machine: the tool measures one's own desk.
func localTarget(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--url %q is not an address such as http://127.0.0.1:8080", s)
	}
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); strings.EqualFold(host, "localhost") || err == nil && addr.Unmap().IsLoopback() {
		return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
	}
	return nil, fmt.Errorf("--url %s is not on this machine: only 127.0.0.0/8, ::1 and localhost are loaded", s)
}

// onlyLoopback refuses a connection that a name would lead to another machine.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("app: %s is not on this machine", address)
	}
	return nil
}

func loopbackDialer() *net.Dialer {
	return &net.Dialer{Timeout: 5 * time.Second, Control: onlyLoopback}
}

// readAccounts returns an address and the password after it from each line.
func readAccounts(src io.Reader) ([][2]string, error) {
	var out [][2]string
	lines := bufio.NewScanner(src)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		for i := 0; i+1 < len(words); i++ {
			if strings.Contains(words[i], "@") && !strings.Contains(words[i], "://") {
				out = append(out, [2]string{words[i], words[i+1]})
				break
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("app: read accounts: %w", err)
	}
	return out, nil
}

// run signs everybody in, lets them use the desk for the given time, and prints the timings.
func (l *loading) run(ctx context.Context, target *url.URL) error {
	var accounts [][2]string
	if l.accounts != "" {
		src := l.r.in
		if l.accounts != "-" {
			f, err := os.Open(l.r.path(l.accounts))
			if err != nil {
				return err
			}
			defer f.Close()
			src = f
		}
		var err error
		if accounts, err = readAccounts(src); err != nil {
			return err
		}
		if len(accounts) == 0 && len(l.tokens) == 0 {
			return errors.New("no line of the accounts has an address and a password")
		}
	}
	seen := &timings{pages: map[string]*timing{}}
	var casts []*visitor
	for _, a := range accounts {
		v := newVisitor(target, seen)
		if err := v.signIn(ctx, a[0], a[1]); err != nil {
			return fmt.Errorf("sign in %s: %w", a[0], err)
		}
		casts = append(casts, v)
	}
	for _, token := range l.tokens {
		v := newVisitor(target, seen)
		v.token = token
		casts = append(casts, v)
	}
	seen.reset()
	if l.page != "" {
		cast, err := l.cast(casts)
		if err != nil {
			return err
		}
		return l.readOne(ctx, cast)
	}
	began := time.Now()
	playing, stop := context.WithTimeout(ctx, l.duration)
	defer stop()
	var all sync.WaitGroup
	cast, err := l.cast(casts)
	if err != nil {
		return err
	}
	for i, c := range cast {
		v := c.again(uint64(i))
		all.Go(func() { v.play(playing, l.pause) })
	}
	all.Go(func() { l.watch(playing, target, seen) })
	all.Wait()
	return seen.print(l.r.out, time.Since(began))
}

// cast chooses the players: the requested number of clients, or of requesters and agents.
func (l *loading) cast(of []*visitor) ([]*visitor, error) {
	var out []*visitor
	if l.people == [2]int{} {
		for i := range l.clients {
			out = append(out, of[i%len(of)])
		}
		return out, nil
	}
	for i, name := range []string{"requester", "agent"} {
		var some []*visitor
		for _, v := range of {
			if v.token == "" && v.agent == (i == 1) {
				some = append(some, v)
			}
		}
		if len(some) == 0 && l.people[i] > 0 {
			return nil, fmt.Errorf("no account is that of a %s", name)
		}
		for k := range l.people[i] {
			out = append(out, some[k%len(some)])
		}
	}
	return out, nil
}

// watch prints, ten times during the run, the desk's goroutines, memory and open files, so that a leak shows. They come
// from the desk's metrics, which it gives to this machine.
func (l *loading) watch(ctx context.Context, target *url.URL, seen *timings) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: loopbackDialer().DialContext}}
	defer client.CloseIdleConnections()
	began := time.Now()
	every := time.NewTicker(max(l.duration/10, 500*time.Millisecond))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		figures, err := readFigures(ctx, client, target.JoinPath("/metrics").String(), "go_goroutines", "sportello_memory_anon_bytes", "go_memstats_heap_inuse_bytes", "process_open_fds")
		if err != nil {
			continue // the desk shows its metrics to some addresses only
		}
		fmt.Fprintf(l.r.errOut, "after %s: %d answers, %.0f goroutines, %.0f MB of its own, %.0f MB heap, %.0f files open\n", time.Since(began).Round(time.Second), seen.count(),
			figures[0], figures[1]/1e6, figures[2]/1e6, figures[3])
	}
}

// readFigures returns single metrics from Prometheus' text format, 0 for a missing one.
func readFigures(ctx context.Context, client *http.Client, address string, names ...string) ([]float64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("app: read figures: %s", res.Status)
	}
	out := make([]float64, len(names))
	lines := bufio.NewScanner(io.LimitReader(res.Body, 8<<20))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if i := slices.Index(names, name); i >= 0 {
			out[i], _ = strconv.ParseFloat(value, 64)
		}
	}
	return out, lines.Err()
}

// timing has the measurements of one page.
type timing struct {
	took   []time.Duration // of the correct answers
	failed map[string]int  // count by status or kind of failure
	bytes  int64
}

type timings struct {
	mu    sync.Mutex
	pages map[string]*timing
}

func (t *timings) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pages = map[string]*timing{}
}

// add records one answer; failure is empty when the answer was correct.
func (t *timings) add(page string, took time.Duration, bytes int64, failure string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pages[page]
	if p == nil {
		p = &timing{failed: map[string]int{}}
		t.pages[page] = p
	}
	if failure != "" {
		p.failed[failure]++
		return
	}
	p.took = append(p.took, took)
	p.bytes += bytes
}

// count returns the number of answers.
func (t *timings) count() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.pages {
		n += len(p.took)
	}
	return n
}

// print writes a table of the pages. It returns an error when the desk failed: with a status of 500 or above, or
// without an answer.
func (t *timings) print(out io.Writer, elapsed time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "PAGE\tCOUNT\tP50 ms\tP95 ms\tP99 ms\tMAX ms\tkB\tREFUSED OR FAILED")
	answers, broken := 0, 0
	for _, name := range sortedKeys(t.pages) {
		p := t.pages[name]
		answers += len(p.took)
		why := ""
		for _, f := range sortedKeys(p.failed) {
			why += fmt.Sprintf(" %s: %d", f, p.failed[f])
			if f >= "500" || f == "" {
				broken += p.failed[f]
			}
		}
		at := percentiles(p.took)
		kb := 0.0
		if len(p.took) > 0 {
			kb = float64(p.bytes) / float64(len(p.took)) / 1000
		}
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%s\n", name, len(p.took), at(0.50), at(0.95), at(0.99), at(1), kb, strings.TrimSpace(why))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d answers in %.1f s, %.0f a second\n", answers, elapsed.Seconds(), float64(answers)/elapsed.Seconds())
	if broken > 0 {
		return fmt.Errorf("the desk failed %d times", broken)
	}
	if answers == 0 {
		return errors.New("nothing was answered")
	}
	return nil
}
