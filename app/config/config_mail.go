package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"sportello/app/desk/post"
	"sportello/store/spelling"
)

// Mail is the configuration of incoming mail, however it arrives.
type Mail struct {
	Listen         string   `koanf:"listen"`
	Protocol       string   `koanf:"protocol"`
	AllowedFrom    []string `koanf:"allowed_from"`
	TrustedServers []string `koanf:"trusted_servers"`
	PECCertificate string   `koanf:"pec_certificates"`
	MaxMessageMB   int      `koanf:"max_message_mb"`
	DigestHour     int      `koanf:"digest_hour"`
	MostPerAddress int      `koanf:"most_per_address"`
	MostPerDomain  int      `koanf:"most_per_domain"`
	Forms          []string `koanf:"forms"`
}

// SMTP is the server that sends the desk's mail. Without a host the desk sends none.
type SMTP struct {
	Host             string `koanf:"host"`
	Port             int    `koanf:"port"`
	TLS              string `koanf:"tls"`
	User             string `koanf:"user"`
	Password         string `koanf:"password"`
	PasswordFile     string `koanf:"password_file"`
	OAuthTokenURL    string `koanf:"oauth_token_url"`
	OAuthClientID    string `koanf:"oauth_client_id"`
	OAuthSecretFile  string `koanf:"oauth_secret_file"`
	OAuthRefreshFile string `koanf:"oauth_refresh_file"`
	OAuthScope       string `koanf:"oauth_scope"`
	CAFile           string `koanf:"ca_file"`
	HELO             string `koanf:"helo"`
	From             string `koanf:"from"`
	AttachMB         int    `koanf:"attach_mb"`
	DKIMDomain       string `koanf:"dkim_domain"`
	DKIMSelector     string `koanf:"dkim_selector"`
	DKIMKeyFile      string `koanf:"dkim_key_file"`
	AllowPlain       bool   `koanf:"allow_plain"`
}

// Mailbox is one address of the desk, and the IMAP folder its mail is fetched from, if it is fetched.
type Mailbox struct {
	Address          string   `koanf:"address"`
	Group            string   `koanf:"group"`
	Module           string   `koanf:"module"`
	Who              string   `koanf:"who"`
	Domains          []string `koanf:"domains"`
	Host             string   `koanf:"host"`
	Port             int      `koanf:"port"`
	TLS              string   `koanf:"tls"`
	User             string   `koanf:"user"`
	Password         string   `koanf:"password"`
	PasswordFile     string   `koanf:"password_file"`
	OAuthTokenURL    string   `koanf:"oauth_token_url"`
	OAuthClientID    string   `koanf:"oauth_client_id"`
	OAuthSecretFile  string   `koanf:"oauth_secret_file"`
	OAuthRefreshFile string   `koanf:"oauth_refresh_file"`
	OAuthScope       string   `koanf:"oauth_scope"`
	CAFile           string   `koanf:"ca_file"`
	Folder           string   `koanf:"folder"`
	After            string   `koanf:"after"`
	MoveTo           string   `koanf:"move_to"`
	AllowPlain       bool     `koanf:"allow_plain"`
}

func defaultMail() Mail {
	return Mail{Protocol: "lmtp", AllowedFrom: []string{}, TrustedServers: []string{}, Forms: []string{}, MaxMessageMB: 100, DigestHour: 7, MostPerAddress: 20, MostPerDomain: 200}
}

func defaultSMTP() SMTP { return SMTP{TLS: "starttls", AttachMB: 10} }

// mailboxKeys returns the keys of one mailbox.
func mailboxKeys() []string {
	var out []string
	t := reflect.TypeFor[Mailbox]()
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("koanf"))
	}
	return out
}

