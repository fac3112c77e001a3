/** Reference rows of loss distributions, distributed mechanisms, correlated noise and calibration. */
import { updateNoiseMultiplier } from '../adaptive-clip.ts';
import { localStdDevAtScale, shareAndScale, sigmaByLosses, sigmaByRdp } from '../calibrate.ts';
import { requirePositive } from '../checks.ts';
import type { DistributedMechanism, Exposure } from '../distributed.ts';
import { convolutionGap, discreteGaussianSumRdp, distributedEpsilon } from '../distributed.ts';
import { gaussianSigma } from '../gaussian.ts';
import { deltasByLosses, epsilonByLosses } from '../pld/accountant.ts';
import type { PrivacyEvent } from '../rdp/events.ts';
import { roundedSensitivity, scaleForBits } from '../rounding.ts';
import { skellamRdp } from '../skellam.ts';
import { toeplitzMechanism } from '../toeplitz.ts';
import type { RowInputs, RowOutputs } from './fields.ts';
import type { RowGroup } from './group.ts';

function sampledGaussian(inputs: RowInputs): PrivacyEvent {
  return {
    kind: 'poisson-gaussian',
    q: inputs.number('q'),
    sigma: inputs.number('sigma'),
    count: inputs.number('steps'),
  };
}

const LOSS_EPSILONS = [0.1, 0.5, 1, 2, 4];

function lossDeltas(inputs: RowInputs): RowOutputs {
  const epsilons = inputs.has('epsilons') ? inputs.numbers('epsilons') : LOSS_EPSILONS;
  const deltas = deltasByLosses([sampledGaussian(inputs)], epsilons);
  const named = epsilons.map((epsilon, index) => [pythonFloat(epsilon), deltas[index] ?? NaN] as const);
  return { delta_at_epsilon: Object.fromEntries(named) };
}

/** The goldens' keys: 1 is written "1.0". */
const pythonFloat = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

function discreteLaplace(inputs: RowInputs): RowOutputs {
  const event: PrivacyEvent = {
    kind: 'discrete-laplace',
    parameter: inputs.number('parameter'),
    sensitivity: inputs.number('sensitivity'),
    count: inputs.number('steps'),
  };
  return { epsilon_pld: epsilonByLosses([event], inputs.number('delta')) };
}

const KINDS: ReadonlyMap<string, DistributedMechanism['kind']> = new Map([
  ['skellam', 'skellam'],
  ['ddgauss', 'discrete-gaussian'],
]);

function mechanismOf(inputs: RowInputs, kind: DistributedMechanism['kind']): DistributedMechanism {
  const shares = inputs.number('num_clients');
  return {
    kind,
    shares,
    localStdDev: inputs.has('central_stddev')
      ? inputs.number('central_stddev') / Math.sqrt(shares)
      : inputs.number('local_stddev'),
    scale: inputs.number('scale'),
    clipNorm: inputs.number('l2_clip'),
    beta: inputs.number('beta'),
    dimension: inputs.number('dim'),
  };
}

const exposureOf = (inputs: RowInputs): Exposure => ({
  q: inputs.number('q'),
  steps: inputs.number('steps'),
  delta: inputs.number('delta'),
});

function skellam(inputs: RowInputs): RowOutputs {
  const { epsilon, order, sensitivity } = distributedEpsilon(
    mechanismOf(inputs, 'skellam'),
    exposureOf(inputs),
  );
  return { epsilon, order, rounded_l2_int_units: sensitivity.l2 };
}

function discreteGaussian(inputs: RowInputs): RowOutputs {
  const mechanism = mechanismOf(inputs, 'discrete-gaussian');
  const { epsilon, order, sensitivity, gap } = distributedEpsilon(mechanism, exposureOf(inputs));
  return { epsilon, order, tau: gap, rounded_l2_int_units: sensitivity.l2 };
}

function skellamCurve(inputs: RowInputs): RowOutputs {
  const sensitivity = { l1: inputs.number('l1_int'), l2: inputs.number('l2_int') };
  const variance = inputs.number('central_var_int');
  return { rdp: inputs.numbers('orders').map((order) => skellamRdp(sensitivity, variance, order)) };
}

function discreteGaussianCurve(inputs: RowInputs): RowOutputs {
  const [shares, local] = [inputs.number('num_clients'), inputs.number('local_stddev_int')];
  requirePositive('local_stddev_int', local);
  const gap = convolutionGap(shares, local);
  const sum = {
    sensitivity: { l1: inputs.number('l1_int'), l2: inputs.number('l2_int') },
    totalStdDev: Math.sqrt(shares) * local,
    gap,
    dimension: inputs.number('dim'),
  };
  return { tau: gap, rdp: inputs.numbers('orders').map((order) => discreteGaussianSumRdp(sum, order)) };
}

function heuristicScale(inputs: RowInputs): RowOutputs {
  return {
    scale: scaleForBits({
      localStdDev: inputs.number('local_stddev'),
      clipNorm: inputs.number('l2_clip'),
      bits: inputs.number('bits'),
      clients: inputs.number('num_clients'),
      dimension: inputs.number('dim'),
      deviations: inputs.number('k_stddevs'),
      flatness: inputs.has('rho') ? inputs.number('rho') : 1,
    }),
  };
}

function kindOf(inputs: RowInputs): DistributedMechanism['kind'] {
  const kind = KINDS.get(inputs.text('mechanism'));
  if (kind === undefined) throw new RangeError(`mechanism: ${inputs.text('mechanism')} is not known`);
  return kind;
}

