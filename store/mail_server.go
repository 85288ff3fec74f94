package store

import (
	"sportello/store/db"
	"sportello/store/key"
)

// MailServer is a mail server entered by an administrator: either a mailbox of the desk, fetched over IMAP or delivered by
// the mail server, or the server for outgoing mail. Servers of the configuration have priority over entered ones.
type MailServer struct {
	db.Row
	Out     bool   `json:"out,omitzero"` // the server for outgoing mail; false for a mailbox
	Address string `json:"address"`      // the address of the mailbox, or the sender address of the desk

	Host      string `json:"host,omitzero"` // empty for a mailbox that is not fetched but delivered
	Port      int    `json:"port,omitzero"` // 0 means the default
	TLS       string `json:"tls,omitzero"`
	Plain     bool   `json:"plain,omitzero"` // the password may be sent unencrypted to another machine
	User      string `json:"user,omitzero"`
	Authority string `json:"authority,omitzero"` // additional trusted certificates (PEM)

	Password     Secret `json:"password,omitzero"`
	OAuthURL     string `json:"oauth_url,omitzero"` // token endpoint; empty for a server with passwords
	OAuthClient  string `json:"oauth_client,omitzero"`
	OAuthScope   string `json:"oauth_scope,omitzero"`
	OAuthSecret  Secret `json:"oauth_secret,omitzero"`
	OAuthRefresh Secret `json:"oauth_refresh,omitzero"`

	// Fields of a mailbox.
	Group   string   `json:"group,omitzero"`  // code; empty: the module's, or the general one
	Module  string   `json:"module,omitzero"` // code; empty: none
	Who     string   `json:"who,omitzero"`
	Domains []string `json:"domains,omitempty"`
	Folder  string   `json:"folder,omitzero"`
	After   string   `json:"after,omitzero"`
	MoveTo  string   `json:"move_to,omitzero"`

	// Fields of the server for outgoing mail.
	HELO         string `json:"helo,omitzero"`
	AttachMB     int    `json:"attach_mb,omitzero"`
	DKIMDomain   string `json:"dkim_domain,omitzero"`
	DKIMSelector string `json:"dkim_selector,omitzero"`
	DKIMKey      Secret `json:"dkim_key,omitzero"`
}

// Secret is a password or key for another server: either sealed in the row or stored in a file. The zero Secret means none.
type Secret struct {
	Sealed string `json:"sealed,omitzero"` // see credential.Seal
	File   string `json:"file,omitzero"`   // a file name in DATA/secrets
}

// Is reports whether a secret is set.
func (s Secret) Is() bool { return s != Secret{} }

// MailServersByAddress finds a mailbox by its address. The key of the server for outgoing mail is Out and an empty address,
// so that there is at most one.
var MailServersByAddress = MailServers.UniqueIndex("address", func(m *MailServer) [][]byte {
	if m.Out {
		return key.One(true, "")
	}
	return key.One(false, m.Address)
})

// HoldsSealed reports whether the row contains a sealed secret.
func (m *MailServer) HoldsSealed() bool {
	return m.Password.Sealed != "" || m.OAuthSecret.Sealed != "" || m.OAuthRefresh.Sealed != "" || m.DKIMKey.Sealed != ""
}
