package web

import (
	"testing"

	"github.com/gofiber/fiber/v2"

	"sportello/store/scope"
)

func TestNoRouteOfTheAPIIsRegisteredThatDoesNotSayWhatItNeeds(t *testing.T) {
	handle := func(*Request) error { return nil }
	read := scope.Need{Access: scope.Read, Nouns: []scope.Noun{scope.Tickets}}
	for _, c := range []struct {
		who   Who
		needs scope.Need
		fits  bool
	}{{Program, scope.Need{}, false}, {Program, scope.Need{Access: scope.Read}, false}, {Program, scope.Need{Nouns: read.Nouns}, false}, {Person, read, false}, {Program, read, true}, {Person, scope.Need{}, true}} {
		refused := func() (refused bool) {
			defer func() { refused = recover() != nil }()
			(&Site{}).register(fiber.New(), []Route{{Method: "GET", Path: "/x", Name: "x", Who: c.who, Needs: c.needs, Handle: handle}})
			return false
		}()
		if refused == c.fits {
			t.Errorf("%s with %+v: refused %v", c.who, c.needs, refused)
		}
	}
}
