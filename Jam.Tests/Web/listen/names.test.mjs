import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitText, memory, named, tabMemory } from '../../../Jam.Server/Web/assets/dom.js';

/** A canvas whose every UTF-16 unit is ten pixels wide. */
const canvas = { measureText: (text) => ({ width: text.length * 10 }) };

test('what fits is drawn as it is, and what does not ends in dots within the width', () => {
  assert.equal(fitText(canvas, 'ana', 30), 'ana');
  assert.equal(fitText(canvas, 'maximiliane', 60), 'maxim…');
  assert.equal(fitText(canvas, 'maximiliane', 10), '…');
  assert.equal(fitText(canvas, 'ana', 0), '…');
});

test('a name is never cut within a character', () => {
  const family = '👩‍👩‍👧‍👦';
  const name = `a${family}${family}`;
  for (let width = 0; width <= name.length * 10; width += 5) {
    const shown = fitText(canvas, name, width).replace('…', '');
    assert.ok(['', 'a', `a${family}`, name].includes(shown), `${width}: ${shown}`);
  }
});

test('a name that runs from right to left is set apart from the sentence around it, another is as it was', () => {
  assert.equal(named('ana 🎧'), 'ana 🎧');
  assert.equal(named('שיר'), '\u2068שיר\u2069');
  assert.equal(named('DJ فرقة'), '\u2068DJ فرقة\u2069');
});

test('a browser that forbids storage forgets, and the page goes on', (t) => {
  const forbidden = { configurable: true, get: () => assert.fail('The operation is insecure.') };
  for (const name of ['localStorage', 'sessionStorage']) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, forbidden);
    t.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
  for (const storage of [memory, tabMemory]) {
    storage.set('key', 'value');
    assert.equal(storage.get('key'), null);
  }
});
