package queue

import (
	"slices"
	"strings"

	"sportello/app/desk/queue"
	"sportello/app/web"
	"sportello/app/web/show"
)

// heading is how a queue is ordered and how its columns order it.
type heading struct {
	Order    string        // the order in a sentence
	Urgent   string        // the list in the order of urgency, when it has another
	Orders   []show.Choice // for who sees no columns
	ordered  string        // the column that orders it, empty for urgency
	falling  bool
	sortable string // the list without its order; empty where columns do not sort
}

// falls are the columns that are of use the other way round first: who has waited longest.
var falls = []string{queue.SortAge}

// readSort reads the order of a list: a column, with a hyphen before it the other way round. What is none orders nothing.
func readSort(f *web.Form) (sort string, desc bool) {
	sort, desc = strings.CutPrefix(f.Raw("sort"), "-")
	if !slices.Contains(queue.Sorts, sort) {
		return "", false
	}
	return sort, desc
}

// heading says how the list is ordered.
func (a pages) heading(v *queuePage, q *web.Form, page queue.Page) heading {
	h := heading{sortable: show.JoinQuery(v.Plain, queryOf(q, "", filterNames))}
	h.ordered, h.falling = readSort(q)
	choice := func(sort string, desc bool) {
		value, key := sort, "queue.order-"+sort
		if desc {
			value = "-" + sort
		}
		label := v.T(key)
		if desc != slices.Contains(falls, sort) {
			label = v.T("queue.order-back", "order", label)
		}
		h.Orders = append(h.Orders, show.Choice{Value: value, Label: label, Chosen: sort == h.ordered && desc == h.falling})
	}
	h.Orders = append(h.Orders, show.Choice{Label: v.T("queue.order-urgent"), Chosen: h.ordered == ""})
	for _, s := range queue.Sorts {
		choice(s, slices.Contains(falls, s))
	}
	if h.ordered != "" && h.falling != slices.Contains(falls, h.ordered) {
		choice(h.ordered, h.falling)
	}
	switch {
	case h.ordered == "" && (v.View == queue.ViewResolved || v.View == queue.ViewClosed || v.View == queue.ViewSpam):
		h.Order = v.T("queue.by-latest")
	case h.ordered == "":
		h.Order = v.T("queue.by-due")
	case page.Sorted:
		h.Order, h.Urgent = v.T("queue.by-column-of", "n", v.Number(queue.MaxSorted)), h.sortable
	default:
		h.Urgent = h.sortable
	}
	return h
}

// SortedBy is what aria-sort says of a column by which the list may be ordered in these ways; nothing for one that does
// not order it.
func (h heading) SortedBy(sorts ...string) string {
	switch {
	case h.sortable == "":
		return ""
	case h.ordered == "" && slices.Contains(sorts, queue.SortDue):
		return "other"
	case !slices.Contains(sorts, h.ordered):
		return ""
	case h.falling:
		return "descending"
	}
	return "ascending"
}

// headingLink is a column's heading as a link that orders the list.
type headingLink struct {
	Label, Title, Address, Order string
}

// By is the heading of the column: it orders the list by it, and the other way round when it does already.
func (v *queuePage) By(sort, label, title string) headingLink {
	l := headingLink{Label: label, Title: title}
	if v.sortable == "" {
		return l
	}
	desc := slices.Contains(falls, sort)
	if v.ordered == sort {
		if l.Order = "ascending"; v.falling {
			l.Order = "descending"
		}
		desc = !v.falling
	}
	value := sort
	if desc {
		value = "-" + sort
	}
	join := "?"
	if strings.Contains(v.sortable, "?") {
		join = "&"
	}
	l.Address = v.sortable + join + "sort=" + value
	return l
}

// counted is how many tickets there are, or at least there are.
func (v *queuePage) counted(page queue.Page) string {
	if page.More {
		return v.Number(page.Count) + "+"
	}
	return v.Number(page.Count)
}
