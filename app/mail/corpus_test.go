package mail

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"
)

// corpora are modules that contain messages, with the folders of the messages.
var corpora = []struct{ module, folder, end string }{
	{"github.com/jhillyerd/enmime/v2", "testdata", ".raw"},
	{"github.com/wneessen/go-mail", "testdata", ".eml"},
}

// corpus calls each with every message of a module from the module proxy, and returns how many there were.
func corpus(t *testing.T, module, folder, end string, each func(t *testing.T, raw []byte)) int {
	t.Helper()
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	var m struct{ Dir string }
	if err != nil || json.Unmarshal(out, &m) != nil || m.Dir == "" {
		t.Fatalf("no module %s: %v", module, err)
	}
	n := 0
	err = filepath.WalkDir(filepath.Join(m.Dir, folder), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, end) {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		t.Run(filepath.Base(path), func(t *testing.T) { each(t, raw) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var wordRun = regexp.MustCompile(`[\p{L}\p{N}]{3,}`)

// TestNoWordOfAPublicCorpusIsLost reads another parser's own test messages, and compares with what that parser finds.
func TestNoWordOfAPublicCorpusIsLost(t *testing.T) {
	for _, c := range corpora {
		n := corpus(t, c.module, c.folder, c.end, func(t *testing.T, raw []byte) {
			m := read(t, raw, Options{})
			if bytes.Contains(raw, []byte("w0OsT65hsFYgIKVfu/QgIMNDpKexwA0K")) {
				// Chinese in Big5 labelled as ASCII. A guess that recognised it would also take Italian for Chinese.
				return
			}
			e, err := enmime.ReadEnvelope(bytes.NewReader(raw))
			if err != nil {
				t.Logf("the other parser gives up: %v", err)
				return
			}
			all := m.Text + "\n" + m.HTML
			for _, p := range m.Parts {
				all += "\n" + p.Name + "\n" + string(p.Content)
			}
			text := e.Text
			if len(e.HTML) > 0 {
				text = e.HTML
			}
			for _, w := range wordRun.FindAllString(text, -1) {
				if !strings.Contains(all, w) {
					t.Errorf("the word %q is lost", w)
				}
			}
			for _, list := range [][]*enmime.Part{e.Attachments, e.Inlines, e.OtherParts} {
				for _, p := range list {
					found := false
					for _, q := range m.Parts {
						found = found || bytes.Equal(bytes.TrimSpace(q.Content), bytes.TrimSpace(p.Content))
					}
					if !found && !strings.Contains(all, strings.TrimSpace(strings.ReplaceAll(string(p.Content), "\r", ""))) {
						t.Errorf("a part is lost: %q %s, %d bytes", p.FileName, p.ContentType, len(p.Content))
					}
				}
			}
			if s := oneLine(e.GetHeader("Subject")); s != m.Subject {
				t.Errorf("subject %q, the other parser has %q", m.Subject, s)
			}
		})
		if n < 3 {
			t.Errorf("only %d messages in %s", n, c.module)
		}
	}
}

func read(t testing.TB, raw []byte, o Options) *Message {
	t.Helper()
	m, err := Read(bytes.NewReader(raw), int64(len(raw)), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
