/**
 * The model.json of a model in TF.js' layers format. The weights are the model's bytes as they are (parameters.ts): the
 * manifest names them in layout order, and a tensor of group norm has the same numbers in the shape its stock layer wants.
 */
import type { ModelHash } from '../../base/ids.ts';
import { layoutOf, type TensorLayout } from '../layout.ts';
import type { ModelSpecification } from '../model.ts';
import { topologyOf, type Topology } from './topology.ts';

interface ManifestEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32';
}

export interface LayersModel {
  readonly format: 'layers-model';
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: Topology;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly ManifestEntry[];
  }[];
  /** What no layer says: the specification with its loss, and the SHA-256 of the weights. */
  readonly userDefinedMetadata: {
    readonly chorale: { readonly model: ModelSpecification; readonly sha256: ModelHash };
  };
}

/** `weightsFile` is where the weights lie, beside model.json; `hash` is theirs. */
export function layersModelOf(model: ModelSpecification, hash: ModelHash, weightsFile: string): LayersModel {
  return {
    format: 'layers-model',
    generatedBy: 'Chorale',
    convertedBy: null,
    modelTopology: topologyOf(model),
    weightsManifest: [{ paths: [weightsFile], weights: layoutOf(model).map(manifestEntry) }],
    userDefinedMetadata: { chorale: { model, sha256: hash } },
  };
}

/** Of our tensors, what TF.js' layers call them; the others are called the same. */
const STOCK_NAMES: Readonly<Record<string, string>> = {
  'recurrent-kernel': 'recurrent_kernel',
  table: 'embeddings',
  scale: 'depthwise_kernel',
  offset: 'bias',
};

/** `dense-2/kernel` → the layer and the tensor in it as TF.js calls it. */
export function stockNameOf(name: string): { readonly layer: string; readonly tensor: string } {
  const [layer = '', tensor = ''] = name.split('/');
  return { layer, tensor: STOCK_NAMES[tensor] ?? tensor };
}

function manifestEntry({ name, shape }: TensorLayout): ManifestEntry {
  const { layer, tensor } = stockNameOf(name);
  const stockShape = tensor === 'depthwise_kernel' ? [1, 1, ...shape, 1] : shape;
  return { name: `${layer}/${tensor}`, shape: stockShape, dtype: 'float32' };
}
