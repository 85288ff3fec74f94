package peer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPostfixHandsOverToDovecotAndToAPipe(t *testing.T) {
	d := Dovecot(t, "anna@uni.test")
	out := filepath.Join(t.TempDir(), "piped")
	if err := os.Chmod(filepath.Dir(out), 0o777); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(filepath.Dir(out), "take.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ncat >"+out+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(out); dir != "/tmp" && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	p := Postfix(t, Routes{LMTP: map[string]int{"uni.test": d.LMTP}, Pipe: map[string][]string{"desk.test": {script}}})
	for _, to := range []string{"anna@uni.test", "help@desk.test"} {
		p.Submit(t, "boss@else.test", to, "Subject: to "+to+"\r\n\r\nciao\r\n")
	}
	p.Empty(t)
	if b, err := os.ReadFile(out); err != nil || !strings.Contains(string(b), "Subject: to help@desk.test") {
		t.Errorf("the pipe got %q, %v", b, err)
	}
	if found := d.Inbox(t, "anna@uni.test"); len(found) != 1 || !strings.Contains(found[0], "Subject: to anna@uni.test") {
		t.Errorf("the inbox has %q", found)
	}
}
