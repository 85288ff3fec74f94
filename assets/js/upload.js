// [data-upload]: dropped files and pasted pictures join those that were chosen; each can be taken away, and one above
// the limit is refused before it travels.
import { all, make } from './page.js';

export default function upload(root) {
  all(root, '[data-upload]').forEach(attach);
}

function attach(box) {
  const input = box.querySelector('input[type=file]');
  const list = box.querySelector('.files');
  if (!input || !list || input.disabled) return;
  const drop = box.querySelector('.drop') ?? box;
  const form = input.form ?? box;
  const max = Number(box.dataset.maxBytes) || Infinity;
  let files = [];

  const add = (more) => {
    for (const e of box.querySelectorAll('.err[data-own]')) e.remove();
    for (const f of more) {
      if (f.size > max) refuse(f);
      else if (!files.some((g) => g.name === f.name && g.size === f.size && g.lastModified === f.lastModified)) files.push(f);
    }
    show();
  };
  const refuse = (f) => {
    const text = (box.dataset.tooLarge ?? '{name}').replace('{name}', f.name);
    const e = make('p', { className: 'err', role: 'alert' }, text);
    e.dataset.own = '';
    drop.before(e);
  };
  const show = () => {
    const all = new DataTransfer();
    for (const f of files) all.items.add(f);
    input.files = all.files;
    for (const li of list.querySelectorAll('[data-own]')) li.remove();
    for (const f of files) list.append(card(f));
  };
  const card = (f) => {
    const remove = make('button', { type: 'button', className: 'btn btn-s btn-bare', ariaLabel: (box.dataset.remove ?? '{name}').replace('{name}', f.name) }, '×');
    remove.addEventListener('click', () => {
      files = files.filter((g) => g !== f);
      show();
      input.focus();
    });
    const kind = make('span', { className: 'file-kind' });
    if (/^image\/(png|jpeg|gif|webp)$/.test(f.type)) {
      const src = URL.createObjectURL(f);
      kind.append(make('img', { src, alt: '', onload: () => URL.revokeObjectURL(src) }));
    } else kind.textContent = (f.name.match(/\.(\w{1,4})$/)?.[1] ?? '·').toUpperCase();
    const li = make('li', { className: 'file' }, kind,
      make('span', { className: 'file-name', title: f.name }, f.name),
      make('span', { className: 'file-size' }, size(f.size)), remove);
    li.dataset.own = '';
    return li;
  };

  input.addEventListener('change', () => add(input.files));
  form.addEventListener('reset', () => { files = []; show(); });
  form.addEventListener('paste', (e) => {
    const pasted = [...e.clipboardData?.files ?? []];
    if (!pasted.length || e.clipboardData.types.includes('text/plain')) return;
    e.preventDefault();
    add(pasted.map(named));
  });
  for (const type of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    drop.addEventListener(type, (e) => {
      if (!e.dataTransfer.types.includes('Files')) return;
      e.preventDefault();
      drop.classList.toggle('over', /enter|over/.test(type));
      if (type === 'drop') add(e.dataTransfer.files);
    });
  }
}

// A pasted picture is always called image.png: its time tells two of them apart.
function named(f) {
  if (!/^image\.\w+$/.test(f.name)) return f;
  const when = new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-');
  return new File([f], f.name.replace('image', when), { type: f.type });
}

function size(n) {
  const [value, unit] = n < 1e3 ? [n, 'byte'] : n < 1e6 ? [n / 1e3, 'kilobyte'] : [n / 1e6, 'megabyte'];
  return new Intl.NumberFormat(document.documentElement.lang || undefined, { style: 'unit', unit, maximumSignificantDigits: 2 }).format(value);
}
