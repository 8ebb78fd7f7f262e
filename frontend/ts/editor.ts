import { Editor, type Extensions } from '@tiptap/core';
import { Blockquote } from '@tiptap/extension-blockquote';
import { Bold } from '@tiptap/extension-bold';
import { Code } from '@tiptap/extension-code';
import { Document } from '@tiptap/extension-document';
import { HardBreak } from '@tiptap/extension-hard-break';
import { Image } from '@tiptap/extension-image';
import { Italic } from '@tiptap/extension-italic';
import { Link } from '@tiptap/extension-link';
import { BulletList, ListItem, OrderedList } from '@tiptap/extension-list';
import { Mention } from '@tiptap/extension-mention';
import { Paragraph } from '@tiptap/extension-paragraph';
import { Text } from '@tiptap/extension-text';
import { Underline } from '@tiptap/extension-underline';
import { Dropcursor, Placeholder, UndoRedo } from '@tiptap/extensions';
import { Selection } from '@tiptap/pm/state';
import { post, Refused, t, toast } from './core.ts';
import { askText } from './dialogs.ts';
import { mentionSuggestion } from './mentions.ts';
import { Slash } from './slash.ts';

export interface EditorOptions {
  start: { html?: string; text?: string };
  placeholder: () => string;
  label: string;
  uploadUrl: string;
  mentionsUrl: () => string;
  templatesUrl: string;
  attach: (files: File[]) => void;
  changed: () => void;
}

const InlineImage = Image.extend({
  addAttributes() {
    return { ...this.parent?.(), 'data-id': { default: null }, 'data-busy': { default: null, rendered: false } };
  },
});

const escapeHtml = (text: string): string => text.replace(/[&<>]/g, sign => `&#${sign.charCodeAt(0)};`);

const paragraphs = (text: string): string =>
  text
    .split(/\n{2,}/)
    .map(part => `<p>${escapeHtml(part).replace(/\n/g, '<br>')}</p>`)
    .join('');

/** The mail editor: a small schema of what mail clients show; pictures go to the server at once, never as data: URLs. */
export class MaruEditor {
  uploading = 0;
  private readonly editor: Editor;
  private readonly options: EditorOptions;

  constructor(host: HTMLElement, options: EditorOptions) {
    this.options = options;
    this.editor = new Editor({
      element: host,
      injectCSS: false,
      content: options.start.html ?? (options.start.text ? paragraphs(options.start.text) : ''),
      extensions: this.extensions(),
      onUpdate: () => options.changed(),
      editorProps: {
        attributes: {
          'aria-label': options.label || options.placeholder(),
          role: 'textbox',
          'aria-multiline': 'true',
        },
        handlePaste: (_view, event) => this.take(event.clipboardData?.files),
        handleDrop: (_view, event) => this.take((event as DragEvent).dataTransfer?.files),
      },
    });
  }

  private extensions(): Extensions {
    const { placeholder, mentionsUrl, templatesUrl } = this.options;
    return [
      Document,
      Paragraph,
      Text,
      Bold,
      Italic,
      Underline,
      Code,
      BulletList,
      OrderedList,
      ListItem,
      Blockquote,
      HardBreak,
      UndoRedo,
      Dropcursor,
      Link.configure({ openOnClick: false, protocols: ['mailto', 'tel'], HTMLAttributes: { rel: 'noopener nofollow' } }),
      InlineImage.configure({ inline: true, allowBase64: false }),
      Mention.configure({ HTMLAttributes: { class: 'mention' }, suggestion: mentionSuggestion(mentionsUrl) }),
      Slash.configure({ url: templatesUrl }),
      Placeholder.configure({ placeholder: () => placeholder(), showOnlyCurrent: true }),
    ];
  }

  /** Pasted or dropped pictures go into the text, other files to the attachments. */
  private take(list: FileList | undefined | null): boolean {
    const files = [...(list ?? [])];
    if (files.length === 0) return false;
    const pictures = this.options.uploadUrl ? files.filter(file => /^image\/(png|jpe?g|gif|webp)$/.test(file.type)) : [];
    const others = files.filter(file => !pictures.includes(file));
    if (others.length > 0) this.options.attach(others);
    for (const picture of pictures) void this.upload(picture);
    return true;
  }

  private async upload(file: File): Promise<void> {
    const name = file.name || 'image';
    const most = 10 * 1048576;
    if (file.size > most) {
      toast(t('file_too_big', { name, size: `${(file.size / 1048576).toFixed(1)} MB`, max: '10 MB' }), { danger: true });
      return;
    }
    this.uploading += 1;
    const note = toast(t('uploading', { name }), { seconds: 60 });
    const body = new FormData();
    body.set('file', file, name);
    try {
      const answer = (await (await post(this.options.uploadUrl, body)).json()) as { id: string | number; url: string };
      const attrs = { src: answer.url, alt: name, 'data-id': String(answer.id) };
      this.editor.chain().focus().insertContent({ type: 'image', attrs }).run();
    } catch (problem) {
      const why = problem instanceof Refused ? ` ${problem.message}` : '';
      toast(t('upload_failed', { name }) + why, { danger: true, seconds: 9 });
    } finally {
      this.uploading -= 1;
      note?.remove();
    }
  }

  run(command: string): void {
    const chain = this.editor.chain().focus();
    if (command === 'bold') chain.toggleBold().run();
    else if (command === 'italic') chain.toggleItalic().run();
    else if (command === 'underline') chain.toggleUnderline().run();
    else if (command === 'code') chain.toggleCode().run();
    else if (command === 'bulletList') chain.toggleBulletList().run();
    else if (command === 'orderedList') chain.toggleOrderedList().run();
    else if (command === 'blockquote') chain.toggleBlockquote().run();
    else if (command === 'mention') chain.insertContent('@').run();
    else if (command === 'image') this.choose();
    else if (command === 'link') void this.link();
  }

  private choose(): void {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = 'image/png,image/jpeg,image/gif,image/webp';
    input.multiple = true;
    input.addEventListener('change', () => this.take(input.files));
    input.click();
  }

  private async link(): Promise<void> {
    const before = String(this.editor.getAttributes('link').href ?? '');
    const given = await askText(t('link_ask'), before, t('link_set'));
    if (given === undefined) return;
    const chain = this.editor.chain().focus().extendMarkRange('link');
    if (!given) {
      chain.unsetLink().run();
      return;
    }
    const href = /^(https?:|mailto:|tel:)/i.test(given) ? given : `https://${given}`;
    if (this.editor.state.selection.empty && !before) {
      chain.insertContent({ type: 'text', text: given, marks: [{ type: 'link', attrs: { href } }] }).run();
    } else {
      chain.setLink({ href }).run();
    }
  }

  html(): string {
    return this.editor.isEmpty ? '' : this.editor.getHTML();
  }

  insert(text: string): void {
    const oneLine = { type: 'text', text };
    const content = /^\s*</.test(text) ? text : text.includes('\n') ? paragraphs(text) : oneLine;
    this.editor.chain().focus().insertContent(content).run();
  }

  clear(): void {
    this.editor.commands.clearContent(true);
  }

  /** The cursor at the end, before the next key arrives (the editor's own command waits a frame). */
  focus(): void {
    const { state, view } = this.editor;
    view.focus();
    view.dispatch(state.tr.setSelection(Selection.atEnd(state.doc)).scrollIntoView());
  }

  /** The mode changed: show its placeholder. */
  refresh(): void {
    this.editor.view.dispatch(this.editor.state.tr);
  }

  destroy(): void {
    this.editor.destroy();
  }
}
