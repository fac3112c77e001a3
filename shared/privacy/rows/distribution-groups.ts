/** Reference rows of noise distributions, audits and special functions. */
import erf from '@stdlib/math-base-special-erf';
import erfc from '@stdlib/math-base-special-erfc';
import erfcx from '@stdlib/math-base-special-erfcx';
import {
  binomialUpperTail,
  logAbsGamma,
  logErfc,
  logScaledBesselI,
  normalQuantile,
} from '../../numeric/special.ts';
import type { Guesses } from '../audit.ts';
import { clopperPearson, oneRunEpsilon, oneRunGaussianEpsilon, oneRunPValue } from '../audit.ts';
import { requireInteger, requireRange } from '../checks.ts';
import {
  discreteGaussianCdf,
  discreteGaussianDelta,
  discreteGaussianNormalizer,
  discreteGaussianPmf,
  discreteGaussianVariance,
  proposalScale,
} from '../discrete-gaussian.ts';
import { discreteLaplacePmf, discreteLaplaceTail } from '../discrete-laplace.ts';
import { logSkellamPmf, skellamCdf } from '../skellam.ts';
import type { RowInputs, RowOutputs } from './fields.ts';
import type { RowGroup } from './group.ts';

const guessesOf = (inputs: RowInputs): Guesses => ({
  canaries: inputs.number('m'),
  guessed: inputs.number('guesses'),
  correct: inputs.number('correct'),
});

function discreteGaussianRow(inputs: RowInputs): RowOutputs {
  const [variance, x] = [inputs.number('sigma2'), inputs.number('x')];
  return { pmf: discreteGaussianPmf(variance, x), cdf: discreteGaussianCdf(variance, x) };
}

function discreteGaussianMoments(inputs: RowInputs): RowOutputs {
  const variance = inputs.number('sigma2');
  return {
    normalizing_constant: discreteGaussianNormalizer(variance),
    variance: discreteGaussianVariance(variance),
    t_dlaplace: proposalScale(variance),
  };
}

function discreteGaussianLoss(inputs: RowInputs): RowOutputs {
  const sensitivity = inputs.has('sensitivity') ? inputs.number('sensitivity') : 1;
  return { delta: discreteGaussianDelta(inputs.number('sigma2'), inputs.number('epsilon'), sensitivity) };
}

function skellamRow(inputs: RowInputs): RowOutputs {
  const [variance, x] = [inputs.number('variance'), inputs.number('x')];
  const logPmf = logSkellamPmf(variance, x);
  return { pmf: Math.exp(logPmf), log_pmf: logPmf, cdf: skellamCdf(variance, x) };
}

function discreteLaplaceRow(inputs: RowInputs): RowOutputs {
  const [scale, x] = [inputs.number('scale'), inputs.number('x')];
  return { pmf: discreteLaplacePmf(scale, x), tail_ge_x: discreteLaplaceTail(scale, x) };
}

function pValue(inputs: RowInputs): RowOutputs {
  return { p_value: oneRunPValue(guessesOf(inputs), inputs.number('epsilon'), inputs.number('delta')) };
}

function oneRun(inputs: RowInputs): RowOutputs {
  const [delta, significance] = [inputs.number('delta'), inputs.number('significance')];
  return { epsilon_lower: oneRunEpsilon(guessesOf(inputs), delta, significance) };
}

function oneRunGaussian(inputs: RowInputs): RowOutputs {
  const [delta, significance] = [inputs.number('delta'), inputs.number('significance')];
  return { epsilon_lower: oneRunGaussianEpsilon(guessesOf(inputs), delta, significance) };
}

function interval(inputs: RowInputs): RowOutputs {
  const bounds = clopperPearson(inputs.number('n'), inputs.number('k'), inputs.number('significance'));
  return { upper: bounds.upper, lower: bounds.lower };
}

function errorFunctions(inputs: RowInputs): RowOutputs {
  const x = inputs.number('x');
  return { erfc: erfc(x), log_erfc: logErfc(x), erf: erf(x), erfcx: erfcx(x) };
}

function logGamma(inputs: RowInputs): RowOutputs {
  const { logAbs, sign } = logAbsGamma(inputs.number('x'));
  return { log_abs_gamma: logAbs, sign };
}

function quantile(inputs: RowInputs): RowOutputs {
  const p = inputs.number('p');
  requireRange('p', p, 0, 1);
  return { x: normalQuantile(p) };
}

function binomialTail(inputs: RowInputs): RowOutputs {
  const [n, p, k] = [inputs.number('n'), inputs.number('p'), inputs.number('k')];
  requireInteger('n', n, 0);
  requireRange('p', p, 0, 1);
  return { sf: binomialUpperTail(n, p, k) };
}

function scaledBessel(inputs: RowInputs): RowOutputs {
  const [order, v] = [inputs.number('order'), inputs.number('v')];
  requireInteger('order', order, 0);
  requireRange('v', v, 0);
  return { log_ive: logScaledBesselI(order, v) };
}

export const distributionGroups: Readonly<Record<string, RowGroup>> = {
  discrete_gaussian_pmf: { names: ['pmf', 'cdf'], answer: discreteGaussianRow },
  discrete_gaussian_moments: { names: ['normalizing_constant', 'variance'], answer: discreteGaussianMoments },
  discrete_gaussian_exact_delta: { names: ['delta'], answer: discreteGaussianLoss },
  skellam_pmf: { names: ['pmf', 'log_pmf', 'cdf'], answer: skellamRow },
  discrete_laplace_pmf: { names: ['pmf', 'tail_ge_x'], answer: discreteLaplaceRow },
  one_run_audit_pvalue: { names: ['p_value'], answer: pValue },
  one_run_audit_eps: { names: ['epsilon_lower'], answer: oneRun },
  one_run_audit_fdp_eps: { names: ['epsilon_lower'], answer: oneRunGaussian },
  clopper_pearson: { names: ['upper', 'lower'], answer: interval },
  special_log_erfc: { names: ['erfc', 'log_erfc', 'erf', 'erfcx'], answer: errorFunctions },
  special_lgamma: { names: ['log_abs_gamma', 'sign'], answer: logGamma },
  special_normal_quantile: { names: ['x'], answer: quantile },
  special_binom_sf: { names: ['sf'], answer: binomialTail },
  special_log_bessel_i_scaled: { names: ['log_ive'], answer: scaledBessel },
};
