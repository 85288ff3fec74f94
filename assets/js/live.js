// Pages that follow the desk: one stream for all pages of the browser, a look every 30 seconds where there is none.
// An event says only which ticket changed; what it looks like now is fetched as the page itself.
import { all, changed, page } from './page.js';
import { join } from './thread.js';

export default function live(start) {
  const url = document.body.dataset.live;
  const ticket = document.querySelector('[data-live-ticket]');
  const queue = document.querySelector('[data-live-queue][id]');
  if (!url || !(ticket || queue)) return;

  let heard = 0, due = false, timer, busy = false;
  const hear = (event) => {
    heard = Date.now();
    const mine = ticket && String(event?.ticket) === ticket.dataset.liveTicket && event.rev > Number(ticket.dataset.liveRev);
    if (mine || (queue && event?.ticket)) refresh();
  };

  // At most one look in two seconds, and none while nobody sees the page.
  const refresh = () => {
    due = true;
    if (document.hidden || timer || busy) return;
    timer = setTimeout(async () => {
      timer = 0;
      due = false;
      busy = true;
      try { take(await page(location.href), start); } catch { /* tried again */ }
      busy = false;
      if (due) refresh();
    }, heard && ticket ? 150 : 2000);
  };

  document.addEventListener('visibilitychange', () => { if (due) refresh(); });
  setInterval(() => {
    if (!document.hidden && Date.now() - heard > 75e3) refresh();
  }, 30e3);
  listen(url, hear);
  for (const b of document.querySelectorAll('[data-live-accept]')) {
    b.addEventListener('click', () => {
      for (const i of document.querySelectorAll('input[name="rev"]')) i.value = ticket.dataset.liveRev;
      stale(false);
    });
  }
}

// listen hears the stream of whichever page holds the lock and opens it as soon as it is this one. Without locks
// (plain http from another machine) there is no stream: browsers allow six connections, and each page would take one.
function listen(url, hear) {
  if (!navigator.locks || !self.BroadcastChannel) return;
  const channel = new BroadcastChannel('live');
  let recent = [];
  channel.onmessage = ({ data }) => {
    if (data !== 'again') return hear(data);
    for (const e of recent) if (Date.now() - e.at < 5e3) channel.postMessage(e);
  };
  // What came after this page was shown and before it could hear.
  channel.postMessage('again');
  navigator.locks.request('live', () => new Promise((release) => {
    const stream = new EventSource(url);
    const tell = (data) => { hear(data); channel.postMessage(data); };
    stream.onopen = () => tell(null);
    stream.onmessage = (e) => {
      const event = { ...JSON.parse(e.data), at: Date.now() };
      recent = [...recent.slice(-49), event];
      tell(event);
    };
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) setTimeout(release, 30e3);
    };
  })).catch(() => {});
}

function stale(on) {
  for (const e of document.querySelectorAll('[data-live-stale]')) e.hidden = !on;
}

// name tells a link or a box of the old part from its like in the new one.
const name = (e) => e.getAttribute('href') ?? e.value;

// seen remembers what the server sent for a part, for scripts change it afterwards.
const seen = new WeakMap();

// take brings the parts of the fetched page into this one. Nothing that somebody writes in is touched: a changed form
// keeps its words and its revision, and the banner says that the ticket moved on.
export function take(fresh, start) {
  for (const old of document.querySelectorAll('[data-live-swap][id], [data-live-queue][id]')) {
    const now = fresh.getElementById(old.id);
    if (!now || now.outerHTML === seen.get(old) || inUse(old)) continue;
    if ('pieces' in old.dataset) {
      join(old, now).forEach(start);
      continue;
    }
    const was = now.outerHTML;
    const ticked = all(old, 'input[type=checkbox]:checked').map((i) => i.value);
    const open = all(old, 'details[open][id]').map((d) => d.id);
    const focus = old.contains(document.activeElement) && name(document.activeElement);
    document.adoptNode(now);
    for (const i of all(now, 'input[type=checkbox]')) if (ticked.includes(i.value)) i.checked = true;
    for (const d of all(now, 'details[id]')) if (open.includes(d.id)) d.open = true;
    old.replaceWith(now);
    seen.set(now, was);
    start(now);
    if (focus) all(now, 'a, input').find((e) => name(e) === focus)?.focus();
  }
  const mine = document.querySelector('[data-live-ticket]');
  const rev = fresh.querySelector('[data-live-ticket]')?.dataset.liveRev;
  if (!mine || !rev || rev === mine.dataset.liveRev) return;
  mine.dataset.liveRev = rev;
  let kept = false;
  for (const i of document.querySelectorAll('input[name="rev"]')) {
    if (changed(i.form)) kept = true;
    else i.value = rev;
  }
  stale(kept);
}

// A part is in use while a field in it has the focus, a menu or fact in it is open, or a form in it has been changed.
function inUse(part) {
  const focus = document.activeElement;
  return (part.contains(focus) && focus.matches('input:not([type=checkbox]), select, textarea'))
    || part.querySelector('details:is(.menu, .fact)[open]')
    || [...part.querySelectorAll('form')].some((f) => f.id !== 'bulk' && changed(f));
}
