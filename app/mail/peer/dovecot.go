package peer

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"
)

// Host is the address on which all peers listen.
const Host = "127.0.0.1"

// Password is the password of every user of a peer.
const Password = "aperto è bello"

// IMAP is a running Dovecot with IMAP (STARTTLS), IMAP over TLS, and LMTP for its users.
type IMAP struct {
	Plain, TLS, LMTP int // ports on Host
	Roots            *x509.CertPool
	Authority        *Authority

	dir  string
	conf string
}

// Dovecot starts a Dovecot with these users, each with Password; a user name may be an address.
func Dovecot(t testing.TB, users ...string) *IMAP {
	t.Helper()
	return DovecotWith(t, "", users...)
}

// DovecotWith starts a Dovecot that also accepts tokens (XOAUTH2, OAUTHBEARER). introspect is an address to which the
// token is appended and which answers with JSON: {"active": true, "user": "anna"}. If it is empty, no tokens are
// accepted.
func DovecotWith(t testing.TB, introspect string, users ...string) *IMAP {
	t.Helper()
	program, err := exec.LookPath("dovecot")
	if err != nil {
		missing(t, "Dovecot")
	}
	dir := folder(t)
	p := ports(t, 3)
	d := &IMAP{Plain: p[0], TLS: p[1], LMTP: p[2], Authority: NewAuthority(t), dir: dir, conf: filepath.Join(dir, "dovecot.conf")}
	d.Roots = d.Authority.Roots
	cert, key := d.Authority.files(t, dir)

	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	owner := me.Username
	if me.Uid == "0" {
		owner = "nobody" // Dovecot delivers no mail as root
	}
	of, err := user.Lookup(owner)
	if err != nil {
		t.Fatal(err)
	}
	mails := filepath.Join(dir, "mail")
	if err := os.Mkdir(mails, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(mails, 0o777); err != nil {
		t.Fatal(err)
	}
	var passwords strings.Builder
	for _, u := range users {
		fmt.Fprintf(&passwords, "%s:{PLAIN}%s\n", u, Password)
	}
	write(t, filepath.Join(dir, "users"), passwords.String())

	conf := fmt.Sprintf(`
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <%[2]s
ssl_key = <%[3]s
disable_plaintext_auth = no
auth_failure_delay = 0
auth_verbose = yes
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
mail_location = maildir:%[1]s/mail/%%u
mail_uid = %[4]s
mail_gid = %[5]s
first_valid_uid = 1
first_valid_gid = 1
recipient_delimiter = +
postmaster_address = postmaster@example.test
hostname = imap.example.test
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%%u %[1]s/users
}
userdb {
  driver = static
  args = uid=%[4]s gid=%[5]s home=%[1]s/mail/%%u
}
service imap-login {
  inet_listener imap {
    port = %[6]d
  }
  inet_listener imaps {
    port = %[7]d
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = %[8]d
  }
}
protocol lmtp {
  auth_username_format = %%Lu
}
`, dir, cert, key, of.Uid, of.Gid, d.Plain, d.TLS, d.LMTP)
	if me.Uid != "0" {
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			t.Fatal(err)
		}
		conf += fmt.Sprintf("default_internal_user = %s\ndefault_login_user = %[1]s\ndefault_internal_group = %s\nservice imap-login {\n  chroot =\n}\nservice anvil {\n  chroot =\n}\n", me.Username, group.Name)
	}
	if introspect != "" {
		conf += fmt.Sprintf("auth_mechanisms = plain xoauth2 oauthbearer\npassdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = %s/oauth2.conf\n}\n", dir)
		write(t, filepath.Join(dir, "oauth2.conf"), "introspection_mode = get\nintrospection_url = "+introspect+"\nusername_attribute = user\nactive_attribute = active\nactive_value = true\n")
	}
	write(t, d.conf, conf)
	run(t, filepath.Join(dir, "log"), "", []int{d.Plain, d.LMTP}, program, "-F", "-c", d.conf)
	return d
}

// Deliver delivers a message to a user's inbox.
func (d *IMAP) Deliver(t testing.TB, user, message string) {
	t.Helper()
	d.DeliverAll(t, user, message)
}

// DeliverAll delivers messages to a user's inbox in order.
func (d *IMAP) DeliverAll(t testing.TB, user string, messages ...string) {
	t.Helper()
	c, err := lmtp(d.LMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, m := range messages {
		if err := c.SendMail("sender@example.test", []string{user}, strings.NewReader(m)); err != nil {
			t.Fatal(err)
		}
	}
}

func lmtp(port int) (*smtp.Client, error) {
	conn, err := dial(port)
	if err != nil {
		return nil, err
	}
	return smtp.NewClientLMTP(conn), nil
}

// Renumber gives the messages of a user's inbox new UIDs and the folder a new UIDVALIDITY, as a restored or rebuilt
// mail server does. The user may not be signed in.
func (d *IMAP) Renumber(t testing.TB, user string) {
	t.Helper()
	path := filepath.Join(d.dir, "mail", user, "dovecot-uidlist")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(head)
	for i, f := range fields {
		if strings.HasPrefix(f, "V") {
			var v uint32
			if _, err := fmt.Sscanf(f, "V%d", &v); err != nil {
				t.Fatal(err)
			}
			fields[i] = fmt.Sprintf("V%d", v+1)
		}
	}
	d.admin(t, "kick", user)
	write(t, path, strings.Join(fields, " ")+"\n"+rest)
	old, err := filepath.Glob(filepath.Join(d.dir, "mail", user, "dovecot.index*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range old {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
}

// Kick ends all connections of a user.
func (d *IMAP) Kick(t testing.TB, user string) {
	t.Helper()
	d.admin(t, "kick", user)
}

func (d *IMAP) admin(t testing.TB, arg ...string) {
	t.Helper()
	out, err := exec.Command("doveadm", append([]string{"-c", d.conf}, arg...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !(arg[0] == "kick" && errors.As(err, &exit) && exit.ExitCode() == 68) { // nobody to kick
		t.Fatalf("doveadm %s: %v\n%s", arg, err, out)
	}
}

// Inbox returns the messages of a user's inbox as stored on disk, in any order.
func (d *IMAP) Inbox(t testing.TB, user string) []string { return d.Folder(t, user, "") }

// Folder is Inbox for another folder of the user.
func (d *IMAP) Folder(t testing.TB, user, name string) []string {
	t.Helper()
	dir := filepath.Join(d.dir, "mail", user)
	if name != "" {
		dir = filepath.Join(dir, "."+name)
	}
	var found []string
	for _, sub := range []string{"new", "cur"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, string(b))
		}
	}
	return found
}

// Fill adds n messages made by each to a user's inbox at once, without LMTP.
func (d *IMAP) Fill(t testing.TB, user string, n int, each func(i int) string) {
	t.Helper()
	d.admin(t, "mailbox", "status", "-u", user, "messages", "INBOX")
	dir := filepath.Join(d.dir, "mail", user, "new")
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	for i := range n {
		path := filepath.Join(dir, fmt.Sprintf("%d.M%06dP1.peer", 1700000000+i, i))
		write(t, path, each(i))
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}
