/**
 * A layers model on its way from an admin's browser to the coordinator: CBOR of the files as they are, each with its
 * SHA-256, so that both ends read the same bytes by the same code and a file that was cut short is found.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { decode, encode, rfc8949EncodeOptions } from 'cborg';
import * as v from 'valibot';
import { bytesToHex, equalBytes, utf8ToBytes } from '../../base/bytes.ts';
import type { ModelHash } from '../../base/ids.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { modelLoss, type Loss } from '../model.ts';
import { MAX_MODEL_NAME, ownModelMisfit } from '../own-model.ts';
import { bytesOfParameters, modelHashOf } from '../parameters.ts';
import type { Task } from '../task.ts';
import { MAX_MODEL_JSON_BYTES } from './file.ts';
import { readLayersModel, type ImportedModel } from './import.ts';
import { MAX_IMPORTED_PARAMETERS } from './weights.ts';

const UPLOAD_VERSION = 1;

/** Of the body: the weights, the text, and what goes around them. */
export const MAX_UPLOAD_BYTES = 4 * MAX_IMPORTED_PARAMETERS + MAX_MODEL_JSON_BYTES + 65_536;

const bytes = v.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array, 'bytes');
const file = v.strictObject({
  /** As model.json names it; empty for model.json itself. */
  path: v.pipe(v.string(), v.maxLength(1_000, 'at most 1,000 characters')),
  sha256: bytes,
  bytes,
});

const upload = v.strictObject({
  version: v.literal(
    UPLOAD_VERSION,
    ({ received }) =>
      `This upload is of version ${received}, the coordinator knows version ${UPLOAD_VERSION}; reload the page.`,
  ),
  /** Whose data it is to be trained on. */
  taskId: v.string(),
  name: v.pipe(
    v.string(),
    v.trim(),
    v.minLength(1, 'give the model a name'),
    v.maxLength(MAX_MODEL_NAME, `at most ${MAX_MODEL_NAME} characters`),
    v.regex(/^\P{Cc}+$/u, 'one line of text'),
  ),
  loss: modelLoss,
  model: file,
  weights: v.pipe(v.array(file), v.maxLength(1_024, 'at most 1,024 files of weights')),
});

export interface ModelUpload {
  readonly taskId: string;
  readonly name: string;
  readonly loss: Loss;
  /** The bytes of model.json. */
  readonly model: Uint8Array;
  /** By the paths that model.json names. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

/** The body of the request. */
export function encodeUpload({ taskId, name, loss, model, weights }: ModelUpload): Uint8Array<ArrayBuffer> {
  const fileOf = ([path, content]: readonly [string, Uint8Array]) => ({
    path,
    sha256: sha256(content),
    bytes: content,
  });
  return encode(
    {
      version: UPLOAD_VERSION,
      taskId,
      name,
      loss,
      model: fileOf(['', model]),
      weights: [...weights].map(fileOf),
    },
    rfc8949EncodeOptions,
  );
}

/** A sentence where the body is no upload, or a file in it is not what its hash says. */
export function decodeUpload(body: Uint8Array): Result<ModelUpload, string> {
  let value: unknown;
  try {
    value = decode(body, { strict: true, rejectDuplicateMapKeys: true });
  } catch {
    return fail('The upload cannot be read: it was cut short, or is of another kind. Try once more.');
  }
  const parsed = v.safeParse(upload, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue);
    return fail(path === 'version' || path === null ? issue.message : `${path}: ${issue.message}`);
  }
  const { taskId, name, loss, model, weights } = parsed.output;
  for (const given of [model, ...weights])
    if (!equalBytes(sha256(given.bytes), given.sha256))
      return fail(
        `The file ${given.path || 'model.json'} does not have the hash that came with it: it was changed on its way. Upload it once more.`,
      );
  return ok({
    taskId,
    name,
    loss,
    model: model.bytes,
    weights: new Map(weights.map(({ path, bytes: content }) => [path, content])),
  });
}

export interface CheckedUpload extends ImportedModel {
  /** SHA-256 of name, specification and weights, hex: the same model uploaded twice is one. */
  readonly id: string;
  /** Of the weights. */
  readonly modelHash: ModelHash;
}

/** Reads the files and asks whether the model fits the task's data; a sentence where not. Both ends ask it. */
export function checkUpload(
  { name, loss, model, weights }: ModelUpload,
  task: Task,
): Result<CheckedUpload, string> {
  let json: string;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(model);
  } catch {
    return fail('model.json is no text: choose the file that lists the layers.');
  }
  const imported = readLayersModel({ json, weights, loss });
  if (!imported.ok) return imported;
  const misfit = ownModelMisfit(imported.value.model, task);
  if (misfit !== null) return fail(misfit);
  const modelHash = modelHashOf(bytesOfParameters(imported.value.parameters));
  const content = JSON.stringify([name, imported.value.model, modelHash]);
  return ok({ ...imported.value, id: bytesToHex(sha256(utf8ToBytes(content))), modelHash });
}
