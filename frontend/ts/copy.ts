import { $, t, toast } from './core.ts';

// data-copy="text": puts the text on the clipboard; without permission it selects what is beside the button.

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

document.addEventListener('click', event => {
  const button = (event.target as Element).closest<HTMLElement>('[data-copy]');
  if (!button) return;
  event.preventDefault();
  void copy(button.dataset.copy!).then(done => {
    toast(t(done ? 'copied' : 'copy_failed'));
    const shown = done ? null : $('code, span, a', button.parentElement!);
    if (shown) getSelection()?.selectAllChildren(shown);
  });
});
