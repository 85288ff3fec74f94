package store

// MailServer is a mail server that an administrator entered: a mailbox of the desk, fetched over IMAP or delivered by
// the mail server, or the server that takes what the desk sends. The configuration may name others, which come first.
type MailServer struct {
	Row
	Out     bool   `json:"out,omitzero"` // takes what the desk sends; else it is a mailbox
	Address string `json:"address"`      // of the mailbox, or that the desk writes from

	Host      string `json:"host,omitzero"` // of a mailbox, empty: nothing is fetched, mail is delivered to it
	Port      int    `json:"port,omitzero"` // 0: the usual one
	TLS       string `json:"tls,omitzero"`
	Plain     bool   `json:"plain,omitzero"` // passwords may go unencrypted to another machine
	User      string `json:"user,omitzero"`
	Authority string `json:"authority,omitzero"` // certificates (PEM) that vouch for the server, beside those of the system

	Password     Secret `json:"password,omitzero"`
	OAuthURL     string `json:"oauth_url,omitzero"` // where tokens are obtained, instead of a password
	OAuthClient  string `json:"oauth_client,omitzero"`
	OAuthScope   string `json:"oauth_scope,omitzero"`
	OAuthSecret  Secret `json:"oauth_secret,omitzero"`
	OAuthRefresh Secret `json:"oauth_refresh,omitzero"`

	// Of a mailbox.
	Group   string   `json:"group,omitzero"`  // code; empty: the module's, or the general one
	Module  string   `json:"module,omitzero"` // code; empty: none
	Who     string   `json:"who,omitzero"`
	Domains []string `json:"domains,omitempty"`
	Folder  string   `json:"folder,omitzero"`
	After   string   `json:"after,omitzero"`
	MoveTo  string   `json:"move_to,omitzero"`

	// Of the server that takes what the desk sends.
	HELO         string `json:"helo,omitzero"`
	AttachMB     int    `json:"attach_mb,omitzero"`
	DKIMDomain   string `json:"dkim_domain,omitzero"`
	DKIMSelector string `json:"dkim_selector,omitzero"`
	DKIMKey      Secret `json:"dkim_key,omitzero"`
}

// Secret is a password or key that the desk shows to another server: sealed in the row, or in a file that the row names.
// The zero Secret is none.
type Secret struct {
	Sealed string `json:"sealed,omitzero"` // see credential.Seal
	File   string `json:"file,omitzero"`   // a name in DATA/secrets
}

// Is reports whether there is one.
func (s Secret) Is() bool { return s != Secret{} }

// MailServersByAddress leads to the mailbox with the address; the one server that takes what the desk sends stands under
// Out and the empty address.
var MailServersByAddress = MailServers.uniqueIndex("address", func(m *MailServer) [][]byte {
	if m.Out {
		return one(true, "")
	}
	return one(false, m.Address)
})

// HoldsSealed reports whether any secret of the row is sealed in it.
func (m *MailServer) HoldsSealed() bool {
	return m.Password.Sealed != "" || m.OAuthSecret.Sealed != "" || m.OAuthRefresh.Sealed != "" || m.DKIMKey.Sealed != ""
}
