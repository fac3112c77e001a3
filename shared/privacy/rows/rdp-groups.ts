/** Reference rows answered by Rényi divergences and their conversions. */
import { requireInteger, requireRange } from '../checks.ts';
import { gaussianDelta, gaussianEpsilon, gaussianSigma } from '../gaussian.ts';
import { epsilonByLosses, deltasByLosses } from '../pld/accountant.ts';
import { composeCurves, deltaOfCurve, epsilonOfCurve } from '../rdp/conversion.ts';
import type { PrivacyEvent } from '../rdp/events.ts';
import { epsilonOfEvents } from '../rdp/events.ts';
import { fixedSizeGaussianRdp } from '../rdp/fixed-size-sampling.ts';
import { gaussianRdp, poissonGaussianRdp } from '../rdp/gaussian.ts';
import { laplaceRdp } from '../rdp/laplace.ts';
import { DEFAULT_ORDERS, INTEGER_ORDERS, integerOrders } from '../rdp/orders.ts';
import { sampledRdp } from '../rdp/generic-sampling.ts';
import { restartedTreeSensitivity, treeSensitivity } from '../tree.ts';
import { epsilonOfZcdp, deltaOfZcdp, zcdpOfEpsilon } from '../zcdp.ts';
import type { RowInputs, RowOutputs } from './fields.ts';
import type { RowGroup } from './group.ts';

/** ε over integer orders of one kind of release, `steps` times. */
function composedEpsilon(
  orders: readonly number[],
  rdp: readonly number[],
  steps: number,
  delta: number,
): { readonly epsilon: number; readonly order: number } {
  requireRange('steps', steps, 0);
  return epsilonOfCurve(composeCurves(orders, [{ rdp, count: steps }]), delta);
}

function poissonEpsilons(inputs: RowInputs): RowOutputs {
  const [q, sigma, steps, delta] = sampledGaussian(inputs);
  const integer = composedEpsilon(INTEGER_ORDERS, poissonGaussianRdp(q, sigma, INTEGER_ORDERS), steps, delta);
  const all = composedEpsilon(DEFAULT_ORDERS, poissonGaussianRdp(q, sigma, DEFAULT_ORDERS), steps, delta);
  return {
    epsilon_integer_orders: integer.epsilon,
    order_integer: integer.order,
    epsilon_default_orders_exact: all.epsilon,
    order_default_exact: all.order,
  };
}

function sampledGaussian(inputs: RowInputs): [q: number, sigma: number, steps: number, delta: number] {
  return [inputs.number('q'), inputs.number('sigma'), inputs.number('steps'), inputs.number('delta')];
}

/** The sample's share of the data set. */
function sampledShare(inputs: RowInputs): number {
  const [all, sample] = [inputs.number('dataset_size'), inputs.number('sample_size')];
  requireInteger('dataset_size', all, 1);
  requireInteger('sample_size', sample, 0, all);
  return sample / all;
}

/** "2..32" and the like, a set by its name, or a list. */
function ordersOf(inputs: RowInputs, absent: readonly number[]): readonly number[] {
  if (!inputs.has('orders')) return absent;
  if (inputs.isList('orders')) return inputs.numbers('orders');
  const text = inputs.text('orders');
  if (text === 'INT_ORDERS') return INTEGER_ORDERS;
  const range = /^(\d+)\.\.(\d+)$/.exec(text);
  if (range === null) throw new RangeError(`orders: ${text} is not known`);
  const [low, high] = [Number(range[1]), Number(range[2])];
  requireInteger('orders', high, low, 10_000);
  return integerOrders(low, high);
}

function fixedSizeEpsilon(inputs: RowInputs): RowOutputs {
  const orders = ordersOf(inputs, integerOrders(2, 32));
  const rdp = fixedSizeGaussianRdp(sampledShare(inputs), inputs.number('sigma'), orders);
  return composedEpsilon(orders, rdp, inputs.number('steps'), inputs.number('delta'));
}

