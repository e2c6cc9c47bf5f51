// Objects of WebGPU with properties of ours in front of their own.

/** `target` with other values for some of its properties. */
export function overlaid<T extends object>(target: T, own: object): T {
  return new Proxy(target, {
    get(_, key) {
      const value: unknown = key in own ? Reflect.get(own, key) : Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (_, key, value) => Reflect.set(target, key, value, target),
  });
}
