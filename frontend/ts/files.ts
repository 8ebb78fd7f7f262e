import { $, $$, say, t } from './core.ts';
import { type Limits, problemWith, sizeText } from './limits.ts';

/**
 * <m-files>: a file input with drop, a list of what is chosen, and limits told at once.
 * The files stay in the native input (DataTransfer), so that the form is sent like any other.
 */
export class Files extends HTMLElement {
  private chosen = new DataTransfer();

  get input(): HTMLInputElement {
    return $<HTMLInputElement>('input[type="file"]', this)!;
  }

  get limits(): Limits {
    return {
      maxFiles: Number(this.dataset.maxFiles ?? 5),
      maxBytes: Number(this.dataset.maxMb ?? 10) * 1048576,
      accept: this.input.accept.split(',').map(rule => rule.trim().toLowerCase()).filter(Boolean),
    };
  }

  get count(): number {
    return this.chosen.files.length;
  }

  connectedCallback(): void {
    this.addEventListener('change', event => {
      if (event.target !== this.input) return;
      const added = [...(this.input.files ?? [])];
      this.input.files = this.chosen.files;
      this.add(added);
    });
    const zone = this.closest<HTMLElement>('[data-drop-zone]') ?? this;
    const drop = $('.drop', this);
    zone.addEventListener('dragover', event => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      drop?.setAttribute('data-over', '');
    });
    zone.addEventListener('dragleave', () => drop?.removeAttribute('data-over'));
    zone.addEventListener('drop', event => {
      drop?.removeAttribute('data-over');
      if (event.defaultPrevented || !event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
    this.closest('form')?.addEventListener('reset', () => this.clear());
  }

  /** Take files in, as far as the limits allow; the rest is named in the error line. */
  add(files: File[]): void {
    const errors: string[] = [];
    for (const file of files) {
      const limits = this.limits;
      if (limits.maxFiles === 1) this.chosen.items.clear();
      const problem = problemWith(file, this.count, limits);
      if (problem) {
        const args = { name: file.name, n: limits.maxFiles, size: sizeText(file.size), max: sizeText(limits.maxBytes) };
        errors.push(t(problem, args));
      } else {
        this.chosen.items.add(file);
        say(t('file_added', { name: file.name }));
      }
    }
    this.show(errors.join(' '));
  }

  clear(): void {
    this.chosen.items.clear();
    this.show('');
  }

  private drop(at: number): void {
    const name = this.chosen.files[at]?.name ?? '';
    this.chosen.items.remove(at);
    this.show('');
    say(t('file_removed', { name }));
    ($$('button', this)[at] ?? this.input).focus();
  }

  private show(error: string): void {
    this.input.files = this.chosen.files;
    const list = $('[data-list]', this);
    list?.replaceChildren(...[...this.chosen.files].map((file, at) => this.line(file, at)));
    const line = $('[data-error]', this);
    if (line) {
      line.hidden = !error;
      line.textContent = error;
    }
    this.dispatchEvent(new CustomEvent('maru:files', { bubbles: true, detail: { count: this.count } }));
  }

  private line(file: File, at: number): HTMLLIElement {
    const item = document.createElement('li');
    item.className = 'file';
    if (/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      const picture = document.createElement('img');
      picture.alt = '';
      picture.src = URL.createObjectURL(file);
      picture.addEventListener('load', () => URL.revokeObjectURL(picture.src));
      item.append(picture);
    }
    const name = document.createElement('b');
    name.textContent = file.name;
    const size = document.createElement('span');
    size.className = 'num';
    size.textContent = sizeText(file.size);
    const remove = document.createElement('button');
    remove.type = 'button';
    remove.className = 'btn btn-ghost btn-icon btn-sm';
    remove.setAttribute('aria-label', t('file_remove', { name: file.name }));
    remove.textContent = '×';
    remove.addEventListener('click', () => this.drop(at));
    item.append(name, size, remove);
    return item;
  }
}
customElements.define('m-files', Files);
