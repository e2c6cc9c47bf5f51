// The non-linearities of MLPs. Arguments of exp are clamped, because it may overflow to something that is
// not infinity.
@if(silu) fn activation(x: vec4f) -> vec4f {
  return x / (1.0 + exp(-clamp(x, vec4f(-80.0), vec4f(80.0))));
}

// The tanh form of GELU (arXiv 1606.08415): 0.5 (1 + tanh u) is the logistic function of 2u.
@if(gelu_tanh) fn activation(x: vec4f) -> vec4f {
  let u = 0.7978845608028654 * (x + 0.044715 * x * x * x);
  return x / (1.0 + exp(-clamp(2.0 * u, vec4f(-80.0), vec4f(80.0))));
}

// GELU by the error function, which is within 1.5e-7 of Abramowitz and Stegun's 7.1.26.
@if(gelu) fn activation(x: vec4f) -> vec4f {
  let z = abs(x) * 0.7071067811865476;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let erf = sign(x) * (1.0 - series * exp(-min(z * z, vec4f(80.0))));
  return 0.5 * x * (1.0 + erf);
}

@if(relu2) fn activation(x: vec4f) -> vec4f {
  let positive = max(x, vec4f(0.0));
  return positive * positive;
}
