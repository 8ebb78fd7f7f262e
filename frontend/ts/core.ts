// Shared by every page: look-ups, words, toasts, live region, cookies. No framework.

export const $ = <T extends Element = HTMLElement>(selector: string, root: ParentNode = document) =>
  root.querySelector<T>(selector);
export const $$ = <T extends Element = HTMLElement>(selector: string, root: ParentNode = document) => [
  ...root.querySelectorAll<T>(selector),
];

let words: Record<string, string> | undefined;

/** Word of the page's catalogue (maru.ui.strings), with `%(name)s` filled in. */
export function t(key: string, args: Record<string, string | number> = {}): string {
  words ??= JSON.parse($('#i18n')?.textContent || '{}') as Record<string, string>;
  return fill(words[key] ?? key, args);
}

export function fill(text: string, args: Record<string, string | number>): string {
  return text.replace(/%\((\w+)\)s/g, (_, name: string) => String(args[name] ?? ''));
}

/** Speak through the live region. */
export function say(text: string): void {
  const region = $('#live');
  if (!region) return;
  region.textContent = '';
  requestAnimationFrame(() => (region.textContent = text));
}

export interface ToastOptions {
  undo?: () => void;
  undoLabel?: string;
  danger?: boolean;
  seconds?: number;
  done?: () => void;
}

/** A short notice at the bottom; stays while hovered or focused. `done` runs when it goes without undo. */
export function toast(text: string, options: ToastOptions = {}): HTMLElement | undefined {
  const box = $('#toasts');
  if (!box) return undefined;
  const item = document.createElement('div');
  item.className = options.danger ? 'toast toast-danger' : 'toast';
  const line = document.createElement('span');
  line.textContent = text;
  item.append(line);
  let undone = false;
  if (options.undo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = options.undoLabel ?? t('undo');
    button.addEventListener('click', () => {
      undone = true;
      options.undo!();
      item.remove();
    });
    item.append(button);
  }
  box.append(item);
  say(text);
  leaveLater(item, (options.seconds ?? 5) * 1000, () => {
    if (!undone) options.done?.();
  });
  return item;
}

function leaveLater(item: HTMLElement, wait: number, gone: () => void): void {
  const leave = () => {
    if (item.isConnected && (item.matches(':hover') || item.contains(document.activeElement))) {
      setTimeout(leave, 1000);
      return;
    }
    item.remove();
    gone();
  };
  setTimeout(leave, wait);
}

export function setCookie(name: string, value: string): void {
  const secure = location.protocol === 'https:' ? ';secure' : '';
  document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=lax${secure}`;
}

/** Django's form token, wherever the page carries it. */
export function csrf(): string {
  const meta = $<HTMLMetaElement>('meta[name="csrf"]');
  return meta?.content ?? $<HTMLInputElement>('input[name="csrfmiddlewaretoken"]')?.value ?? '';
}

/** POST a form body; throws a `Refused` with words for the person when the server says no. */
export async function post(url: string, body: URLSearchParams | FormData, more: HeadersInit = {}): Promise<Response> {
  const headers = { 'X-CSRFToken': csrf(), 'X-Requested-With': 'fetch', Accept: 'application/json, text/html', ...more };
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', headers, body });
  } catch {
    throw new Refused(0, t('net_error'));
  }
  if (response.status === 401) signedOut(response.headers);
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

/** GET what a script needs, JSON as a rule; who is locked or signed out hears of it as with `post`. */
export async function get(url: string): Promise<Response> {
  const response = await fetch(url, { headers: { 'X-Requested-With': 'fetch', Accept: 'application/json' } });
  if (response.status === 401) signedOut(response.headers);
  return response;
}

/** Whether the desk is locked (idle.ts): nothing opens above the lock then. */
export function isLocked(): boolean {
  return $<HTMLDialogElement>('#idle-lock')?.open ?? false;
}

/** The server wants to know first who this is: idle.ts opens the lock in place; a deed that needs a fresh proof goes there. */
export function signedOut(headers: Headers): void {
  const confirm = headers.get('Maru-Confirm');
  if (confirm) location.href = confirm;
  else document.dispatchEvent(new CustomEvent('maru:signed-out'));
}

export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Why the server refused, in its own words when it gave some. */
export async function reason(response: Response): Promise<string> {
  if (response.headers.get('content-type')?.includes('json')) {
    const data = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    for (const key of ['detail', 'error', 'message', 'reason', 'title']) {
      if (typeof data[key] === 'string' && data[key]) return data[key];
    }
  }
  if (response.status === 403) return t('forbidden');
  if (response.status === 404) return t('gone');
  return t('server_error', { status: response.status });
}

export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.matches) return false;
  if (element.isContentEditable) return true;
  const plain = 'input[type=checkbox], input[type=radio], input[type=button], input[type=submit]';
  return element.matches('input, textarea, select') && !element.matches(plain);
}

/** Run now and whenever htmx has put new nodes in. */
export function onContent(run: (root: ParentNode) => void): void {
  run(document);
  document.addEventListener('htmx:after:swap', () => run(document));
}