// unknownMailboxKeys returns an error for each unknown key of a mailbox.
func unknownMailboxKeys(value any) []error {
	list, ok := value.([]any)
	if !ok {
		return []error{errors.New("mailbox: write each as [[mailbox]]")}
	}
	var out []error
	known := mailboxKeys()
	for i, one := range list {
		table, ok := one.(map[string]any)
		if !ok {
			out = append(out, fmt.Errorf("mailbox %d: write it as [[mailbox]]", i+1))
			continue
		}
		for key := range table {
			if !slices.Contains(known, key) {
				out = append(out, fmt.Errorf("mailbox %d: %s: no such key", i+1, key))
			}
		}
	}
	slices.SortFunc(out, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return out
}

func bareAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && !strings.ContainsAny(s, "+\"")
}

// validateMail calls bad for each invalid value.
func (c Config) validateMail(bad func(key, format string, args ...any)) {
	m := c.Mail
	if m.Listen != "" && !strings.HasPrefix(m.Listen, "/") {
		if err := listenAddress(m.Listen); err != nil {
			bad("mail.listen", "%v", err)
		}
	}
	if m.Protocol != "lmtp" && m.Protocol != "smtp" {
		bad("mail.protocol", "%q is neither lmtp nor smtp", m.Protocol)
	}
	for _, s := range m.AllowedFrom {
		if _, err := ParsePrefix(s); err != nil {
			bad("mail.allowed_from", "%q is no address or network", s)
		}
	}
	if m.MaxMessageMB < 1 || m.MaxMessageMB > 1024 {
		bad("mail.max_message_mb", "%d is not between 1 and 1024", m.MaxMessageMB)
	}
	for _, address := range m.Forms {
		if !bareAddress(address) {
			bad("mail.forms", "%q is no address", address)
		}
	}
	if m.MostPerAddress < 0 {
		bad("mail.most_per_address", "%d is less than 0", m.MostPerAddress)
	}
	if m.MostPerDomain < 0 {
		bad("mail.most_per_domain", "%d is less than 0", m.MostPerDomain)
	}
	if m.DigestHour < 0 || m.DigestHour > 23 {
		bad("mail.digest_hour", "%d is no hour from 0 to 23", m.DigestHour)
	}
	if _, err := m.PecRoots(); err != nil {
		bad("mail.pec_certificates", "%v", err)
	}
	c.SMTP.validate(bad)
	seen := map[string]bool{}
	for i, box := range c.Mailboxes {
		n := len(c.Mailboxes)
		box.validate(func(key, format string, args ...any) {
			name := "mailbox." + key
			if n > 1 {
				name = fmt.Sprintf("mailbox %d: %s", i+1, key)
			}
			bad(name, format, args...)
		})
		address := spelling.Address(box.Address)
		if seen[address] && address != "" {
			bad("mailbox", "%s stands there twice", address)
		}
		seen[address] = true
	}
}

func (s SMTP) validate(bad func(key, format string, args ...any)) {
	if s.Host == "" {
		if s.From != "" && !bareAddress(s.From) {
			bad("smtp.from", "%q is not an address such as sportello@ateneo.it", s.From)
		}
		return
	}
	if !bareAddress(s.From) {
		bad("smtp.from", "%q is not an address such as sportello@ateneo.it", s.From)
	}
	if s.Port < 0 || s.Port > 65535 {
		bad("smtp.port", "%d is no port", s.Port)
	}
	if !slices.Contains(post.OutTLS, s.TLS) {
		bad("smtp.tls", "%q is none of tls, starttls, optional, none", s.TLS)
	}
	if s.Password != "" && s.PasswordFile != "" {
		bad("smtp.password", "password and password_file are both there: one is enough")
	}
	if s.AttachMB < 0 || s.AttachMB > post.MaxAttachMB {
		bad("smtp.attach_mb", "%d is not between 0 and 100", s.AttachMB)
	}
	if (s.DKIMDomain == "") != (s.DKIMSelector == "") || (s.DKIMDomain == "") != (s.DKIMKeyFile == "") {
		bad("smtp.dkim_domain", "dkim_domain, dkim_selector and dkim_key_file go together")
	}
	if s.OAuthTokenURL != "" && s.OAuthClientID == "" {
		bad("smtp.oauth_client_id", "oauth_token_url needs it")
	}
}

