import { $, say } from './core.ts';

const EVERY_MS = 15_000;

/**
 * <m-progress data-url="…">: asks every 15 seconds, while somebody looks, whether the progress has changed. The server
 * answers 304 when it has not; without scripts the page shows what was true when it was opened.
 */
class Progress extends HTMLElement {
  private timer: ReturnType<typeof setInterval> | undefined;
  private tag = '';
  private asking = false;

  connectedCallback(): void {
    this.tag = this.dataset.tag ?? '';
    this.timer = setInterval(() => void this.ask(), EVERY_MS);
    document.addEventListener('visibilitychange', this.back);
  }

  disconnectedCallback(): void {
    clearInterval(this.timer);
    document.removeEventListener('visibilitychange', this.back);
  }

  private readonly back = (): void => {
    if (!document.hidden) void this.ask();
  };

  private async ask(): Promise<void> {
    if (document.hidden || this.asking || !this.dataset.url) return;
    this.asking = true;
    try {
      const response = await fetch(this.dataset.url, { headers: { 'If-None-Match': this.tag }, cache: 'no-store' });
      if (response.status !== 200) return;
      this.tag = response.headers.get('ETag') ?? '';
      const before = $('[data-say]', this)?.textContent;
      this.innerHTML = await response.text();
      const now = $('[data-say]', this)?.textContent;
      say((now !== before ? now : this.dataset.said) ?? '');
    } catch {
      // Offline: the next turn asks again.
    } finally {
      this.asking = false;
    }
  }
}
customElements.define('m-progress', Progress);

// A form is sent once, however often the button is pressed; the server would make one ticket of it anyway.
for (const form of document.querySelectorAll<HTMLFormElement>('form[data-busy]')) {
  form.addEventListener('submit', event => {
    if (event.defaultPrevented) return;
    if (form.ariaBusy === 'true') {
      event.preventDefault();
      return;
    }
    form.ariaBusy = 'true';
    setTimeout(() => (form.ariaBusy = null), 20_000);
  });
}
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-busy]')) form.ariaBusy = null;
});
