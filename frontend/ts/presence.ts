import { $, csrf, post, t } from './core.ts';
import type { LiveEvent } from './live-state.ts';

interface Viewer {
  name: string;
  typing?: boolean;
  picture?: string;
}

const BEAT = 15_000;
const TYPING = 8_000;

/**
 * <m-presence data-presence-url="…" data-ticket="T…">: says every few seconds that this person looks at the ticket and
 * whether they are typing, and shows who else is here. Server answers {viewers: [{name, typing}]} without the asker;
 * a live event of kind "presence" for this ticket asks again at once.
 */
class Presence extends HTMLElement {
  private timer: ReturnType<typeof setInterval> | undefined;
  private typed = 0;
  private told = false;
  private readonly onInput = (event: Event) => {
    if (!(event.target as Element).closest('m-composer')) return;
    this.typed = Date.now();
    if (!this.told) void this.beat();
  };
  private readonly onEvent = (event: Event) => {
    const told = (event as CustomEvent<LiveEvent>).detail;
    if (told.kind !== 'presence' || String(told.ticket) !== this.dataset.ticket) return;
    if (Array.isArray(told.viewers)) this.show(told.viewers as Viewer[]);
    else void this.beat();
  };
  private readonly onLeave = () => {
    const url = this.dataset.presenceUrl;
    if (!url) return;
    const body = new FormData();
    body.set('gone', '1');
    body.set('csrfmiddlewaretoken', csrf());
    navigator.sendBeacon(url, body);
  };

  connectedCallback(): void {
    this.timer = setInterval(() => {
      if (!document.hidden) void this.beat();
    }, BEAT);
    document.addEventListener('input', this.onInput);
    document.addEventListener('maru:event', this.onEvent);
    addEventListener('pagehide', this.onLeave);
    void this.beat();
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener('input', this.onInput);
    document.removeEventListener('maru:event', this.onEvent);
    removeEventListener('pagehide', this.onLeave);
    this.onLeave();
  }

  private async beat(): Promise<void> {
    const url = this.dataset.presenceUrl;
    if (!url) return;
    const typing = Date.now() - this.typed < TYPING;
    this.told = typing;
    try {
      const response = await post(url, new URLSearchParams({ typing: typing ? '1' : '0' }), { 'X-Live': '1' });
      const answer = (await response.json()) as { viewers?: Viewer[] };
      this.show(answer.viewers ?? []);
    } catch {
      // The next beat tries again; live.ts tells when the line is down.
    }
  }

  private show(viewers: Viewer[]): void {
    this.hidden = viewers.length === 0;
    const line = $('[data-text]', this);
    if (!line || viewers.length === 0) return;
    const names = viewers.map(viewer => viewer.name).join(', ');
    const typing = viewers.some(viewer => viewer.typing);
    const text = t(viewers.length > 1 ? 'viewing_many' : 'viewing_one', { names });
    const full = typing ? `${text} · ${t('typing')}` : text;
    if (line.textContent !== full) line.textContent = full;
    this.toggleAttribute('data-typing', typing);
  }
}
customElements.define('m-presence', Presence);
