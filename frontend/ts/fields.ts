import { $, $$, isTyping, onContent, t } from './core.ts';
import { agoText } from './spans.ts';
import { strength } from './strength.ts';

// Small helps in forms: show password, strength, counters, unsaved changes, focus on the first error; times kept current.

const EYE = '<path d="M2 12s3.500-7 10-7 10 7 10 7-3.500 7-10 7S2 12 2 12Z"/><circle cx="12" cy="12" r="3"/>';
const SVG = 'http://www.w3.org/2000/svg';

function eye(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({
    class: 'i',
    viewBox: '0 0 24 24',
    fill: 'none',
    stroke: 'currentColor',
    'aria-hidden': 'true',
  })) {
    svg.setAttribute(name, value);
  }
  svg.innerHTML = EYE;
  return svg;
}

// Tabs that do not fit beside each other: the present one is in sight.
$('.acct-tabs [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

function passwords(root: ParentNode): void {
  for (const box of $$('[data-password]:not([data-ready])', root)) {
    const input = $<HTMLInputElement>('input', box);
    if (!input) continue;
    box.dataset.ready = '';
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'btn btn-ghost btn-icon';
    button.setAttribute('aria-label', t('pw_show'));
    button.setAttribute('aria-pressed', 'false');
    button.append(eye());
    button.addEventListener('click', () => {
      const shown = input.type === 'password';
      input.type = shown ? 'text' : 'password';
      button.setAttribute('aria-pressed', String(shown));
      button.setAttribute('aria-label', t(shown ? 'pw_hide' : 'pw_show'));
    });
    box.append(button);
  }
}

class Strength extends HTMLElement {
  connectedCallback(): void {
    const input = document.getElementById(this.dataset.for ?? '') as HTMLInputElement | null;
    const meter = $<HTMLMeterElement>('meter', this);
    const text = $('[data-text]', this);
    const words = (this.dataset.words ?? '').split('|');
    input?.addEventListener('input', () => {
      const level = strength(input.value);
      this.hidden = !input.value;
      if (meter) meter.value = Math.max(level, 0.4);
      if (text && text.textContent !== words[level]) text.textContent = words[level] ?? '';
    });
  }
}
customElements.define('m-strength', Strength);

function counters(root: ParentNode): void {
  for (const out of $$('[data-counter-for]:not([data-ready])', root)) {
    const field = document.getElementById(out.dataset.counterFor!) as HTMLTextAreaElement | null;
    if (!field) continue;
    out.dataset.ready = '';
    const most = Number(out.dataset.max);
    const show = () => {
      const left = most - [...field.value].length;
      out.hidden = left > most * 0.2;
      out.toggleAttribute('data-over', left < 0);
      out.textContent = t(left < 0 ? 'chars_over' : 'chars_left', { n: Math.abs(left) });
    };
    field.addEventListener('input', show);
    show();
  }
}

// Typed text is never overwritten by a live refresh, and leaving the page with it asks first.
document.addEventListener('input', event => {
  const field = event.target as HTMLElement;
  if (isTyping(field)) field.setAttribute('hx-morph-skip', '');
  const form = field.closest<HTMLFormElement>('form[data-guard]');
  if (form) form.dataset.dirty = '';
});
const clean = (event: Event) => {
  const form = event.target as HTMLElement;
  if (!(form instanceof HTMLFormElement)) return;
  delete form.dataset.dirty;
  for (const field of $$('[hx-morph-skip]', form)) field.removeAttribute('hx-morph-skip');
};
document.addEventListener('submit', clean);
document.addEventListener('reset', clean);
addEventListener('beforeunload', event => {
  if (document.querySelector('form[data-guard][data-dirty]')) event.preventDefault();
});

function firstError(root: ParentNode): void {
  const wrong = $('[aria-invalid="true"]', root);
  if (wrong?.offsetParent && !isTyping(document.activeElement)) wrong.focus({ preventScroll: false });
}

export function refreshTimes(now = Date.now()): void {
  for (const time of $$<HTMLTimeElement>('time[data-ago]')) {
    const text = agoText(Math.floor((now - Date.parse(time.dateTime)) / 60000));
    if (text && time.textContent !== text) time.textContent = text;
  }
}
setInterval(() => refreshTimes(), 30_000);
document.addEventListener('visibilitychange', () => refreshTimes());

for (const item of $$('[data-toast]')) setTimeout(() => item.remove(), 7000);

onContent(root => {
  passwords(root);
  counters(root);
  firstError(root);
});
