import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fill } from '../core.ts';
import { isEmpty } from '../drafts.ts';
import { moveCard, moveFocus } from '../grid.ts';
import { warningWord } from '../idle-state.ts';
import { composing, letter } from '../keys.ts';
import { accepts, problemWith, sizeText } from '../limits.ts';
import { covers, Tape } from '../live-state.ts';
import { score } from '../match.ts';
import { agoText, spanText } from '../spans.ts';
import { strength } from '../strength.ts';

const words = (key: string, args: Record<string, string | number>) => `${key}:${Object.values(args).join('/')}`;

test('words are filled in, missing ones left empty', () => {
  assert.equal(fill('%(a)s → %(b)s', { a: 1 }), '1 → ');
});

test('letters come from the key, or from its place when a Hangul key arrives', () => {
  assert.equal(letter({ key: 'ㅓ', code: 'KeyJ' }), 'j');
  assert.equal(letter({ key: 'J', code: 'KeyC' }), 'j');
  assert.equal(letter({ key: '?', code: 'Slash' }), '?');
});

test('a composing Enter is recognised, also Safari’s', () => {
  assert.equal(composing({ isComposing: true, keyCode: 13 }), true);
  assert.equal(composing({ isComposing: false, keyCode: 229 }), true);
  assert.equal(composing({ isComposing: false, keyCode: 13 }), false);
});

test('lengths of time', () => {
  assert.equal(spanText(18, words), 'm:18');
  assert.equal(spanText(-130, words), 'h_m:2/10');
  assert.equal(spanText(1500, words), 'd_h:1/1');
  assert.equal(agoText(0, words), 'now:');
  assert.equal(agoText(59, words), 'm_ago:59');
  assert.equal(agoText(1439, words), 'h_ago:23');
  assert.equal(agoText(20000, words), undefined);
});

test('file limits are told in the order people can act on', () => {
  const limits = { maxFiles: 2, maxBytes: 1000, accept: ['.pdf', 'image/*'] };
  const file = { name: 'A.PDF', size: 10, type: 'application/pdf' };
  assert.equal(problemWith(file, 0, limits), undefined);
  assert.equal(problemWith(file, 2, limits), 'file_too_many');
  assert.equal(problemWith({ ...file, size: 1001 }, 0, limits), 'file_too_big');
  assert.equal(problemWith({ ...file, size: 0 }, 0, limits), 'file_empty');
  assert.equal(problemWith({ name: 'a.exe', size: 1, type: '' }, 0, limits), 'file_type');
  assert.equal(accepts({ name: 'x', size: 1, type: 'image/png' }, limits.accept), true);
  assert.equal(sizeText(10 * 1048576), '10 MB');
});

test('cards move inside the board and stop at its edges', () => {
  const sizes = [2, 0, 3];
  assert.deepEqual(moveCard('ArrowRight', { column: 0, row: 1 }, sizes), { column: 1, row: 0 });
  assert.deepEqual(moveCard('ArrowDown', { column: 2, row: 1 }, sizes), { column: 2, row: 2 });
  assert.equal(moveCard('ArrowLeft', { column: 0, row: 0 }, sizes), undefined);
  assert.equal(moveCard('ArrowDown', { column: 2, row: 2 }, sizes), undefined);
  assert.deepEqual(moveFocus('ArrowRight', { column: 0, row: 1 }, sizes), { column: 2, row: 1 });
  assert.equal(moveFocus('ArrowRight', { column: 2, row: 0 }, sizes), undefined);
});

test('live kinds are matched by name and by family', () => {
  assert.equal(covers('ticket.* presence', 'ticket.changed'), true);
  assert.equal(covers('ticket.*', 'ticket'), true);
  assert.equal(covers('ticket.*', 'ticketing'), false);
  assert.equal(covers('presence', 'ticket.changed'), false);
  assert.equal(covers('', 'ticket.changed'), false);
});

test('the tape tells nothing twice and lets latecomers catch up', () => {
  const tape = new Tape(10, 3);
  assert.equal(tape.take({ id: 10, kind: 'a' }), false);
  assert.equal(tape.take({ id: 11, kind: 'a' }), true);
  assert.equal(tape.take({ id: 11, kind: 'a' }), false);
  assert.equal(tape.take({ id: 11, kind: 'note.assigned' }), true, 'the note about the same event');
  assert.equal(tape.take({ id: 11, kind: 'note.assigned' }), false);
  assert.equal(tape.take({ kind: 'presence' }), true);
  for (const id of [12, 13, 14]) tape.take({ id, kind: 'b' });
  assert.deepEqual(tape.since(12)?.map(event => event.id), [13, 14]);
  assert.deepEqual(tape.since(14), []);
  assert.equal(tape.since(10), undefined);
  tape.restart(3);
  assert.equal(tape.take({ id: 3, kind: 'a' }), false);
  assert.equal(tape.take({ id: 4, kind: 'a' }), true, 'a restored database counts anew');
});

test('the palette prefers beginnings', () => {
  assert.ok(score('보드', '보드') > score('보드', '전체 보드'));
  assert.ok(score('tic', 'New ticket') > score('tic', 'Statistics'));
  assert.equal(score('zz', 'Tickets'), 0);
});

test('an empty editor is empty, one with a picture is not', () => {
  assert.equal(isEmpty('<p></p><p>&nbsp; </p>'), true);
  assert.equal(isEmpty('<p><img src="/x"></p>'), false);
  assert.equal(isEmpty(' a '), false);
});

test('password strength grows with length and variety', () => {
  assert.equal(strength('abc'), 0);
  assert.ok(strength('password1234') <= 1);
  assert.ok(strength('aaaaaaaaaaaa') < strength('correct horse battery'));
  assert.equal(strength('Tr4velling-금요일-wooden floor'), 4);
});

test('the word before the lock counts seconds below two minutes, and one second is one', () => {
  assert.deepEqual(warningWord(185), ['lock_minutes', 3]);
  assert.deepEqual(warningWord(120), ['lock_minutes', 2]);
  assert.deepEqual(warningWord(119), ['lock_seconds', 119]);
  assert.deepEqual(warningWord(1), ['lock_second', 1]);
  assert.deepEqual(warningWord(0), ['lock_seconds', 0]);
});
