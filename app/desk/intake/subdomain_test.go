package intake

import "testing"

// TestSubdomainsCountTogether: subdomains count with their domain, because they cost nothing. Public suffixes do not:
// their customers are strangers to each other.
func TestSubdomainsCountTogether(t *testing.T) {
	for address, want := range map[string]string{
		"a@esempio.it": "@esempio.it", "a@x.y.esempio.it": "@esempio.it", "a@mail.example.co.uk": "@example.co.uk", "a@utente.github.io": "@utente.github.io", "a@localhost": "@localhost",
	} {
		if got := strangerKeys(address); got[0] != address || got[1] != want {
			t.Errorf("%s counts under %v, want %s", address, got, want)
		}
	}
}