function conversion(inputs: RowInputs): RowOutputs {
  const curve = { orders: inputs.numbers('orders'), rdp: inputs.numbers('rdp') };
  const forward = epsilonOfCurve(curve, inputs.number('delta'));
  if (!inputs.has('epsilon_for_delta')) return forward;
  const backward = deltaOfCurve(curve, inputs.number('epsilon_for_delta'));
  return { ...forward, delta: backward.delta, order_for_delta: backward.order };
}

function genericSampling(inputs: RowInputs): RowOutputs {
  const [q, rho] = [inputs.number('gamma'), inputs.number('rho')];
  requireRange('rho', rho, 0);
  const rdpAt = (order: number): number => order * rho;
  const orders = inputs.numbers('orders');
  return {
    upper_thm5: orders.map((order) => sampledRdp(order, q, rdpAt)),
    thm6: orders.map((order) => sampledRdp(order, q, rdpAt, 'non-negative ternary divergences')),
  };
}

function laplace(inputs: RowInputs): RowOutputs {
  const [scale, steps, delta] = [
    inputs.number('noise_multiplier'),
    inputs.number('steps'),
    inputs.number('delta'),
  ];
  requireInteger('steps', steps, 0);
  const { epsilon, order } = composedEpsilon(INTEGER_ORDERS, laplaceRdp(scale, INTEGER_ORDERS), steps, delta);
  return {
    epsilon_rdp: epsilon,
    order,
    epsilon_pure: steps / scale,
    epsilon_pld: epsilonByLosses([{ kind: 'laplace', scale, count: steps }], delta),
  };
}

function eventOf(inputs: RowInputs): PrivacyEvent {
  const count = inputs.number('count');
  const kind = inputs.text('type');
  switch (kind) {
    case 'gaussian':
      return { kind: 'poisson-gaussian', q: 1, sigma: inputs.number('sigma'), count };
    case 'poisson_gaussian':
      return { kind: 'poisson-gaussian', q: inputs.number('q'), sigma: inputs.number('sigma'), count };
    case 'epsdelta':
      return {
        kind: 'approximate',
        epsilon: inputs.number('epsilon'),
        delta: inputs.number('delta'),
        count,
      };
    case 'laplace':
      return { kind: 'laplace', scale: inputs.number('b'), count };
    default:
      throw new RangeError(`type: ${kind} is not known`);
  }
}

function mixed(inputs: RowInputs): RowOutputs {
  const events = inputs.rows('events').map(eventOf);
  const delta = inputs.number('delta');
  const { epsilon, order } = epsilonOfEvents(events, INTEGER_ORDERS, delta);
  const [deltaAtOne] = deltasByLosses(events, [1]);
  return {
    epsilon_rdp_int: epsilon,
    order,
    epsilon_pld: epsilonByLosses(events, delta),
    delta_pld_at_eps1: deltaAtOne ?? NaN,
  };
}

function ledgerCurve(inputs: RowInputs): RowOutputs {
  const [q, sigma, steps, delta] = sampledGaussian(inputs);
  const rdp = poissonGaussianRdp(q, sigma, INTEGER_ORDERS);
  const { epsilon, order } = composedEpsilon(INTEGER_ORDERS, rdp, steps, delta);
  const counted = { epsilon_rdp_int: epsilon, order };
  return q === 1 ? { ...counted, epsilon_exact: gaussianEpsilon(sigma / Math.sqrt(steps), delta) } : counted;
}

function composedGaussian(inputs: RowInputs): RowOutputs {
  const [q, sigma, steps, delta] = sampledGaussian(inputs);
  if (q !== 1) throw new RangeError(`q: ${q} is not 1`);
  return { epsilon: gaussianEpsilon(sigma / Math.sqrt(steps), delta) };
}

function restartedTree(inputs: RowInputs): RowOutputs {
  const [sigma, delta] = [inputs.number('sigma'), inputs.number('delta')];
  const sensitivity = restartedTreeSensitivity(inputs.numbers('steps_list'));
  const rdp = gaussianRdp(sigma / Math.sqrt(sensitivity), INTEGER_ORDERS);
  return {
    sum_sensitivity_sq: sensitivity,
    ...composedEpsilon(INTEGER_ORDERS, rdp, 1, delta),
    epsilon_exact_gaussian: gaussianEpsilon(sigma / Math.sqrt(sensitivity), delta),
  };
}

