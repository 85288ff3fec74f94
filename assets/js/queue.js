// The queue without leaving it: filters apply as they are chosen, t takes the row on which the reader stands, x ticks it.
// Everything here also works as forms and links do.
import { all, page, post } from './page.js';
import { stand } from './keys.js';
import { take } from './live.js';

export default function queue(root, start) {
  for (const form of all(root, 'form[data-apply]')) filter(form, start);
  for (const part of all(root, '.queue-part[data-select]')) {
    part.addEventListener('row-tick', ({ target }) => target.querySelector('input[type=checkbox][name]')?.click());
    part.addEventListener('row-take', ({ target }) => charge(target, start));
  }
}

// filter shows the list with the filters of the form, at its own address.
function filter(form, start) {
  for (const b of form.querySelectorAll('[data-apply-button]')) b.hidden = true;
  let shown = location.href.split('#')[0], asked = 0;
  form.addEventListener('change', async () => {
    const chosen = [...new FormData(form)].filter(([, value]) => value);
    const url = form.action + (chosen.length ? '?' + new URLSearchParams(chosen) : '');
    const mine = ++asked;
    try {
      const fresh = await page(url);
      if (mine !== asked) return;
      history.pushState(null, '', url);
      shown = url;
      follow(fresh, start);
    } catch { form.submit(); }
  });
  addEventListener('popstate', () => { if (location.href.split('#')[0] !== shown) location.reload(); });
}

// follow brings the list of the fetched page into this one, with what goes with it.
function follow(fresh, start) {
  take(fresh, start);
  for (const i of document.querySelectorAll('#bulk [name=back]')) i.value = fresh.querySelector('#bulk [name=back]')?.value ?? i.value;
}

// charge takes the ticket of the row as the bar above would, says what became of it, and stands where the row stood.
async function charge(row, start) {
  const bulk = document.getElementById('bulk');
  const said = document.getElementById('queue-said');
  const id = row.querySelector('input[type=checkbox][name]')?.value;
  if (!bulk || !said || !id || row.ariaBusy) return;
  row.ariaBusy = 'true';
  const at = [...row.parentElement.children].indexOf(row);
  try {
    const answer = await fetch(bulk.action, post({ act: 'take', ticket: id, back: bulk.elements.back.value }));
    const fresh = await page(location.href);
    const now = new DOMParser().parseFromString(await answer.text(), 'text/html');
    said.replaceChildren(...all(now, 'main .alert[role]').map((e) => document.adoptNode(e)));
    follow(fresh, start);
  } catch { row.ariaBusy = null; }
  const rows = [...document.querySelectorAll('.queue tbody tr')];
  const next = rows.find((r) => r.querySelector('input[type=checkbox][name]')?.value === id) ?? rows[Math.min(at, rows.length - 1)];
  if (next) stand(next);
}
