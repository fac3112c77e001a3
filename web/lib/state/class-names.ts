/** What the labels of the data sets that ship mean. */
import { textOf } from '#shared/data/characters.ts';
import { penguinsSchema } from '#shared/data/penguins.ts';
import type { Task } from '#shared/tasks/task.ts';

const MAILS = ['wanted', 'spam'];

/** A word or two for a label of `dataset`; its number where nothing is known of it. */
export function className(dataset: Task['data']['dataset'], label: number): string {
  switch (dataset) {
    case 'penguins':
      return penguinsSchema.label.classes[label] ?? `class ${label}`;
    case 'spam':
      return MAILS[label] ?? `class ${label}`;
    case 'speeches':
      return characterName(label);
    case 'mnist':
      return `${label}`;
  }
}

function characterName(index: number): string {
  if (index === 0) return 'any other';
  const character = textOf([index]);
  return character === ' ' ? 'space' : character;
}
