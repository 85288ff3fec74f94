package ticket

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/fault"
)

// ownLink finds links to articles and files of the desk: in Markdown, in HTML, and written out with the desk's address.
var ownLink = regexp.MustCompile(`(?i)(?:\]\(\s*<?|(?:href|src)\s*=\s*["']?|\b)(https?://[^/\s<>()"']+)?/(articles|files)/([^\s/?#<>()"']+)`)

// readable returns Invalid at body when the message leads to an article or a file of the desk that the ticket's
// requester may not read: what they would get is a page that is not there. files come with the message. The reason is
// given to an actor who may read it themselves.
func (w *Change) readable(m *store.Message, files []*store.File) error {
	requester, err := store.People.Peek(w.tx, w.t.Requester)
	if err != nil {
		return fault.IgnoreNotFound(err)
	}
	for _, link := range ownLink.FindAllStringSubmatch(m.Body+"\n"+m.HTML, -1) {
		whole, host, kind, name := link[0], link[1], strings.ToLower(link[2]), strings.TrimRight(link[3], ".,;:!*_")
		if host != "" && !strings.EqualFold(host, w.ts.post.Mail().BaseURL) || host == "" && strings.HasPrefix(whole, "/") {
			continue
		}
		if err := w.mayFollow(policy.Actor{Person: requester}, kind, name, files); err != nil {
			return err
		}
	}
	return nil
}

func (w *Change) mayFollow(reader policy.Actor, kind, name string, files []*store.File) error {
	if kind == "files" {
		id, err := strconv.ParseUint(name, 10, 64)
		if err != nil {
			return nil
		}
		for _, f := range files {
			if f.ID == id {
				return nil
			}
		}
		f, err := store.Files.Get(w.tx, id)
		if err == nil {
			err = file.MayRead(w.tx, w.ts.rights, reader, f)
		}
		switch fault.KindOf(err) {
		case fault.NotFound, fault.Denied:
			if f != nil && file.MayRead(w.tx, w.ts.rights, w.a, f) == nil {
				return fault.New(fault.Invalid, "error.link-file", "name", f.Name).At("body")
			}
			return fault.New(fault.Invalid, "error.link-dead", "link", "/files/"+name).At("body")
		}
		return err
	}
	slug, err := url.PathUnescape(name)
	if err != nil {
		slug = name
	}
	article, err := store.ArticlesBySlug.First(w.tx, slug)
	if err != nil {
		return fault.IgnoreNotFound(err) // a list of articles, or none of ours
	}
	versions, err := store.VersionsByArticle.Glance(w.tx, article.ID)
	if err != nil {
		return err
	}
	var known *store.Version
	for _, v := range versions {
		if policy.MayRead(w.tx, reader, v.Module, v.Audience, v.Publication) {
			return nil
		}
		if policy.MayRead(w.tx, w.a, v.Module, v.Audience, v.Publication) {
			known = v
		}
	}
	switch {
	case known == nil:
		return fault.New(fault.Invalid, "error.link-dead", "link", "/articles/"+name).At("body")
	case known.Publication != store.Published:
		return fault.New(fault.Invalid, "error.link-draft", "title", known.Title).At("body")
	}
	return fault.New(fault.Invalid, "error.link-article", "title", known.Title).At("body")
}
