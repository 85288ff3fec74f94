package app_test

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"
)

// TestANameOfAFileComesThroughWhole: however a program names the file that it sends, the desk knows it by that name,
// and hands it over under it: in full to programs of today, in plain letters that can still be read to old ones,
// with its ending.
func TestANameOfAFileComesThroughWhole(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	agent := w.caller(w.people["agent"])
	for name, plain := range map[string]string{
		"Università – città.pdf":  "Universita - citta.pdf",
		"perché.txt":              "perche.txt",
		"“verbale” d’esame.docx":  "'verbale' d'esame.docx",
		"Größe 10€.csv":           "Grosse 10EUR.csv",
		"a;b=c.txt":               "a_b=c.txt",
		"100%.txt":                "100_.txt",
		"报告.pdf":                  "__.pdf",
		"uno, due + tre & 4.xlsx": "uno, due + tre & 4.xlsx",
		"øre.œuvre.łódź.txt":      "ore.oeuvre.lodz.txt",
		"emoji 🎓.txt":             "emoji _.txt",
		"senza estensione è":      "senza estensione e",
	} {
		ways := map[string]func() (*http.Request, error){
			"the address": func() (*http.Request, error) {
				return http.NewRequest("POST", fmt.Sprintf("%s/api/v1/tickets/%d/attachments?name=%s", w.url, n, url.QueryEscape(name)), strings.NewReader("x"))
			},
			"a header in full": func() (*http.Request, error) {
				q, err := http.NewRequest("POST", fmt.Sprintf("%s/api/v1/tickets/%d/attachments", w.url, n), strings.NewReader("x"))
				q.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
				return q, err
			},
			"a header as it is": func() (*http.Request, error) {
				q, err := http.NewRequest("POST", fmt.Sprintf("%s/api/v1/tickets/%d/attachments", w.url, n), strings.NewReader("x"))
				q.Header.Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(name, `"`, `\"`)+`"`)
				return q, err
			},
			"a form": func() (*http.Request, error) {
				var b bytes.Buffer
				m := multipart.NewWriter(&b)
				h := textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s"`, strings.ReplaceAll(name, `"`, "%22"))}, "Content-Type": {"application/octet-stream"}}
				p, err := m.CreatePart(h)
				if err != nil {
					return nil, err
				}
				io.WriteString(p, "x")
				m.Close()
				q, err := http.NewRequest("POST", fmt.Sprintf("%s/api/v1/tickets/%d/attachments", w.url, n), &b)
				q.Header.Set("Content-Type", m.FormDataContentType())
				return q, err
			},
		}
		for way, make := range ways {
			q, err := make()
			must(t, err)
			q.Header.Set("Authorization", agent.header.Get("Authorization"))
			r, err := program.Do(q)
			must(t, err)
			body, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode != 201 {
				t.Errorf("%s by %s: %d %s", name, way, r.StatusCode, body)
				continue
			}
			_, doc := agent.call("GET", fmt.Sprintf("/tickets/%d", n), nil)
			messages := doc["messages"].([]any)
			file := messages[len(messages)-1].(box)["attachments"].([]any)[0].(box)
			if file["name"] != name {
				t.Errorf("%s by %s is known as %q", name, way, file["name"])
			}
			got := agent.get(fmt.Sprint(file["url"]))
			_, params, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
			if err != nil || params["filename"] != name {
				t.Errorf("%s by %s is handed over as %q, %v", name, way, params["filename"], err)
			}
			if kind := got.header.Get("Content-Type"); !strings.HasPrefix(kind, fmt.Sprint(file["type"])) {
				t.Errorf("%s by %s is said to be %s, and is %s", name, way, kind, file["type"])
			}
			if want := `filename="` + plain + `"`; !strings.Contains(got.header.Get("Content-Disposition"), want) {
				t.Errorf("%s: old programs read %s, want %s", name, got.header.Get("Content-Disposition"), want)
			}
		}
	}
}
