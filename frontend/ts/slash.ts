import { Extension } from '@tiptap/core';
import { PluginKey } from '@tiptap/pm/state';
import { Suggestion } from '@tiptap/suggestion';
import { t, toast } from './core.ts';
import { type Person, people, suggestionList } from './mentions.ts';
import { templateHtml } from './templates.ts';

/** Typing "/" and the search code of a prepared answer, at the beginning of a line or after a space, finds it. */
export const Slash = Extension.create<{ url: string }>({
  name: 'slash',

  addOptions() {
    return { url: '' };
  },

  addProseMirrorPlugins() {
    const { url } = this.options;
    let fetching = false;
    return [
      Suggestion<Person>({
        editor: this.editor,
        pluginKey: new PluginKey('slash'),
        char: '/',
        allow: () => url !== '',
        items: ({ query }) => people(url, query),
        render: () => suggestionList(t('template_list')),
        command: ({ editor, range, props }) => {
          if (fetching) return;
          fetching = true;
          const words = () => {
            const { doc } = editor.state;
            return range.to <= doc.content.size ? doc.textBetween(range.from, range.to) : '';
          };
          const typed = words();
          templateHtml(url, props.id)
            .then(
              html => {
                // What was typed goes only now that the answer is here, and only while it still stands there.
                if (words() === typed) editor.chain().focus().deleteRange(range).insertContent(html).run();
                else editor.chain().focus().insertContent(html).run();
              },
              (problem: Error) => void toast(problem.message, { danger: true }),
            )
            .finally(() => (fetching = false));
        },
      }),
    ];
  },
});
