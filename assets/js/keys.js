// Single keys, only outside fields and only for those who have them switched on. The list that people read
// (dialog[data-keys]) is the list that works.
import { all } from './page.js';

let started;

export default function keys(root) {
  for (const a of all(root, '[data-open]')) {
    a.addEventListener('click', (e) => {
      const dialog = document.querySelector(a.dataset.open);
      if (!dialog?.showModal) return;
      e.preventDefault();
      dialog.showModal();
    });
  }
  const dialog = document.querySelector('dialog[data-keys]');
  if (started || !dialog || document.body.dataset.singleKeys !== 'on') return;
  started = true;
  addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || document.querySelector('dialog[open]')) return;
    if (e.target.closest?.('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')) return;
    if (e.key === '?') {
      e.preventDefault();
      return dialog.showModal();
    }
    const li = [...dialog.querySelectorAll('[data-key]')].find((l) => l.dataset.key === e.key);
    if (li && act(li.dataset)) e.preventDefault();
  });
}

// act does what a line of the list says, and tells whether there was anything to do on this page.
function act({ row, click, onRow }) {
  if (row && step(Number(row))) return true;
  if (onRow && current()) return current().dispatchEvent(new CustomEvent('row-' + onRow, { bubbles: true }));
  const e = click && document.querySelector(click);
  if (!e) return false;
  if (e.matches('summary')) e.parentElement.open = true;
  if (e.matches('a, button, [type=radio], [type=checkbox]')) e.click();
  const into = e.matches('[type=radio]') ? e.form?.querySelector('textarea')
    : e.matches('summary') ? e.parentElement.querySelector('select, input:not([type=hidden]), textarea, .menu-box a, .menu-box button') : e;
  into?.focus();
  return true;
}

// current is the row of the queue on which the reader stands.
const current = () => document.activeElement?.closest('.queue tbody tr') ?? document.querySelector('.queue tr[aria-current]');

// step moves in the queue, from link to link.
function step(by) {
  const links = [...document.querySelectorAll('.queue tbody .q-subject a')];
  if (!links.length) return false;
  const row = current();
  const at = links.findIndex((a) => row?.contains(a));
  stand(links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + by))].closest('tr'));
  return true;
}

// stand makes the row the one on which the reader stands.
export function stand(row) {
  for (const r of document.querySelectorAll('.queue tr[aria-current]')) r.removeAttribute('aria-current');
  row.setAttribute('aria-current', 'true');
  row.querySelector('.q-subject a').focus();
}
