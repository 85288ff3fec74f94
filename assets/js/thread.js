// A long thread: a[data-piece] puts the piece of messages it leads to in its own place. An address that names a message
// which the page leaves out is asked for again with it.
import { all, page } from './page.js';

export default function thread(root) {
  for (const a of all(root, 'a[data-piece]')) a.addEventListener('click', (e) => open(e, a));
  if (root === document) {
    arrive();
    addEventListener('hashchange', arrive);
  }
}

async function open(e, a) {
  if (e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
  e.preventDefault();
  if (a.ariaBusy) return;
  a.ariaBusy = 'true';
  const fold = a.closest('li');
  try {
    const doc = await page(a.dataset.piece);
    const got = [...doc.body.children].map((n) => document.adoptNode(n));
    const list = fold.parentElement;
    list.dataset.pieces = '';
    // What is being read stays where it is: the piece above it grows upwards.
    const still = a.dataset.piece.includes('back=') ? fold.nextElementSibling : null;
    const was = still?.getBoundingClientRect().top;
    fold.replaceWith(...got);
    if (still) scrollBy(0, still.getBoundingClientRect().top - was);
    for (const li of got) list.dispatchEvent(new CustomEvent('fresh', { bubbles: true, detail: li }));
    focus(still ? got.findLast(message) : got.find(message));
  } catch {
    location.assign(a.href);
  }
}

const message = (li) => li.matches('.msg');

// focus makes the piece the place from which the keyboard goes on.
function focus(li) {
  if (!li) return;
  li.tabIndex = -1;
  li.focus({ preventScroll: true });
}

function arrive() {
  const [, id] = location.hash.match(/^#m(\d+)$/) ?? [];
  const list = document.querySelector('.thread');
  if (!id || !list?.querySelector('.thread-fold') || document.getElementById(`m${id}`)) return;
  const to = new URL(location);
  if (to.searchParams.get('message') === id) return;
  for (const name of ['after', 'before']) to.searchParams.delete(name);
  to.searchParams.set('message', id);
  location.replace(to);
}

// join brings what is new at the end of a thread into one whose pieces were opened.
export function join(list, now) {
  const held = new Map([...list.children].filter((li) => li.id).map((li) => [li.id, li]));
  let last;
  const started = [];
  for (const li of [...now.children]) {
    const old = held.get(li.id);
    if (old) last = old;
    else if (last && li.id) {
      const fresh = document.adoptNode(li);
      list.append(fresh);
      started.push(fresh);
    }
  }
  return started;
}
