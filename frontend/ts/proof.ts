import { $, t } from './core.ts';
import type { Challenge } from './solve.ts';

/**
 * <m-pow data-url="…">: fetches a challenge when the form is first touched, solves it, and fills the hidden field.
 * A form sent earlier waits. `data-challenge` carries a challenge the page already has.
 */
class Proof extends HTMLElement {
  private solving: Promise<void> | undefined;

  connectedCallback(): void {
    const form = this.closest('form');
    if (!form || !(this.dataset.url || this.dataset.challenge)) return;
    form.addEventListener('focusin', () => void this.solve(), { once: true });
    form.addEventListener(
      'submit',
      event => {
        if (this.field.value) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const submitter = (event as SubmitEvent).submitter;
        void this.solve().then(() => {
          if (this.field.value) form.requestSubmit(submitter);
        });
      },
      true,
    );
  }

  get field(): HTMLInputElement {
    return $<HTMLInputElement>('input[type="hidden"]', this)!;
  }

  solve(): Promise<void> {
    return (this.solving ??= this.work().catch(() => {
      this.solving = undefined;
      this.tell(t('pow_failed'));
    }));
  }

  private async work(): Promise<void> {
    this.tell(t('pow_working'));
    const [challenge, { prove }] = await Promise.all([this.challenge(), import('./pow.ts')]);
    this.field.value = await prove(challenge);
    this.tell(t('pow_done'));
  }

  private async challenge(): Promise<Challenge> {
    if (this.dataset.challenge) return JSON.parse(this.dataset.challenge) as Challenge;
    const response = await fetch(this.dataset.url!, { headers: { Accept: 'application/json' } });
    if (!response.ok) throw new Error(String(response.status));
    return (await response.json()) as Challenge;
  }

  private tell(text: string): void {
    const line = $('[data-text]', this);
    if (line) line.textContent = text;
  }
}
customElements.define('m-pow', Proof);
