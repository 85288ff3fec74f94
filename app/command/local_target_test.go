package command

import "testing"

func TestOnlyThisMachineIsLoaded(t *testing.T) {
	for target, good := range map[string]bool{"http://127.0.0.1:8080": true, "http://127.3.4.5": true, "http://[::1]:8080": true, "https://localhost/": true,
		"http://[::ffff:127.0.0.1]:80": true, "http://10.0.0.1": false, "http://example.org": false, "http://localhost.example.org": false, "http://0.0.0.0:8080": false,
		"http://127.0.0.1@example.org/": false, "ftp://localhost": false, "localhost:8080": false, "": false} {
		if _, err := localTarget(target); (err == nil) != good {
			t.Errorf("%q: %v", target, err)
		}
	}
	if err := onlyLoopback("tcp", "192.0.2.1:80", nil); err == nil {
		t.Error("a name that leads elsewhere is dialled")
	}
}
