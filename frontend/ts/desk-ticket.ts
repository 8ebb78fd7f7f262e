import { $, $$, say, t } from './core.ts';
import type { Composer } from './composer.ts';
import { isEmpty } from './drafts.ts';

/**
 * Which message the writer has seen: it follows the page while nothing is written, and stands still from the first
 * letter on, so that a message which comes meanwhile stops the sending (the server compares).
 */

const composer = () => $<Composer>('#main m-composer');
const seen = () => $<HTMLInputElement>('#seen');

function follow(): void {
  const pulse = $('#pulse');
  const field = seen();
  if (!pulse || !field) return;
  const newest = pulse.dataset.newest ?? '0';
  if (field.value === newest) return;
  if (isEmpty(composer()?.body ?? '')) {
    field.value = newest;
    return;
  }
  warn();
}

/** A quiet line above the composer; the stop itself comes from the server. */
function warn(): void {
  const place = $('#stop');
  if (!place || place.firstElementChild) return;
  const line = document.createElement('div');
  line.className = 'banner banner-warn new-line';
  line.dataset.newer = '';
  const words = document.createElement('span');
  words.textContent = t('newer_message');
  line.append(words);
  place.append(line);
  say(t('newer_message'));
}

document.addEventListener('htmx:after:swap', follow);

// After a message of one's own everything on the page counts as seen.
document.addEventListener('htmx:after:request', event => {
  const detail = (event as CustomEvent).detail as { ctx?: { response?: { status: number }; sourceElement?: Element } };
  const form = detail.ctx?.sourceElement;
  if (!(form instanceof HTMLFormElement) || !form.closest('m-composer')) return;
  const status = detail.ctx?.response?.status ?? 500;
  if (status === 409) {
    requestAnimationFrame(() => $('m-stop')?.focus());
    return;
  }
  if (status >= 300) return;
  $('#stop')?.replaceChildren();
  form.querySelector('input[name="anyway"]')?.remove();
  for (const name of ['copies', 'blind']) form.querySelector<HTMLInputElement>(`input[name="${name}"]`)!.value = '';
  requestAnimationFrame(() => {
    const field = seen();
    if (field) field.value = $('#pulse')?.dataset.newest ?? '0';
  });
});

const SENT = 'maru-sent';

/** A form of the old kind leaves its draft behind: it goes once the next page shows that it was taken. */
function forgetSent(): void {
  const key = sessionStorage.getItem(SENT);
  if (!key) return;
  sessionStorage.removeItem(SENT);
  if (!$('.err, .banner-danger')) localStorage.removeItem(`maru-draft:${key}`);
}
forgetSent();

let pressed: HTMLButtonElement | null = null;

document.addEventListener(
  'submit',
  event => {
    const form = event.target as HTMLFormElement;
    const box = form.closest<HTMLElement>('m-composer');
    if (!box) return;
    pressed = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!form.hasAttribute('hx-post')) sessionStorage.setItem(SENT, box.dataset.key ?? '');
  },
  true,
);

document.addEventListener('click', event => {
  const target = event.target as Element;
  const stop = target.closest('m-stop');
  if (stop && target.closest('[data-keep-editing]')) {
    // Read now: the next sending goes through unless yet another message comes.
    const field = seen();
    if (field) field.value = (stop as HTMLElement).dataset.newest ?? field.value;
    stop.remove();
    const box = composer();
    box?.write(box.mode);
  }
  if (stop && target.closest('[data-send-anyway]')) {
    const form = composer()?.querySelector('form');
    if (!form) return;
    const mark = document.createElement('input');
    mark.type = 'hidden';
    mark.name = 'anyway';
    mark.value = '1';
    form.append(mark);
    stop.remove();
    const again = pressed?.isConnected ? pressed : form.querySelector<HTMLButtonElement>('.send:not([hidden]) .btn-primary');
    form.requestSubmit(again);
  }
  const preview = target.closest<HTMLElement>('[data-preview]');
  if (preview) {
    event.preventDefault();
    showPreview(preview as HTMLButtonElement);
  }
});

/** The mail as it would leave, in a frame of its own that may run nothing. */
function showPreview(button: HTMLButtonElement): void {
  const form = button.form;
  const dialog = $<HTMLDialogElement>('#preview-dialog');
  if (!form || !dialog) return;
  const copy = document.createElement('form');
  copy.method = 'post';
  copy.action = button.formAction;
  copy.target = 'mail-preview';
  copy.hidden = true;
  for (const [name, value] of new FormData(form)) {
    if (typeof value !== 'string') continue;
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    copy.append(field);
  }
  document.body.append(copy);
  dialog.showModal();
  copy.submit();
  copy.remove();
}

// Numbers in the rail follow the side menu.
document.addEventListener('htmx:after:swap', () => {
  for (const toastNow of $$('#toasts [data-toast]:not([data-timed])')) {
    toastNow.dataset.timed = '';
    setTimeout(() => toastNow.remove(), 7000);
  }
});
