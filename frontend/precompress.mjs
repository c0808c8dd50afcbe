// node precompress.mjs <folder>: writes `.br` and `.gz` beside each text asset and the WebAssembly
// of a release, once, so that the server only has to pick a file.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = new Set([".css", ".js", ".svg", ".wasm"]);

const compressors = {
  ".br": (bytes) =>
    promisify(brotliCompress)(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
  ".gz": (bytes) => promisify(gzip)(bytes, { level: constants.Z_BEST_COMPRESSION }),
};

async function precompress(path) {
  const bytes = await readFile(path);
  for (const [suffix, compress] of Object.entries(compressors)) {
    const compressed = await compress(bytes);
    if (compressed.length < bytes.length) await writeFile(path + suffix, compressed);
  }
}

const folder = process.argv[2];
if (!folder) throw new Error("usage: node precompress.mjs <folder>");
const entries = await readdir(folder, { recursive: true, withFileTypes: true });
const assets = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.has(extname(entry.name)));
await Promise.all(assets.map((entry) => precompress(join(entry.parentPath ?? entry.path, entry.name))));
