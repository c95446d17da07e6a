import { openCompleteCheckout } from "./checkout.ts";
import { announceFailure } from "./failure.ts";
import { type Environment, type RunRequest, readRequest } from "./inputs.ts";

// Until the verdict says otherwise: a promise that never settles ends the process as well.
process.exitCode = 1;
process.exitCode = await run(process.env);
// With what is still open: the toolkit's undici asks a proxy that hangs up again and again, whether anybody waits or not.
process.stdout.write("", () => process.exit());

/**
 * The status that the step ends with: 0 for the verdict `pass` that could be said in every place, else 1. The
 * outermost shell: nothing gets past it.
 */
async function run(env: Environment): Promise<number> {
  let request: RunRequest | undefined;
  try {
    request = readRequest(env);
    return (await weighIn(request)) ? 0 : 1;
  } catch (error) {
    await announceFailure(error, env, request);
    return 1;
  }
}

/** Git is started first: it looks for the commits while the engine, which is most of the bundle, is read. */
async function weighIn(request: RunRequest): Promise<boolean> {
  const opening = openCompleteCheckout(request);
  try {
    const [{ weigh }, complete] = await Promise.all([import("./weigh.ts"), opening]);
    return await weigh(request, complete);
  } finally {
    const { checkout } = await opening;
    await checkout.close();
  }
}