function singleTree(inputs: RowInputs): RowOutputs {
  const sigma = inputs.number('sigma');
  requireRange('sigma', sigma, 0);
  const sensitivity = treeSensitivity({
    steps: inputs.number('total_steps'),
    most: inputs.number('max_participation'),
    separation: inputs.number('min_separation'),
  });
  return {
    sum_sensitivity_sq: sensitivity,
    zcdp_rho: sensitivity / (2 * sigma ** 2),
    epsilon_exact_gaussian: gaussianEpsilon(sigma / Math.sqrt(sensitivity), inputs.number('delta')),
  };
}

function poissonCurve(inputs: RowInputs): RowOutputs {
  return { rdp: poissonGaussianRdp(inputs.number('q'), inputs.number('sigma'), inputs.numbers('orders')) };
}

function fixedSizeCurve(inputs: RowInputs): RowOutputs {
  return {
    rdp: fixedSizeGaussianRdp(sampledShare(inputs), inputs.number('sigma'), inputs.numbers('orders')),
  };
}

export const rdpGroups: Readonly<Record<string, RowGroup>> = {
  rdp_conversion: { names: ['epsilon', 'order'], answer: conversion },
  rdp_curve_poisson_gaussian: { names: ['rdp'], answer: poissonCurve },
  rdp_eps_poisson_gaussian: {
    names: ['epsilon_integer_orders', 'epsilon_default_orders_exact'],
    answer: poissonEpsilons,
  },
  rdp_curve_wor_gaussian: { names: ['rdp'], answer: fixedSizeCurve },
  rdp_eps_wor_gaussian: { names: ['epsilon', 'order'], answer: fixedSizeEpsilon },
  subsampled_rdp_generic: { names: ['upper_thm5', 'thm6'], answer: genericSampling },
  laplace: { names: ['epsilon_rdp', 'epsilon_pure', 'epsilon_pld'], answer: laplace },
  laplace_rdp: {
    names: ['rdp'],
    answer: (inputs) => ({ rdp: laplaceRdp(inputs.number('noise_multiplier'), inputs.numbers('orders')) }),
  },
  mixed_composition: { names: ['epsilon_rdp_int', 'epsilon_pld', 'delta_pld_at_eps1'], answer: mixed },
  ledger_curve: { names: ['epsilon_rdp_int', 'order'], answer: ledgerCurve },
  tree_restart: { names: ['sum_sensitivity_sq', 'epsilon', 'epsilon_exact_gaussian'], answer: restartedTree },
  tree_no_restart: {
    names: ['sum_sensitivity_sq', 'zcdp_rho', 'epsilon_exact_gaussian'],
    answer: singleTree,
  },
  gaussian_composed_exact: { names: ['epsilon'], answer: composedGaussian },
  gaussian_exact_delta: {
    names: ['delta'],
    answer: (inputs) => ({
      delta: gaussianDelta(Math.sqrt(inputs.number('sigma2')), inputs.number('epsilon')),
    }),
  },
  analytic_gaussian_epsilon: {
    names: ['epsilon'],
    answer: (inputs) => ({ epsilon: gaussianEpsilon(inputs.number('sigma'), inputs.number('delta')) }),
  },
  analytic_gaussian_sigma: {
    names: ['sigma'],
    answer: (inputs) => ({ sigma: gaussianSigma(inputs.number('epsilon'), inputs.number('delta')) }),
  },
  zcdp_to_delta: {
    names: ['delta'],
    answer: (inputs) => ({ delta: deltaOfZcdp(inputs.number('rho'), inputs.number('epsilon')) }),
  },
  zcdp_to_eps: {
    names: ['epsilon'],
    answer: (inputs) => ({ epsilon: epsilonOfZcdp(inputs.number('rho'), inputs.number('delta')) }),
  },
  eps_to_zcdp: {
    names: ['rho'],
    answer: (inputs) => ({ rho: zcdpOfEpsilon(inputs.number('epsilon'), inputs.number('delta')) }),
  },
};
