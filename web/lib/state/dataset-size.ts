/** How much of a demo data set one participant downloads, from the list that the data lie beside. */
import * as v from 'valibot';
import { datasetManifest } from '#shared/data/manifest.ts';

/** Bytes, on average over the shards of `clients` participants (data/shards); null where the list cannot be read. */
export async function shardBytes(dataset: string, clients: number): Promise<number | null> {
  try {
    const response = await fetch(`/demo/${dataset}/manifest.json`);
    const { train, inputBytes } = v.parse(datasetManifest, await response.json());
    const examples = train.reduce((sum, chunk) => sum + chunk.examples, 0);
    return (examples * (inputBytes + 1)) / Math.min(clients, train.length);
  } catch {
    return null;
  }
}
