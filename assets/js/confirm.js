// data-confirm on a form or on its button asks before the form is sent.
let started;

export default function confirm() {
  if (started) return;
  started = true;
  const sure = new WeakSet();
  addEventListener('submit', async (e) => {
    const form = e.target;
    const asker = e.submitter?.dataset.confirm ? e.submitter : form;
    if (!asker.dataset.confirm || sure.delete(form)) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (!await ask(asker.dataset)) return;
    sure.add(form);
    form.requestSubmit(e.submitter);
  }, true);
}

function ask({ confirm: question, confirmOk }) {
  const dialog = document.querySelector('dialog#confirm');
  if (!dialog) return self.confirm(question);
  dialog.querySelector('[data-confirm-text]').textContent = question;
  const ok = dialog.querySelector('[value="ok"]');
  if (confirmOk) ok.textContent = confirmOk;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'ok'), { once: true });
  });
}
