const BLOCK_BYTES = 512;

/** An archive as `tar` writes it (POSIX.1-1988 ustar), of plain files with contents by name. */
export function tarFile(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const members = Object.entries(files).map(([name, content]) => {
    const body = Buffer.from(content);
    const padding = Buffer.alloc((BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES);
    return Buffer.concat([header(name, body.length), body, padding]);
  });
  return Buffer.concat([...members, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header(name: string, bytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, "latin1");
  block.write(bytes.toString(8).padStart(11, "0"), 124, "latin1");
  block.write(`${" ".repeat(8)}0`, 148, "latin1");
  block.write("ustar\0", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
