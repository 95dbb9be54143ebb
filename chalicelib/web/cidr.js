/** Networks in CIDR notation, as the server writes them (RFC 4632, RFC 5952), to compare one with another. */

/**
 * Returns a network or an address as its bits, its first address and its length, or null.
 *
 * @returns {{bits: number, first: bigint, length: number} | null}
 */
export function parsed(text) {
  const [address, length] = text.split('/');
  const groups = address.includes(':') ? groupsOf6(address) : groupsOf4(address);
  if (!groups) return null;
  const [bits, size] = groups.length === 4 ? [32, 8] : [128, 16];
  const first = groups.reduce((sum, group) => (sum << BigInt(size)) | BigInt(group), 0n);
  return { bits, first, length: length === undefined ? bits : Number(length) };
}

/** Returns whether two networks have an address in common. Texts that are not networks have none. */
export function overlap(one, other) {
  const [a, b] = [parsed(one), parsed(other)];
  if (!a || !b || a.bits !== b.bits) return false;
  const rest = BigInt(a.bits - Math.min(a.length, b.length));
  return a.first >> rest === b.first >> rest;
}

function groupsOf4(text) {
  const groups = text.split('.').map(Number);
  return groups.length === 4 && groups.every((group) => group >= 0 && group < 256) ? groups : null;
}

function groupsOf6(text) {
  const [before, after, more] = text.split('::').map((part) => (part ? part.split(':') : []));
  if (more) return null;
  const missing = after ? 8 - before.length - after.length : 0;
  if (missing < 0) return null;
  const groups = [...before, ...Array(missing).fill('0'), ...(after ?? [])];
  return groups.length === 8 && groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => parseInt(group, 16)) : null;
}
