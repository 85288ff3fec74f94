// Starts every behaviour, again for a part of the page that was replaced.
import { all, make } from './page.js';
import confirm from './confirm.js';
import draft from './draft.js';
import editor from './editor.js';
import keys from './keys.js';
import live from './live.js';
import menu from './menu.js';
import presence from './presence.js';
import queue from './queue.js';
import select from './select.js';
import suggest from './suggest.js';
import thread from './thread.js';
import upload from './upload.js';

const behaviours = [menu, confirm, draft, suggest, upload, editor, select, keys, presence, queue, thread, small];

function start(root) {
  for (const b of behaviours) {
    try { b(root, start); } catch (e) { console.error(e); }
  }
}

// What needs only a line or two.
function small(root) {
  all(root, '[data-focus]')[0]?.focus();
  for (const s of all(root, 'select[data-submit]')) {
    const button = document.querySelector(s.dataset.submit);
    if (!button) continue;
    button.hidden = true;
    s.addEventListener('change', () => button.click());
  }
  for (const b of all(root, 'button[data-copy]')) {
    if (!navigator.clipboard) continue;
    b.hidden = false;
    b.addEventListener('click', async () => {
      await navigator.clipboard.writeText(document.querySelector(b.dataset.copy).textContent.trim());
      if (b.dataset.copied) b.textContent = b.dataset.copied;
    });
  }
}

addEventListener('change', (e) => { // "today" has its date, which no other urgency keeps
  const d = e.target.name === 'urgency' && e.target.form.deadline;
  if (d && d.value === (e.target.value === 'today' ? '' : d.min)) d.value = d.value ? '' : d.min;
});

addEventListener('submit', (e) => {
  const b = e.submitter;
  if (b?.ariaBusy) e.preventDefault();
  if (!b || e.defaultPrevented || e.target.method !== 'post') return;
  const status = make('span', { role: 'status' });
  b.after(status);
  b.ariaBusy = true;
  setTimeout(() => { status.textContent = document.querySelector('meta[name="sending"]')?.content ?? ''; });
  addEventListener('pageshow', () => { status.remove(); b.ariaBusy = null; });
});

addEventListener('fresh', (e) => start(e.detail));
start(document);
live(start);
