const DECIMAL = /^[+-]?\d*(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** One unit of the last place that a decimal number was written with: 0.01 of `0.81`, 1 of `12`, 0.0001 of `1.5e-3`. */
export function unitOf(text: string): number | undefined {
  const found = DECIMAL.exec(text.trim());
  if (found === null) return undefined;
  const [, fraction = "", exponent = "0"] = found;
  // From its digits: a power would not be the number that they stand for.
  return Number(`1e${Number(exponent) - fraction.length}`);
}
