import { $, $$, csrf, say, t } from './core.ts';
import { type Session, warningWord, Watch } from './idle-state.ts';

/**
 * The desk locks when nobody does anything for as long as the organization has set:
 * <meta name="maru-idle" content="/desk/ab/awake" data-left="1800" data-account="7">. The server decides; this file tells it
 * at most twice a minute that somebody types, points or scrolls, warns before the lock, and opens it in place, so that
 * whatever is typed stays. Tabs of one browser tell each other. What a page fetches by itself never counts as a deed.
 */

const TICK = 5_000;
const DEEDS = ['pointerdown', 'keydown', 'wheel', 'touchstart', 'input', 'pointermove'];

class Idle {
  private readonly url: string;
  private readonly account: string;
  private readonly watch: Watch;
  private readonly bus = new BroadcastChannel('maru-idle');
  private readonly lock = $<HTMLDialogElement>('#idle-lock')!;
  private readonly warning = $('#idle-warn')!;
  private asking = false;
  /** Something on this page was told 401 and waits to hear that it may go on. */
  private refused = false;

  constructor(meta: HTMLMetaElement) {
    this.url = meta.content;
    this.account = meta.dataset.account ?? '';
    this.watch = new Watch(Number(meta.dataset.left) * 1000, Date.now());
  }

  start(): void {
    for (const name of DEEDS) {
      document.addEventListener(name, event => event.isTrusted && this.deed(), { capture: true, passive: true });
    }
    this.bus.onmessage = message => {
      // Another tab knows how long it still is, or has been told that it is over.
      if (message.data === 'awake' || message.data === 'locked') void this.ask(false);
    };
    for (const name of ['visibilitychange', 'focus', 'pageshow', 'online']) {
      addEventListener(name, () => void (this.isShown() && this.look()));
    }
    document.addEventListener('maru:signed-out', () => {
      this.refused = true;
      void this.ask(false);
    });
    setInterval(() => void this.look(), TICK);
    $('[data-idle-stay]', this.warning)!.addEventListener('click', () => void this.ask(true));
    $('[data-idle-reload]', this.lock)!.addEventListener('click', () => location.reload());
    this.lock.addEventListener('cancel', event => event.preventDefault());
    // Some browsers close a dialog on the second Escape whatever is asked.
    this.lock.addEventListener('close', () => this.watch.isLocked && this.lock.showModal());
    $('form', this.lock)!.addEventListener('submit', event => {
      event.preventDefault();
      void this.unlock(event.target as HTMLFormElement);
    });
  }

  private isShown(): boolean {
    return document.visibilityState === 'visible';
  }

  private deed(): void {
    if (this.watch.isLocked) return;
    this.watch.deed(Date.now());
    if (!this.warning.hidden) void this.ask(true);
  }

  private async look(): Promise<void> {
    const now = Date.now();
    if (this.watch.isLocked) {
      if (this.isShown()) await this.ask(false);
      return;
    }
    if (this.watch.mustTell(now)) await this.ask(true);
    else if (this.watch.mustAsk(now)) await this.ask(false);
    this.warn(Date.now());
  }

  /** How the session stands; `here` says that somebody is at this page. */
  private async ask(here: boolean): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    const headers: Record<string, string> = { Accept: 'application/json', 'X-CSRFToken': csrf() };
    if (!here) headers['X-Live'] = '1';
    try {
      const response = await fetch(this.url, { method: here ? 'POST' : 'GET', headers });
      if (response.status === 404) this.shut('other');
      else if (response.ok) this.hear((await response.json()) as Session, here);
      // A form token that is too old: the next question, without one, brings a new one.
      else if (response.status === 403) this.watch.askSoon();
    } catch {
      // Without a line nothing is known; live.ts says so.
    } finally {
      this.asking = false;
    }
  }

  private hear(session: Session, told: boolean): void {
    const wasLocked = this.watch.isLocked;
    this.watch.hear(session, Date.now(), told);
    if (session.state !== 'awake') {
      this.shut(session.state === 'out' ? 'out' : 'locked');
      return;
    }
    if (String(session.account) !== this.account) {
      this.shut('other');
      return;
    }
    renew(session.csrf);
    if (wasLocked) this.open();
    else if (this.refused) this.goOn();
    if (told && !this.warning.hidden) this.bus.postMessage('awake');
    this.warn(Date.now());
  }

  private warn(now: number): void {
    const left = this.watch.warning(now);
    const was = this.warning.hidden;
    this.warning.hidden = left === undefined;
    if (left === undefined) return;
    const [word, n] = warningWord(left);
    const text = t(word, { n });
    // Read out once, not at each tick.
    if (was) say(text);
    $('[data-text]', this.warning)!.textContent = text;
  }

  private shut(state: 'locked' | 'out' | 'other'): void {
    this.warning.hidden = true;
    for (const part of $$('[data-state]', this.lock)) part.hidden = part.dataset.state !== state;
    if (this.watch.isLocked && this.lock.open) return;
    this.watch.isLocked = true;
    this.bus.postMessage('locked');
    for (const menu of $$('[popover]:popover-open')) menu.hidePopover();
    if (!this.lock.open) this.lock.showModal();
    if (state === 'locked') $('#idle-password')!.focus();
  }

  private open(): void {
    this.complain('');
    this.lock.close();
    this.bus.postMessage('awake');
    this.goOn();
    say(t('unlocked'));
  }

  /** Also without a lock: another tab may have opened it before this one was asked. */
  private goOn(): void {
    this.refused = false;
    document.dispatchEvent(new CustomEvent('maru:awake'));
  }

  private async unlock(form: HTMLFormElement): Promise<void> {
    const field = $<HTMLInputElement>('#idle-password')!;
    const headers = { Accept: 'application/json', 'X-CSRFToken': csrf(), 'X-Requested-With': 'fetch' };
    const body = new URLSearchParams({ password: field.value });
    this.complain('');
    try {
      const response = await fetch(form.action, { method: 'POST', headers, body });
      const told = (await response.json().catch(() => ({}))) as { detail?: string };
      if (response.ok) field.value = '';
      else if (response.status !== 401) {
        this.complain(told.detail ?? t('server_error', { status: response.status }));
        field.select();
        return;
      }
      await this.ask(false);
    } catch {
      this.complain(t('net_error'));
    }
  }

  private complain(text: string): void {
    const line = $('#idle-error')!;
    line.hidden = !text;
    $('[data-error]', line)!.textContent = text;
    $('#idle-password')!.setAttribute('aria-invalid', String(text !== ''));
  }
}

/** Signing in anew gives a new form token: the page goes on with it. */
function renew(token: string): void {
  if (token === csrf()) return;
  $<HTMLMetaElement>('meta[name="csrf"]')!.content = token;
  for (const field of $$<HTMLInputElement>('input[name="csrfmiddlewaretoken"]')) field.value = token;
  document.body.setAttribute('hx-headers:inherited', JSON.stringify({ 'X-CSRFToken': token }));
}

const meta = $<HTMLMetaElement>('meta[name="maru-idle"]');
if (meta?.content && $('#idle-lock')) new Idle(meta).start();
