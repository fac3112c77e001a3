/** A text and a table that must give the same numbers in Node and in a tab, though each brings its own Unicode tables. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '../base/bytes.ts';
import { characterIndices } from './characters.ts';
import { penguinsSchema } from './penguins.ts';
import { csvExamples } from './table.ts';
import { bagOfWords } from './text.ts';

const TEXT =
  'Straße, ﬁne İstanbul ΣΊΣΥΦΟΣ “naïve” Cafe\u0301 — ½ of Ⅷ, 100% 日本語 ЁЛКА \u{1F642} don’t\u00A0STOP…\r\nwww.example.org';

const TABLE = [
  'Sex;Species;Beak Length (mm);Beak Depth (mm);Flipper Length (mm);Body Mass (g);Island',
  'MALE;Adelie;39.1;18.7;181;3750;Torgersen',
  '.;Gentoo;44.5;15.7;217;4875;Biscoe',
  '"FEMALE";Chinstrap;4.6e1;17.8;193;3800;"Dream; the island"',
  ';Adelie;;;;;Torgersen',
].join('\r\n');

/** SHA-256 of the text's bag, its character indices, and the table's inputs and labels. */
export function sampleDigest(): string {
  const table = csvExamples(TABLE, penguinsSchema);
  if (!table.ok) throw new Error(table.fault.detail);
  const { inputs, labels } = table.value.examples;
  return bytesToHex(
    sha256(concatBytes(bagOfWords(TEXT), characterIndices(TEXT), new Uint8Array(inputs.buffer), labels)),
  );
}

export const SAMPLE_DIGEST = '4be55a051ac6d99e336e19b94988e6fe25c20d66a6a7e5206f2ccdc1df6a90ba';
