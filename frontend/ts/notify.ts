import { $, $$, onContent, t, toast } from './core.ts';
import type { LiveEvent } from './live-state.ts';

/**
 * The bell: its count follows live events of kind "note.*" (they carry `unread` and the note's id), its list is fetched
 * from data-panel-url into a popover, and desktop notifications take their words from the same list: an entry is
 * <li data-note="ID" data-href="…"> with <b>title</b><span data-words>words</span>, and data-quiet when nothing should open.
 * Permission is asked for on a click and never by itself.
 */

type Told = LiveEvent & { unread?: number; note?: number; leader?: boolean };

const panelUrl = () => $('#bell')?.dataset.panelUrl ?? '';

function count(unread: number): void {
  const places = $$('#bell, .nav[data-nav-key="m"], .tabbar [data-tab-key="m"]');
  for (const place of places) {
    let bubble = $('.bubble-n', place);
    if (!unread) {
      bubble?.remove();
      continue;
    }
    if (!bubble) {
      bubble = document.createElement('span');
      bubble.className = 'bubble-n';
      const word = document.createElement('span');
      word.className = 'sr-only';
      word.textContent = `${t('unread')} `;
      bubble.append(word, '');
      place.append(bubble);
    }
    bubble.lastChild!.textContent = unread > 99 ? '99+' : String(unread);
  }
}

/** The newest messages; `byItself` when no person asked. */
async function fetchPanel(byItself = false): Promise<DocumentFragment | undefined> {
  const headers = { 'HX-Request': 'true', Accept: 'text/html', ...(byItself ? { 'X-Live': '1' } : {}) };
  const response = await fetch(panelUrl(), { headers }).catch(() => undefined);
  if (!response?.ok || response.redirected) return undefined;
  const template = document.createElement('template');
  template.innerHTML = await response.text();
  return template.content;
}

async function openPanel(): Promise<void> {
  const panel = $('#bell-panel');
  const content = panel && (await fetchPanel());
  if (!panel || !content) {
    location.href = ($('#bell') as HTMLAnchorElement).href;
    return;
  }
  panel.replaceChildren(content);
  panel.showPopover();
  const box = $('#bell')!.getBoundingClientRect();
  panel.style.top = `${box.bottom + 6}px`;
  panel.style.left = `${Math.max(8, box.right - panel.offsetWidth)}px`;
  $('a, button', panel)?.focus();
}

document.addEventListener('click', event => {
  const bell = (event.target as Element).closest('#bell');
  if (!bell || !panelUrl() || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if ($('#bell-panel')?.matches(':popover-open')) $('#bell-panel')!.hidePopover();
  else void openPanel();
});

function mayOpen(): boolean {
  return 'Notification' in window && Notification.permission === 'granted';
}

async function desktop(note: number): Promise<void> {
  const entry = (await fetchPanel(true))?.querySelector<HTMLElement>(`[data-note="${note}"]`);
  if (!entry || entry.hasAttribute('data-quiet')) return;
  const title = $('b', entry)?.textContent?.trim() || document.title;
  const body = $('[data-words]', entry)?.textContent?.trim() ?? '';
  const shown = new Notification(title, { body, tag: `maru-${note}`, lang: document.documentElement.lang });
  shown.addEventListener('click', () => {
    window.focus();
    location.href = entry.dataset.href ?? location.href;
    shown.close();
  });
}

document.addEventListener('maru:event', event => {
  const told = (event as CustomEvent<Told>).detail;
  if (typeof told.unread === 'number') count(told.unread);
  if (!told.kind.startsWith('note.') || !told.note || !told.leader) return;
  if (mayOpen() && panelUrl() && !document.hasFocus()) void desktop(told.note);
});

onContent(() => {
  const button = $('[data-notify-ask]:not([data-ready])');
  if (!button || !('Notification' in window)) return;
  button.dataset.ready = '';
  button.hidden = Notification.permission === 'granted';
  button.addEventListener('click', () => {
    void Notification.requestPermission().then(answer => {
      button.hidden = answer === 'granted';
      toast(t(answer === 'granted' ? 'notify_on' : 'notify_denied'));
    });
  });
});
