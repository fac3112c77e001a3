/** The table of models that an admin brought; their weights lie among all other models. */
import type { DatabaseSync } from 'node:sqlite';
import type { Store, UploadedModel } from './port.ts';

/** Part of the migrations; never edited once released. */
export const UPLOADED_MODELS_TABLE = `CREATE TABLE IF NOT EXISTS uploaded_models (
  position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, name TEXT NOT NULL,
  task_id TEXT NOT NULL, model TEXT NOT NULL, model_hash TEXT NOT NULL REFERENCES models (hash)
) STRICT;`;

type UploadedModelTable = Pick<Store, 'addUploadedModel' | 'uploadedModels' | 'uploadedModel'>;

/** `inTransaction` is the store's. */
export function uploadedModelTable(
  db: DatabaseSync,
  inTransaction: (work: () => void) => void,
): UploadedModelTable {
  const put = db.prepare(
    `INSERT INTO uploaded_models (id, created_at, name, task_id, model, model_hash)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  return {
    addUploadedModel: async ({ id, createdAt, name, taskId, model, modelHash }, bytes) =>
      inTransaction(() => {
        db.prepare('INSERT INTO models VALUES (?, ?) ON CONFLICT DO NOTHING').run(modelHash, bytes);
        put.run(id, createdAt, name, taskId, JSON.stringify(model), modelHash);
      }),
    uploadedModels: async () =>
      db.prepare('SELECT * FROM uploaded_models ORDER BY position').all().map(uploadedModelOfRow),
    uploadedModel: async (id) => {
      const row = db.prepare('SELECT * FROM uploaded_models WHERE id = ?').get(id);
      return row === undefined ? null : uploadedModelOfRow(row);
    },
  };
}

/** Rows are written by addUploadedModel alone, so their shape is ours. */
const uploadedModelOfRow = (row: Record<string, unknown>): UploadedModel =>
  ({
    id: row['id'],
    createdAt: row['created_at'],
    name: row['name'],
    taskId: row['task_id'],
    model: JSON.parse(String(row['model'])),
    modelHash: row['model_hash'],
  }) as UploadedModel;
