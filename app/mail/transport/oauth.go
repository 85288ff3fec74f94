package transport

// OAuth obtains access tokens for servers that take no passwords: with a refresh token where Refresh is set, with the
// client's own credentials otherwise. Tokens are kept until they expire. Safe for concurrent use; shared by pointer.
type OAuth struct {
	TokenURL string
	ClientID string
	Secret   func() (string, error) // nil: a public client
	Refresh  func() (string, error)
	Scopes   []string

	// Renewed is told of a new refresh token where the provider hands one out with every use; nil: it is only
	// remembered while the process lives.
	Renewed func(refresh string)
}
