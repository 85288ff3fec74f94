// [data-presence]: says every 20 seconds that this ticket is open here, and who else has it open.
import { all, json, post } from './page.js';

export default function presence(root) {
  for (const e of all(root, '[data-presence]')) {
    const tell = async () => {
      if (document.hidden || !e.isConnected) return;
      try {
        const { text } = await json(e.dataset.presence, post());
        const list = e.querySelector('[data-presence-list]') ?? e;
        if (list.textContent !== text) list.textContent = text;
        e.hidden = !text;
      } catch { e.hidden = true; }
    };
    tell();
    setInterval(tell, 20e3);
    document.addEventListener('visibilitychange', tell);
  }
}
