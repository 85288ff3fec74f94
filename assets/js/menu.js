// details.menu opens without script; this closes it as a menu closes: on Escape, and on a click outside.
let started;

export default function menu() {
  if (started) return;
  started = true;
  const close = (keep) => {
    for (const d of document.querySelectorAll('details.menu[open]')) if (!d.contains(keep)) d.open = false;
  };
  addEventListener('click', (e) => close(e.target));
  addEventListener('keydown', (e) => {
    const open = e.key === 'Escape' && e.target.closest?.('details.menu[open]');
    if (open) open.querySelector('summary').focus();
    if (e.key === 'Escape') close(null);
  });
}