function localStdDev(inputs: RowInputs): RowOutputs {
  const shares = inputs.number('num_clients');
  const mechanism = {
    kind: kindOf(inputs),
    shares,
    scale: inputs.number('scale'),
    clipNorm: inputs.number('l2_clip'),
    beta: inputs.number('beta'),
    dimension: inputs.number('dim'),
  };
  const local = localStdDevAtScale(mechanism, exposureOf(inputs), inputs.number('target_epsilon'));
  return { local_stddev: local, noise_multiplier: (local * Math.sqrt(shares)) / mechanism.clipNorm };
}

function heuristicParameters(inputs: RowInputs): RowOutputs {
  const kind = kindOf(inputs);
  const shares = inputs.number('num_clients');
  const mechanism = {
    kind,
    shares,
    clipNorm: inputs.number('l2_clip'),
    beta: inputs.number('beta'),
    dimension: inputs.number('dim'),
  };
  const solved = shareAndScale(mechanism, exposureOf(inputs), {
    bits: inputs.number('bits'),
    clients: shares,
    deviations: inputs.number('k'),
    target: inputs.number('epsilon'),
  });
  const outputs = {
    scale: solved.scale,
    local_stddev: solved.localStdDev,
    epsilon_achieved: solved.epsilon,
  };
  return kind === 'skellam' ? outputs : { gamma: 1 / solved.scale, ...outputs };
}

function sigmaOfRdp(inputs: RowInputs): RowOutputs {
  const [q, steps] = [inputs.number('q'), inputs.number('steps')];
  const [epsilon, delta] = [inputs.number('target_epsilon'), inputs.number('delta')];
  const found = { sigma_rdp_int: sigmaByRdp({ epsilon, delta, q, steps }) };
  return q === 1 ? { ...found, sigma_exact: gaussianSigma(epsilon, delta) * Math.sqrt(steps) } : found;
}

function sigmaOfLosses(inputs: RowInputs): RowOutputs {
  const [q, steps] = [inputs.number('q'), inputs.number('steps')];
  const [epsilon, delta] = [inputs.number('target_epsilon'), inputs.number('delta')];
  const sigma = sigmaByLosses({ epsilon, delta, q, steps });
  const event: PrivacyEvent = { kind: 'poisson-gaussian', q, sigma, count: steps };
  return { sigma, epsilon_at_sigma: epsilonByLosses([event], delta) };
}

function toeplitz(inputs: RowInputs): RowOutputs {
  const mechanism = toeplitzMechanism({
    rounds: inputs.number('n'),
    bands: inputs.number('bands'),
    separation: inputs.number('min_sep'),
    most: inputs.number('max_participation'),
  });
  const firstEight = (values: readonly number[]): number[] =>
    Array.from({ length: Math.min(8, inputs.number('n')) }, (_, index) => values[index] ?? 0);
  return {
    coefs_first8: firstEight(mechanism.coefficients),
    sensitivity: mechanism.sensitivity,
    single_participation_sensitivity: mechanism.singleParticipationSensitivity,
    max_error_B: mechanism.maxError,
    rms_error_B: mechanism.rmsError,
    noising_coefs_first8: firstEight(mechanism.noisingCoefficients),
  };
}

function roundedNorms(inputs: RowInputs): RowOutputs {
  const bound = roundedSensitivity(inputs.number('scaled_l2'), inputs.number('beta'), inputs.number('dim'));
  return { l2: bound.l2, l1: bound.l1 };
}

export const mechanismGroups: Readonly<Record<string, RowGroup>> = {
  pld_poisson_gaussian: {
    names: ['epsilon'],
    answer: (inputs) => ({ epsilon: epsilonByLosses([sampledGaussian(inputs)], inputs.number('delta')) }),
  },
  pld_poisson_gaussian_delta: { names: ['delta_at_epsilon'], answer: lossDeltas },
  discrete_laplace_pld: { names: ['epsilon_pld'], answer: discreteLaplace },
  skellam_epsilon: { names: ['epsilon', 'order'], answer: skellam },
  skellam_rdp: { names: ['rdp'], answer: skellamCurve },
  ddgauss_epsilon: { names: ['epsilon', 'order', 'tau'], answer: discreteGaussian },
  ddgauss_rdp: { names: ['tau', 'rdp'], answer: discreteGaussianCurve },
  rounded_norm_bound: { names: ['l2', 'l1'], answer: roundedNorms },
  heuristic_scale: { names: ['scale'], answer: heuristicScale },
  calibrate_local_stddev: { names: ['local_stddev', 'noise_multiplier'], answer: localStdDev },
  calibrate_sigma_rdp: { names: ['sigma_rdp_int'], answer: sigmaOfRdp },
  calibrate_sigma_pld: { names: ['sigma', 'epsilon_at_sigma'], answer: sigmaOfLosses },
  params_heuristic: { names: ['scale', 'local_stddev', 'epsilon_achieved'], answer: heuristicParameters },
  toeplitz_mf: { names: ['coefs_first8', 'sensitivity', 'max_error_B', 'rms_error_B'], answer: toeplitz },
  adaptive_clip_split: {
    names: ['z_delta'],
    answer: (inputs) => ({ z_delta: updateNoiseMultiplier(inputs.number('z'), inputs.number('sigma_b')) }),
  },
};
