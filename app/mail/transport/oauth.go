package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// OAuth obtains access tokens for servers that accept no passwords: with a refresh token if Refresh is set, else with
// the client's own credentials. It keeps tokens until they expire. It is safe for concurrent use and shared by pointer.
type OAuth struct {
	TokenURL string
	ClientID string
	Secret   func() (string, error) // nil: a public client
	Refresh  func() (string, error)
	Scopes   []string

	// Renewed is called with a new refresh token if the provider issues one with every use; nil: it is only kept in
	// memory.
	Renewed func(refresh string)

	// HTTP requests tokens; nil: a client that gives up after 30 s.
	HTTP *http.Client

	mu      sync.Mutex
	token   *oauth2.Token
	refresh string // the newest one, if it is not the one that Refresh returns
	given   string // what Refresh returned when refresh was issued; a different value takes precedence
}

// Token returns a token that is valid at the moment.
func (o *OAuth) Token(ctx context.Context) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token.Valid() {
		return o.token.AccessToken, nil
	}
	client := o.HTTP
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, client)
	secret := ""
	if o.Secret != nil {
		s, err := o.Secret()
		if err != nil {
			return "", fmt.Errorf("transport: read client secret: %w", err)
		}
		secret = s
	}
	t, err := o.obtain(ctx, secret)
	if err != nil {
		return "", fmt.Errorf("transport: obtain token: %w", err)
	}
	o.token = t
	return t.AccessToken, nil
}

func (o *OAuth) obtain(ctx context.Context, secret string) (*oauth2.Token, error) {
	if o.Refresh == nil {
		c := clientcredentials.Config{ClientID: o.ClientID, ClientSecret: secret, TokenURL: o.TokenURL, Scopes: o.Scopes}
		return c.Token(ctx)
	}
	given, err := o.Refresh()
	if err != nil {
		return nil, err
	}
	use := given
	if o.refresh != "" && given == o.given {
		use = o.refresh
	}
	c := oauth2.Config{ClientID: o.ClientID, ClientSecret: secret, Scopes: o.Scopes, Endpoint: oauth2.Endpoint{TokenURL: o.TokenURL}}
	t, err := c.TokenSource(ctx, &oauth2.Token{RefreshToken: use}).Token()
	if err != nil {
		return nil, err
	}
	if t.RefreshToken != "" && t.RefreshToken != use {
		o.refresh, o.given = t.RefreshToken, given
		if o.Renewed != nil {
			o.Renewed(t.RefreshToken)
		}
	}
	return t, nil
}

// forget discards a token that a server refused, so that the next Token requests another.
func (o *OAuth) forget(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.token != nil && o.token.AccessToken == token {
		o.token = nil
	}
}

// credentials are what to sign in with: exactly one of token and password is set.
type credentials struct {
	user, password, token string
	oauth                 *OAuth
}

func obtain(ctx context.Context, user string, password func() (string, error), o *OAuth) (credentials, error) {
	c := credentials{user: user, oauth: o}
	var err error
	switch {
	case o != nil:
		c.token, err = o.Token(ctx)
	case password != nil:
		c.password, err = password()
	default:
		err = errors.New("no password given")
	}
	return c, err
}

// mechanism returns a SASL mechanism that the server offers according to has, nil when it offers none we can use.
func (c credentials) mechanism(host string, port int, has func(string) bool) sasl.Client {
	switch {
	case c.token != "" && !has("XOAUTH2") && has(sasl.OAuthBearer):
		return sasl.NewOAuthBearerClient(&sasl.OAuthBearerOptions{Username: c.user, Token: c.token, Host: host, Port: port})
	case c.token != "":
		return &xoauth2{user: c.user, token: c.token}
	case has(sasl.Plain):
		return sasl.NewPlainClient("", c.user, c.password)
	case has(sasl.Login):
		return sasl.NewLoginClient(c.user, c.password)
	}
	return nil
}

// xoauth2 is the mechanism of that name, which Google and Microsoft use and no RFC describes.
type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next is called only when the token was refused; the challenge is then the reason.
func (x *xoauth2) Next(challenge []byte) ([]byte, error) {
	return nil, &tokenRefused{string(challenge)}
}

type tokenRefused struct{ reason string }

func (e *tokenRefused) Error() string { return "token refused: " + oneLine(e.reason) }
