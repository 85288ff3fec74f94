package post

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sportello/app/credential"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
)

// Mail servers are entered by administrators or set in the configuration, which has priority. Administrators can replace a
// secret but never read it: it is sealed in its row or stored in a file of DATA/secrets, and no page, API, log or
// unencrypted backup contains it in readable form.

// The choices for a mail server, in the configuration and on the page. The first one is the default of the page.
var (
	InboxTLS  = []string{"tls", "starttls", "none"}
	OutTLS    = []string{"starttls", "tls", "optional", "none"}
	AfterWays = []string{"keep", "move", "delete"}
	WhoWays   = []string{WhoEverybody, WhoKnown, WhoDomains, WhoHold}
)

// MaxAttachMB is the highest limit for the files attached to a letter, in megabytes.
const MaxAttachMB = 100

// SecretForm is the input for a secret: the secret itself or the name of a file. If both are empty, a sealed secret is kept.
type SecretForm struct{ Typed, File string }

// ServerForm is the input for a mail server. The secrets in Row are ignored.
type ServerForm struct {
	Row                                          store.MailServer
	Password, OAuthSecret, OAuthRefresh, DKIMKey SecretForm
}

// MailServers lists the entered mail servers for administrators: the server for outgoing mail first, then mailboxes by
// address. The rows only tell whether a secret is sealed, or its file name.
func (po *Post) MailServers(a policy.Actor) ([]*store.MailServer, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	rows, err := po.EnteredServers()
	for _, m := range rows {
		bareServer(m)
	}
	return rows, err
}

