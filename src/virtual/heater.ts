// A heater as a straight ramp up and an exponential way down; nothing is computed until somebody looks.

/** One heater. Temperatures in °C. */
export interface Heater {
  readonly name: string;
  readonly target: number;
  temperature(): number;
  /** True once the temperature is within 1 °C of the target, or above it. */
  isReached(): boolean;
  /** ms of the machine's time until `isReached`, 0 when it is. */
  remainingMs(): number;
  /** @param rampMs reach the target after this many ms of the machine's time, whatever the start; default by rate */
  setTarget(target: number, rampMs?: number): void;
  status(): { temperature: number; target: number; power: number };
}

/** How one heater behaves. */
export interface HeaterOptions {
  readonly name: string;
  /** °C per second of the machine's time. */
  readonly degreesPerSecond: number;
  /** Seconds of the machine's time to lose 63 % of the difference to the room. */
  readonly coolingSeconds: number;
}

/** The room, °C. */
const ambient = 25;

/**
 * Makes a heater at room temperature.
 * @param now seconds, monotonic
 * @param speed how many times faster than real the machine works
 */
export function createHeater(options: HeaterOptions, now: () => number, speed: number): Heater {
  let target = 0;
  let from = ambient;
  let sinceS = now();
  let rate = options.degreesPerSecond;

  const temperature = () => {
    const elapsed = (now() - sinceS) * speed;
    const goal = Math.max(target, ambient);
    if (from <= goal) return Math.min(goal, from + rate * elapsed);
    return goal + (from - goal) * Math.exp(-elapsed / options.coolingSeconds);
  };
  const isReached = () => target <= ambient || temperature() >= target - 1;

  return {
    name: options.name,
    get target() {
      return target;
    },
    temperature,
    isReached,
    remainingMs: () => (isReached() ? 0 : (Math.max(target - 1 - temperature(), 0) / rate) * 1000),
    setTarget: (wanted, rampMs) => {
      from = temperature();
      sinceS = now();
      target = wanted;
      rate =
        rampMs === undefined
          ? options.degreesPerSecond
          : Math.max(wanted - from, 0) / Math.max(rampMs / 1000, 0.001);
    },
    status: () => {
      const isHeating = target > 0 && !isReached();
      const holding = Math.min(1, Math.max(0, target - ambient) / 400);
      return {
        temperature: Math.round(temperature() * 100) / 100,
        target,
        power: isHeating ? 1 : Math.round(holding * 1000) / 1000,
      };
    },
  };
}
