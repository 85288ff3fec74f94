// Reading and changing the page: what the other modules share.

const policy = self.trustedTypes?.createPolicy('fragment', { createHTML: (s) => s });

// all lists the elements under root that match, root itself included.
export function all(root, selector) {
  const found = [...root.querySelectorAll(selector)];
  if (root.matches?.(selector)) found.unshift(root);
  return found;
}

// make builds an element; text is only ever text.
export function make(tag, props = {}, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

// page fetches HTML of our own origin as a document that runs nothing. It throws on an error and when the answer
// came from elsewhere, as the sign-in page does after the session has ended.
export async function page(url, options) {
  const html = await (await ask(url, options)).text();
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html');
}

export const json = async (url, options) => (await ask(url, options)).json();

async function ask(url, options) {
  const r = await fetch(url, options);
  if (!r.ok || r.redirected) throw new Error(`${url}: ${r.status}`);
  return r;
}

// post gives the options of a POST with the page's token.
export function post(fields) {
  const token = document.querySelector('meta[name="csrf"]')?.content ?? '';
  return { method: 'POST', headers: { 'X-CSRF': token }, body: new URLSearchParams(fields) };
}

// fill puts a fetched fragment into target.
export function fill(target, doc) {
  const nodes = doc.body.childElementCount ? [...doc.body.childNodes] : [];
  target.replaceChildren(...nodes.map((n) => document.adoptNode(n)));
}

// changed tells whether anybody has typed or chosen something in form since the server rendered it.
export function changed(form) {
  return [...(form?.elements ?? [])].some((e) => {
    if (e.type === 'file') return e.files.length > 0;
    if (e.type === 'checkbox' || e.type === 'radio') return e.checked !== e.defaultChecked;
    if (e.options) return e.selectedIndex !== Math.max(0, [...e.options].findIndex((o) => o.defaultSelected));
    return e.type !== 'hidden' && 'defaultValue' in e && e.value !== e.defaultValue;
  });
}

// later calls f once, ms after the last call.
export function later(f, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}
