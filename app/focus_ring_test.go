package app_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// rings names what has its ring of the focus cut by a box that holds it, or by the window.
const rings = `(() => {
  const wrong = [], edge = document.documentElement.clientWidth;
  const name = (e) => e.localName + [...e.classList].map((c) => '.' + c).join('') + ' "' + e.textContent.trim().slice(0, 20) + '"';
  for (const e of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')) {
    if (!e.checkVisibility() || e.matches('.hush, .skip, :disabled, [tabindex="-1"]')) continue;
    e.focus();
    e.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const s = getComputedStyle(e);
    if (document.activeElement !== e || s.outlineStyle === 'none') continue;
    const by = parseFloat(s.outlineOffset) + parseFloat(s.outlineWidth), r = e.getBoundingClientRect();
    if (r.left - by < -1 || r.right + by > edge + 1) { wrong.push(name(e) + ' at the edge of the window'); continue; }
    for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
      const o = getComputedStyle(p), c = p.getBoundingClientRect();
      const x = o.overflowX !== 'visible', y = o.overflowY !== 'visible';
      const left = c.left + parseFloat(o.borderLeftWidth), top = c.top + parseFloat(o.borderTopWidth), right = left + p.clientWidth, bottom = top + p.clientHeight;
      const cut = x && r.left >= left - 1 && r.right <= right + 1 && (r.left - by < left - 1 || r.right + by > right + 1) || y && r.top >= top - 1 && r.bottom <= bottom + 1 && (r.top - by < top - 1 || r.bottom + by > bottom + 1);
      if (cut) { wrong.push(name(e) + ' in ' + name(p)); break; }
    }
  }
  return [...new Set(wrong)].slice(0, 4).join(' | ');
})()`

func TestNoFocusRingIsCut(t *testing.T) {
	w := newWorld(t)
	b := chrome(t)
	for _, s := range shots(w) {
		for _, width := range []int64{390, 1280} {
			b.enter(w, s.role)
			b.screen(width, 900, false)
			b.open(s.address)
			var wrong string
			b.run(chromedp.Evaluate(rings, &wrong))
			if wrong != "" {
				t.Errorf("%s (%s) at %d: %s", s.name, s.address, width, wrong)
			}
		}
	}
}
