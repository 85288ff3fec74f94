package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	threads "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sportello/store"
	"sportello/store/db"
)

// The tests of this file drive a real Chromium. Where it is missing they are skipped, with CI=true they fail.

// missing ends a test for want of something that make deps installs.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run make deps", what)
	}
	t.Skipf("%s is missing: run make deps", what)
}

var chromium struct {
	sync.Mutex
	ctx  context.Context
	stop func()
}

// chrome returns a new tab of the one Chromium of this test run. Cookies are the browser's: enter begins anew.
func chrome(t *testing.T) *tab {
	t.Helper()
	return newTab(t, theChromium(t))
}

// theChromium is the one Chromium of this test run.
func theChromium(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil && chromium.ctx.Err() != nil {
		// It ended under a test that came before, and that one failed if it was to blame. The others get another one.
		t.Logf("Chromium had ended: %v", context.Cause(chromium.ctx))
		chromium.stop()
		chromium.ctx = nil
	}
	if chromium.ctx == nil {
		path := ""
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if p, err := exec.LookPath(name); err == nil {
				path = p
				break
			}
		}
		if path == "" {
			missing(t, "Chromium")
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
			chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "it"), chromedp.Flag("force-prefers-reduced-motion", true))
		alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), options...)
		// Of events of the page that it does not know, chromedp complains on the terminal.
		ctx, stop := chromedp.NewContext(alloc, chromedp.WithErrorf(func(format string, args ...any) {
			if !strings.HasPrefix(format, "unhandled") {
				fmt.Fprintf(os.Stderr, "chromedp: "+format+"\n", args...)
			}
		}))
		// Chromium goes when the thread that began it goes, and tests that trace processes end their threads: it gets one
		// to itself.
		started := make(chan error, 1)
		go func() {
			threads.LockOSThread()
			started <- chromedp.Run(ctx)
			<-ctx.Done()
		}()
		if err := <-started; err != nil {
			t.Fatalf("start Chromium: %v", err)
		}
		chromium.ctx, chromium.stop = ctx, func() { stop(); stopAlloc() }
	}
	return chromium.ctx
}

func newTab(t *testing.T, chromium context.Context, of ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, of...)
	ctx, stop := context.WithTimeout(ctx, 4*time.Minute)
	b := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.listen)
	t.Cleanup(func() { stop(); cancel() })
	b.run(network.Enable(), runtime.Enable())
	return b
}

func TestMain(m *testing.M) {
	status := m.Run()
	if chromium.stop != nil {
		chromium.stop()
	}
	os.Exit(status)
}

// tab is one page of the browser. What goes wrong in it (errors of scripts, what the policy blocked) is collected.
type tab struct {
	t     *testing.T
	ctx   context.Context
	url   string
	mu    sync.Mutex
	wrong []string
}

func (b *tab) listen(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, "script: "+ev.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.APITypeError {
			for _, a := range ev.Args {
				b.wrong = append(b.wrong, "console: "+string(a.Value)+a.Description)
			}
		}
	case *page.EventJavascriptDialogOpening:
		b.wrong = append(b.wrong, "dialog: "+ev.Message)
	}
}

// troubles returns and forgets what went wrong in the page.
func (b *tab) troubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.wrong
	b.wrong = nil
	return out
}

func (b *tab) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		var at string
		_ = chromedp.Run(b.ctx, chromedp.Location(&at)) // only for the message
		b.t.Fatalf("at %s: %v", at, err)
	}
}

// open goes to an address of the desk and waits until it is loaded.
func (b *tab) open(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.url+address), chromedp.WaitReady("body", chromedp.ByQuery))
}

func quote(s string) string {
	raw, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// enter signs the role in by a cookie.
func (b *tab) enter(w *world, role string) {
	b.t.Helper()
	b.url = w.url
	cookie := w.visitor(role).header.Get("Cookie")
	name, value, ok := strings.Cut(cookie, "=")
	b.run(network.ClearBrowserCookies(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "it"}))
	if !ok {
		return
	}
	b.run(network.SetCookie(name, value).WithURL(w.url).WithHTTPOnly(true))
}

