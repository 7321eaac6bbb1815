/** A frame of zstd begins with 6 to 18 bytes; a block has 3 bytes before its content (RFC 8878, section 3.1.1). */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_HEADER = 3;
const RAW_REPEATED = 1;

type State =
  | 'magic'
  | 'skippable size'
  | 'descriptor'
  | 'rest of header'
  | 'block header'
  | 'content'
  | 'checksum';

/**
 * Cuts what is compressed with zstd at the ends of its frames: Node.js forgets what stands behind a frame in the same piece,
 * and `zstd:chunked` layers, pzstd and `cat a.zst b.zst` have many. What is not zstd is passed on as it is, for the
 * decompressor to refuse.
 */
export async function* cutZstdFrames(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const frames = new FrameScanner();
  for await (const piece of pieces) {
    for (let from = 0; from < piece.byteLength;) {
      const taken = frames.scan(piece.subarray(from));
      yield piece.subarray(from, from + taken);
      from += taken;
    }
  }
}

class FrameScanner {
  #state: State = 'magic';
  /** The bytes of the field at hand so far, and how many it has. */
  #field: number[] = [];
  #fieldBytes = 4;
  /** Bytes of content that are passed over. */
  #content = 0;
  #hasChecksum = false;
  #isLast = false;
  #isForeign = false;

  /** Returns how many bytes of a piece go up to the end of a frame, or to its own. */
  scan(piece: Uint8Array): number {
    for (let at = 0; at < piece.byteLength && !this.#isForeign;) {
      if (this.#state === 'content') {
        const passed = Math.min(this.#content, piece.byteLength - at);
        this.#content -= passed;
        at += passed;
        if (this.#content === 0 && this.#endContent()) return this.#endFrame(at);
        continue;
      }
      this.#field.push(piece[at] ?? 0);
      at += 1;
      if (this.#field.length < this.#fieldBytes) continue;
      if (this.#take(this.#field)) return this.#endFrame(at);
    }
    return piece.byteLength;
  }

  /** Takes a whole field. Returns whether the frame ends with it. */
  #take(field: readonly number[]): boolean {
    const value = field.reduceRight((sum, byte) => sum * 256 + byte, 0);
    switch (this.#state) {
      case 'magic':
        if (value - (value % 16) === SKIPPABLE) return this.#expect('skippable size', 4);
        this.#isForeign = value !== MAGIC;
        return this.#expect('descriptor', 1);
      case 'skippable size':
        this.#isLast = true;
        this.#hasChecksum = false;
        return this.#pass(value);
      case 'descriptor':
        return this.#takeDescriptor(value);
      case 'rest of header':
        return this.#expect('block header', BLOCK_HEADER);
      case 'block header':
        this.#isLast = value % 2 === 1;
        return this.#pass(Math.floor(value / 2) % 4 === RAW_REPEATED ? 1 : Math.floor(value / 8));
      default:
        return true;
    }
  }

  /** Section 3.1.1.1.1: flags that tell the sizes of the other fields. */
  #takeDescriptor(flags: number): boolean {
    const isSingleSegment = (flags & 0x20) !== 0;
    const sizeFlag = flags >> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
    this.#hasChecksum = (flags & 0x04) !== 0;
    return this.#expect('rest of header', sizeBytes + dictionaryBytes + (isSingleSegment ? 0 : 1));
  }

  #expect(state: State, bytes: number): false {
    this.#state = state;
    this.#field = [];
    this.#fieldBytes = bytes;
    return false;
  }

  #pass(bytes: number): boolean {
    this.#expect('content', 0);
    this.#content = bytes;
    return bytes === 0 && this.#endContent();
  }

  /** Returns whether the frame ends with this content. */
  #endContent(): boolean {
    if (!this.#isLast) return this.#expect('block header', BLOCK_HEADER);
    return this.#hasChecksum ? this.#expect('checksum', 4) : true;
  }

  #endFrame(at: number): number {
    this.#expect('magic', 4);
    return at;
  }
}
