import { $, $$, t } from './core.ts';
import { spanText } from './spans.ts';

let timer: ReturnType<typeof setInterval> | undefined;

/** <m-sla due="2026-11-21T10:00:00+00:00">: counts down, all on one timer, with the server's thresholds. */
class Sla extends HTMLElement {
  connectedCallback(): void {
    timer ??= setInterval(() => $$<Sla>('m-sla').forEach(item => item.tick()), 30_000);
  }

  tick(): void {
    const due = Date.parse(this.getAttribute('due') ?? '');
    if (Number.isNaN(due)) return;
    const minutes = Math.floor((due - Date.now()) / 60_000);
    const text = $('[data-t]', this);
    if (text) text.textContent = t(minutes < 0 ? 'sla_over' : 'sla_left', { t: spanText(minutes) });
    this.className = `sla sla-${minutes < 0 ? 'over' : minutes <= 60 ? 'soon' : 'ok'}`;
  }
}
customElements.define('m-sla', Sla);
