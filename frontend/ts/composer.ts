import { $, $$, say, t, toast } from './core.ts';
import { type Draft, Drafts, isEmpty } from './drafts.ts';
import type { MaruEditor } from './editor.ts';
import type { Files } from './files.ts';
import { composing } from './keys.ts';

/**
 * <m-composer>: a plain textarea that works by itself; the rich editor is a chunk of its own, fetched when the page is
 * idle (wide screens) or on first focus. Attributes: data-mode, data-key (for the draft), data-draft-url,
 * data-upload-url (answers {id, url}), data-mentions-url (answers {items: [{id, name, note}]}).
 * The form sends body, format ("html" or "text"), mode ("reply" or "note") and the button pressed.
 */
export class Composer extends HTMLElement {
  editor: MaruEditor | undefined;
  private loading: Promise<void> | undefined;
  private drafts: Drafts | undefined;
  private sending = false;
  private isComposing = false;

  connectedCallback(): void {
    if (this.drafts) return;
    this.setAttribute('hx-morph-skip', '');
    const key = this.dataset.key ?? location.pathname;
    this.drafts = new Drafts(key, this.dataset.draftUrl ?? '', text => this.tell(text));
    this.restore();
    this.addEventListener('click', event => this.clicked(event));
    this.addEventListener('keydown', event => this.key(event), true);
    this.addEventListener('input', () => this.keep());
    this.addEventListener('compositionstart', () => (this.isComposing = true));
    this.addEventListener('compositionend', () => (this.isComposing = false));
    this.addEventListener('focusin', () => {
      this.dataset.open = '';
      void this.enhance();
    });
    document.addEventListener('pointerdown', this.onOutside);
    this.addEventListener('formdata', event => this.fill((event as FormDataEvent).formData));
    this.addEventListener('submit', event => this.submitting(event), true);
    this.addEventListener('htmx:after:request', event => this.answered(event as CustomEvent));
    this.addEventListener('htmx:error', () => this.failed());
    const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200));
    if (matchMedia('(min-width: 64rem)').matches) idle(() => void this.enhance());
    this.setMode(this.mode);
  }

  disconnectedCallback(): void {
    document.removeEventListener('pointerdown', this.onOutside);
    // Moved nodes reconnect at once; only a real goodbye ends the editor.
    queueMicrotask(() => {
      if (!this.isConnected) this.editor?.destroy();
    });
  }

  private readonly onOutside = (event: PointerEvent): void => {
    const target = event.target as Element;
    if (this.contains(target) || target.closest('.menu, dialog, .mentions')) return;
    if (isEmpty(this.body)) delete this.dataset.open;
  };

  get mode(): string {
    return this.dataset.mode ?? 'reply';
  }

  get area(): HTMLTextAreaElement {
    return $<HTMLTextAreaElement>('textarea', this)!;
  }

  get body(): string {
    return this.editor ? this.editor.html() : this.area.value;
  }

  get files(): Files | null {
    return $<Files>('m-files', this);
  }

  /** Bring the editor in; the textarea stays in the form for its name. */
  enhance(): Promise<void> {
    return (this.loading ??= import('./editor.ts')
      .then(async ({ MaruEditor }) => {
        await this.composed();
        const host = $('[data-editor]', this)!;
        const area = this.area;
        const focused = document.activeElement === area;
        const start = area.dataset.format === 'html' ? { html: area.value } : { text: area.value };
        this.editor = new MaruEditor(host, {
          start,
          placeholder: () => this.placeholder(),
          label: area.getAttribute('aria-label') ?? '',
          uploadUrl: this.dataset.uploadUrl ?? '',
          mentionsUrl: () => (this.mode === 'note' ? (this.dataset.mentionsUrl ?? '') : ''),
          templatesUrl: this.dataset.templatesUrl ?? '',
          attach: files => this.attach(files),
          changed: () => this.keep(),
        });
        area.hidden = true;
        if (focused) this.editor.focus();
      })
      .catch(() => {
        // Without the chunk the textarea goes on working.
        this.loading = undefined;
      }));
  }

  /** Taking the textarea away in the middle of a syllable would lose it. */
  private async composed(): Promise<void> {
    if (this.isComposing) await new Promise(done => this.area.addEventListener('compositionend', done, { once: true }));
  }

  setMode(mode: string): void {
    this.dataset.mode = mode;
    const field = $<HTMLInputElement>('[name="mode"]', this);
    if (field) field.value = mode;
    for (const tab of $$('[data-tab]', this)) {
      const on = tab.dataset.tab === mode;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
      if (on) $('[role="tabpanel"]', this)?.setAttribute('aria-labelledby', tab.id);
    }
    for (const part of $$('[data-only]', this)) part.hidden = part.dataset.only !== mode;
    this.area.placeholder = this.placeholder();
    this.editor?.refresh();
  }

  /** Open in a mode and put the cursor in: the R and N keys. */
  write(mode: string): void {
    if ($(`[data-tab="${mode}"]`, this)) this.setMode(mode);
    // At once, not a frame later: whoever presses the key goes on typing. What the textarea got moves into the editor.
    if (this.editor) this.editor.focus();
    else this.area.focus();
    void this.enhance();
  }

  async insert(text: string): Promise<void> {
    await this.enhance();
    if (this.editor) this.editor.insert(text);
    else this.area.setRangeText(text);
    this.keep();
  }

  private placeholder(): string {
    const given = this.dataset[this.mode === 'note' ? 'phNote' : 'phReply'];
    return given ?? t(this.mode === 'note' ? 'ph_note' : 'ph_reply');
  }

  private restore(): void {
    const draft = this.drafts?.load();
    if (!draft || this.area.value.trim()) return;
    this.area.value = draft.body;
    this.area.dataset.format = draft.format;
    if ($(`[data-tab="${draft.mode}"]`, this)) this.dataset.mode = draft.mode;
    if (draft.format === 'html') void this.enhance();
    this.tell(t('draft_restored'));
  }

  private keep(): void {
    if (this.sending) return;
    const draft: Draft = { mode: this.mode, body: this.body, format: this.editor ? 'html' : 'text' };
    this.drafts?.keep(draft);
  }

  private attach(files: File[]): void {
    this.files?.add(files);
  }

  private tell(text: string): void {
    const line = $('[data-draft]', this);
    if (line) line.textContent = text;
  }

  private clicked(event: MouseEvent): void {
    const target = event.target as Element;
    const format = target.closest('[data-fmt-toggle]');
    if (format) format.setAttribute('aria-pressed', String(this.toggleAttribute('data-fmt')));
    if (target.closest('[data-expand]')) this.toggleAttribute('data-tall');
    if (target.closest('[data-attach]')) this.files?.input.click();
    const tab = target.closest<HTMLElement>('[data-tab]');
    if (tab) this.write(tab.dataset.tab!);
    const command = target.closest<HTMLElement>('[data-cmd]')?.dataset.cmd;
    if (command) void this.enhance().then(() => this.editor?.run(command));
  }

  private key(event: KeyboardEvent): void {
    const tab = (event.target as Element).closest<HTMLElement>('[role="tab"]');
    if (tab && /^Arrow(Left|Right)$/.test(event.key)) {
      const tabs = $$('[data-tab]', this);
      const step = event.key === 'ArrowRight' ? 1 : -1;
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]!;
      this.setMode(next.dataset.tab!);
      next.focus();
      return;
    }
    // Enter alone never sends; and no Enter at all while a syllable is being composed.
    if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (composing(event)) return;
    const group = $(`.send:not([hidden])`, this);
    const wanted = event.shiftKey ? $<HTMLButtonElement>('[data-keep]', group ?? this) : null;
    (wanted ?? $<HTMLButtonElement>('.btn-primary', group ?? this))?.click();
  }

  /** The native event: the same for htmx and for a plain submit. */
  private fill(data: FormData): void {
    if (!this.editor) return;
    data.set('body', this.editor.html());
    data.set('format', 'html');
  }

  private submitting(event: Event): void {
    const submitter = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    if (this.editor?.uploading) {
      event.preventDefault();
      event.stopImmediatePropagation();
      toast(t('upload_pending'));
      return;
    }
    if (isEmpty(this.body) && !this.files?.count && !submitter?.hasAttribute('formnovalidate')) {
      event.preventDefault();
      event.stopImmediatePropagation();
      say(t('empty_message'));
      this.tell(t('empty_message'));
      this.write(this.mode);
      return;
    }
    if (this.sending) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    this.sending = true;
    this.busy(true);
    // A plain page load ends this script anyway; otherwise the answer frees the buttons.
    setTimeout(() => this.busy(false), 15_000);
  }

  private busy(on: boolean): void {
    if (!on) this.sending = false;
    for (const button of $$('.send .btn', this)) {
      if (on) button.setAttribute('aria-disabled', 'true');
      else button.removeAttribute('aria-disabled');
    }
  }

  private answered(event: CustomEvent): void {
    const ctx = (event.detail as { ctx?: { response?: { status: number }; sourceElement?: Element } }).ctx;
    if (!(ctx?.sourceElement instanceof HTMLFormElement)) return;
    const sent = this.sending;
    this.busy(false);
    if (!sent || (ctx.response?.status ?? 500) >= 300) return;
    this.clear();
    toast(t(this.mode === 'note' ? 'noted' : 'sent'));
  }

  private failed(): void {
    if (!this.sending) return;
    this.busy(false);
  }

  clear(): void {
    this.editor?.clear();
    this.area.value = '';
    this.files?.clear();
    this.drafts?.drop();
  }
}
customElements.define('m-composer', Composer);

document.addEventListener('click', event => {
  const template = (event.target as Element).closest<HTMLElement>('[data-template]');
  if (!template) return;
  void $<Composer>('m-composer')?.insert(template.dataset.template!);
});

document.addEventListener('dblclick', event => {
  const code = (event.target as Element).closest<HTMLElement>('[data-insert-twice]');
  if (!code || (event.target as Element).closest('button')) return;
  void $<Composer>('m-composer')?.insert(code.dataset.insertTwice!);
});
