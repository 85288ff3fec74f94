// [data-presence]: says every 20 seconds that this ticket is open here, whether somebody writes in it, and who else does.
// [data-present]: asks as often who has the tickets of the list open, without being there.
import { all, changed, json, later, post } from './page.js';

export default function presence(root) {
  for (const e of all(root, '[data-presence]')) {
    const tell = async () => {
      if (document.hidden || !e.isConnected) return;
      try {
        const { text } = await json(e.dataset.presence, post(changed(document.getElementById('editor')) ? { writes: 1 } : {}));
        const list = e.querySelector('[data-presence-list]') ?? e;
        if (list.textContent !== text) list.textContent = text;
        e.hidden = !text;
      } catch { e.hidden = true; }
    };
    tell();
    setInterval(tell, 20e3);
    document.addEventListener('visibilitychange', tell);
    document.getElementById('editor')?.addEventListener('input', later(tell, 1000));
  }
  for (const list of all(root, '[data-present]')) {
    const ask = async () => {
      if (!list.isConnected) return clearInterval(timer);
      const rows = all(list, '[data-here]');
      if (document.hidden || !rows.length) return;
      try {
        const here = await json(`${list.dataset.present}?${new URLSearchParams(rows.map((r) => ['ticket', r.dataset.here]))}`);
        for (const r of rows) {
          const text = here[r.dataset.here] ?? '', words = r.querySelector('[data-here-words]');
          if (words.textContent !== text) words.textContent = text;
          r.hidden = !text;
        }
      } catch { /* asked again */ }
    };
    const timer = setInterval(ask, 20e3);
  }
}
