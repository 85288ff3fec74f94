package admin

import (
	"net/url"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/post"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// serverPage is the form of a mail server: a mailbox, or the server for outgoing mail.
type serverPage struct {
	show.AdminPage
	New      bool
	Out      bool
	ID       uint64
	Called   string // its address or host
	Confirm  bool   // the form asks for the password of the administrator
	TLS      []show.Choice
	Who      []show.Choice
	After    []show.Choice
	Groups   []show.Choice
	Modules  []show.Choice
	Password serverSecret
	Client   serverSecret // of OAuth
	Refresh  serverSecret
	Key      serverSecret // of DKIM
	Folder   string       // the folder for files with secrets
	More     bool         // the rarely needed fields are unfolded
}

// serverSecret is the input for a secret, which is never shown.
type serverSecret struct {
	Field, File string // names of the fields
	Label       string
	Kept        bool // a secret is stored, and kept if none is typed
	Long        bool // it has several lines
	Page        *serverPage
}

func serverAddress(id uint64) string { return address.Admin("mailboxes", id) }

func serverName(m *store.MailServer) string {
	if m.Out {
		return serverPort(m.Host, m.Port)
	}
	return m.Address
}

func serverPort(host string, port int) string {
	if port == 0 || host == "" {
		return host
	}
	return host + ":" + strconv.Itoa(port)
}

// serverValues returns the form values of the server as stored, without secrets.
func serverValues(m *store.MailServer) url.Values {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return url.Values{"address": {m.Address}, "host": {m.Host}, "port": {number(m.Port)}, "tls": {m.TLS}, "plain": show.Boxed(m.Plain), "user": {m.User}, "authority": {m.Authority},
		"oauth-url": {m.OAuthURL}, "oauth-client": {m.OAuthClient}, "oauth-scope": {m.OAuthScope}, "group": {m.Group}, "module": {m.Module}, "who": {m.Who},
		"domains": {strings.Join(m.Domains, "\n")}, "folder": {m.Folder}, "after": {m.After}, "move-to": {m.MoveTo}, "helo": {m.HELO}, "attach-mb": {strconv.Itoa(m.AttachMB)},
		"dkim-domain": {m.DKIMDomain}, "dkim-selector": {m.DKIMSelector}, "rev": {strconv.FormatUint(m.Rev, 10)},
		"password-file": {m.Password.File}, "oauth-secret-file": {m.OAuthSecret.File}, "refresh-secret-file": {m.OAuthRefresh.File}, "dkim-secret-file": {m.DKIMKey.File}}
}

var serverFields = []show.AdminField{{Name: "address", Key: "mail-servers.address"}, {Name: "host", Key: "mail-servers.host"}, {Name: "port", Key: "mail-servers.port"},
	{Name: "user", Key: "mail-servers.user"}, {Name: "folder", Key: "mail-servers.folder"}, {Name: "domains", Key: "mail-servers.domains"}}

func (a pages) getNewMailbox(r *web.Request) error {
	return a.serverPage(r, &store.MailServer{}, nil, nil)
}

// getNewOutgoing shows the form for the server for outgoing mail. There is at most one, so it redirects to the existing one.
func (a pages) getNewOutgoing(r *web.Request) error {
	rows, err := a.Desk.Post.MailServers(r.Actor())
	if err != nil {
		return err
	}
	if len(rows) > 0 && rows[0].Out {
		return r.Redirect(serverAddress(rows[0].ID), 303)
	}
	return a.serverPage(r, &store.MailServer{Out: true, AttachMB: defaultAttach}, nil, nil)
}

// defaultAttach is the default limit for attached files in megabytes.
const defaultAttach = 10

func (a pages) serverInHand(r *web.Request) (*store.MailServer, error) {
	n, err := r.Number()
	if err != nil {
		return nil, err
	}
	return a.Desk.Post.MailServer(r.Actor(), n)
}

func (a pages) getServer(r *web.Request) error {
	m, err := a.serverInHand(r)
	if err != nil {
		return err
	}
	return a.serverPage(r, m, nil, nil)
}

func (a pages) serverPage(r *web.Request, m *store.MailServer, f *web.Form, err error) error {
	title := "mail-servers.new-mailbox"
	switch {
	case m.ID != 0 && m.Out:
		title = "mail-servers.outgoing"
	case m.ID != 0:
		title = "mail-servers.mailbox"
	case m.Out:
		title = "mail-servers.new-outgoing"
	}
	v := &serverPage{AdminPage: show.Admin(a.Site, r, "mailboxes", title, "name", m.Address), New: m.ID == 0, Out: m.Out, ID: m.ID, Called: serverName(m), Folder: a.Store.SecretFiles(),
		Confirm: !r.IsConfirmed(web.Anew)}
	v.End(v.Title)
	if m.ID != 0 {
		v.Path = serverAddress(m.ID)
	}
	now := serverValues(m)
	if f == nil {
		v.Fill(now)
	} else if err := v.Again(f, err, now, serverFields); err != nil {
		return err
	}
	return a.fillServer(r, v, m)
}

// fillServer adds the choices and renders the page.
func (a pages) fillServer(r *web.Request, v *serverPage, m *store.MailServer) error {
	choices := func(field, key string, of []string) []show.Choice {
		var out []show.Choice
		for _, value := range of {
			out = append(out, show.Choice{Value: value, Label: v.T(key + value), Chosen: v.Value(field) == value})
		}
		return out
	}
	v.TLS = choices("tls", "mail-servers.tls-", post.InboxTLS)
	if v.Out {
		v.TLS = choices("tls", "mail-servers.tls-", post.OutTLS)
	}
	v.Who, v.After = choices("who", "mail-servers.who-", post.WhoWays), choices("after", "mail-servers.after-", post.AfterWays)
	groups, err := a.Desk.People.Groups(r.Actor())
	if err != nil {
		return err
	}
	for _, g := range groups {
		if !g.Retired || g.Code == m.Group {
			v.Groups = append(v.Groups, show.Choice{Value: g.Code, Label: g.Name.In(v.Lang), Chosen: v.Value("group") == g.Code})
		}
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	for _, l := range levels {
		if !l.Retired || l.Code == m.Module {
			v.Modules = append(v.Modules, show.Choice{Value: l.Code, Label: l.Path.In(v.Lang), Chosen: v.Value("module") == l.Code})
		}
	}
	v.Password = serverSecret{"password", "password-file", v.T("mail-servers.password"), m.Password.Sealed != "", false, v}
	v.Client = serverSecret{"oauth-secret", "oauth-secret-file", v.T("mail-servers.oauth-secret"), m.OAuthSecret.Sealed != "", false, v}
	v.Refresh = serverSecret{"refresh-secret", "refresh-secret-file", v.T("mail-servers.refresh-secret"), m.OAuthRefresh.Sealed != "", false, v}
	v.Key = serverSecret{"dkim-secret", "dkim-secret-file", v.T("mail-servers.dkim-secret"), m.DKIMKey.Sealed != "", true, v}
	for _, field := range []string{"authority", "oauth-url", "oauth-client", "oauth-scope", "helo", "dkim-domain", "dkim-selector", "plain"} {
		v.More = v.More || v.Value(field) != "" || v.Err(field) != ""
	}
	return r.Render("page/admin-server", v)
}

// readServer reads the form.
func readServer(f *web.Form, out bool) post.ServerForm {
	most := func(name string) int { return store.Most("mail_servers." + name) }
	text := func(field, name string) string { return f.Text(field, most(name)) }
	secret := func(field, file string) post.SecretForm {
		return post.SecretForm{Typed: strings.ReplaceAll(f.Raw(field), "\r\n", "\n"), File: f.Text(file, most("password.file"))}
	}
	form := post.ServerForm{Row: store.MailServer{Out: out, Address: text("address", "address"), Host: text("host", "host"), Port: f.Int("port", 0, 65535, 0), TLS: text("tls", "tls"),
		Plain: f.Bool("plain"), User: text("user", "user"), Authority: f.Body("authority"), OAuthURL: text("oauth-url", "oauth_url"), OAuthClient: text("oauth-client", "oauth_client"),
		OAuthScope: text("oauth-scope", "oauth_scope")},
		Password: secret("password", "password-file"), OAuthSecret: secret("oauth-secret", "oauth-secret-file"), OAuthRefresh: secret("refresh-secret", "refresh-secret-file")}
	m := &form.Row
	if out {
		m.HELO, m.AttachMB, m.DKIMDomain, m.DKIMSelector = text("helo", "helo"), f.Int("attach-mb", 0, post.MaxAttachMB, defaultAttach), text("dkim-domain", "dkim_domain"), text("dkim-selector", "dkim_selector")
		form.DKIMKey = secret("dkim-secret", "dkim-secret-file")
		return form
	}
	m.Group, m.Module, m.Who, m.Domains = text("group", "group"), text("module", "module"), text("who", "who"), f.Lines("domains")
	m.Folder, m.After, m.MoveTo = text("folder", "folder"), text("after", "after"), text("move-to", "move_to")
	return form
}

func (a pages) postNewServer(r *web.Request) error {
	return a.putServer(r, &store.MailServer{Out: r.Form().Bool("out"), AttachMB: defaultAttach})
}

func (a pages) postServer(r *web.Request) error {
	m, err := a.serverInHand(r)
	if err != nil {
		return err
	}
	return a.putServer(r, m)
}

func (a pages) putServer(r *web.Request, m *store.MailServer) error {
	f := r.Form()
	form := readServer(f, m.Out)
	err := f.Err()
	if err == nil {
		err = r.Confirm(f)
	}
	var saved *store.MailServer
	if err == nil {
		saved, err = a.Desk.Post.PutMailServer(r.Actor(), m.ID, f.ID("rev"), form)
	}
	if err != nil {
		return a.serverPage(r, m, f, err)
	}
	return r.Done("flash.server-saved", "/admin/mailboxes", "name", serverName(saved))
}

func (a pages) postRemoveServer(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	m, err := a.Desk.Post.RemoveMailServer(r.Actor(), n)
	if err != nil {
		return err
	}
	return r.Done("flash.server-removed", "/admin/mailboxes", "name", serverName(m))
}
