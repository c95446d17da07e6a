import { commandSigner, fileSigner, pemSigner } from "../gate/trail/keys.ts";
import type { Signer } from "../gate/trail/note.ts";
import type { TrailKey } from "./config.ts";

/**
 * The signer of a trail. A command says its public key by `vkey`, which the trail knows. Rejects `TRAIL_KEY_INVALID`.
 */
export async function openSigner(
  key: TrailKey,
  { name, vkey }: { readonly name: string; readonly vkey: string },
): Promise<Signer> {
  switch (key.kind) {
    case "file":
      return fileSigner(name, key.path);
    case "env":
      return pemSigner(name, key.pem, key.name);
    case "command":
      return commandSigner(vkey, { command: key.command });
  }
}