func (b *tab) screen(width, height int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.run(emulation.SetDeviceMetricsOverride(width, height, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
}

// picture saves the whole page as a PNG.
func (b *tab) picture(file string) {
	b.t.Helper()
	var png []byte
	b.run(chromedp.FullScreenshot(&png, 100))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func axeSource(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../node_modules/axe-core/axe.min.js")
	if err != nil {
		missing(t, "axe-core")
	}
	return string(raw)
}

// axe returns what axe-core finds against WCAG 2.1 A and AA on the page, or by the named rules alone.
func (b *tab) axe(source string, rules ...string) []string {
	b.t.Helper()
	only := "['wcag2a','wcag2aa','wcag21a','wcag21aa']"
	if len(rules) > 0 {
		only = fmt.Sprintf("{type:'rule',values:['%s']}", strings.Join(rules, "','"))
	}
	var raw string
	b.run(chromedp.Evaluate(source+";0", nil), chromedp.Evaluate(`axe.run(document,{runOnly:`+only+`,resultTypes:['violations']}).then(r=>JSON.stringify(r.violations.map(v=>({id:v.id,help:v.help,nodes:v.nodes.slice(0,3).map(n=>n.target.join(' ')+': '+(n.any[0]?.message||n.all[0]?.message||n.none[0]?.message||''))}))))`,
		&raw, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Fatalf("axe answered %q: %v", raw, err)
	}
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s (%s): %s", f.ID, f.Help, strings.Join(f.Nodes, " | ")))
	}
	return out
}

// runTogether returns where two texts touch on one line of the page that are two words: a space between two elements that
// was not sent. What is marked inside a word is one word.
func (b *tab) runTogether() (out []string) {
	b.t.Helper()
	b.run(chromedp.Evaluate(`(() => {
		const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), out = []
		const box = (text, at) => {
			const r = document.createRange()
			r.setStart(text, at)
			r.setEnd(text, at + 1)
			return r.getBoundingClientRect()
		}
		let last = null
		for (let text; text = walk.nextNode();) {
			if (!text.data.trim()) continue
			const right = box(text, 0)
			if (!right.width) continue
			if (last && /[\p{L}\p{N}.,:;!?)]$/u.test(last.data) && /^[\p{L}\p{N}(]/u.test(text.data) && !last.parentElement.closest('mark') && !text.parentElement.closest('mark')) {
				const left = box(last, last.data.length - 1)
				if (Math.abs(left.bottom - right.bottom) < 6 && Math.abs(right.left - left.right) < 1.5)
					out.push(last.data.slice(-30) + '|' + text.data.slice(0, 30))
			}
			last = text
		}
		return out
	})()`, &out))
	return out
}

// shot is one page that somebody looks at.
type shot struct{ name, role, address string }

// shots are all pages of the route table, each as those it is for.
func shots(w *world) []shot {
	var out []shot
	for _, r := range pages(w.app) {
		for _, role := range reader(r) {
			address := w.address(r)
			got := w.visitor(role).get(address)
			if !strings.HasPrefix(got.body, "<!") {
				continue // no page: a piece, a file, a redirect
			}
			out = append(out, shot{r.Name + "-" + role, role, address})
		}
	}
	var other uint64
	if err := w.app.Store.View(func(tx *db.Tx) error {
		for o, err := range store.Organisations.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if itoa(o.ID) != w.things["organisation"] {
				other = o.ID
			}
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	out = append(out, shot{"relocation-shown", "administrator", fmt.Sprintf("/admin/organisations/%s/move?to=%d", w.things["organisation"], other)})
	out = append(out, shot{"error-404", "nobody", "/nothing-here"})
	return out
}

func TestAxeFindsNothingOnAnyPage(t *testing.T) {
	source := axeSource(t)
	w := newWorld(t)
	b := chrome(t)
	for _, s := range shots(w) {
		b.enter(w, s.role)
		for _, dark := range []bool{false, true} {
			b.screen(1280, 900, dark)
			if dark && !everyWay() { // the same page: colours alone are others
				for _, found := range b.axe(source, "color-contrast") {
					t.Errorf("%s (%s) dark: %s", s.name, s.address, found)
				}
				continue
			}
			b.open(s.address)
			for _, found := range b.axe(source) {
				t.Errorf("%s (%s) dark %v: %s", s.name, s.address, dark, found)
			}
			for _, found := range b.runTogether() {
				t.Errorf("%s (%s): two words touch: %s", s.name, s.address, found)
			}
			for _, trouble := range b.troubles() {
				t.Errorf("%s (%s): %s", s.name, s.address, trouble)
			}
		}
	}
}

// TestPictures saves every page at three widths, light and dark, into the folder SPORTELLO_PICTURES names: for looking
// at, and for the README.
func TestPictures(t *testing.T) {
	folder := os.Getenv("SPORTELLO_PICTURES")
	if folder == "" {
		t.Skip("SPORTELLO_PICTURES names no folder")
	}
	only := regexp.MustCompile(os.Getenv("SPORTELLO_PICTURES_OF"))
	w := newWorld(t)
	b := chrome(t)
	for _, s := range shots(w) {
		if !only.MatchString(s.name) {
			continue
		}
		b.enter(w, s.role)
		for _, width := range []int64{390, 1280, 1920} {
			for _, dark := range []bool{false, true} {
				b.screen(width, 900, dark)
				b.open(s.address)
				b.picture(filepath.Join(folder, fmt.Sprintf("%s-%d-%v.png", s.name, width, map[bool]string{false: "light", true: "dark"}[dark])))
			}
		}
	}
}
