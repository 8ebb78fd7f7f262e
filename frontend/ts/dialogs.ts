import { $, t } from './core.ts';

// Dialogs named by data-dialog, questions before a form is sent (data-confirm), and the way back.

/** Ask a yes-or-no question in a dialog; resolves true for yes. */
export function ask(question: string, options: { text?: string; yes?: string; danger?: boolean } = {}): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  dialog.setAttribute('aria-labelledby', 'ask-title');
  const head = document.createElement('div');
  head.className = 'dialog-head';
  const title = document.createElement('h2');
  title.id = 'ask-title';
  title.textContent = question;
  head.append(title);
  const body = document.createElement('div');
  body.className = 'dialog-body';
  body.textContent = options.text ?? '';
  const foot = document.createElement('form');
  foot.method = 'dialog';
  foot.className = 'dialog-foot';
  const no = button('no', 'btn', t('cancel'));
  const yes = button('yes', options.danger ? 'btn btn-danger' : 'btn btn-primary', options.yes || 'OK');
  foot.append(no, yes);
  dialog.append(head, ...(options.text ? [body] : []), foot);
  document.body.append(dialog);
  dialog.showModal();
  (options.danger ? no : yes).focus();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'yes');
      dialog.remove();
    });
  });
}

function button(value: string, look: string, text: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.value = value;
  made.className = look;
  made.textContent = text;
  return made;
}

/** Ask for one line of text; resolves undefined when cancelled, an empty text when emptied. */
export function askText(label: string, value: string, yes: string): Promise<string | undefined> {
  const dialog = document.createElement('dialog');
  dialog.className = 'dialog';
  const form = document.createElement('form');
  form.method = 'dialog';
  const body = document.createElement('div');
  body.className = 'dialog-body field';
  const name = document.createElement('label');
  name.htmlFor = 'ask-text';
  name.textContent = label;
  const input = document.createElement('input');
  Object.assign(input, { id: 'ask-text', className: 'input', type: 'url', value, autocomplete: 'off' });
  input.placeholder = 'https://';
  input.addEventListener('keydown', event => {
    if (event.key === 'Enter' && event.isComposing) event.preventDefault();
  });
  body.append(name, input);
  const foot = document.createElement('div');
  foot.className = 'dialog-foot';
  const no = button('no', 'btn', t('cancel'));
  no.type = 'button';
  no.addEventListener('click', () => dialog.close('no'));
  foot.append(no, button('yes', 'btn btn-primary', yes));
  form.noValidate = true;
  form.append(body, foot);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  input.select();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'yes' ? input.value.trim() : undefined);
      dialog.remove();
    });
  });
}

const agreed = new WeakSet<HTMLFormElement>();

document.addEventListener(
  'submit',
  event => {
    const form = event.target as HTMLFormElement;
    const submitter = (event as SubmitEvent).submitter;
    const asking = submitter?.dataset.confirm ? submitter : form.dataset.confirm ? form : undefined;
    if (!asking || agreed.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { confirm, confirmText, confirmYes, confirmTone } = asking.dataset;
    void ask(confirm!, { text: confirmText, yes: confirmYes, danger: confirmTone === 'danger' }).then(yes => {
      if (!yes) return;
      agreed.add(form);
      form.requestSubmit(submitter);
    });
  },
  true,
);

document.addEventListener('click', event => {
  const target = event.target as Element;
  const opens = target.closest<HTMLElement>('[data-dialog]');
  const dialog = opens && $<HTMLDialogElement>(`#${opens.dataset.dialog}`);
  if (dialog) {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  if (target instanceof HTMLDialogElement && target.matches('.dialog:not(.idle-lock), .palette')) target.close();
  if (target.closest('[data-close-dialog]')) target.closest('dialog')?.close();
  if (target.closest('[data-back]')) history.back();
});

if (history.length > 1) for (const back of document.querySelectorAll<HTMLElement>('[data-back]')) back.hidden = false;