func (m Mailbox) validate(bad func(key, format string, args ...any)) {
	if !bareAddress(m.Address) {
		bad("address", "%q is not an address such as csa@ateneo.it", m.Address)
	}
	if m.Who != "" && !slices.Contains(post.WhoWays, m.Who) {
		bad("who", "%q is none of everybody, known, domains, hold", m.Who)
	}
	if m.Who == post.WhoDomains && len(m.Domains) == 0 {
		bad("domains", "who = \"domains\" needs them")
	}
	if m.Host == "" {
		return
	}
	if m.Port < 0 || m.Port > 65535 {
		bad("port", "%d is no port", m.Port)
	}
	if m.TLS != "" && !slices.Contains(post.InboxTLS, m.TLS) {
		bad("tls", "%q is none of tls, starttls, none", m.TLS)
	}
	if m.User == "" {
		bad("user", "host needs it")
	}
	if m.Password != "" && m.PasswordFile != "" {
		bad("password", "password and password_file are both there: one is enough")
	}
	if m.After != "" && !slices.Contains(post.AfterWays, m.After) {
		bad("after", "%q is none of keep, move, delete", m.After)
	}
	if m.After == "move" && m.MoveTo == "" {
		bad("move_to", "after = \"move\" needs it")
	}
	if m.OAuthTokenURL != "" && m.OAuthClientID == "" {
		bad("oauth_client_id", "oauth_token_url needs it")
	}
}

// Secret returns a function that gives the password, or the current content of its file without the line end.
func Secret(value, file string) func() (string, error) {
	return func() (string, error) {
		if file == "" {
			return value, nil
		}
		raw, err := os.ReadFile(file) // #nosec G304 -- the configuration names it
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(raw), "\r\n"), nil
	}
}

// Roots reads certificates (PEM). Without a file it returns nil, which means the system's.
func Roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file) // #nosec G304 -- the configuration names it
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, fmt.Errorf("%s holds no certificate (PEM)", file)
	}
	return pool, nil
}

// PecRoots reads the certificates of the PEC providers: one file (PEM), or every .pem and .crt in a folder.
func (m Mail) PecRoots() (*x509.CertPool, error) {
	if m.PECCertificate == "" {
		return nil, nil
	}
	info, err := os.Stat(m.PECCertificate)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return Roots(m.PECCertificate)
	}
	pool, found := x509.NewCertPool(), false
	for _, pattern := range []string{"*.pem", "*.crt"} {
		files, err := filepath.Glob(filepath.Join(m.PECCertificate, pattern))
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			raw, err := os.ReadFile(f) // #nosec G304 -- the configuration names it
			if err != nil {
				return nil, err
			}
			found = pool.AppendCertsFromPEM(raw) || found
		}
	}
	if !found {
		return nil, fmt.Errorf("%s holds no certificate (PEM)", m.PECCertificate)
	}
	return pool, nil
}

// Peers returns the networks of allowed_from.
func (m Mail) Peers() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range m.AllowedFrom {
		if p, err := ParsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// Spool returns the folder of mail that was accepted but not processed yet.
func (c Config) Spool() string { return filepath.Join(c.DataFolder(), "spool") }

// Secrets returns the secrets in the configuration itself, and the files that contain others.
func (c Config) Secrets() (inside, files []string) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		for i := range v.NumField() {
			name, f := v.Type().Field(i).Tag.Get("koanf"), v.Field(i)
			secret := strings.Contains(name, "password") || strings.Contains(name, "secret")
			switch {
			case name == "":
			case f.Kind() == reflect.Struct:
				walk(f)
			case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Struct:
				for k := range f.Len() {
					walk(f.Index(k))
				}
			case f.Kind() != reflect.String || f.String() == "":
			case name == "tls_key", strings.HasSuffix(name, "_file") && (secret || strings.Contains(name, "refresh") || strings.Contains(name, "key") || strings.Contains(name, "identity")):
				files = append(files, f.String())
			case secret:
				inside = append(inside, f.String())
			}
		}
	}
	walk(reflect.ValueOf(c))
	return inside, files
}
