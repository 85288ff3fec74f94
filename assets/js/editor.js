// textarea[data-editor]: ?? an article, :: a saved reply, @ a colleague in a note; preview; Ctrl+Enter.
import { all, fill, json, later, make, page, post } from './page.js';

export default function editor(root) {
  all(root, '[data-editor]').forEach(attach);
  all(root, '[data-preview]').forEach(preview);
  all(root, '[data-paste]').forEach(paste);
}

// What can be picked: its mark, where it is asked, how an item reads and what it writes.
const picks = [
  { mark: /\?\?([^\n?]{0,60})$/, from: 'articles', name: (i) => i.title, more: (i) => i.text, write: (i) => `[${i.title.replace(/[[\]\\]/g, '\\$&')}](${i.url})` },
  { mark: /::([^\n:]{0,60})$/, from: 'replies', name: (i) => i.title, more: (i) => i.body.slice(0, 90), write: (i) => i.body },
  { mark: /(?<![\w.])@([\p{L}.-]{0,40})$/u, from: 'mentions', note: true, name: (i) => i.name, more: (i) => '@' + i.handle, write: (i) => `@${i.handle} ` },
];

let count = 0;

function attach(area) {
  const list = make('ul', { className: 'options editor-list', id: `pick${++count}`, role: 'listbox', hidden: true, ariaLabel: area.labels?.[0]?.textContent ?? '' });
  area.after(list);
  area.ariaAutoComplete = 'list';
  area.setAttribute('aria-controls', list.id);
  let found = [], at = 0, pick, words, asked = 0;

  const close = () => {
    list.hidden = true;
    pick = null;
    asked++;
    area.removeAttribute('aria-activedescendant');
  };
  const choose = (n) => {
    at = (n + found.length) % found.length;
    [...list.children].forEach((li, i) => {
      li.ariaSelected = String(i === at);
      if (i === at) li.scrollIntoView({ block: 'nearest' });
    });
    area.setAttribute('aria-activedescendant', list.children[at].id);
  };
  const insert = (n) => {
    const before = area.value.slice(0, area.selectionStart);
    const mark = before.match(pick.mark);
    const text = pick.write(found[n]);
    close();
    if (!mark) return;
    area.setSelectionRange(mark.index, before.length);
    put(area, text);
  };
  const ask = later(async () => {
    const my = ++asked, p = pick, q = words;
    if (!p) return;
    try {
      const items = await json(area.dataset[p.from] + encodeURIComponent(q));
      if (my !== asked || p !== pick) return;
      found = items.slice(0, 8);
    } catch { return close(); }
    const option = (i, ...words) => make('li', { id: `${list.id}-${i}`, role: 'option' }, ...words);
    list.replaceChildren(...found.map((item, i) => {
      const li = option(i, p.name(item), make('small', {}, p.more(item) ?? ''));
      li.addEventListener('mousedown', (e) => { e.preventDefault(); insert(i); });
      return li;
    }));
    list.hidden = !found.length && q.length > 20; // whoever goes on writing was not looking for anything
    if (found.length) return choose(0);
    if (list.hidden) return area.removeAttribute('aria-activedescendant');
    list.append(option(0, area.dataset[p.from + 'None']));
    list.firstChild.ariaDisabled = 'true';
    area.setAttribute('aria-activedescendant', list.firstChild.id);
  }, 150);

  // The buttons type the mark; without scripts they lead to the lists.
  for (const b of area.form?.querySelectorAll('[data-pick]') ?? []) {
    b.addEventListener('click', (e) => {
      e.preventDefault();
      put(area, (/\S$/.test(area.value.slice(0, area.selectionStart)) ? ' ' : '') + b.dataset.pick);
    });
  }

  area.addEventListener('input', () => {
    const before = area.value.slice(0, area.selectionStart);
    const note = area.form?.mode?.value === 'note';
    pick = picks.find((p) => area.dataset[p.from] && (!p.note || note) && p.mark.test(before));
    if (!pick) return list.hidden || close();
    words = before.match(pick.mark)[1].trim();
    ask();
  });
  area.addEventListener('keydown', (e) => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) {
      const send = [...area.form.querySelectorAll('button:not([type="button"], [data-preview])')].find((b) => b.checkVisibility ? b.checkVisibility() : b.offsetParent);
      e.preventDefault();
      return send?.click();
    }
    if (list.hidden || e.isComposing) return;
    const act = { ArrowDown: () => choose(at + 1), ArrowUp: () => choose(at - 1), Enter: () => insert(at), Tab: () => insert(at), Escape: close }[e.key];
    if (!act || !found.length && e.key !== 'Escape') return;
    e.preventDefault();
    e.stopPropagation();
    act();
  });
  area.addEventListener('blur', () => setTimeout(() => { if (document.activeElement !== area) close(); }, 150));
}

// put writes over what is selected. The old command is the only one whose effect Ctrl+Z takes back.
function put(area, text) {
  area.focus();
  if (document.execCommand?.('insertText', false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, 'end');
  area.dispatchEvent(new Event('input', { bubbles: true }));
}

// paste has copied tables, lists and bold come as Markdown.
function paste(area) {
  area.addEventListener('paste', async (e) => {
    const html = e.clipboardData.getData('text/html'), text = e.clipboardData.getData('text/plain');
    if (!html) return;
    e.preventDefault();
    put(area, await json(area.dataset.paste, post({ html, text, mode: area.form.mode?.value })).catch(() => text));
  });
}

function preview(button) {
  const target = document.querySelector(button.dataset.previewTarget);
  const area = button.form?.querySelector('[data-editor]');
  if (!target || !area) return;
  button.ariaPressed = 'false';
  button.addEventListener('click', async (e) => {
    e.preventDefault();
    const show = target.hidden;
    try {
      if (show) fill(target, await page(button.dataset.preview, post({ text: area.value, mode: area.form.mode?.value })));
    } catch { return; }
    target.hidden = !show;
    area.hidden = show;
    button.ariaPressed = String(show);
  });
}
