import htmx from 'htmx.org';
import { $, $$ } from './core.ts';
import { covers, type LiveEvent } from './live-state.ts';

/**
 * Elements that keep themselves current: data-live="ticket.* presence" names kinds, data-live-ticket narrows them to
 * one ticket. They fetch data-live-url (else hx-get, else this page and their own id out of it) and are morphed in
 * place, so focus, scroll position, checked boxes and typed text stay. data-live-swap chooses another swap,
 * data-live-add a field that goes along.
 */

/** Asked from a node of its own: what a list says about its links (targets, addresses, the progress bar) is not for it. */
function messenger(): HTMLElement {
  const node = document.createElement('div');
  node.hidden = true;
  document.body.append(node);
  return node;
}

const waiting = new Map<HTMLElement, ReturnType<typeof setTimeout>>();
const busy = new WeakSet<HTMLElement>();

function wants(element: HTMLElement, event: LiveEvent): boolean {
  if (!covers(element.dataset.live ?? '', event.kind)) return false;
  const only = element.dataset.liveTicket;
  return !only || event.ticket === undefined || String(event.ticket) === only;
}

/** data-live-add names a field whose value the page has chosen meanwhile: it goes along. */
function withMore(element: HTMLElement, url: string | null): string | null {
  const field = element.dataset.liveAdd ? $<HTMLInputElement>(element.dataset.liveAdd) : null;
  if (!url || !field?.value) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${new URLSearchParams([[field.name, field.value]])}`;
}

async function refresh(element: HTMLElement): Promise<void> {
  waiting.delete(element);
  if (!element.isConnected) return;
  if (busy.has(element) || document.hidden) return later(element, 1000);
  const own = withMore(element, element.dataset.liveUrl || element.getAttribute('hx-get'));
  const swap = element.dataset.liveSwap ?? 'outerMorph';
  const source = messenger();
  busy.add(element);
  try {
    await htmx.ajax('GET', own || location.href, {
      source,
      target: element,
      swap,
      headers: { 'X-Live': '1' },
      ...(own ? {} : { select: `#${element.id}` }),
    } as never);
  } finally {
    source.remove();
    busy.delete(element);
  }
}

/** Several events in a row make one request; a little chance spreads the tabs of a big team. */
function later(element: HTMLElement, wait = 150 + Math.random() * 200): void {
  if (waiting.has(element)) return;
  waiting.set(
    element,
    setTimeout(() => void refresh(element), wait),
  );
}

document.addEventListener('maru:event', event => {
  const told = (event as CustomEvent<LiveEvent>).detail;
  for (const element of $$('[data-live]')) if (wants(element, told)) later(element);
});
document.addEventListener('maru:resync', () => {
  for (const element of $$('[data-live]')) later(element);
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  for (const [element, timer] of waiting) {
    clearTimeout(timer);
    waiting.delete(element);
    later(element, 50);
  }
});
