/** Networks in CIDR notation (RFC 4632, RFC 4291), as far as a form checks them. The server checks them again. */

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/**
 * Checks a network or an address. Returns `{network}` if it is one, `{suggestion}` if only bits after the prefix are
 * set, and `{}` otherwise.
 * @returns {{network?: string, suggestion?: string}}
 */
export function checkNetwork(text) {
  const [written, digits, ...rest] = text.split('/');
  const bytes = bytesOf(written);
  if (!bytes || rest.length) return {};
  const bits = bytes.length * 8;
  if (digits === undefined) return { network: textOf(bytes) };
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > bits || !Number(digits)) return {};
  const start = bytes.map((byte, index) => byte & maskOf(Number(digits) - index * 8));
  const network = `${textOf(start)}/${Number(digits)}`;
  return start.every((byte, index) => byte === bytes[index]) ? { network } : { suggestion: network };
}

/** Returns whether two networks or addresses have an address in common. Other texts have none. */
export function overlap(one, other) {
  const [a, b] = [one, other].map((text) => {
    const [address, digits] = text.split('/');
    const bytes = bytesOf(address);
    return { bytes, length: digits === undefined ? (bytes?.length ?? 0) * 8 : Number(digits) };
  });
  if (!a.bytes || a.bytes.length !== b.bytes?.length) return false;
  const length = Math.min(a.length, b.length);
  return a.bytes.every((byte, index) => ((byte ^ b.bytes[index]) & maskOf(length - index * 8)) === 0);
}

/** Returns the bits of a byte that a prefix of `length` bits keeps. */
function maskOf(length) {
  if (length <= 0) return 0;
  return length >= 8 ? 255 : 256 - 2 ** (8 - length);
}

/** Returns the bytes of an address, or null. */
function bytesOf(text) {
  const v4 = V4.exec(text);
  if (v4) {
    const bytes = v4.slice(1).map(Number);
    // A leading zero means an octal number to some programs.
    return bytes.every((byte, index) => byte < 256 && String(byte) === v4[index + 1]) ? bytes : null;
  }
  if (!/^[0-9a-f:]+(\.\d+){0,3}$/i.test(text) || !text.includes(':')) return null;
  try {
    return expand(new URL(`http://[${text}]/`).hostname.slice(1, -1));
  } catch {
    return null;
  }
}

/** Returns the 16 bytes of an IPv6 address that a URL has made canonical: groups of hexadecimal digits. */
function expand(canonical) {
  const [front, back] = canonical.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = back ? [...front, ...Array(8 - front.length - back.length).fill('0'), ...back] : front;
  return groups.map((group) => parseInt(group, 16)).flatMap((group) => [group >> 8, group & 255]);
}

function textOf(bytes) {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index] << 8) | bytes[2 * index + 1]).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
