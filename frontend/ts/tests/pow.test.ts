import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sha256 } from '../sha256.ts';
import { most, payload, solveRange } from '../solve.ts';

const reference = (text: string) => createHash('sha256').update(text).digest('hex');

test('SHA-256 agrees with the reference at every padding border', () => {
  for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 500]) {
    const text = 'a'.repeat(length);
    assert.equal(sha256(text), reference(text), `length ${length}`);
  }
  assert.equal(sha256('마루 丸 🌲'), reference('마루 丸 🌲'));
});

test('a challenge is solved, and the payload carries what the server verifies', () => {
  const salt = 'f00d?expires=1790000000&';
  const challenge = { algorithm: 'SHA-256', challenge: reference(`${salt}4321`), salt, signature: 'sig', maxnumber: 9000 };
  const number = solveRange(challenge, 0, most(challenge));
  assert.equal(number, 4321);
  const told = JSON.parse(atob(payload(challenge, number!, 12)));
  assert.deepEqual(told, {
    algorithm: 'SHA-256',
    challenge: challenge.challenge,
    number: 4321,
    salt,
    signature: 'sig',
    took: 12,
  });
});

test('an impossible challenge ends', () => {
  const challenge = { algorithm: 'SHA-256', challenge: 'x', salt: 's', signature: '', maxNumber: 50 };
  assert.equal(solveRange(challenge, 0, most(challenge)), undefined);
});
