package markup

import (
	"html/template"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// MailView says where the pictures of a mail are.
type MailView struct {
	// Picture returns the address of the inline picture of a Content-ID, a
	// path of this desk; "" when there is none. It may be nil.
	Picture func(cid string) string
	Remote  bool // load pictures from elsewhere
}

// MailHTML returns the HTML of a mail so that it may stand in a page, with
// everything its sender wrote: the same elements and attributes as an
// article, so no style, class, id or form. Inline pictures lead to where
// Picture says; pictures from elsewhere leave their alternative text unless
// Remote is set. Backgrounds and other ways to load something are always
// left out.
func MailHTML(body string, o MailView) template.HTML {
	body = Clean(body)
	if len(body) > MaxHTML {
		return template.HTML(textHTML(Text(body))) // #nosec G203 -- textHTML escapes
	}
	t := tidy{view: &o}
	t.run(body)
	t.level()
	return template.HTML(policy.Sanitize(string(t.out))) // #nosec G203 -- the policy is what makes it safe
}

// Kept returns the HTML of a mail as it is kept: safe but for the
// addresses of its inline pictures, which MailHTML puts in their place.
func Kept(s string) string {
	t := tidy{keep: true}
	t.run(s)
	return string(t.out)
}

// HasRemote reports whether the HTML of a mail has pictures that MailHTML leaves out unless it may load them from
// elsewhere.
func HasRemote(body string) bool {
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.StartTagToken, html.SelfClosingTagToken:
			if name, more := z.TagName(); string(name) != "img" || !more {
				continue
			}
			var attrs []html.Attribute
			for more := true; more; {
				var k, v []byte
				k, v, more = z.TagAttr()
				attrs = append(attrs, html.Attribute{Key: string(k), Val: string(v)})
			}
			if _, remote := pictureSource(attrs); remote {
				return true
			}
		}
	}
}

// pictureSource returns where a picture is, and whether that is elsewhere: its
// src, or the first of its srcset when it has no other.
func pictureSource(attrs []html.Attribute) (src string, remote bool) {
	src = strings.TrimSpace(Attr(attrs, "src"))
	if src == "" {
		first, _, _ := strings.Cut(strings.TrimSpace(Attr(attrs, "srcset")), ",")
		if f := strings.Fields(first); len(f) > 0 {
			src = f[0]
		}
	}
	if strings.HasPrefix(src, "//") {
		src = "https:" + src
	}
	return src, kindOfLink(src) == linkExternal
}

// mailImage writes a picture of a mail, or its alternative text.
func (t *tidy) mailImage(attrs []html.Attribute, alt string) {
	src, remote := pictureSource(attrs)
	address := ""
	switch {
	case remote && t.view.Remote:
		address = src
	case hasFold(src, "cid:") && t.view.Picture != nil:
		id := src[len("cid:"):]
		if address = t.view.Picture(id); address == "" {
			if plain, err := url.PathUnescape(id); err == nil && plain != id {
				address = t.view.Picture(plain)
			}
		}
		// Not more than a path of this desk, whatever Picture returns.
		if kindOfLink(address) != linkLocal {
			address = ""
		}
	}
	if address == "" {
		t.text(alt)
		return
	}
	t.out = append(t.out, `<img src="`+html.EscapeString(address)+`" alt="`+html.EscapeString(alt)+`"`...)
	t.attributes(element{attrs: []string{"title", "width", "height"}}, "img", attrs)
	t.out = append(t.out, '>')
}

// Pictures returns the Content-IDs of the inline pictures in the HTML of a mail, as written and unescaped.
func Pictures(body string) []string {
	var out []string
	for i := 0; ; {
		k := strings.Index(body[i:], `<img src="cid:`)
		if k < 0 {
			return out
		}
		i += k + len(`<img src="cid:`)
		id, _, _ := strings.Cut(body[i:min(len(body), i+2000)], `"`)
		id = html.UnescapeString(id)
		out = append(out, id)
		if plain, err := url.PathUnescape(id); err == nil && plain != id {
			out = append(out, plain)
		}
	}
}
