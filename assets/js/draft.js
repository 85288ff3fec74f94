// form[data-draft]: what somebody writes outlives a reload and an ended session, in this tab and on this machine
// only. The server says data-draft-clear when it has taken the text, and "*" when the person leaves.
import { all, later } from './page.js';

const prefix = 'draft ';

export default function draft(root) {
  for (const e of all(root, '[data-draft-clear]')) {
    for (const name of e.dataset.draftClear.split(' ')) forget(name);
  }
  all(root, '[data-draft]').forEach(attach);
}

function forget(name) {
  for (const key of Object.keys(sessionStorage)) {
    if (key === prefix + name || (name === '*' && key.startsWith(prefix))) sessionStorage.removeItem(key);
  }
}

function attach(form) {
  const key = prefix + form.dataset.draft;
  const fields = () => [...form.elements].filter((e) => e.name && (e.matches('textarea, select, input:is([type=text], [type=date], [type=number], [type=radio]), input:not([type])')));
  const kept = JSON.parse(sessionStorage.getItem(key) ?? '{}');
  let back = false;
  for (const e of fields()) {
    if (e.type === 'radio' || e.value || !kept[e.name]) continue;
    e.value = kept[e.name];
    back = true;
  }
  // A note that comes back must come back as a note.
  if (back) for (const e of fields()) if (e.type === 'radio' && e.name in kept) e.checked = kept[e.name] === e.value;
  if (back) for (const n of form.querySelectorAll('[data-draft-note]')) n.hidden = false;
  const keep = () => {
    const now = {};
    for (const e of fields()) if (e.type !== 'radio' || e.checked) now[e.name] = e.value;
    try { sessionStorage.setItem(key, JSON.stringify(now)); } catch { /* full */ }
  };
  form.addEventListener('input', later(keep, 300));
  form.addEventListener('submit', keep);
}
