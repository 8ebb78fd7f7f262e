// Help centre, sign-in and every other page without the desk. All of them work without this file.
import './late.ts';
import './menus.ts';
import './dialogs.ts';
import './copy.ts';
import './prefs.ts';
import './fields.ts';
import './files.ts';
import './proof.ts';
import './public-progress.ts';
if (document.querySelector('m-passkey')) void import('./passkeys.ts');
if (document.querySelector('form[data-go-on]')) void import('./go-on.ts');
if (document.querySelector('m-address')) void import('./address.ts');
