package app_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/store"
	"sportello/store/fault"
)

func formOf(values url.Values) *web.Form {
	return &web.Form{Site: &web.Site{Desk: desk.New(desk.Options{})}, Values: values}
}

// fields lists what was wrong: field and key.
func fields(err error) []string {
	var out []string
	p, _ := err.(fault.Problems)
	for _, e := range p {
		out = append(out, e.Field+" "+e.Key)
	}
	return out
}

func TestAFormReadsEachKindOfValueAndCollectsWhatIsWrong(t *testing.T) {
	f := formOf(url.Values{"subject": {"  due\r\nrighe\t "}, "body": {"a\r\nb\rc\n"}, "blank": {" \r\n "}, "id": {" #12 "}, "ids": {"3", "4", "3"}, "n": {"7"},
		"on": {"on"}, "off": {"0"}, "list": {" a ", "", "b"}, "state": {"waiting"}, "date": {"2026-03-12"}, "at": {"2026-03-12T10:42"}, "lines": {"x\r\n\r\n y "}})
	if got := f.Text("subject", 20); got != "due  righe" {
		t.Errorf("text %q", got)
	}
	if got := f.Body("body"); got != "a\nb\nc\n" {
		t.Errorf("body %q", got)
	}
	if f.Body("blank") != "" || f.Text("none", 5) != "" || f.ID("none") != 0 || f.Int("none", 1, 9, 5) != 5 || !f.Time("none").IsZero() {
		t.Error("what is blank is not nothing")
	}
	if f.ID("id") != 12 || !slices.Equal(f.IDs("ids"), []uint64{3, 4}) || f.Int("n", 1, 9, 0) != 7 || !f.Bool("on") || f.Bool("off") || f.Bool("none") {
		t.Error("numbers or boxes")
	}
	if !slices.Equal(f.List("list"), []string{"a", "b"}) || !slices.Equal(f.Lines("lines"), []string{"x", "y"}) {
		t.Errorf("lists %q %q", f.List("list"), f.Lines("lines"))
	}
	if web.FormCode[store.State](f, "state") != store.StateWaiting || web.FormCode[store.State](f, "none") != store.StateNone {
		t.Error("codes")
	}
	rome := f.Site.Desk.Location()
	if !f.Time("date").Equal(time.Date(2026, 3, 12, 0, 0, 0, 0, rome)) || !f.Time("at").Equal(time.Date(2026, 3, 12, 10, 42, 0, 0, rome)) {
		t.Error("times")
	}
	if err := f.Err(); err != nil {
		t.Errorf("nothing is wrong, but %v", err)
	}

	bad := formOf(url.Values{"subject": {strings.Repeat("è", 11)}, "body": {"a\xff"}, "nul": {"a\x00b"}, "id": {"-1"}, "ids": {"x"}, "n": {"77"}, "state": {"asleep"}, "date": {"12.3.26"}})
	bad.Text("subject", 10)
	bad.Body("body")
	if got := bad.Text("nul", 10); strings.Contains(got, "\x00") {
		t.Error("NUL comes through")
	}
	bad.ID("id")
	bad.IDs("ids")
	bad.Int("n", 1, 9, 0)
	web.FormCode[store.State](bad, "state")
	bad.Time("date")
	bad.Need("missing")
	want := []string{"subject error.too-long", "body error.not-text", "nul error.not-text", "id error.number", "ids error.number", "n error.number-between",
		"state error.choice", "date error.date", "missing error.required"}
	if got := fields(bad.Err()); !slices.Equal(got, want) {
		t.Errorf("wrong: %q, want %q", got, want)
	}
}

func TestUploadsAreKeptWhileTheFormIsCorrected(t *testing.T) {
	d := newTestDesk(t, func(c *config.Config) { c.MaxFileMB = 1 })
	p := d.add("Ada Neri", people.Form{})
	actor := policy.Actor{Person: p, Language: "it"}
	var got []uint64
	var problems error
	f := fiber.New(fiber.Config{Immutable: true, BodyLimit: 10 << 20})
	f.Post("/", func(c *fiber.Ctx) error {
		r := d.app.Site.Request(c)
		r.V = &web.Visit{Actor: actor, Settings: &store.Settings{}, Lang: "it"}
		if err := r.Receive(&web.Route{Files: []string{"files"}, Text: web.LongBody}); err != nil {
			t.Error(err)
			return err
		}
		form := r.Form()
		got, problems = form.Files("files"), form.Err()
		names := ""
		for _, k := range form.Kept {
			names += fmt.Sprintf("%s %s;", k.Name, k.Size)
		}
		return r.SendString(names)
	})
	send := func(kept []uint64, files map[string]string) string {
		t.Helper()
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for _, id := range kept {
			if err := w.WriteField("kept_file", itoa(id)); err != nil {
				t.Fatal(err)
			}
		}
		for name, content := range files {
			part, err := w.CreateFormFile("files", name)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(part, content)
		}
		w.Close()
		q, err := http.NewRequest(http.MethodPost, "http://desk/", &body)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", w.FormDataContentType())
		resp, err := f.Test(q, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if names := send(nil, map[string]string{"../../etc/passwd.txt": "hello"}); len(got) != 1 || problems != nil || strings.Contains(names, "..") || !strings.Contains(names, "passwd.txt") {
		t.Fatalf("%v %v %q", got, problems, names)
	}
	first := got[0]
	if send([]uint64{first, 99999}, map[string]string{"empty.txt": ""}); len(got) != 2 || got[0] != first || problems != nil {
		t.Errorf("%v %v", got, problems)
	}
	if send([]uint64{first}, map[string]string{"big.bin": strings.Repeat("x", 1<<20+1)}); len(got) != 1 || !slices.Equal(fields(problems), []string{"files error.file-too-large"}) {
		t.Errorf("%v %v", got, problems)
	}
	if send(nil, map[string]string{"": ""}); len(got) != 0 || problems != nil {
		t.Errorf("nothing chosen: %v %v", got, problems)
	}
	actor = policy.Actor{Person: d.add("Luca Bassi", people.Form{}), Language: "it"}
	if send([]uint64{first}, nil); len(got) != 0 {
		t.Error("another person's upload can be taken")
	}
}

func TestAPageShowsWhatWasTypedAndWhatWasWrong(t *testing.T) {
	p := &web.Page{Lang: "it", Site: &web.Site{Words: dictionaryOf(t)}}
	f := formOf(url.Values{"name": {"<b>"}, "box": {"a", "b"}})
	f.Refuse("name", "error.required")
	f.Refuse("name", "error.email")
	f.Refuse("", "error.form-unreadable")
	if err := p.Refill(f, f.Err()); err != nil {
		t.Fatal(err)
	}
	if p.Value("name") != "<b>" || !p.Chosen("box", "b") || p.Chosen("box", "c") || p.Err("name") != "Scrivi qualcosa qui." || p.Status != 422 || len(p.Summary()) != 2 {
		t.Errorf("%+v", p)
	}
	if got := string(p.Bad(`x"y`)); got != "" {
		t.Error(got)
	}
	if err := p.Refill(f, fault.New(fault.Denied, "error.denied")); err == nil {
		t.Error("what no form can show is swallowed")
	}
	if err := p.Refill(f, fmt.Errorf("disk")); err == nil {
		t.Error("a fault is swallowed")
	}
}
