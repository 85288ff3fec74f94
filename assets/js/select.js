// [data-select]: tick all, tick a range with Shift, and how many are ticked.
import { all } from './page.js';

export default function select(root) {
  for (const part of [...all(root, '[data-select]'), root.closest?.('[data-select]')]) if (part) attach(part);
}

const known = new WeakSet();

function attach(part) {
  const boxes = () => [...part.querySelectorAll('tbody input[type=checkbox][name]')];
  const count = () => {
    const n = boxes().filter((b) => b.checked).length;
    for (const e of part.querySelectorAll('[data-select-count]')) {
      e.textContent = (n === 1 ? e.dataset.single : e.dataset.many)?.replace('{n}', n) ?? n;
    }
    for (const e of part.querySelectorAll('[data-select-all]')) {
      e.checked = n > 0 && n === boxes().length;
      e.indeterminate = n > 0 && !e.checked;
    }
  };
  count();
  if (known.has(part)) return;
  known.add(part);
  let last, shift;
  part.addEventListener('click', (e) => { shift = e.shiftKey; }, true);
  part.addEventListener('change', ({ target }) => {
    const list = boxes();
    if (target.matches('[data-select-all]')) for (const b of list) b.checked = target.checked;
    const here = list.indexOf(target), there = list.indexOf(last);
    if (here >= 0) {
      if (shift && there >= 0) for (const b of list.slice(Math.min(here, there), Math.max(here, there))) b.checked = target.checked;
      last = target;
    }
    count();
  });
}
