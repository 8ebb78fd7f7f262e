import { $, say, t, toast } from './core.ts';
import { type LiveEvent, Tape } from './live-state.ts';

/**
 * One EventSource per browser, not per tab: the tab that holds the Web Lock owns it and passes events on.
 * The address stands in <meta name="maru-live" content="/desk/ab/live" data-after="123">. Each message is JSON with a
 * `kind`; its number is the event id. The browser resumes by Last-Event-ID, a new leader by ?after=N, and behind a
 * proxy that holds streams back everybody falls to polling ?poll=1&after=N, which answers a list or {events: […]}.
 * The server's first words to a page without a number are `hello`; `resync` when the gap is too wide.
 * Every tab hears `maru:event` on document, and `maru:resync` when it should look at everything anew.
 */

type Note = { from: string; event?: LiveEvent; ask?: number; resync?: true; newest?: number | undefined };

const PATIENCE = 12_000;
const POLL = 10_000;

class Live {
  private readonly url: string;
  private readonly tape: Tape;
  private readonly bus: BroadcastChannel;
  private readonly me = Math.random().toString(36).slice(2);
  private leading = false;
  private lost = false;
  private failures = 0;
  private refusedAt = -Infinity;

  constructor(url: string, after: number) {
    this.url = url;
    this.tape = new Tape(after);
    this.bus = new BroadcastChannel(`maru-live:${url}`);
    this.bus.onmessage = message => this.heard(message.data as Note);
  }

  start(): void {
    if (this.tape.last > 0) this.bus.postMessage({ from: this.me, ask: this.tape.last } satisfies Note);
    const lead = () => new Promise<void>(() => this.lead());
    if (navigator.locks) void navigator.locks.request(`maru-live:${this.url}`, lead);
    else this.lead();
    addEventListener('pageshow', event => {
      if (event.persisted) this.resync();
    });
  }

  private heard(note: Note): void {
    if (note.event) this.take(note.event);
    if (note.resync) {
      if (note.newest !== undefined) this.tape.restart(note.newest);
      this.tell('maru:resync', {});
    }
    if (note.ask === undefined || !this.leading) return;
    const missed = this.tape.since(note.ask);
    if (missed) for (const event of missed) this.bus.postMessage({ from: this.me, event } satisfies Note);
    else this.bus.postMessage({ from: this.me, resync: true } satisfies Note);
  }

  private take(event: LiveEvent): void {
    if (this.tape.take(event)) this.tell('maru:event', { ...event, leader: this.leading });
  }

  private pass(event: LiveEvent): void {
    const before = this.tape.last;
    this.take(event);
    if (event.id === undefined || event.id >= before) this.bus.postMessage({ from: this.me, event } satisfies Note);
  }

  /** Everything is looked at anew; `newest` is where the server stands. */
  private resync(newest?: number): void {
    if (newest !== undefined && Number.isFinite(newest)) this.tape.restart(newest);
    this.tell('maru:resync', {});
    this.bus.postMessage({ from: this.me, resync: true, newest } satisfies Note);
  }

  private tell(name: string, detail: object): void {
    document.dispatchEvent(new CustomEvent(name, { detail }));
  }

  private lead(): void {
    this.leading = true;
    this.open();
  }

  private address(more = ''): string {
    const mark = this.url.includes('?') ? '&' : '?';
    return `${this.url}${mark}after=${this.tape.last}${more}`;
  }

  private open(): void {
    const source = new EventSource(this.address());
    const silent = setTimeout(() => {
      source.close();
      void this.poll();
    }, PATIENCE);
    source.onopen = () => {
      clearTimeout(silent);
      this.failures = 0;
      this.online();
    };
    source.onerror = () => {
      this.failures += 1;
      if (this.failures === 2) this.offline();
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(silent);
      // The server refused the stream: polling tells whether we may still look.
      void this.poll();
    };
    source.onmessage = message => this.read(message);
    source.addEventListener('resync', message => this.read(message as MessageEvent<string>));
    addEventListener('pagehide', () => source.close(), { once: true });
    addEventListener('pageshow', event => {
      if (event.persisted && source.readyState === EventSource.CLOSED) this.open();
    });
  }

  private read(message: MessageEvent<string>): void {
    if (!message.data) return;
    const event = JSON.parse(message.data) as LiveEvent;
    // An event outside the log (presence) comes with the number of the one before it; it has none of its own.
    const id = Number(message.lastEventId);
    if (event.kind.startsWith('note.') && event.id === undefined && id > 0) event.id = id;
    this.hear(event);
  }

  private hear(event: LiveEvent): void {
    if (event.kind === 'resync') this.resync(Number(event.newest));
    else if (event.kind === 'hello') this.greeted(Number(event.newest));
    else if (event.kind) this.pass(event);
  }

  /** A page that came long before its stream may have missed something meanwhile. */
  private greeted(newest: number): void {
    if (performance.now() > 3000) this.resync(newest);
    else this.tape.restart(newest);
  }

  private async poll(): Promise<void> {
    for (let round = 0; ; round += 1) {
      try {
        const response = await fetch(this.address('&poll=1'), { headers: { Accept: 'application/json' } });
        if ([401, 403, 404].includes(response.status)) {
          this.waitForReturn(response.status);
          return;
        }
        if (response.ok) {
          const told = (await response.json()) as LiveEvent[] | { events?: LiveEvent[] };
          this.online();
          for (const event of Array.isArray(told) ? told : (told.events ?? [])) this.hear(event);
        }
      } catch {
        this.offline();
      }
      await new Promise(resolve => setTimeout(resolve, document.hidden ? POLL * 3 : POLL));
      // Now and then the stream is tried again: the proxy or the server may be back.
      if (round % 6 === 5 && !this.lost) return this.open();
    }
  }

  /** Locked or signed out: once somebody has proven who he is, everything missed meanwhile is told. */
  private waitForReturn(status: number): void {
    // Told to go on though refused again and again, it does not ask faster than a page that polls.
    const wait = performance.now() - this.refusedAt < 2 * POLL ? POLL : 0;
    this.refusedAt = performance.now();
    document.addEventListener('maru:awake', () => setTimeout(() => this.open(), wait), { once: true });
    document.dispatchEvent(new CustomEvent('maru:signed-out'));
    if (!wait && (status !== 401 || !$('#idle-lock'))) toast(t('session_over'), { danger: true, seconds: 30 });
  }

  private offline(): void {
    if (this.lost) return;
    this.lost = true;
    this.banner(t('net_lost'));
    say(t('net_lost'));
  }

  private online(): void {
    if (!this.lost) return;
    this.lost = false;
    this.banner('');
    toast(t('net_back'));
    this.tell('maru:resync', {});
  }

  private banner(text: string): void {
    const line = $('#net');
    if (!line) return;
    line.hidden = !text;
    const words = $('[data-text]', line);
    if (words) words.textContent = text;
  }
}

const meta = $<HTMLMetaElement>('meta[name="maru-live"]');
if (meta?.content) new Live(meta.content, Number(meta.dataset.after ?? 0)).start();
