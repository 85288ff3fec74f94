package peer

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

func dial(port int) (net.Conn, error) {
	return net.DialTimeout("tcp", fmt.Sprintf("%s:%d", Host, port), start)
}

// Routes say what a Postfix does with the mail of each domain. It rejects mail for other domains, so that nothing ever
// leaves the machine.
type Routes struct {
	LMTP map[string]int      // domain to port on Host
	SMTP map[string]int      // domain to port on Host
	Pipe map[string][]string // domain to a command that reads the message and runs as nobody; ${recipient} and ${sender} are replaced
}

// MTA is a running Postfix.
type MTA struct {
	Port  int // SMTP on Host, with STARTTLS
	Roots *x509.CertPool
	conf  string
}

// Postfix starts a Postfix that retries a failed delivery after a second.
func Postfix(t testing.TB, routes Routes) *MTA {
	t.Helper()
	program, err := exec.LookPath("postfix")
	if err != nil {
		if _, err := os.Stat("/usr/sbin/postfix"); err != nil {
			missing(t, "Postfix")
		}
		program = "/usr/sbin/postfix"
	}
	if os.Getuid() != 0 {
		t.Skip("Postfix can only be started by root")
	}
	dir := folder(t)
	port := ports(t, 1)[0]
	authority := NewAuthority(t)
	cert, key := authority.files(t, dir)
	m := &MTA{Port: port, Roots: authority.Roots, conf: filepath.Join(dir, "conf")}

	var transport, pipes strings.Builder
	var domains []string
	add := func(domain, to string) {
		domains = append(domains, domain)
		fmt.Fprintf(&transport, "%s %s\n", domain, to)
	}
	for d, p := range routes.LMTP {
		add(d, fmt.Sprintf("lmtp:inet:%s:%d", Host, p))
	}
	for d, p := range routes.SMTP {
		add(d, fmt.Sprintf("smtp:[%s]:%d", Host, p))
	}
	for d, argv := range routes.Pipe {
		name := fmt.Sprintf("pipe%d", len(domains))
		add(d, name+":")
		fmt.Fprintf(&pipes, "%s unix - n n - - pipe flags=DR user=nobody null_sender=\n  argv=%s\n", name, strings.Join(argv, " "))
	}
	if len(domains) == 0 {
		domains = []string{"nowhere.invalid"}
	}
	write(t, filepath.Join(m.conf, "transport"), transport.String())
	write(t, filepath.Join(m.conf, "main.cf"), fmt.Sprintf(`
compatibility_level = 3.6
myhostname = mx.example.test
mydomain = example.test
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
queue_directory = %[1]s/spool
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
relay_domains = %[2]s
transport_maps = texthash:%[1]s/conf/transport
default_transport = error:5.7.1 nothing leaves this machine
smtpd_recipient_restrictions = reject_unauth_destination, permit_mynetworks, reject
smtpd_relay_restrictions = reject_unauth_destination
smtpd_reject_unlisted_recipient = no
smtpd_tls_cert_file = %[3]s
smtpd_tls_key_file = %[4]s
smtpd_tls_security_level = may
lmtp_tls_security_level = may
smtp_tls_security_level = may
smtpd_peername_lookup = no
disable_dns_lookups = yes
smtputf8_enable = yes
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
lmtp_destination_concurrency_limit = 4
smtpd_client_connection_count_limit = 0
anvil_rate_time_unit = 60s
notify_classes =
message_size_limit = 104857600
mailbox_size_limit = 0
biff = no
`, dir, strings.Join(domains, " "), cert, key))
	write(t, filepath.Join(m.conf, "master.cf"), fmt.Sprintf(`
%s:%d inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
%s`, Host, port, pipes.String()))
	for _, d := range []string{"spool", "data"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix:", filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	// Registered twice: to run before run's own cleanup, and in case run fails.
	pid := filepath.Join(dir, "spool/pid/master.pid")
	stop := func() { stopMaster(t, pid) }
	t.Cleanup(stop)
	run(t, filepath.Join(dir, "log"), pid, []int{port}, program, "-c", m.conf, "start-fg")
	t.Cleanup(stop)
	return m
}

// Empty waits until the queue is empty, or fails.
func (m *MTA) Empty(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(start); ; time.Sleep(20 * time.Millisecond) {
		out, err := exec.Command("postqueue", "-c", m.conf, "-j").CombinedOutput()
		if err == nil && len(out) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("queue is not empty: %v\n%s", err, out)
		}
	}
}

// stopMaster stops Postfix's master, which leaves the process group it was started in.
func stopMaster(t testing.TB, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		return // it was never started
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil || pid < 2 {
		t.Errorf("%s says %q", path, b)
		return
	}
	for end := time.Now().Add(5 * time.Second); syscall.Kill(pid, syscall.SIGTERM) == nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	}
}

// Submit hands a message to Postfix.
func (m *MTA) Submit(t testing.TB, from, to, message string) {
	t.Helper()
	conn, err := dial(m.Port)
	if err != nil {
		t.Fatal(err)
	}
	c := smtp.NewClient(conn)
	defer c.Close()
	if err := c.SendMail(from, []string{to}, strings.NewReader(message)); err != nil {
		t.Fatal(err)
	}
}
