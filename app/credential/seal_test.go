package credential

import (
	"bytes"
	"strings"
	"testing"
)

func TestASealedSecretOpensWithItsKeyForItsPurposeAlone(t *testing.T) {
	key, salt := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	const secret = "parola d'ordine molto segreta"
	one, err := Seal(key, salt, "mail_servers.password", secret)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Seal(key, salt, "mail_servers.password", secret)
	if err != nil || one == two || strings.Contains(one, "segreta") {
		t.Errorf("sealed twice: %q %q, %v", one, two, err)
	}
	if got, err := Open(key, salt, "mail_servers.password", one); err != nil || got != secret {
		t.Errorf("opened: %q, %v", got, err)
	}
	for name, open := range map[string]func() (string, error){
		"another key":     func() (string, error) { return Open(salt, salt, "mail_servers.password", one) },
		"another salt":    func() (string, error) { return Open(key, key, "mail_servers.password", one) },
		"another purpose": func() (string, error) { return Open(key, salt, "mail_servers.dkim_key", one) },
		"changed":         func() (string, error) { return Open(key, salt, "mail_servers.password", one[:20]+"A"+one[21:]+"A") },
		"short":           func() (string, error) { return Open(key, salt, "mail_servers.password", "AAAA") },
		"no base64":       func() (string, error) { return Open(key, salt, "mail_servers.password", "!") },
		"empty":           func() (string, error) { return Open(key, salt, "mail_servers.password", "") },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opens it: %q", name, got)
		}
	}
}
