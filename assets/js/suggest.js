// input[data-suggest]: what looks like the words being typed, as a fragment beside or under the field.
import { all, fill, later, page } from './page.js';

export default function suggest(root) {
  all(root, '[data-suggest]').forEach(attach);
}

function attach(input) {
  const target = document.querySelector(input.dataset.suggestTarget);
  if (!target) return;
  let running, last = '';
  const ask = later(async () => {
    const q = input.value.trim();
    if (q === last) return;
    last = q;
    running?.abort();
    if (q.length < 3) return target.replaceChildren();
    running = new AbortController();
    const url = new URL(input.dataset.suggest, location.href);
    url.searchParams.set('q', q);
    for (const e of document.querySelectorAll(input.dataset.suggestWith ?? 'no-field')) url.searchParams.set(e.name, e.value);
    try {
      fill(target, await page(url, { signal: running.signal }));
    } catch { /* the field works without */ }
  }, 200);
  input.addEventListener('input', ask);
  input.addEventListener('keydown', (e) => {
    if (e.key === 'Escape') target.replaceChildren();
  });
}