// MailServer returns one entered mail server in the form of MailServers.
func (po *Post) MailServer(a policy.Actor, id uint64) (*store.MailServer, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.MailServer
	err := po.st.View(func(tx *db.Tx) (err error) {
		out, err = store.MailServers.Get(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return bareServer(out), nil
}

// sealedMark replaces a sealed secret in rows that leave the package.
const sealedMark = "sealed"

func bareServer(m *store.MailServer) *store.MailServer {
	for _, s := range secretsOf(m) {
		if s.is.Sealed != "" {
			s.is.Sealed = sealedMark
		}
	}
	return m
}

// EnteredServers returns the rows with their sealed secrets, for the code that connects.
func (po *Post) EnteredServers() ([]*store.MailServer, error) {
	var out []*store.MailServer
	err := po.st.View(func(tx *db.Tx) error {
		out = nil
		for _, takes := range []bool{true, false} {
			for m, err := range store.MailServersByAddress.Rows(tx, db.Span{Prefix: key.Of(takes)}) {
				if err != nil {
					return err
				}
				out = append(out, m)
			}
		}
		return nil
	})
	return out, err
}

// namedSecret is a secret of a row with the name of its field.
type namedSecret struct {
	field string
	is    *store.Secret
}

func secretsOf(m *store.MailServer) []namedSecret {
	return []namedSecret{{"password", &m.Password}, {"oauth-secret", &m.OAuthSecret}, {"refresh-secret", &m.OAuthRefresh}, {"dkim-secret", &m.DKIMKey}}
}

// PutMailServer adds a mail server if id is 0, and changes the one with the id otherwise. Administrators only. saw is the
// revision that the actor saw, 0 to skip the check. A sealed secret is kept if none is typed. When the change would send it
// to another server, it has to be typed again ("error.secret-again"): otherwise an administrator could read it there.
func (po *Post) PutMailServer(a policy.Actor, id, saw uint64, f ServerForm) (*store.MailServer, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	salt, err := po.st.SealSalt()
	if err != nil {
		return nil, err
	}
	key, err := po.st.SecretKey()
	if err != nil {
		return nil, err
	}
	did := act.ChangeMailServer
	if id == 0 {
		did = act.AddMailServer
	}
	var out *store.MailServer
	err = po.st.Update(a.By(did), func(tx *db.Tx) error {
		before := &store.MailServer{Out: f.Row.Out}
		if id != 0 {
			var err error
			if before, err = store.MailServers.Get(tx, id); err != nil {
				return err
			}
			if err := entry.SameRev(saw, before.Rev); err != nil {
				return err
			}
		}
		m := f.Row
		m.Row, m.Out = before.Row, before.Out
		var wrong fault.Problems
		cleanServer(tx, &wrong, &m)
		if other, err := store.MailServersByAddress.PeekFirst(tx, m.Out, addressKey(&m)); err == nil && other.ID != m.ID {
			wrong.Add("address", "error.mailbox-taken")
		} else if err := fault.IgnoreNotFound(err); err != nil {
			return err
		}
		had, typed := secretsOf(before), []SecretForm{f.Password, f.OAuthSecret, f.OAuthRefresh, f.DKIMKey}
		for i, s := range secretsOf(&m) {
			kept, err := po.secret(&wrong, s.field, *had[i].is, typed[i], key, salt)
			if err != nil {
				return err
			}
			if *s.is = kept; kept.Sealed != "" && kept == *had[i].is && elsewhere(before, &m, s.field) {
				wrong.Add(s.field, "error.secret-again")
			}
		}
		needSecrets(&wrong, &m)
		if err := wrong.Err(); err != nil {
			return err
		}
		out = &m
		return store.MailServers.Put(tx, &m)
	})
	if err != nil {
		return nil, err
	}
	po.serversChanged()
	return bareServer(out), nil
}

func addressKey(m *store.MailServer) string {
	if m.Out {
		return ""
	}
	return m.Address
}

// elsewhere reports whether the change could send the secret of the field to a different server.
func elsewhere(before, m *store.MailServer, field string) bool {
	switch field {
	case "dkim-secret":
		return false // it is never sent
	case "password":
		return m.Host != before.Host || m.TLS != before.TLS || m.Plain != before.Plain || m.Authority != before.Authority
	}
	return m.OAuthURL != before.OAuthURL
}

// secret returns the new secret, from the input and the previous one.
func (po *Post) secret(wrong *fault.Problems, field string, before store.Secret, typed SecretForm, key, salt []byte) (store.Secret, error) {
	typed.File = strings.TrimSpace(typed.File)
	switch {
	case typed.Typed != "" && typed.File != "":
		wrong.Add(field, "error.secret-or-file")
	case typed.Typed != "":
		if len(typed.Typed) > maxSecret {
			wrong.Add(field, "error.too-long", "max", maxSecret)
			return before, nil
		}
		sealed, err := credential.Seal(key, salt, "mail_servers."+field, typed.Typed)
		return store.Secret{Sealed: sealed}, err
	case typed.File != "":
		name := strings.TrimPrefix(typed.File, po.st.SecretFiles()+string(filepath.Separator))
		if _, err := po.secretFile(name); err != nil {
			wrong.Add(field+"-file", "error.secret-file", "folder", po.st.SecretFiles())
		}
		return store.Secret{File: name}, nil
	case before.File != "":
		return store.Secret{}, nil // the file name was cleared
	}
	return before, nil
}

// maxSecret is the maximum length of a secret in bytes; signing keys are the longest.
const maxSecret = 10000

var fileForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// secretFile reads a file from the folder for secrets. Other files are refused, because the content is sent to a server that
// an administrator chooses.
func (po *Post) secretFile(name string) (string, error) {
	if !fileForm.MatchString(name) {
		return "", errors.New("post: a file with a secret lies in the folder for secrets, and is named without its path")
	}
	raw, err := os.ReadFile(filepath.Join(po.st.SecretFiles(), name)) // #nosec G304 -- a plain name in that folder
	if err != nil {
		return "", fmt.Errorf("post: read secret: %w", err)
	}
	if len(raw) > maxSecret {
		return "", errors.New("post: the file is too long for a secret")
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}

// OpenSecret returns the secret in readable form. field is password, oauth-secret, refresh-secret or dkim-secret. It is
// called for each use, so that a changed file takes effect.
func (po *Post) OpenSecret(field string, s store.Secret) (string, error) {
	if s.File != "" {
		return po.secretFile(s.File)
	}
	salt, err := po.st.SealSalt()
	if err != nil {
		return "", err
	}
	key, err := po.st.SecretKey()
	if err != nil {
		return "", err
	}
	return credential.Open(key, salt, "mail_servers."+field, s.Sealed)
}

// RemoveMailServer removes the mail server and returns it. Administrators only.
func (po *Post) RemoveMailServer(a policy.Actor, id uint64) (*store.MailServer, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var out *store.MailServer
	err := po.st.Update(a.By(act.RemoveMailServer), func(tx *db.Tx) (err error) {
		if out, err = store.MailServers.Get(tx, id); err != nil {
			return err
		}
		return store.MailServers.Delete(tx, id)
	})
	if err != nil {
		return nil, err
	}
	po.serversChanged()
	return bareServer(out), nil
}

// WhenServersChange sets the function called after each change of entered mail servers, once it is on disk and before the
// method that made it returns. It is called once, before anything else runs.
func (po *Post) WhenServersChange(do func()) { po.onServers = do }

func (po *Post) serversChanged() {
	if po.onServers != nil {
		po.onServers()
	}
}

var hostForm = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

func cleanHost(wrong *fault.Problems, field, s string) string {
	s = strings.ToLower(markup.Line(s))
	if _, err := netip.ParseAddr(s); s != "" && err != nil && (!hostForm.MatchString(s) || len(s) > store.MailServers.Most("host")) {
		wrong.Add(field, "error.host")
	}
	return s
}

func cleanChoice(wrong *fault.Problems, field, s string, of []string) string {
	if s == "" {
		return of[0]
	}
	if !slices.Contains(of, s) {
		wrong.Add(field, "error.choice")
	}
	return s
}

// cleanServer cleans the input, collects problems, and clears fields that the kind of server does not have.
func cleanServer(tx *db.Tx, wrong *fault.Problems, m *store.MailServer) {
	line := func(field, name string, s *string) {
		*s = entry.CleanLine(wrong, field, *s, store.MailServers.Most(name))
	}
	m.Address = entry.CleanAddress(wrong, "address", m.Address)
	if strings.Contains(m.Address, "+") {
		wrong.Add("address", "error.email")
	}
	m.Host = cleanHost(wrong, "host", m.Host)
	if m.Port < 0 || m.Port > 65535 {
		wrong.Add("port", "error.number-between", "least", 0, "most", 65535)
	}
	line("user", "user", &m.User)
	line("oauth-url", "oauth_url", &m.OAuthURL)
	line("oauth-client", "oauth_client", &m.OAuthClient)
	line("oauth-scope", "oauth_scope", &m.OAuthScope)
	if m.OAuthURL != "" && !entry.WebAddress(m.OAuthURL, "https") {
		wrong.Add("oauth-url", "error.link")
	}
	if m.OAuthURL != "" && m.OAuthClient == "" {
		wrong.Add("oauth-client", "error.required")
	}
	if m.Authority = strings.TrimSpace(m.Authority); m.Authority != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(m.Authority)) {
		wrong.Add("authority", "error.certificate")
	}
	if m.Out {
		cleanOut(wrong, m)
		line("dkim-domain", "dkim_domain", &m.DKIMDomain)
		line("dkim-selector", "dkim_selector", &m.DKIMSelector)
		return
	}
	m.HELO, m.AttachMB, m.DKIMDomain, m.DKIMSelector = "", 0, "", ""
	m.TLS, m.Who = cleanChoice(wrong, "tls", m.TLS, InboxTLS), cleanChoice(wrong, "who", m.Who, WhoWays)
	m.After = cleanChoice(wrong, "after", m.After, AfterWays)
	line("folder", "folder", &m.Folder)
	line("move-to", "move_to", &m.MoveTo)
	if m.After == "move" && m.MoveTo == "" {
		wrong.Add("move-to", "error.required")
	}
	m.Domains = entry.CleanLines(m.Domains)
	for i, d := range m.Domains {
		if m.Domains[i] = strings.ToLower(strings.TrimPrefix(d, "@")); !entry.IsDomain(m.Domains[i]) {
			wrong.Add("domains", "error.domain")
		}
	}
	if m.Who == WhoDomains && len(m.Domains) == 0 {
		wrong.Add("domains", "error.required")
	}
	if m.Group != "" {
		if g, err := store.GroupsByCode.PeekFirst(tx, m.Group); err != nil || g.Retired {
			wrong.Add("group", "error.group-unknown")
		}
	}
	if m.Module != "" {
		if _, err := store.ModulesByCode.PeekFirst(tx, m.Module); err != nil {
			wrong.Add("module", "error.module-unknown")
		}
	}
	if m.Host != "" && m.User == "" {
		wrong.Add("user", "error.required")
	}
}

func cleanOut(wrong *fault.Problems, m *store.MailServer) {
	m.Group, m.Module, m.Who, m.Domains, m.Folder, m.After, m.MoveTo = "", "", "", nil, "", "", ""
	m.TLS, m.HELO = cleanChoice(wrong, "tls", m.TLS, OutTLS), cleanHost(wrong, "helo", m.HELO)
	if m.Host == "" {
		wrong.Add("host", "error.required")
	}
	if m.AttachMB < 0 || m.AttachMB > MaxAttachMB {
		wrong.Add("attach-mb", "error.number-between", "least", 0, "most", MaxAttachMB)
	}
	if (m.DKIMDomain == "") != (m.DKIMSelector == "") {
		wrong.Add("dkim-selector", "error.dkim-together")
	}
}

// needSecrets clears unused secrets and reports missing ones.
func needSecrets(wrong *fault.Problems, m *store.MailServer) {
	if m.Host == "" || m.User == "" || m.OAuthURL != "" {
		m.Password = store.Secret{}
	}
	if m.OAuthURL == "" || m.User == "" {
		m.OAuthSecret, m.OAuthRefresh = store.Secret{}, store.Secret{}
	}
	if m.DKIMDomain == "" {
		m.DKIMKey = store.Secret{}
	}
	if m.Host != "" && m.User != "" && m.OAuthURL == "" && !m.Password.Is() {
		wrong.Add("password", "error.required")
	}
	if m.DKIMDomain != "" && !m.DKIMKey.Is() {
		wrong.Add("dkim-secret", "error.required")
	}
}
