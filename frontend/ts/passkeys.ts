import { $ } from './core.ts';

// Passkeys: <m-passkey data-mode="sign-in|answer|create"> around a form with a hidden field "credential" and a button.
// The server speaks the JSON form of WebAuthn (base64url for bytes).

type Json = Record<string, unknown>;

function bytes(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, sign => sign.charCodeAt(0)).buffer;
}

function text(buffer: ArrayBuffer | null | undefined): string | undefined {
  if (!buffer) return undefined;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function known(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list as Json[] | undefined) ?? []).map(item => ({
    ...(item as unknown as PublicKeyCredentialDescriptor),
    id: bytes(item['id'] as string),
  }));
}

function requestOptions(json: Json): PublicKeyCredentialRequestOptions {
  const options = json as unknown as PublicKeyCredentialRequestOptions;
  return { ...options, challenge: bytes(json['challenge'] as string), allowCredentials: known(json['allowCredentials']) };
}

function creationOptions(json: Json): PublicKeyCredentialCreationOptions {
  const options = json as unknown as PublicKeyCredentialCreationOptions;
  const user = json['user'] as Json;
  return {
    ...options,
    challenge: bytes(json['challenge'] as string),
    user: { ...options.user, id: bytes(user['id'] as string) },
    excludeCredentials: known(json['excludeCredentials']),
    // A key that the device itself can find and that asks for finger, face or PIN: good for signing in alone.
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  };
}

function written(credential: PublicKeyCredential): string {
  const given = credential.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const response: Json = { clientDataJSON: text(given.clientDataJSON) };
  if (given.attestationObject) {
    response['attestationObject'] = text(given.attestationObject);
    response['transports'] = given.getTransports?.() ?? [];
  } else {
    response['authenticatorData'] = text(given.authenticatorData);
    response['signature'] = text(given.signature);
    response['userHandle'] = text(given.userHandle);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

class Passkey extends HTMLElement {
  connectedCallback(): void {
    if (!window.PublicKeyCredential) return;
    this.hidden = false;
    $('[data-passkey]', this)?.addEventListener('click', () => void this.run());
  }

  private async run(): Promise<void> {
    const field = $<HTMLInputElement>('input[name="credential"]', this);
    if (!field?.form) return;
    this.complain('');
    try {
      const credential = await this.ask();
      if (!credential) throw new Error('none');
      field.value = written(credential as PublicKeyCredential);
      field.form.submit();
    } catch (error) {
      // The person closed the browser's own dialog: that needs no words.
      if ((error as DOMException).name !== 'AbortError') this.complain(this.dataset['failed'] ?? '');
    }
  }

  private async ask(): Promise<Credential | null> {
    const json = (await this.options())['publicKey'] as Json;
    if (this.dataset['mode'] === 'create') return navigator.credentials.create({ publicKey: creationOptions(json) });
    return navigator.credentials.get({ publicKey: requestOptions(json) });
  }

  private async options(): Promise<Json> {
    const id = this.dataset['optionsId'];
    if (id) return JSON.parse(document.getElementById(id)?.textContent ?? '{}') as Json;
    const answer = await fetch(this.dataset['options'] ?? '', { headers: { Accept: 'application/json' } });
    return ((await answer.json()) as Json)['request_options'] as Json;
  }

  private complain(words: string): void {
    const line = $('[data-error]', this);
    if (!line) return;
    line.textContent = words;
    line.hidden = !words;
  }
}

customElements.define('m-passkey', Passkey);
