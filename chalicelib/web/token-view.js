/** A token's own view. */

/** Shows the token that the address names, or closes the view. */
export function showToken(address) {
  return address.token;
}
