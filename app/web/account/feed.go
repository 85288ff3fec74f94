package account

import (
	"time"

	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/words"
	"sportello/store"
)

// feedAddresses are the secret addresses of somebody's feeds of updates, empty while they have none.
type feedAddresses struct {
	News, Problems, Calendar string
	Made                     words.Moment
}

func (a pages) feedAddresses(p *web.Page, who *store.Person) feedAddresses {
	token := a.Desk.Releases.FeedToken(who)
	if token == "" {
		return feedAddresses{}
	}
	base := a.BaseURL()
	return feedAddresses{News: base + address.NewsFeed(token), Problems: base + address.ProblemFeed(token), Calendar: base + address.CalendarFeed(token), Made: p.Moment(time.Unix(0, int64(who.Feed)))} // #nosec G115 -- a moment
}

// postFeed makes the addresses of the person's feeds, or new ones in place of those of before.
func (a pages) postFeed(r *web.Request) error {
	if err := a.Desk.Releases.MakeFeed(r.Actor()); err != nil {
		return err
	}
	return r.Done("flash.feed-made", "/me#feeds")
}

func (a pages) postEndFeed(r *web.Request) error {
	if err := a.Desk.Releases.EndFeed(r.Actor()); err != nil {
		return err
	}
	return r.Done("flash.feed-ended", "/me#feeds")
}
