package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sportello/app/config"
)

// aDesk makes a data folder as a server that ran leaves it, with a configuration that names a folder of backups.
func aDesk(t *testing.T, subjects ...string) (data, config, backups string) {
	t.Helper()
	dir := t.TempDir()
	data, config, backups = filepath.Join(dir, "the data"), filepath.Join(dir, "config.toml"), filepath.Join(dir, "backups")
	if err := errors.Join(os.Mkdir(backups, 0o700), os.WriteFile(config, []byte("[backup]\npath = '"+backups+"'\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	var lines bytes.Buffer
	for _, s := range subjects {
		line, err := json.Marshal(map[string]string{"subject": s, "body": s, "requester_email": "ada@example.it", "requester_name": "Ada Neri"})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	list := filepath.Join(dir, "tickets.jsonl")
	if err := os.WriteFile(list, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"person", "add", "--email", "ada@example.it", "--name", "Ada Neri", "--role", "administrator"},
		{"import", "tickets", list}, {"reindex"}, {"backup", backups},
	} {
		if status, out, errOut := commandLine(t, "", append(args, "--data", data, "--config", config)...); status != 0 {
			t.Fatalf("%s: %d\n%s\n%s", args, status, out, errOut)
		}
	}
	return data, config, backups
}

func TestDoctorCallsAHealthyIndexHealthy(t *testing.T) {
	data, config, _ := aDesk(t, "stampa_cedolino_v2", "versione 23.11.02.00 errore2volte", "F24 e 730/2026 dell'ateneo", "給与明細の誤り",
		"perché Università è più", strings.Repeat("x", 180), "cedolino2cedolino 3volte4", "ORA-01722 il conto IT60 X054 2811 1010 0000 0123 456", "e il di a", "***")
	status, out, errOut := commandLine(t, "", "doctor", "--data", data, "--config", config)
	if status != 0 || !strings.Contains(out, "ok     index: ") || !strings.Contains(out, "all is well") {
		t.Errorf("%d\n%s\n%s", status, out, errOut)
	}
}

// TestNoCommandOpensADatabaseFileThatIsNone gives each command that opens the data a file that is not what it should be:
// it fails, says how the file is and what to do with the names of this desk's folders, in both languages, and leaves the
// file as it is.
func TestNoCommandOpensADatabaseFileThatIsNone(t *testing.T) {
	data, config, backups := aDesk(t, "una richiesta")
	path := filepath.Join(data, "desk.db")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "DEMO"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 1<<16)
	r := rand.New(rand.NewPCG(18, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	if w, err := z.Create("desk.db"); err != nil {
		t.Fatal(err)
	} else if _, err := w.Write(whole); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	flipped := func(at ...int) []byte {
		b := bytes.Clone(whole)
		for _, i := range at {
			b[i] ^= 0x10
		}
		return b
	}
	schema := bytes.Index(whole, []byte("schema"))
	if schema < 0 {
		t.Fatal("the file has no version")
	}
	newer := bytes.Clone(whole)
	for at := schema; ; {
		newer[at+len("schema")] = '9'
		next := bytes.Index(newer[at+1:], []byte("schema"))
		if next < 0 {
			break
		}
		at += 1 + next
	}
	for name, c := range map[string]struct {
		file   []byte
		en, it string
	}{
		"empty":                     {nil, "is empty", "è vuoto"},
		"the first page":            {whole[:4096], "is truncated: only 4096 of", "è stato troncato: ci sono 4096 byte su"},
		"a page of zeros":           {make([]byte, 4096), "is not the database of a desk", "non è il database di uno sportello"},
		"a page of text":            {bytes.Repeat([]byte("parole \n"), 512), "is not the database of a desk", "non è il database di uno sportello"},
		"one byte":                  {[]byte{0}, "is not the database of a desk", "non è il database di uno sportello"},
		"a few bytes of the head":   {whole[:40], "is not the database of a desk", "non è il database di uno sportello"},
		"five pages":                {whole[:5*page], "is truncated", "è stato troncato"},
		"two pages":                 {whole[:2*page], "is truncated", "è stato troncato"},
		"all but the last page":     {whole[:len(whole)-page], "", ""}, // pages at the end may be unused
		"half":                      {whole[:len(whole)/2], "", ""},
		"text":                      {[]byte("Caro sportello,\necco la mia richiesta.\n"), "is not the database of a desk", "non è il database di uno sportello"},
		"an archive":                {packed.Bytes(), "is not the database of a desk", "non è il database di uno sportello"},
		"zeros":                     {make([]byte, len(whole)), "is not the database of a desk", "non è il database di uno sportello"},
		"noise":                     {noise, "is not the database of a desk", "non è il database di uno sportello"},
		"from a newer release":      {newer, "Use a newer program", "Usa un programma più recente"},
		"a byte of both heads":      {flipped(16+40, page+16+40), "is damaged", "è danneggiato"},
		"a byte of both checksums":  {flipped(16+57, page+16+57), "is damaged", "è danneggiato"},
		"the marks of both heads":   {flipped(16, page+16), "is not the database of a desk", "non è il database di uno sportello"},
		"a byte of the first head":  {flipped(16 + 48), "", ""}, // the other one is taken
		"a byte of the second head": {flipped(page + 16 + 20), "", ""},
	} {
		for _, args := range [][]string{{"doctor"}, {"serve", "--listen", "127.0.0.1:0"}, {"demo", "--listen", "127.0.0.1:0"}, {"reindex"}, {"token", "create", "--person", "ada@example.it"},
			{"export", "people"}, {"backup", t.TempDir()}, {"person", "add", "--email", "b@example.it", "--name", "B", "--role", "requester"}} {
			if c.en == "" && args[0] != "doctor" {
				continue // it opens, or not: doctor below
			}
			t.Run(name+"/"+args[0], func(t *testing.T) {
				if err := os.WriteFile(path, c.file, 0o600); err != nil {
					t.Fatal(err)
				}
				status, out, errOut := commandLine(t, "", append(args, "--data", data, "--config", config)...)
				all := out + errOut
				if strings.Contains(all, "panic") || strings.Contains(all, "goroutine ") {
					t.Fatalf("%d\n%s", status, all)
				}
				if c.en == "" {
					if status != 0 && !strings.Contains(all, "sportello restore --data '"+data+".restored' "+backups) {
						t.Errorf("%d\n%s", status, all)
					}
					return
				}
				for _, want := range []string{c.en, c.it, "cp -a '" + data + "' '" + data + ".kept'", "sportello restore --data '" + data + ".restored' " + backups} {
					if !strings.Contains(all, want) {
						t.Errorf("it does not say %q:\n%s", want, all)
					}
				}
				if status != 1 || args[0] == "doctor" && !strings.Contains(out, "WRONG  data: ") {
					t.Errorf("%d\n%s", status, all)
				}
				if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, c.file) {
					t.Errorf("the file was written to: %v", err)
				}
			})
		}
	}
	// The advice is good: what it says brings the desk back.
	if status, out, errOut := commandLine(t, "", "restore", "--data", data+".restored", "--config", config, backups); status != 0 {
		t.Fatalf("%d\n%s\n%s", status, out, errOut)
	}
	if status, out, errOut := commandLine(t, "", "doctor", "--data", data+".restored", "--config", config); status != 0 {
		t.Errorf("%d\n%s\n%s", status, out, errOut)
	}
}

// TestWhatOthersCanGetAtIsToldAtTheStartAndByDoctor opens one thing after the other to others.
func TestWhatOthersCanGetAtIsToldAtTheStartAndByDoctor(t *testing.T) {
	data, settings, backups := aDesk(t, "una richiesta")
	secret := filepath.Join(t.TempDir(), "password")
	text := fmt.Sprintf("[backup]\npath = '%s'\n[smtp]\nhost = 'localhost'\nfrom = 'desk@example.it'\nuser = 'desk'\npassword_file = '%s'\n", backups, secret)
	plain := strings.Replace(text, "password_file = '"+secret+"'", "password = 'molto-segreta'", 1)
	if err := errors.Join(os.WriteFile(settings, []byte(text), 0o600), os.WriteFile(secret, []byte("segreta\n"), 0o600),
		os.MkdirAll(filepath.Join(data, "blob", "ab"), 0o700), os.WriteFile(filepath.Join(data, "blob", "ab", "cd"), []byte("x"), 0o600),
		os.MkdirAll(filepath.Join(data, "spool"), 0o700), os.WriteFile(filepath.Join(data, "spool", "1.mail.bad"), []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	newest, err := filepath.Glob(filepath.Join(backups, "*", "*"))
	if err != nil || len(newest) == 0 {
		t.Fatal(newest, err)
	}
	look := func(t *testing.T) (started, doctor string) {
		t.Helper()
		cfg, err := config.Load(settings, nil)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Data = data
		var log bytes.Buffer
		a, err := openServer(cfg, cfg.Logger(&log))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		_, doctor, _ = commandLine(t, "", "doctor", "--data", data, "--config", settings)
		return log.String(), doctor
	}
	if started, doctor := look(t); strings.Contains(started, "permissions") || !strings.Contains(doctor, "ok     permissions: ") {
		t.Fatalf("all is as it should be:\n%s\n%s", started, doctor)
	}
	for _, c := range []struct {
		path string
		mode os.FileMode
		mend string
	}{
		{data, 0o755, "chmod 700 '" + data + "'"},
		{data, 0o770, "chmod 700 '" + data + "'"},
		{filepath.Join(data, "desk.db"), 0o640, "chmod 600 "},
		{filepath.Join(data, "desk.db"), 0o602, "chmod 600 "},
		{filepath.Join(data, "key"), 0o644, "chmod 600 "},
		{filepath.Join(data, "blob"), 0o711, "chmod 700 "},
		{filepath.Join(data, "blob", "ab"), 0o755, "chmod -R go-rwx "},
		{filepath.Join(data, "blob", "ab", "cd"), 0o644, "chmod -R go-rwx "},
		{filepath.Join(data, "spool"), 0o750, "chmod 700 "},
		{filepath.Join(data, "spool", "1.mail.bad"), 0o606, "chmod -R go-rwx "},
		{filepath.Join(data, "index"), 0o755, "chmod 700 "},
		{backups, 0o755, "chmod 700 "},
		{newest[0], 0o644, "chmod -R go-rwx "},
		{secret, 0o644, "chmod 600 "},
		{settings, 0o666, "chmod go-w "},
	} {
		t.Run(fmt.Sprintf("%s %o", filepath.Base(c.path), c.mode), func(t *testing.T) {
			info, err := os.Stat(c.path)
			if err == nil {
				err = os.Chmod(c.path, c.mode)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := os.Chmod(c.path, info.Mode().Perm()); err != nil {
					t.Error(err)
				}
			}()
			started, doctor := look(t)
			if !strings.Contains(started, "level=WARN msg=\"permissions: ") || !strings.Contains(started, c.path) || !strings.Contains(started, strings.TrimSuffix(c.mend, " ")) {
				t.Errorf("the start does not tell:\n%s", started)
			}
			if !strings.Contains(doctor, "WRONG  permissions: ") || !strings.Contains(doctor, c.path) || !strings.Contains(doctor, "       "+c.mend) {
				t.Errorf("doctor does not tell:\n%s", doctor)
			}
		})
	}
	if err := errors.Join(os.WriteFile(settings, []byte(plain), 0o600), os.Chmod(settings, 0o644)); err != nil {
		t.Fatal(err)
	}
	if started, doctor := look(t); !strings.Contains(started, "chmod 600 "+settings) || !strings.Contains(doctor, "chmod 600 "+settings) {
		t.Errorf("a password that others may read:\n%s\n%s", started, doctor)
	}
}
