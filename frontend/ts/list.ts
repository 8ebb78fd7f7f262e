import { $, $$, t } from './core.ts';

/**
 * <m-list data-all="#all" data-bulk="#bulk" data-bulk-count="#bulk-n">: j and k walk the rows, x selects, a bar for
 * what is selected. It looks at the rows that are there, whoever put them there.
 */
export class List extends HTMLElement {
  private last: HTMLInputElement | undefined;

  connectedCallback(): void {
    this.addEventListener('change', () => this.bulk());
    this.addEventListener('click', event => this.range(event));
    this.all?.addEventListener('change', () => {
      for (const check of this.checks) check.checked = this.all!.checked;
      this.bulk();
    });
    document.addEventListener('htmx:after:swap', () => {
      if (this.isConnected) this.bulk();
    });
    this.bulk();
  }

  private get all(): HTMLInputElement | null {
    return $<HTMLInputElement>(this.dataset.all ?? '#all');
  }

  get links(): HTMLAnchorElement[] {
    return $$<HTMLAnchorElement>('.row-subj', this);
  }

  get checks(): HTMLInputElement[] {
    return $$<HTMLInputElement>('.row .check', this);
  }

  /** Put the focus `by` rows further, starting from the open ticket. */
  move(by: number): void {
    const links = this.links;
    const focused = links.indexOf(document.activeElement?.closest('.row')?.querySelector('.row-subj') as never);
    const open = links.findIndex(link => link.closest('[aria-current]'));
    const from = focused >= 0 ? focused : open;
    links[Math.max(0, Math.min(links.length - 1, from < 0 ? 0 : from + by))]?.focus();
  }

  open(): void {
    const row = document.activeElement?.closest('.row');
    if (row && this.contains(row)) $<HTMLAnchorElement>('.row-subj', row)?.click();
  }

  toggle(): void {
    const row = document.activeElement?.closest('.row') ?? $('.row[aria-current]', this);
    const check = row && $<HTMLInputElement>('.check', row);
    if (!check) return;
    check.checked = !check.checked;
    this.bulk();
  }

  clear(): void {
    for (const check of this.checks) check.checked = false;
    this.bulk();
  }

  get selecting(): boolean {
    return this.checks.some(check => check.checked);
  }

  private range(event: MouseEvent): void {
    const check = event.target as HTMLInputElement;
    if (!check.matches('.row .check')) return;
    const checks = this.checks;
    if (event.shiftKey && this.last) {
      const [from, to] = [checks.indexOf(this.last), checks.indexOf(check)].sort((a, b) => a - b) as [number, number];
      for (const between of checks.slice(from, to + 1)) between.checked = check.checked;
    }
    this.last = check;
  }

  private bulk(): void {
    const checks = this.checks;
    const n = checks.filter(check => check.checked).length;
    const bar = $(this.dataset.bulk ?? '#bulk');
    const count = $(this.dataset.bulkCount ?? '#bulk-n');
    this.classList.toggle('selecting', n > 0);
    if (bar) bar.hidden = n === 0;
    if (count) count.textContent = t('n_sel', { n });
    if (this.all) {
      this.all.checked = n > 0 && n === checks.length;
      this.all.indeterminate = n > 0 && n < checks.length;
    }
  }
}
customElements.define('m-list', List);

// The opened row is marked at once; the server's answer will say the same.
document.addEventListener('click', event => {
  const row = (event.target as Element).closest('.row-subj')?.closest('.row');
  if (!row || event.ctrlKey || event.metaKey) return;
  for (const other of $$('.row[aria-current]')) other.removeAttribute('aria-current');
  row.setAttribute('aria-current', 'true');
  row.removeAttribute('data-unread');
});
