// Finds numbers whose SHA-256 with a given word begins with so many zero bits (FIPS 180-4). Written
// out, because crypto.subtle answers too slowly for short words and only on https.
const primes = [];
for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p)) primes.push(n);
const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
const K = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
const START = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));
const W = new Int32Array(64);
const turn = (x, by) => (x >>> by) | (x << (32 - by));

// The first 32 bits of the digest of an ASCII text shorter than 56 characters: one block.
const begins = (text) => {
  W.fill(0, 0, 16);
  for (let i = 0; i < text.length; i += 1) W[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  W[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  W[15] = text.length * 8;
  for (let i = 16; i < 64; i += 1) {
    const near = turn(W[i - 15], 7) ^ turn(W[i - 15], 18) ^ (W[i - 15] >>> 3);
    const far = turn(W[i - 2], 17) ^ turn(W[i - 2], 19) ^ (W[i - 2] >>> 10);
    W[i] = (W[i - 16] + near + W[i - 7] + far) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const choose = (e & f) ^ (~e & g);
    const most = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choose + K[i] + W[i]) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + most) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  return (START[0] + a) >>> 0;
};

addEventListener("message", ({ data: { nonce, puzzles, bits } }) => {
  for (let i = 0; i < puzzles; i += 1) {
    let n = 0;
    while (begins(`${nonce}:${i}:${n}`) >>> (32 - bits)) n += 1;
    postMessage(n);
  }
});
